"""Storing orders: one snapshot each, the greatest, and the refunds that came alone; and what that changes for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter

import msgspec
from django.db import IntegrityError

from loyalty.engine.checkpoint import instants
from loyalty.engine.differences import first_difference
from loyalty.engine.facts import Fact, Order, Refund, decode, encode
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.facts import REFUND, decode_refund, with_refunds
from loyalty.selectors.programs import versions_of
from loyalty.services.facts import note
from loyalty.services.holds import unmark
from loyalty.services.members import Key, key_of
from loyalty.services.observations import OrderSeen, Person, RefundSeen

_encode_refund = msgspec.json.Encoder(order="deterministic").encode
NUMBER_CHARACTERS = 128
Alone = Mapping[str, Sequence[StoredFact]]
Before = tuple[int | None, str]
"""The owner and the body that a row had."""


class TryAgain(RuntimeError):
    """Another worker came between; everything was rolled back and may be tried at once."""


def lock_orders(shop: Shop, order_ids: Iterable[str]) -> dict[str, StoredFact]:
    rows = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=list(order_ids))
    return {row.external_id: row for row in rows.select_for_update(of=("self",)).order_by("pk")}


def store_orders(
    *,
    shop: Shop,
    orders: Sequence[OrderSeen],
    refunds: Sequence[RefundSeen],
    members: Mapping[Key, Member],
    stored: Mapping[str, StoredFact],
) -> dict[int, datetime]:
    """Inserts what is new and replaces what is smaller; `stored` are these orders, locked. Returns, for old owner and
    new, from when on something is different; nobody for snapshots that change no event."""
    before: dict[str, Before] = {name: (row.member_id, row.body) for name, row in stored.items()}
    new, replaced = _take(shop, orders, members, stored)
    rows = {row.external_id: row for row in [*stored.values(), *new]}
    _insert(shop, new, {seen.order_id for seen in refunds} - rows.keys())
    StoredFact.objects.across_shops().bulk_update(
        replaced, ["member_id", "at", "rank", "body", "number"], batch_size=200
    )
    unmark(shop=shop, orders=[row for row in replaced if row.member_id != before[row.external_id][0]])
    looked_at = {row.external_id for row in [*new, *replaced]} | {seen.order_id for seen in refunds}
    known = _alone(shop, looked_at)
    arrived = _arrived(shop, refunds, known)
    moments = {each.program.policies.moment for each in versions_of(shop)} if replaced else set()
    changed: dict[int, datetime] = {}
    moved: list[StoredFact] = []
    for name in sorted(looked_at & rows.keys()):
        old, late = known.get(name, []), arrived.get(name, [])
        after = _fact(rows[name].body, [*old, *late])
        _compare(changed, before.get(name), old, (rows[name].member_id, after), moments)
        moved += _keep_together(rows[name], after, old, late)
    StoredFact.objects.across_shops().bulk_update(moved, ["member_id", "last_at"], batch_size=200)
    late_rows = sorted((row for group in arrived.values() for row in group), key=attrgetter("external_id"))
    StoredFact.objects.bulk_create(late_rows, ignore_conflicts=True)
    return changed


def _take(
    shop: Shop, orders: Sequence[OrderSeen], members: Mapping[Key, Member], stored: Mapping[str, StoredFact]
) -> tuple[list[StoredFact], list[StoredFact]]:
    """The rows to insert and the rows to replace, with what was seen written into them."""
    new: list[StoredFact] = []
    replaced: list[StoredFact] = []
    for seen in orders:
        row = stored.get(seen.order.id)
        if row is None:
            row = StoredFact(shop=shop, kind="order", external_id=seen.order.id, last_at=max(instants(seen.order)))
            new.append(row)
        elif row.rank < seen.rank:
            replaced.append(row)
        else:
            continue
        row.member_id = _owner(seen.person, members)
        order = _as_first_seen(seen.order, row.body)
        row.at, row.rank, row.body = order.placed_at, seen.rank, encode(order).decode()
        row.number = order.number[:NUMBER_CHARACTERS]
    return new, replaced


def _as_first_seen(order: Order, stored: str) -> Order:
    """Its lines in the collections that they were in when they were first seen: what a merchant rearranges later judges
    no order anew."""
    if "collection_ids" not in stored and not any(line.collection_ids for line in order.lines):
        return order
    before = decode(stored) if stored else None
    known = {line.id: line.collection_ids for line in before.lines} if isinstance(before, Order) else {}
    lines = tuple(
        msgspec.structs.replace(line, collection_ids=known.get(line.id, line.collection_ids)) for line in order.lines
    )
    return msgspec.structs.replace(order, lines=lines)


def _owner(person: Person | None, members: Mapping[Key, Member]) -> int | None:
    key = key_of(person) if person else None
    return members[key].pk if key else None


def _insert(shop: Shop, new: Sequence[StoredFact], awaited: Iterable[str]) -> None:
    """The places of awaited orders are taken and given back: whoever stores such an order at this moment waits for our
    refund, or we for their order. Sorted, because two who insert the same in two orders would wait for each other."""
    nothing_yet = datetime.min.replace(tzinfo=UTC)
    places = [
        StoredFact(shop=shop, kind="order", external_id=order_id, at=nothing_yet, last_at=nothing_yet)
        for order_id in awaited
    ]
    try:
        StoredFact.objects.bulk_create(sorted([*new, *places], key=attrgetter("external_id")))
    except IntegrityError as error:
        raise TryAgain("The same order was stored by another worker") from error
    if places:
        StoredFact.objects.filter(shop=shop, pk__in=[row.pk for row in places]).delete()


def _alone(shop: Shop, order_ids: Collection[str]) -> Alone:
    """Refunds that came without their order, by the order's id."""
    found: dict[str, list[StoredFact]] = defaultdict(list)
    if order_ids:
        for row in StoredFact.objects.filter(shop=shop, kind=REFUND, about__in=list(order_ids)):
            found[row.about].append(row)
    return found


def _arrived(shop: Shop, refunds: Sequence[RefundSeen], known: Alone) -> Alone:
    """Rows for the refunds that are new."""
    stored = {row.external_id for rows in known.values() for row in rows}
    found: dict[str, list[StoredFact]] = defaultdict(list)
    for seen in {seen.refund.id: seen for seen in refunds if seen.refund.id not in stored}.values():
        row = StoredFact(
            shop=shop,
            kind=REFUND,
            external_id=seen.refund.id,
            about=seen.order_id,
            at=seen.refund.at,
            last_at=seen.refund.at,
            body=_encode_refund(seen.refund).decode(),
        )
        found[seen.order_id].append(row)
    return found


def _fact(body: str, alone: Iterable[StoredFact]) -> Fact:
    refunds: list[tuple[str, Refund]] = [(row.about, decode_refund(row.body)) for row in alone]
    return with_refunds(decode(body), refunds)


def _compare(
    changed: dict[int, datetime],
    before: Before | None,
    alone_before: Iterable[StoredFact],
    after: tuple[int | None, Fact],
    moments: Collection[str],
) -> None:
    """Notes from when on the order is another for whom."""
    owner, fact = after
    old_owner, body = before or (None, "")
    old_fact = _fact(body, alone_before) if body else None
    if owner == old_owner:
        since = first_difference(old_fact, fact, moments)
        if owner is not None and since is not None:
            note(changed, owner, since)
        return
    for pk, told in ((old_owner, old_fact), (owner, fact)):
        if pk is not None and told is not None:
            note(changed, pk, min(instants(told)))


def _keep_together(
    order: StoredFact, fact: Fact, alone: Sequence[StoredFact], arrived: Sequence[StoredFact]
) -> list[StoredFact]:
    """An order and its refunds have one owner and one last date, so that whoever reads one reads all. Returns the
    stored rows that were moved."""
    owner, last_at = order.member_id, max(instants(fact))
    moved = [row for row in (order, *alone) if (row.member_id, row.last_at) != (owner, last_at)]
    for row in (order, *alone, *arrived):
        row.member_id, row.last_at = owner, last_at
    return moved
