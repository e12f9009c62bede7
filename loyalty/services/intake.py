"""From what a platform said to a posted point: one INSERT at the door, one transaction per batch behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from loyalty.engine.facts import EARLIEST, Activity, Fact, validate
from loyalty.models import InboxDelivery, Member, QueueState, Shop, StoredFact
from loyalty.selectors.driver import driver_cursor
from loyalty.services import same_person
from loyalty.services.facts import append, doubt
from loyalty.services.forgetting import without_forgotten
from loyalty.services.forgetting_shops import ask_to_forget
from loyalty.services.members import (
    Key,
    Word,
    adopt_guest,
    find_or_enrol,
    guests_to_adopt,
    key_of,
    update_people,
    without_typed_addresses,
)
from loyalty.services.merging import merge
from loyalty.services.observations import (
    DataAsked,
    HistoryGathered,
    Observation,
    OneByOne,
    OrderSeen,
    PeopleMerged,
    Person,
    PersonForgotten,
    PersonSeen,
    RefundSeen,
    ShopUninstalled,
    Unreadable,
)
from loyalty.services.orders import TryAgain, lock_orders, store_orders
from loyalty.services.outbox import wake_import
from loyalty.services.posting import fold_and_post, lock_members
from loyalty.services.privacy import ask_export, redact
from loyalty.services.redemptions import holders_of, mark_used
from loyalty.services.referral_claims import claim_by_orders, hand_over, referrers_of
from loyalty.services.shops import uninstall

_INSERT = """
INSERT INTO loyalty_inboxdelivery
    (shop_id, delivery_id, topic, body, meta, state, attempts, deaths, due_at, received_at, outcome)
SELECT id, %s, %s, %s, %s, 'waiting', 0, 0, %s, %s, '' FROM loyalty_shop
WHERE platform = %s AND external_id = %s AND CASE WHEN %s <> '' AND number <> '' THEN number = %s ELSE %s END
ON CONFLICT DO NOTHING
"""
"""In plain SQL, and the shop is found on the way: the ORM and a question more would halve what the door takes in."""
FROM_HISTORY = ".history"
"""Ends the topic of a row that no delivery brought: there is nothing in it to try again."""


def receive(
    *,
    platform: str,
    store: str,
    number: str,
    is_by_name: bool,
    delivery_id: str,
    topic: str,
    body: bytes,
    meta: Mapping[str, str],
    at: datetime,
) -> bool:
    """The door's one statement. True where there is a new row; False for a second delivery with the same id, and where
    no shop is called `store`, or its number is another than `number`. Where one of the numbers is not known (empty),
    `is_by_name` says whether the name is enough."""
    instant = connection.ops.adapt_datetimefield_value(at)
    told = connection.ops.adapt_json_value(dict(meta), None)
    row = [delivery_id, topic, body, told, instant, instant]
    with driver_cursor() as cursor:
        cursor.execute(_INSERT, [*row, platform, store, number, number, is_by_name])
        return bool(cursor.rowcount)


def keep_unreadable(*, shop: Shop, found: Sequence[Unreadable], at: datetime) -> None:
    """Beside the deliveries that could not be used, once each, so that a history leaves nothing out silently."""
    rows = [
        InboxDelivery(
            shop=shop,
            delivery_id=f"history:{each.external_id}"[:128],
            topic=f"{each.what}{FROM_HISTORY}"[:64],
            body=b"",
            state=QueueState.DEAD,
            due_at=at,
            received_at=at,
            done_at=at,
            outcome=each.why[:500],
        )
        for each in found
    ]
    InboxDelivery.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def record(*, shop: Shop, observations: Sequence[Observation], at: datetime) -> set[int]:
    """Stores what was seen, folds the members it touches to `at`, and posts: all of it or nothing. Members are locked
    before facts, in id order. Returns the positions of observations about people who were forgotten: their raw words
    must not be kept. Raises TryAgain where another worker came between, Invalid where a fact cannot be."""
    observations, about_forgotten = without_forgotten(shop=shop, observations=observations)
    for seen in observations:
        if isinstance(seen, ShopUninstalled):
            uninstall(shop=shop, at=seen.at)
        elif isinstance(seen, HistoryGathered):
            wake_import(shop=shop, at=at)
    orders = _latest(seen for seen in observations if isinstance(seen, OrderSeen))
    refunds = [seen for seen in observations if isinstance(seen, RefundSeen)]
    people_seen = [seen for seen in observations if isinstance(seen, PersonSeen)]
    for snapshot in orders:
        validate(snapshot.order)
    named, told = [seen.person for seen in orders if seen.person], [seen.person for seen in people_seen]
    owners = find_or_enrol(shop=shop, people=[*named, *told], at=at)
    people = [*without_typed_addresses(named, owners), *told]
    guests = guests_to_adopt(shop=shop, people=people)
    order_ids = {seen.order.id for seen in orders} | {seen.order_id for seen in refunds}
    bought = [seen.order for seen in orders]
    touched = {member.pk for member in owners.values()} | guests.keys() | _holders(shop, order_ids)
    touched |= holders_of(shop=shop, orders=bought) | referrers_of(shop=shop, orders=orders)
    locked = {member.pk: member for member in lock_members(shop=shop, member_ids=touched)}
    if _merged_meanwhile([*owners.values()], guests, locked):
        raise TryAgain("A guest moved to another member meanwhile")
    if _forgotten_meanwhile(locked.values(), people):
        raise TryAgain("A person was forgotten meanwhile")
    members = {key: locked[member.pk] for key, member in owners.items()}
    changed = {member.pk for member in members.values() if member.as_of is None}
    adopted = {members[key].pk for key in guests.values()}
    for pk, key in guests.items():
        adopt_guest(shop=shop, guest=locked[pk], account=members[key])
        hand_over(shop=shop, gone_id=pk, kept_id=members[key].pk)
    # What a guest ordered in this very batch is the account's as well: nobody looks at a guest again who has one.
    members = {key: members[guests[member.pk]] if member.pk in guests else member for key, member in members.items()}
    stored = lock_orders(shop, order_ids)
    if not {row.member_id for row in stored.values() if row.member_id} <= locked.keys():
        raise TryAgain("An order moved to another member meanwhile")
    different = store_orders(shop=shop, orders=orders, refunds=refunds, members=members, stored=stored)
    claim_by_orders(shop=shop, orders=orders, members=members)
    same_person.note(shop=shop, orders=orders, members=members, at=at)
    different |= dict.fromkeys(adopted, EARLIEST)
    doubt(shop=shop, changed=different)
    changed |= different.keys()
    said_at = [seen.order.updated_at for seen in orders if seen.person]
    words = [Word(person, when, is_record=False) for person, when in zip(people, said_at, strict=False)]
    words += [Word(seen.person, seen.at, is_record=True) for seen in people_seen]
    update_people(members=members, words=words, at=at)
    changed |= _store_activities(shop, people_seen, members)
    if not holders_of(shop=shop, orders=bought) <= locked.keys():
        raise TryAgain("A code moved to another member meanwhile")
    changed |= mark_used(shop=shop, orders=bought, at=at)
    fold_and_post(shop=shop, members=[locked[pk] for pk in sorted(changed)], at=at)
    for seen in observations:
        if isinstance(seen, OneByOne):
            _decide(shop, seen, at)
    return about_forgotten


def _decide(shop: Shop, seen: OneByOne, at: datetime) -> None:
    """What locks members of its own: it comes alone (worker/inbox.py), so that nothing else is locked by now."""
    if isinstance(seen, PeopleMerged):
        merge(shop=shop, kept_id=seen.kept_id, gone_id=seen.gone_id, at=at)
    elif isinstance(seen, DataAsked):
        ask_export(shop=shop, subject=seen.subject, request_id=seen.request_id, at=at)
    elif isinstance(seen, PersonForgotten):
        redact(shop=shop, subject=seen.subject, request_id=seen.request_id, at=at)
    else:
        ask_to_forget(shop=shop, not_before=seen.not_before, at=at)


def _latest(seen: Iterable[OrderSeen]) -> list[OrderSeen]:
    """One snapshot per order, the greatest."""
    best: dict[str, OrderSeen] = {}
    for snapshot in seen:
        held = best.get(snapshot.order.id)
        if held is None or snapshot.rank > held.rank:
            best[snapshot.order.id] = snapshot
    return list(best.values())


def _holders(shop: Shop, order_ids: Iterable[str]) -> set[int]:
    rows = StoredFact.objects.filter(
        shop=shop, kind="order", external_id__in=list(order_ids), member__isnull=False
    ).values_list("member_id", flat=True)
    return {pk for pk in rows if pk is not None}


def _merged_meanwhile(owners: Sequence[Member], guests: Iterable[int], locked: Mapping[int, Member]) -> bool:
    """Whether a guest got an account between the question and the lock; what is written to one after that is lost."""
    moved = any(locked[owner.pk].merged_into_id != owner.merged_into_id for owner in owners)
    return moved or any(locked[pk].merged_into_id is not None for pk in guests)


def _forgotten_meanwhile(locked: Iterable[Member], people: Iterable[Person]) -> bool:
    """Whether somebody was forgotten between the question and the lock, and is named here still."""
    named = {person.external_id for person in people if person.external_id and (person.email or person.name)}
    return any(member.forgotten_at is not None and member.external_id in named for member in locked)


def _store_activities(shop: Shop, people: Sequence[PersonSeen], members: Mapping[Key, Member]) -> set[int]:
    """What the platform says of people besides their orders: each once, whatever it says later."""
    facts: list[tuple[int, Fact]] = []
    for seen in people:
        key = key_of(seen.person)
        if key is None or members[key].external_id is None:
            continue
        customer_id = seen.person.external_id
        for kind, since in (("sign_up", seen.signed_up_at), ("newsletter", seen.subscribed_at)):
            if since is not None:
                fact = Activity(id=f"{kind}:{customer_id}", at=since, kind=kind, customer_id=customer_id)
                facts.append((members[key].pk, fact))
    return append(shop=shop, facts=facts)
