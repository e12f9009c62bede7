"""Nobody who was forgotten comes back with a late message: every batch passes here before anything of it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from loyalty.models import Forgotten, Member, Shop, StoredFact
from loyalty.services.observations import Observation, OrderSeen, Person, PersonSeen, RefundSeen
from loyalty.services.shoppers import fingerprint


def key_of_customer(customer_id: str) -> str:
    return f"id:{customer_id}"


def key_of_order(order_id: str) -> str:
    return f"order:{order_id}"


def key_of_email(email: str) -> str:
    """Not the address, and nothing that it can be guessed from without our secret."""
    return f"email:{fingerprint(email.strip().lower())}"


def without_forgotten(*, shop: Shop, observations: Sequence[Observation]) -> tuple[list[Observation], set[int]]:
    """The observations with nothing in them that names a forgotten person, and the positions of those that spoke of
    one: their raw words must not be kept. An order goes on counting for the nameless member who holds it; what a guest
    orders under a forgotten address later is somebody's new order. One query, three where somebody was forgotten."""
    keys = {key for seen in observations for key in _keys(seen)}
    found = dict(Forgotten.objects.filter(shop=shop, key__in=keys).values_list("key", "at")) if keys else {}
    about = {index for index, seen in enumerate(observations) if _is_about(seen, found)}
    if not about:
        return list(observations), about
    accounts = _accounts(shop, [observations[index] for index in about])
    kept = [
        _nameless(seen, accounts) if index in about else seen
        for index, seen in enumerate(observations)
        if index not in about or not isinstance(seen, PersonSeen)
    ]
    return kept, about


def mentions_forgotten(*, shop: Shop | int, numbers: Iterable[str], emails: Iterable[str]) -> bool:
    """Whether anything in a message that could not be read names somebody who was forgotten."""
    keys = {key for number in numbers for key in (key_of_customer(number), key_of_order(number))}
    keys |= {key_of_email(email) for email in emails}
    return Forgotten.objects.filter(shop=shop, key__in=keys).exists()


def _keys(seen: Observation) -> list[str]:
    if isinstance(seen, RefundSeen):
        return [key_of_order(seen.order_id)]
    if isinstance(seen, OrderSeen):
        return [key_of_order(seen.order.id), *_keys_of_person(seen.person)]
    return _keys_of_person(seen.person) if isinstance(seen, PersonSeen) else []


def _keys_of_person(person: Person | None) -> list[str]:
    if person is None:
        return []
    if person.external_id:
        return [key_of_customer(person.external_id)]
    return [key_of_email(person.email)] if person.email.strip() else []


def _is_about(seen: Observation, found: dict[str, datetime]) -> bool:
    for key in _keys(seen):
        at = found.get(key)
        if at is None:
            continue
        if key.startswith("email:") and isinstance(seen, OrderSeen) and seen.order.placed_at > at:
            continue
        return True
    return False


def _accounts(shop: Shop, about: Iterable[Observation]) -> dict[str, str]:
    """Per order the customer's number it counts for: who holds it, else the forgotten member it names."""
    orders = [seen for seen in about if isinstance(seen, OrderSeen)]
    named = {seen.order.id: seen.person.external_id for seen in orders if seen.person and seen.person.external_id}
    known = Member.objects.filter(shop=shop, external_id__in=set(named.values())).values_list("external_id", flat=True)
    members = set(known)
    held = StoredFact.objects.filter(
        shop=shop, kind="order", external_id__in=[seen.order.id for seen in orders], member__external_id__isnull=False
    )
    accounts = {order: customer for order, customer in named.items() if customer in members}
    return accounts | {order: number or "" for order, number in held.values_list("external_id", "member__external_id")}


def _nameless(seen: Observation, accounts: dict[str, str]) -> Observation:
    if not isinstance(seen, OrderSeen):
        return seen
    customer_id = accounts.get(seen.order.id, "")
    person = Person(external_id=customer_id) if customer_id else None
    return replace(seen, order=msgspec.structs.replace(seen.order, customer_id=customer_id), person=person)
