"""Tiers as customer groups, and what a group gets off every order as a promotion of the store.

A customer is in one group. One that the merchant made - wholesale, staff - is worth more than a tier of ours, so only
people in the general group or in one of ours are moved, and only groups and promotions that we made are changed. Ours
are known by their number; after an answer that was lost, by `externalReferenceId`, or by their name where a store does
not give that back (unverified).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db.models import F

from loyalty.engine.errors import LoyaltyError, NotFound, Refused, TooMany, Unauthorized
from loyalty.engine.tiers import Level
from loyalty.models import EcwidStore, Member, Shop
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.reading import whole
from loyalty.selectors.programs import version_in_force
from loyalty.services import limits
from loyalty.services.shops import note_trouble

log = structlog.get_logger("regulars.ecwid")
MEMBERS_A_TURN = 60
TURN_SECONDS = 30
"""At most two calls each: a fifth of what a store may be asked."""
GENERAL = 0
Document = Mapping[str, Any]


def carry_tiers(*, now: datetime) -> int:
    """One turn for every store whose merchant wants it; gives how many members the stores were told of. One process at
    a time has a store. A store that does not answer is asked at the next turn."""
    told = 0
    wanted = EcwidStore.objects.across_shops().filter(tier_groups=True, shop__status=Shop.Status.ACTIVE)
    for store in wanted.select_related("shop"):
        try:
            limits.hit(f"tiers/{store.shop_id}", limit=1, window_seconds=TURN_SECONDS, at=now)
            told += _turn(store, now)
        except TooMany:
            continue
        except (Refused, Unauthorized) as error:
            _give_up(store, error)
        except LoyaltyError as error:
            log.warning("tiers.later", shop=store.shop_id, error=type(error).__name__, code=error.code)
    return told


def _turn(store: EcwidStore, now: datetime) -> int:
    shop = store.shop
    version = version_in_force(shop, now)
    levels = version.program.tiers if version else ()
    waiting = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into=None)
    members = list(waiting.exclude(tier=F("carried_tier")).order_by("pk")[:MEMBERS_A_TURN])
    if not members and _promised(store, levels) == store.promotions:
        return 0
    client = ShopClient(shop)
    _make_groups(client, store, levels)
    _make_promotions(client, store, levels)
    for member in members:
        _move(client, store, member)
    return len(members)


def _give_up(store: EcwidStore, error: LoyaltyError) -> None:
    """What the store refuses once it refuses every time: the merchant reads why, and switches it on again."""
    if error.code in ("scope", "feature"):
        EcwidStore.objects.filter(shop=store.shop_id).update(tier_groups=False)
        note_trouble(shop=store.shop, why=f"Tiers are no longer customer groups. {error.message}")
    log.warning("tiers.refused", shop=store.shop_id, code=error.code)


def _make_groups(client: ShopClient, store: EcwidStore, levels: Sequence[Level]) -> None:
    """A group for every level; one that the merchant deleted is made again. Groups of levels that are gone stay: people
    are in them."""
    there = [document for page in client.pages("customer_groups", {}) for document in page]
    by_number = {_number(document) for document in there}
    for level in levels:
        if store.groups.get(level.id) in by_number:
            continue
        name = f"Rewards: {level.name}"
        found = _ours(there, level, name)
        body = {"name": name, "externalReferenceId": _reference(level)}
        store.groups[level.id] = _number(found or client.post("customer_groups", body))
        store.save(update_fields=["groups"])


def _promised(store: EcwidStore, levels: Sequence[Level]) -> dict[str, Any]:
    """What the promotions should be, as they are kept: the number that each has, and its percent and group."""
    return {
        level.id: {
            "id": store.promotions.get(level.id, {}).get("id", 0),
            "percent": store.perks[level.id],
            "group": store.groups[level.id],
        }
        for level in levels
        if store.perks.get(level.id) and level.id in store.groups
    }


def _make_promotions(client: ShopClient, store: EcwidStore, levels: Sequence[Level]) -> None:
    wanted = _promised(store, levels)
    if wanted == store.promotions:
        return
    there = [document for page in client.pages("promotions", {}) for document in page]
    for level in levels:
        if level.id in wanted and wanted[level.id] != store.promotions.get(level.id):
            wanted[level.id]["id"] = _promotion(client, there, level, wanted[level.id])
            store.promotions[level.id] = wanted[level.id]
            store.save(update_fields=["promotions"])
    for gone in set(store.promotions) - set(wanted):
        _delete(client, store.promotions.pop(gone)["id"])
        store.save(update_fields=["promotions"])


def _promotion(client: ShopClient, there: Sequence[Document], level: Level, wanted: Document) -> int:
    """Applies by itself for people of the group who are signed in (create-promotion)."""
    name = f"{level.name}: {wanted['percent']}% off"
    body = {
        "name": name,
        "enabled": True,
        "discountBase": "SUBTOTAL",
        "discountType": "PERCENT",
        "amount": wanted["percent"],
        "triggers": {"customerGroups": [wanted["group"]]},
        "externalReferenceId": _reference(level),
    }
    known = next((document for document in there if _number(document) == wanted["id"]), None)
    found = known or _ours(there, level, name)
    if found is None:
        return _number(client.post("promotions", body))
    client.put(f"promotions/{_number(found)}", body)
    return _number(found)


def _delete(client: ShopClient, number: int) -> None:
    try:
        client.delete(f"promotions/{number}")
    except NotFound:
        return


def _move(client: ShopClient, store: EcwidStore, member: Member) -> None:
    target = store.groups.get(member.tier, GENERAL)
    path = f"customers/{member.external_id}"
    try:
        customer = client.get(path)
        held = whole(customer.get("customerGroupId") or GENERAL, "The customer's group", at_most=10**18)
        is_ours = held == GENERAL or held in store.groups.values()
        if is_ours and held != target:
            client.put(path, {"customerGroupId": target})
        elif not is_ours:
            log.info("tiers.left_in_the_merchants_group", shop=store.shop_id, member=member.pk)
    except NotFound:
        log.info("tiers.no_such_customer", shop=store.shop_id, member=member.pk)
    Member.objects.filter(shop=store.shop_id, pk=member.pk).update(carried_tier=member.tier)


def _ours(there: Sequence[Document], level: Level, name: str) -> Document | None:
    mine = (each for each in there if each.get("externalReferenceId") == _reference(level) or each.get("name") == name)
    return next(mine, None)


def _reference(level: Level) -> str:
    return f"regulars:{level.id}"


def _number(document: Document) -> int:
    return whole(document.get("id"), "An id", at_most=10**18)


def switch_off(shop: Shop) -> None:
    """Nobody is moved any more. The promotions go, because nobody would keep them; the groups stay, with people in
    them. Raises as the client does."""
    store = EcwidStore.objects.filter(shop=shop).first()
    if store is None:
        return
    EcwidStore.objects.filter(shop=shop).update(tier_groups=False)
    client = ShopClient(shop)
    for tier in list(store.promotions):
        _delete(client, store.promotions.pop(tier)["id"])
        EcwidStore.objects.filter(shop=shop).update(promotions=store.promotions)
    Member.objects.filter(shop=shop).exclude(carried_tier="").update(carried_tier="")
