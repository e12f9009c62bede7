"""What a refund or a cancellation does: the order's own points go back, then those spent on it return."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from loyalty.engine.awards import Award, OrderState, Portion, measured_as, show_pending, spend_of
from loyalty.engine.basis import Params
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Refund
from loyalty.engine.ladder import look_at_tier
from loyalty.engine.lapses import expire_refilled
from loyalty.engine.refunds import ZERO, Refunded
from loyalty.engine.walk import Walk


def refund_order(walk: Walk, at: datetime, payload: tuple[OrderState, Refund, list[Portion]]) -> None:
    """Part of the order's money went back: its points follow, and so do the points spent on it."""
    state, refund, portions = payload
    count_refund(state, refund)
    amount_minor = refund.amount_minor or sum(line.amount_minor for line in refund.lines)
    _follow(walk, at, state, f"refund:{refund.id}", "refund", amount_minor)
    _measure_again(walk, at, state, portions)


def cancel_order(walk: Walk, at: datetime, payload: tuple[OrderState, list[Portion]]) -> None:
    """The order is off: all of its award goes, all points spent on it return."""
    state, portions = payload
    count_cancel(state)
    _follow(walk, at, state, f"cancel:{state.order.id}", "cancel", 0)
    _measure_again(walk, at, state, portions)


def return_late(walk: Walk, at: datetime, payload: tuple[OrderState, str, str]) -> None:
    """Points that were taken after the refund of the order they were spent on: they return at once."""
    state, source, why = payload
    rules = state.rules or walk.now
    if rules is not None:
        _return_spent(walk, at, state, rules.policies.spent_points, source, why)


def count_refund(state: OrderState, refund: Refund) -> None:
    state.refunded = state.refunded or Refunded(state.order)
    state.refunded.add(refund)
    state.refunded_minor = state.refunded.amount_minor


def count_cancel(state: OrderState) -> None:
    state.refunded = state.refunded or Refunded(state.order)
    state.refunded.cancel()


def due_back(award: Award, refunded: Refunded) -> int:
    """Points of the award that the refunds so far undo: each rule's points in proportion to its own lines (that is
    what the weights are), rounded down over the sum of all refunds, and exactly the award at the end."""
    if refunded.whole:
        return award.points
    spread = award.spread()
    if not spread:
        return int(award.points * refunded.of_order())
    weight_in_all = sum([weight for _, weight in spread])
    wanted: Fraction | int = 0
    for line_id, weight in spread:
        part = refunded.of_line(line_id)
        before = award.before.get(line_id)
        if before is not None:
            part = (part - before) / (1 - before) if before < 1 else ZERO
        if part:
            wanted += (weight if weight_in_all else 1) * part
    return int(award.points * wanted / (weight_in_all or len(spread)))


def _follow(walk: Walk, at: datetime, state: OrderState, source: str, why: str, amount_minor: int) -> None:
    for award in state.awards:
        _take_back(walk, at, state, award, source, why, amount_minor)
    rules = state.rules or walk.now
    if rules is not None:
        _return_spent(walk, at, state, rules.policies.spent_points, source, why)


def _take_back(
    walk: Walk, at: datetime, state: OrderState, award: Award, source: str, why: str, amount_minor: int
) -> None:
    if state.refunded is None:
        return
    if state.refunded.whole:
        award.gifts = ()
    expired = award.lot.expired if award.lot is not None else 0
    wanted = min(due_back(award, state.refunded), award.points - expired) - award.taken
    if wanted <= 0:
        return
    award.taken += wanted
    if not award.open:
        _lower_pending(walk, at, state, award, why)
        return
    taking = walk.books.take(wanted, own=award.lot, clamped=walk.clamped)
    currency, exponent = state.money
    params: Params = {
        "number": state.number,
        "points": taking.taken,
        "refunded_minor": amount_minor,
        "currency": currency,
        "exponent": exponent,
    }
    base = award.lot_source == f"order:{state.order.id}"
    part = "" if base and why == "cancel" else award.lot_source
    reason = Reason(message=f"reversed.{why}", params=params)
    walk.move("reversed", source, -taking.taken, at, reason, part=part, order_id=state.order.id)
    if taking.taken < wanted:
        forgiven = Reason(message="nothing.forgiven", params={"points": wanted - taking.taken})
        walk.gave_nothing(source, at, forgiven)


def _lower_pending(walk: Walk, at: datetime, state: OrderState, award: Award, why: str) -> None:
    if award.taken < award.points:
        show_pending(walk, state, award)
        return
    walk.pending.pop(award.lot_source, None)
    message = "nothing.cancelled" if why == "cancel" else "nothing.refunded"
    walk.gave_nothing(award.lot_source, at, Reason(message=message, params={"number": state.number}))


def _return_spent(walk: Walk, at: datetime, state: OrderState, policy: str, source: str, why: str) -> None:
    refunded = state.refunded
    if refunded is None or policy == "none" or (policy == "full_refund_only" and not refunded.whole):
        return
    for redemption in walk.spent_on.get(state.order.id, ()):
        spent = walk.redemptions.get(redemption.id)
        if spent is None:
            continue
        before = state.returned.get(redemption.id, 0)
        points = min(int(redemption.points * refunded.of_order()) - before, spent.taking.taken)
        if points <= 0:
            continue
        state.returned[redemption.id] = before + points
        filled = walk.books.give_back(spent.taking, points)
        params: Params = {
            "number": state.number,
            "reward": redemption.reward_name or redemption.reward,
            "points": points,
        }
        reason = Reason(message=f"returned.{why}", params=params)
        part = f"redemption:{redemption.id}"
        walk.move("returned", source, points, at, reason, part=part, order_id=state.order.id)
        expire_refilled(walk, at, filled, f"{source}/{part}")


def _measure_again(walk: Walk, at: datetime, state: OrderState, portions: list[Portion]) -> None:
    """Refunds lower the tier measure from now on, at the order's own date."""
    changed = False
    for portion in portions:
        entry = walk.standing.entries.get(measured_as(state.order.id, portion))
        if entry is None or state.refunded is None:
            continue
        earned = [award for award in state.awards if bool(award.part) == bool(portion.added)]
        points = sum(award.points - due_back(award, state.refunded) for award in earned)
        orders = 0 if state.refunded.whole else entry.orders
        walk.standing.meter.lower(entry, spend_of(state, portion), points, orders)
        changed = True
    if changed:
        look_at_tier(walk, at)
