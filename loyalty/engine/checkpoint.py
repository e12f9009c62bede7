"""A cache of a fold: the walk's state at an instant, small, and thrown away at the first doubt.

A checkpoint plus every fact with an instant after its mark gives the statement that all facts give, as long as no
event at or before the mark is new, changed or gone; the store sees to that and drops the checkpoint otherwise.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from functools import partial
from math import gcd

import msgspec

from loyalty.engine.awards import Award, OrderState, Spread, release, show_pending
from loyalty.engine.books import OpenLot, Taking
from loyalty.engine.decisions import Spent, open_imported
from loyalty.engine.document import Version
from loyalty.engine.explain import Reason, told
from loyalty.engine.facts import EARLIEST, Fact, Import, Order, Redemption
from loyalty.engine.happenings import watch_birthday, watch_fee
from loyalty.engine.ladder import watch_review
from loyalty.engine.lapses import watch_inactivity, watch_lot
from loyalty.engine.movement import Gift, Held
from loyalty.engine.refunds import CLOCKS_APART
from loyalty.engine.tiers import Entry
from loyalty.engine.walk import Rank, Walk

ENGINE = 1
"""Grows whenever the engine's behaviour or this form changes: older checkpoints are then worth nothing."""

MINIMUM_FACTS = 16
"""A member with fewer facts is folded from the start."""

Id = int | str


class FrozenLot(msgspec.Struct, array_like=True):
    """`source` is empty for the lot of an order's award, which knows it. `serial` counts from the lot before."""

    source: str
    points: int
    left: int
    opened_at: datetime
    expires_at: datetime | None
    serial: int
    expired: int
    fixed: bool


class FrozenAward(msgspec.Struct, array_like=True):
    """`source`, `part` and `lot` are empty where they follow from the order, and `until` and `reason` once it is
    open. Weights too large for the encoding are written as text."""

    points: int
    lines: list[Id]
    weights: list[int | str]
    taken: int = 0
    lot: int = -1
    source: str = ""
    part: str = ""
    until: datetime | None = None
    reason: Reason | None = None
    before: dict[str, str] = {}


class FrozenOrder(msgspec.Struct, array_like=True):
    id: Id
    awards: list[FrozenAward]
    given: int
    number: str = ""
    returned: dict[str, int] = {}
    refunded_minor: int = 0
    money: tuple[str, int] = ("", 2)


class FrozenRedemption(msgspec.Struct, array_like=True):
    id: str
    at: datetime
    points: int
    reward: str
    reward_name: str
    code: str
    value_minor: int
    order_id: str
    taken: int
    debt: int
    parts: list[tuple[int, int]]
    used: bool


class FrozenEntry(msgspec.Struct, array_like=True):
    """`key` is the position of the order among the frozen ones, or what else was measured."""

    key: Id
    at: datetime
    spend: int
    points: int
    orders: int


class FrozenStanding(msgspec.Struct, array_like=True):
    tier: str
    since: datetime | None
    below_since: datetime | None
    kept_until: datetime | None
    grace_until: datetime | None
    grants: list[tuple[str, datetime | None]]
    entered: set[str]
    next_review: datetime | None
    entries: list[FrozenEntry]


class Frozen(msgspec.Struct, array_like=True):
    engine: int
    mark: datetime
    lots: list[FrozenLot]
    opened: int
    debtors: list[tuple[str, int]]
    available: int
    forgiven: int
    totals: dict[str, int]
    orders: list[FrozenOrder]
    redemptions: list[FrozenRedemption]
    imports: list[tuple[Import, int, str]]
    standing: FrozenStanding
    used_caps: list[tuple[str, str, str, int, int]]
    memory: dict[str, tuple[str, int]]
    bought: tuple[list[int], list[str]]
    gifts: list[Gift]
    names: list[set[str]]
    plans: dict[str, tuple[datetime, datetime | None]]
    birthday: tuple[str, datetime | None, int]
    activity: tuple[datetime | None, datetime | None, int]
    ordinal: int
    joined: bool
    imported_until: datetime | None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Frozen)


def instants(fact: Fact) -> tuple[datetime, ...]:
    """All instants at which this fact changes anything by itself. It is dated after a mark if its last one is; it
    makes a checkpoint worthless if it is new and its first one is not after the mark. An import reaches back to all
    orders before it, which earn nothing."""
    if isinstance(fact, Order):
        dates = [fact.placed_at, fact.paid_at, fact.fulfilled_at, fact.cancelled_at]
        undone = [refund.at for refund in fact.refunds] + ([fact.cancelled_at] if fact.cancelled_at else [])
        dates += undone + [at + CLOCKS_APART for at in undone]
        dates += [line.added_at for line in fact.lines]
        return tuple(date for date in dates if date is not None)
    if isinstance(fact, Import):
        return (EARLIEST, fact.at)
    if isinstance(fact, Redemption):
        return tuple(date for date in (fact.at, fact.used_at, fact.given_back_at) if date is not None)
    return (fact.at,)


def mark_of(raw: bytes) -> datetime | None:
    """The instant up to which a checkpoint knows everything; None if this engine cannot use it."""
    frozen = _thawed(raw)
    return frozen.mark if frozen is not None else None


def freeze(walk: Walk) -> bytes:
    """The state of a walk that has come to its end, at `as_of`."""
    numbers: dict[OpenLot, int] = {}
    orders = [_freeze_order(state, numbers) for state in walk.orders.values() if _lives(state)]
    redemptions = [_freeze_redemption(spent, numbers) for spent in walk.redemptions.values()]
    for lot in walk.books.open_lots():
        numbers.setdefault(lot, len(numbers))
    named = {award.lot for state in walk.orders.values() for award in state.awards if award.lot is not None}
    places = {f"order:{order.id}": place for place, order in enumerate(orders)}
    takings = {id(spent.taking): spent.redemption.id for spent in walk.redemptions.values()}
    standing = walk.standing
    keys = {id(entry): key for key, entry in standing.entries.items()}
    frozen = Frozen(
        engine=ENGINE,
        mark=walk.as_of,
        lots=_freeze_lots(list(numbers), named),
        opened=walk.books.opened,
        debtors=[(takings.get(id(taking), ""), taking.debt) for taking in walk.books.debtors if taking.debt],
        available=walk.books.available,
        forgiven=walk.books.forgiven,
        totals=walk.totals,
        orders=orders,
        redemptions=redemptions,
        imports=[(brought, index, order_id) for brought, index, order_id in walk.held_imports.values()],
        standing=FrozenStanding(
            standing.tier,
            standing.since,
            standing.below_since,
            standing.kept_until,
            standing.grace_until,
            standing.grants,
            standing.entered,
            standing.next_review,
            [
                FrozenEntry(places.get(keys[id(each)], keys[id(each)]), each.at, each.spend, each.points, each.orders)
                for each in standing.meter.entries
            ],
        ),
        used_caps=[(*key, *value) for key, value in walk.used_caps.items()],
        memory=walk.memory,
        bought=([amount for amount, _ in walk.bought], [channel for _, channel in walk.bought]),
        gifts=list(walk.gifts.values()),
        names=[walk.given_segments, walk.segments, walk.issued, walk.used_early],
        plans={plan: (began, walk.fees.get(plan)) for plan, began in walk.plans.items()},
        birthday=(walk.birthday, walk.birthday_known_at, walk.birthday_year),
        activity=(walk.active_at, walk.expiry_since, walk.lapsed),
        ordinal=walk.ordinal,
        joined=walk.joined,
        imported_until=walk.imported_until,
    )
    return zlib.compress(_encoder.encode(frozen), 9)


def thaw(raw: bytes, versions: Sequence[Version], as_of: datetime) -> Walk | None:
    """The walk as it was at the checkpoint's mark; None if this engine cannot use it, or it is later than `as_of`."""
    frozen = _thawed(raw)
    if frozen is None or frozen.mark > as_of:
        return None
    walk = Walk(versions, as_of)
    walk.mark = frozen.mark
    walk.now = next((rules for rules in reversed(walk.prepared) if rules.version.in_force_from <= frozen.mark), None)
    _thaw_plain(walk, frozen)
    lots = _thaw_lots(walk, frozen)
    for order in frozen.orders:
        _thaw_order(walk, order, lots)
    _thaw_takings(walk, frozen, lots)
    _thaw_standing(walk, frozen.standing, frozen.orders)
    for brought, index, order_id in frozen.imports:
        _thaw_import(walk, brought, index, order_id)
    for lot in lots:
        if lot.expires_at is not None and lot.expires_at > frozen.mark:
            watch_lot(walk, frozen.mark, lot)
    watch_inactivity(walk, frozen.mark)
    watch_birthday(walk, frozen.mark)
    for plan_id, (_, last) in frozen.plans.items():
        plan = walk.now.plans.get(plan_id) if walk.now is not None else None
        if plan is not None and last is not None:
            watch_fee(walk, last, plan)
    return walk


def _thawed(raw: bytes) -> Frozen | None:
    try:
        frozen = _decoder.decode(zlib.decompress(raw))
    except (zlib.error, msgspec.DecodeError):
        return None
    return frozen if frozen.engine == ENGINE else None


def _thaw_plain(walk: Walk, frozen: Frozen) -> None:
    walk.books.opened = frozen.opened
    walk.books.available = frozen.available
    walk.books.forgiven = frozen.forgiven
    walk.totals.update(frozen.totals)
    walk.used_caps = {(rule, per): (name, points, times) for rule, per, name, points, times in frozen.used_caps}
    walk.memory = frozen.memory
    for amount_minor, channel in zip(*frozen.bought, strict=True):
        walk.tally(amount_minor, channel)
    walk.gifts = {gift.key: gift for gift in frozen.gifts}
    walk.given_segments, walk.segments, walk.issued, walk.used_early = frozen.names
    walk.plans = {plan: began for plan, (began, _) in frozen.plans.items()}
    walk.fees = {plan: last for plan, (_, last) in frozen.plans.items() if last is not None}
    walk.birthday, walk.birthday_known_at, walk.birthday_year = frozen.birthday
    walk.active_at, walk.expiry_since, walk.lapsed = frozen.activity
    walk.ordinal, walk.joined = frozen.ordinal, frozen.joined
    walk.imported_until = frozen.imported_until


def _thaw_lots(walk: Walk, frozen: Frozen) -> list[OpenLot]:
    lots = []
    serial = 0
    for each in frozen.lots:
        serial += each.serial
        lot = OpenLot(each.source, each.points, each.opened_at, each.expires_at, each.fixed, serial)
        lot.expired = each.expired
        lot.left = each.left
        lots.append(lot)
    for order in frozen.orders:
        for award in order.awards:
            if award.lot >= 0:
                source = award.source or f"order:{order.id}"
                lots[award.lot].source = f"{source}/{award.part}" if award.part else source
    for lot in lots:
        walk.books.restore(lot)
    return lots


def _thaw_takings(walk: Walk, frozen: Frozen, lots: list[OpenLot]) -> None:
    for each in frozen.redemptions:
        redemption = Redemption(
            id=each.id,
            at=each.at,
            points=each.points,
            reward=each.reward,
            reward_name=each.reward_name,
            code=each.code,
            value_minor=each.value_minor,
            order_id=each.order_id,
        )
        taking = Taking()
        taking.taken, taking.debt = each.taken, each.debt
        taking.parts = [(lots[number], points) for number, points in each.parts]
        spent = walk.redemptions[each.id] = Spent(redemption, taking)
        spent.used = each.used
    debtors: deque[Taking] = deque()
    for name, debt in frozen.debtors:
        debtor = walk.redemptions[name].taking if name else Taking()
        debtor.debt = debt
        debtors.append(debtor)
    walk.books.debtors = debtors
    walk.books.debt = sum(debtor.debt for debtor in debtors)


def _thaw_order(walk: Walk, each: FrozenOrder, lots: list[OpenLot]) -> None:
    """Only what an order's later events read: its lines come with the fact, if there is one."""
    order_id = str(each.id)
    order = Order(
        id=order_id, placed_at=walk.as_of, updated_at=walk.as_of, currency="", exponent=0, lines=(), number=each.number
    )
    state = walk.orders[order_id] = OrderState(order, None)
    state.given, state.returned = each.given, each.returned
    state.refunded_minor, state.money = each.refunded_minor, each.money
    for frozen in each.awards:
        source = frozen.source or f"order:{order_id}"
        award = Award(
            source,
            frozen.part,
            frozen.points,
            partial(_thaw_spread, frozen),
            frozen.reason or Reason(message=""),
            frozen.until or walk.as_of,
        )
        award.taken = frozen.taken
        award.before = {line: Fraction(part) for line, part in frozen.before.items()}
        if frozen.lot >= 0:
            award.lot, award.open = lots[frozen.lot], True
        elif frozen.until is not None:
            show_pending(walk, state, award)
            walk.at_clock(
                award.until, Rank.HOLD, award.lot_source, release, (state, award), lambda given: not given[1].open
            )
        state.awards.append(award)


def _thaw_spread(frozen: FrozenAward) -> Spread:
    return [(str(line), int(weight)) for line, weight in zip(frozen.lines, frozen.weights, strict=True)]


def _thaw_import(walk: Walk, brought: Import, index: int, order_id: str) -> None:
    each = brought.lots[index]
    source = f"import:{brought.id}:{index}"
    award = None
    if order_id:
        award = next((a for a in walk.orders[order_id].awards if a.source == source), None)
    reason = Reason(message="imported", params={"points": each.points, "from": brought.source})
    until = each.available_at or walk.as_of
    walk.pending[source] = Held(source, each.points - (award.taken if award is not None else 0), until, reason)
    walk.held_imports[source] = (brought, index, order_id)
    walk.at_clock(until, Rank.HOLD, source, open_imported, (brought, index, award))


def _thaw_standing(walk: Walk, frozen: FrozenStanding, orders: list[FrozenOrder]) -> None:
    standing = walk.standing
    standing.tier, standing.since, standing.below_since = frozen.tier, frozen.since, frozen.below_since
    standing.kept_until, standing.grace_until = frozen.kept_until, frozen.grace_until
    standing.grants, standing.entered, standing.next_review = frozen.grants, frozen.entered, frozen.next_review
    for each in frozen.entries:
        entry = Entry(each.at, each.spend, each.points, each.orders)
        key = f"order:{orders[each.key].id}" if isinstance(each.key, int) else each.key
        standing.entries[key] = entry
        standing.meter.add(entry)
    watch_review(walk)


def _lives(state: OrderState) -> bool:
    """Can anything still happen to it that needs its past?"""
    return bool(state.returned or state.awards or state.given)


def _freeze_order(state: OrderState, numbers: dict[OpenLot, int]) -> FrozenOrder:
    order_id = state.order.id
    awards = [_freeze_award(award, state, numbers) for award in state.awards]
    waits = any(not award.open for award in state.awards)
    frozen = FrozenOrder(_short(order_id), awards, state.given, returned=state.returned)
    if waits:
        frozen.number, frozen.refunded_minor, frozen.money = state.order.number, state.refunded_minor, state.money
    return frozen


def _freeze_award(award: Award, state: OrderState, numbers: dict[OpenLot, int]) -> FrozenAward:
    spread = award.spread()
    divisor = gcd(*[weight for _, weight in spread]) or 1
    weights = [weight // divisor for _, weight in spread]
    frozen = FrozenAward(
        award.points,
        [_short(line_id) for line_id, _ in spread],
        [weight if abs(weight) < 2**62 else str(weight) for weight in weights],
        award.taken,
        part=award.part,
        before={line: str(part) for line, part in award.before.items()},
    )
    if award.lot is not None:
        frozen.lot = numbers.setdefault(award.lot, len(numbers))
    elif award.taken < award.points and not award.source.startswith("import:"):
        frozen.until, frozen.reason = award.until, told(award.why)
    if award.source != f"order:{state.order.id}":
        frozen.source = award.source
    return frozen


def _freeze_redemption(spent: Spent, numbers: dict[OpenLot, int]) -> FrozenRedemption:
    redemption, taking = spent.redemption, spent.taking
    parts = [(numbers.setdefault(lot, len(numbers)), points) for lot, points in taking.parts]
    return FrozenRedemption(
        redemption.id,
        redemption.at,
        redemption.points,
        redemption.reward,
        redemption.reward_name,
        redemption.code,
        redemption.value_minor,
        redemption.order_id,
        taking.taken,
        taking.debt,
        parts,
        spent.used,
    )


def _freeze_lots(lots: list[OpenLot], named: set[OpenLot]) -> list[FrozenLot]:
    frozen, serial = [], 0
    for lot in lots:
        source, since = "" if lot in named else lot.source, lot.serial - serial
        serial = lot.serial
        frozen.append(
            FrozenLot(source, lot.points, lot.left, lot.opened_at, lot.expires_at, since, lot.expired, lot.fixed)
        )
    return frozen


def _short(name: str) -> Id:
    """A platform's numeric id as a number, which takes half the room."""
    short = name.isascii() and name.isdecimal() and len(name) < 19 and (name == "0" or name[0] != "0")
    return int(name) if short else name
