"""From a walk that has come to its end to a checkpoint."""

from __future__ import annotations

from math import gcd

import msgspec

from loyalty.engine.awards import Award, OrderState
from loyalty.engine.checkpoint import ENGINE
from loyalty.engine.decisions import Spent
from loyalty.engine.explain import told
from loyalty.engine.frozen import (
    FrozenAward,
    FrozenEntry,
    FrozenOrder,
    FrozenPlan,
    FrozenPresence,
    FrozenRedemption,
    FrozenStanding,
    Head,
    Part,
    Shelf,
    frozen_lots,
    short,
    written,
)
from loyalty.engine.segments import SegmentRule
from loyalty.engine.tiers import Entry
from loyalty.engine.walk import Walk


def freeze(walk: Walk) -> bytes:
    """The state at `as_of`: what is settled goes to the shelves, which may have come with the walk."""
    shelf = msgspec.structs.replace(walk.shelf, parts=list(walk.shelf.parts))
    held = {order_id for _, _, order_id in walk.held_imports.values()}
    waiting: list[OrderState] = []
    settled: list[OrderState] = []
    for state in walk.orders.values():
        if _lives(state):
            (waiting if _waits(state) or state.order.id in held else settled).append(state)
    places = {f"order:{state.order.id}": place for place, state in enumerate(settled, shelf.orders)}
    shelf.orders += len(settled)
    debtors = [spent for spent in walk.redemptions.values() if spent.taking.debt]
    free = [spent for spent in walk.redemptions.values() if not spent.taking.debt]
    shelf.reserved += sum(spent.taking.taken for spent in free if not spent.used)
    shelf.spent += sum(spent.taking.taken for spent in free if spent.used)
    shelf.add_names([spent.redemption for spent in free])
    counting, past = _entries(walk, shelf, places)
    shelf.put(
        Part(
            [_frozen_order(state) for state in settled],
            [_frozen_redemption(spent) for spent in free],
            frozen_lots((lot for lot in walk.books.lots.values() if not lot.left), sources=False),
            past,
            ([amount for amount, _ in walk.bought], [channel for _, channel in walk.bought]),
        )
    )
    return written(_head(walk, waiting, debtors, counting), shelf)


def _head(walk: Walk, waiting: list[OrderState], debtors: list[Spent], counting: list[FrozenEntry]) -> Head:
    takings = {id(spent.taking): spent.redemption.id for spent in debtors}
    return Head(
        engine=ENGINE,
        mark=walk.as_of,
        lots=frozen_lots(walk.books.open_lots(), sources=True),
        opened=walk.books.opened,
        debtors=[(takings.get(id(taking), ""), taking.debt) for taking in walk.books.debtors if taking.debt],
        available=walk.books.available,
        forgiven=walk.books.forgiven,
        totals=walk.totals,
        orders=[_frozen_order(state) for state in waiting],
        redemptions=[_frozen_redemption(spent) for spent in debtors],
        imports=[(brought, index, order_id) for brought, index, order_id in walk.held_imports.values()],
        standing=_frozen_standing(walk, counting),
        used_caps=[(*key, *value) for key, value in walk.used_caps.items()],
        memory=walk.memory,
        tallies={name_of(rule): tally.sums() for rule, tally in walk.tallies.items()},
        gifts=list(walk.gifts.values()),
        names=[walk.given_segments, walk.segments, walk.issued, walk.used_early],
        plans={
            plan: FrozenPlan(held.began_at, held.charged_at, held.ends_at, held.purchases)
            for plan, held in walk.plans.items()
        },
        presence=_frozen_presence(walk),
        birthday=(walk.birthday.day, walk.birthday.known_at, walk.birthday.year),
        activity=(walk.active_at, walk.expiry_since, walk.lapsed),
        ordinal=walk.ordinal,
        joined=walk.joined,
        imported_until=walk.imported_until,
    )


def _frozen_presence(walk: Walk) -> FrozenPresence:
    presence = walk.presence
    return FrozenPresence(
        presence.enrolled, presence.customer_id, presence.ordered_at, presence.order_id, presence.won_back
    )


def name_of(rule: SegmentRule) -> str:
    """The same for the same rule of any version."""
    return msgspec.json.encode(rule).decode()


def _lives(state: OrderState) -> bool:
    """Can anything still happen to it that needs its past?"""
    return bool(state.returned or state.awards or state.given)


def _waits(state: OrderState) -> bool:
    """Is an award of it on hold?"""
    return any(award.waits for award in state.awards)


def _entries(walk: Walk, shelf: Shelf, places: dict[str, int]) -> tuple[list[FrozenEntry], list[FrozenEntry]]:
    """What counts for the tier and may stop to, and what does not count any more or will count for ever."""
    meter, rules = walk.standing.meter, walk.now
    keys = {id(entry): key for key, entry in walk.standing.entries.items()}

    def frozen(entry: Entry) -> FrozenEntry:
        key = keys[id(entry)]
        place = int(key[1:]) if key.startswith("#") else places.get(key, key)
        return FrozenEntry(place, entry.at, entry.spend, entry.points, entry.orders)

    found = [frozen(entry) for entry in meter.entries]
    if rules is None or not rules.levels or rules.policies.tier_period == "lifetime":
        shelf.measured = meter.sums()
        return [], found
    return found[meter.past :], found[: meter.past]


def _frozen_standing(walk: Walk, entries: list[FrozenEntry]) -> FrozenStanding:
    standing = walk.standing
    return FrozenStanding(
        standing.tier,
        standing.since,
        standing.below_since,
        standing.kept_until,
        standing.grace_until,
        standing.grants,
        standing.entered,
        standing.next_review,
        entries,
    )


def _frozen_order(state: OrderState) -> FrozenOrder:
    awards = [_frozen_award(award, state) for award in state.awards]
    frozen = FrozenOrder(short(state.order.id), awards, state.given, returned=state.returned)
    if any(not award.open for award in state.awards):
        frozen.number, frozen.refunded_minor, frozen.money = state.order.number, state.refunded_minor, state.money
    return frozen


def _frozen_award(award: Award, state: OrderState) -> FrozenAward:
    spread = award.spread()
    divisor = gcd(*[weight for _, weight in spread]) or 1
    weights = [weight // divisor for _, weight in spread]
    frozen = FrozenAward(
        award.points,
        [short(line_id) for line_id, _ in spread],
        [weight if abs(weight) < 2**62 else str(weight) for weight in weights],
        award.taken,
        part=award.part,
        before={line: str(part) for line, part in award.before.items()},
    )
    if award.lot is not None:
        frozen.lot = award.lot.serial
    elif award.waits and not award.source.startswith("import:"):
        frozen.until, frozen.reason, frozen.gifts = award.until, told(award.why), list(award.gifts)
    if award.source != f"order:{state.order.id}":
        frozen.source = award.source
    return frozen


def _frozen_redemption(spent: Spent) -> FrozenRedemption:
    redemption, taking = spent.redemption, spent.taking
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
        [(lot.serial, points) for lot, points in taking.parts],
        spent.used,
    )
