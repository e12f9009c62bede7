"""From a checkpoint to the walk as it was at its mark, with as much of the past as the facts to come can touch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import partial

from loyalty.engine.activities import HeldPlan
from loyalty.engine.awards import Award, OrderState, Spread, release, show_pending
from loyalty.engine.books import OpenLot, Taking
from loyalty.engine.checkpoint import ENGINE, instants
from loyalty.engine.decisions import Spent, open_imported
from loyalty.engine.document import Version
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Fact, Import, Order, Redemption
from loyalty.engine.freezing import name_of
from loyalty.engine.frozen import (
    FrozenAward,
    FrozenEntry,
    FrozenOrder,
    FrozenRedemption,
    FrozenStanding,
    Head,
    Part,
    Shelf,
    read,
    thawed_lots,
)
from loyalty.engine.happenings import watch_birthday
from loyalty.engine.ladder import watch_review
from loyalty.engine.lapses import watch_inactivity, watch_lot
from loyalty.engine.memberships import watch_fee, watch_plan
from loyalty.engine.movement import Held
from loyalty.engine.presence import watch_absence
from loyalty.engine.tiers import Entry
from loyalty.engine.walk import Birthday, Rank, Walk

NOTHING = Part([], [], [], [], ([], []))


def thaw(raw: bytes, versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime) -> Walk | None:
    """The walk as it was at the checkpoint's mark, ready for `facts`; None if this engine cannot use it, or it is
    later than `as_of`."""
    found = read(raw)
    if found is None or found[0].engine != ENGINE or found[0].mark > as_of:
        return None
    head, shelf = found
    walk = Walk(versions, as_of)
    walk.mark = head.mark
    walk.now = next((rules for rules in reversed(walk.prepared) if rules.version.in_force_from <= head.mark), None)
    whole = NOTHING
    if _reaches_back(walk, head, shelf, facts):
        whole = shelf.everything()
    else:
        walk.shelf = shelf
    _thaw_plain(walk, head)
    _thaw_tallies(walk, head, whole)
    lots = _thaw_lots(walk, [*thawed_lots(head.lots), *thawed_lots(whole.lots)], [*head.orders, *whole.orders])
    for order in (*whole.orders, *head.orders):
        _thaw_order(walk, order, lots)
    _thaw_takings(walk, (*whole.redemptions, *head.redemptions), head.debtors, lots)
    _thaw_standing(walk, head.standing, whole)
    for brought, index, order_id in head.imports:
        _thaw_import(walk, brought, index, order_id)
    for lot in walk.books.lots.values():
        if lot.expires_at is not None and lot.expires_at > head.mark:
            watch_lot(walk, head.mark, lot)
    watch_inactivity(walk, head.mark)
    watch_birthday(walk, head.mark)
    watch_absence(walk, head.mark)
    for plan_id, held in walk.plans.items():
        plan = walk.now.plans.get(plan_id) if walk.now is not None else None
        watch_plan(walk, plan_id)
        if plan is not None and held.charged_at is not None:
            watch_fee(walk, held.charged_at, plan)
    return walk


def _reaches_back(walk: Walk, head: Head, shelf: Shelf, facts: Iterable[Fact]) -> bool:
    """Can anything to come touch what is settled? An order or a redemption that was there already, an order that uses
    an old code, an import that says what orders earned, a new version that looks at lots, tiers or segments anew."""
    if any(head.mark < rules.version.in_force_from <= walk.as_of for rules in walk.prepared):
        return True
    if any(name_of(rule) not in head.tallies for rule in walk.tallies):
        return True
    named = {word for each in head.redemptions for word in (each.code.casefold(), each.order_id)}
    for fact in facts:
        if isinstance(fact, Order | Redemption) and min(instants(fact)) <= head.mark:
            return True
        if isinstance(fact, Import) and any(lot.order_id for lot in fact.lots):
            return True
        if isinstance(fact, Order):
            words = [fact.id, *(code.casefold() for code in fact.discount_codes)]
            if any(word in named or shelf.may_name(word) for word in words):
                return True
    return False


def _thaw_plain(walk: Walk, head: Head) -> None:
    walk.books.opened = head.opened
    walk.books.available = head.available
    walk.books.forgiven = head.forgiven
    walk.totals.update(head.totals)
    walk.used_caps = {(rule, per): (name, points, times) for rule, per, name, points, times in head.used_caps}
    walk.memory = head.memory
    walk.gifts = {gift.key: gift for gift in head.gifts}
    walk.given_segments, walk.segments, walk.issued, walk.used_early = head.names
    for plan_id, each in head.plans.items():
        held = walk.plans[plan_id] = HeldPlan(each.began_at)
        held.charged_at, held.ends_at, held.purchases = each.charged_at, each.ends_at, each.purchases
    walk.birthday = Birthday(*head.birthday)
    presence, said = walk.presence, head.presence
    presence.enrolled, presence.customer_id = said.enrolled, said.customer_id
    presence.ordered_at, presence.order_id, presence.won_back = said.ordered_at, said.order_id, said.won_back
    walk.active_at, walk.expiry_since, walk.lapsed = head.activity
    walk.ordinal, walk.joined = head.ordinal, head.joined
    walk.imported_until = head.imported_until


def _thaw_tallies(walk: Walk, head: Head, whole: Part) -> None:
    for amount_minor, channel in zip(*whole.bought, strict=True):
        walk.tally(amount_minor, channel)
    if whole is NOTHING:
        for rule, tally in walk.tallies.items():
            tally.begin(*head.tallies[name_of(rule)])


def _thaw_lots(walk: Walk, found: Sequence[OpenLot], orders: Iterable[FrozenOrder]) -> dict[int, OpenLot]:
    lots = {lot.serial: lot for lot in found}
    for order in orders:
        for award in order.awards:
            if award.lot in lots:
                source = award.source or f"order:{order.id}"
                lots[award.lot].source = f"{source}/{award.part}" if award.part else source
    for lot in found:
        walk.books.restore(lot)
    return lots


def _lot(lots: Mapping[int, OpenLot], serial: int, mark: datetime) -> OpenLot:
    """A lot that stayed on the shelf is known by its number alone: nothing to come can touch it."""
    return lots.get(serial) or OpenLot("", 0, mark, None, False, serial)


def _thaw_takings(
    walk: Walk,
    redemptions: Iterable[FrozenRedemption],
    debtors: Iterable[tuple[str, int]],
    lots: Mapping[int, OpenLot],
) -> None:
    for each in redemptions:
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
        taking.parts = [(_lot(lots, number, each.at), points) for number, points in each.parts]
        spent = walk.redemptions[each.id] = Spent(redemption, taking)
        spent.used = each.used
    waiting: deque[Taking] = deque()
    for name, debt in debtors:
        debtor = walk.redemptions[name].taking if name else Taking()
        debtor.debt = debt
        waiting.append(debtor)
    walk.books.debtors = waiting
    walk.books.debt = sum(debtor.debt for debtor in waiting)


def _thaw_order(walk: Walk, each: FrozenOrder, lots: Mapping[int, OpenLot]) -> None:
    """Only what an order's later events read."""
    order_id = str(each.id)
    state = walk.orders[order_id] = OrderState.by_name(order_id, walk.as_of, each.number)
    state.given, state.returned = each.given, each.returned
    state.refunded_minor, state.money = each.refunded_minor, each.money
    for frozen in each.awards:
        award = Award(
            frozen.source or f"order:{order_id}",
            frozen.part,
            frozen.points,
            partial(_spread, frozen),
            frozen.reason or Reason(message=""),
            frozen.until or walk.as_of,
            tuple(frozen.gifts),
        )
        award.taken = frozen.taken
        if frozen.before:
            award.before = {line: Fraction(part) for line, part in frozen.before.items()}
        if frozen.lot:
            award.lot, award.open = _lot(lots, frozen.lot, walk.as_of), True
        elif frozen.until is not None:
            show_pending(walk, state, award)
            walk.at_clock(
                award.until, Rank.HOLD, award.lot_source, release, (state, award), lambda given: given[1].waits
            )
        state.awards.append(award)


def _spread(frozen: FrozenAward) -> Spread:
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


def _thaw_standing(walk: Walk, frozen: FrozenStanding, whole: Part) -> None:
    standing = walk.standing
    standing.tier, standing.since, standing.below_since = frozen.tier, frozen.since, frozen.below_since
    standing.kept_until, standing.grace_until = frozen.kept_until, frozen.grace_until
    standing.grants, standing.entered, standing.next_review = frozen.grants, frozen.entered, frozen.next_review
    standing.meter.begin(*walk.shelf.measured)
    for each in (*whole.entries, *frozen.entries):
        entry = Entry(each.at, each.spend, each.points, each.orders)
        standing.entries[_key(each, whole)] = entry
        standing.meter.add(entry)
    watch_review(walk)


def _key(entry: FrozenEntry, whole: Part) -> str:
    """By the order's id; by its place alone where the order stayed on the shelf."""
    if isinstance(entry.key, str):
        return entry.key
    return f"order:{whole.orders[entry.key].id}" if whole.orders else f"#{entry.key}"
