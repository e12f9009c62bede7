"""Paid plans. An order line of a plan's product is a purchase of it, and the full refund of that line ends it; plans
sold elsewhere come as facts. A plan lasts as long as one of its purchases does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from loyalty.engine.activities import HeldPlan, Plan, fee_due
from loyalty.engine.awards import Award, OrderState, Portion, Spread, measure_points, start_award, takes_part
from loyalty.engine.basis import Params
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Line, Membership, Order
from loyalty.engine.ladder import measure
from loyalty.engine.lapses import open_lot, touch
from loyalty.engine.refunds import Refunded
from loyalty.engine.walk import Event, Rank, Walk


def plan_events(state: OrderState) -> Iterator[Event]:
    """When this order's lines begin a plan, and end it. It begins with the payment, whenever points are given."""
    order, rules = state.order, state.rules
    if rules is None or not rules.plan_of or order.paid_at is None:
        return
    if (order.test and rules.program.exclusions.test_orders) or (order.cancelled_at or order.paid_at) < order.paid_at:
        return
    for line in order.lines:
        plan = rules.plan_of.get(line.product_id) or rules.plan_of.get(line.variant_id)
        if plan is None or not line.quantity:
            continue
        key = f"membership:{order.id}:{line.id}"
        begins_at = max(order.paid_at, line.added_at or order.paid_at)
        yield (begins_at, Rank.GIVES, key, buy_plan, (state, line, plan, key))
        ended_at = _given_back_at(order, line.id)
        if ended_at is not None:
            yield (max(begins_at, ended_at), Rank.REFUND, key, give_plan_back, (plan.id, key))


def _given_back_at(order: Order, line_id: str) -> datetime | None:
    """When the last of the line went back; None while any of it stands."""
    refunded = Refunded(order)
    moved = [each for each in order.refunds if each.money_moved]
    for refund in sorted(moved, key=lambda each: (each.at, each.id)):
        if order.cancelled_at is not None and order.cancelled_at <= refund.at:
            break
        refunded.add(refund)
        if refunded.of_line(line_id) >= 1:
            return refund.at
    return order.cancelled_at


def buy_plan(walk: Walk, at: datetime, payload: tuple[OrderState, Line, Plan, str]) -> None:
    """A line of the plan's product was paid. What the plan gives for entry belongs to the order: it waits as long as
    its points do, and goes back with the line."""
    state, line, plan, key = payload
    touch(walk, at)
    first = join_plan(walk, at, plan.id, plan, key)
    rules, imported = state.rules, walk.imported_until
    if rules is None or not first or not plan.entry_points or not takes_part(walk, at, state, rules):
        return
    if imported is not None and state.order.placed_at < imported:
        return
    until = at + timedelta(days=rules.policies.hold_days)
    award = Award(key, "", plan.entry_points, partial(_all_on, line.id), _entry(plan), until)
    start_award(walk, at, state, award)
    measure_points(walk, at, state, Portion("", frozenset(), frozenset()))


def give_plan_back(walk: Walk, at: datetime, payload: tuple[str, str]) -> None:
    """A purchase does not count any more; the others may not last as long."""
    plan_id, key = payload
    held = walk.plans.get(plan_id)
    if held is None or held.purchases.pop(key, None) is None:
        return
    _settle(walk, at, plan_id, held)


def change_plan(walk: Walk, at: datetime, membership: Membership) -> None:
    """A plan that is sold elsewhere was bought, renewed or ended. Points for entry come once per purchase."""
    touch(walk, at)
    if membership.event == "ended":
        walk.plans.pop(membership.plan, None)
        return
    plan = walk.now.plans.get(membership.plan) if walk.now is not None else None
    source = f"membership:{membership.id}"
    join_plan(walk, at, membership.plan, plan, source)
    if membership.event == "bought" and plan is not None and plan.entry_points:
        open_lot(walk, source, plan.entry_points, at)
        walk.move("earned", source, plan.entry_points, at, _entry(plan))
        measure(walk, at, source, plan.entry_points)


def join_plan(walk: Walk, at: datetime, plan_id: str, plan: Plan | None, key: str) -> bool:
    """One more purchase; true if it is the first, or the first after the plan had ended."""
    held = walk.plans.get(plan_id)
    first = held is None
    if held is None:
        held = walk.plans[plan_id] = HeldPlan(at)
    held.purchases[key] = (at, plan.months if plan is not None else 0)
    _settle(walk, at, plan_id, held)
    if first and plan is not None:
        watch_fee(walk, at, plan)
    return first


def _settle(walk: Walk, at: datetime, plan_id: str, held: HeldPlan) -> None:
    held.ends_at = held.end(walk.now.zone) if walk.now is not None else None
    if not held.purchases or (held.ends_at is not None and held.ends_at <= at):
        del walk.plans[plan_id]
    else:
        watch_plan(walk, plan_id)


def watch_plan(walk: Walk, plan_id: str) -> None:
    """It ends by itself when the months that were paid for are over."""
    held = walk.plans[plan_id]
    ends_at = held.ends_at
    if ends_at is not None:

        def alive(_: str) -> bool:
            return walk.plans.get(plan_id) is held and held.ends_at == ends_at

        walk.at_clock(ends_at, Rank.EXPIRY, f"plan:{plan_id}", end_plan, plan_id, alive)


def end_plan(walk: Walk, at: datetime, plan_id: str) -> None:
    walk.plans.pop(plan_id)


def watch_fee(walk: Walk, last: datetime, plan: Plan) -> None:
    """The next fee, counted from the last charge (or from when the plan began)."""
    if plan.fee_points:
        held = walk.plans[plan.id]
        held.charged_at = last
        due = last + timedelta(seconds=plan.fee_seconds)
        walk.at_clock(
            due,
            Rank.TAKES,
            f"fee:{plan.id}",
            charge,
            (plan.id, last, held),
            lambda each: walk.plans.get(each[0]) is each[2],
        )


def charge(walk: Walk, at: datetime, payload: tuple[str, datetime, HeldPlan]) -> None:
    plan_id, last, _ = payload
    plan = walk.now.plans.get(plan_id) if walk.now is not None else None
    if plan is None:
        return
    points = fee_due(plan, walk.books.available, int((at - last).total_seconds()))
    params: Params = {"plan": plan.id, "name": plan.name, "points": points or plan.fee_points}
    source, part = f"plan:{plan.id}", f"{at:%Y-%m-%dT%H:%M:%S}"
    if points:
        walk.books.take(points, own=None, clamped=walk.clamped)
        walk.move("fee", source, -points, at, Reason(message="fee.plan", params=params), part=part)
    elif plan.fee_points:
        walk.gave_nothing(f"{source}:{part}", at, Reason(message="nothing.fee", params=params))
    watch_fee(walk, at, plan)


def _all_on(line_id: str) -> Spread:
    return [(line_id, 1)]


def _entry(plan: Plan) -> Reason:
    params: Params = {"plan": plan.id, "name": plan.name, "points": plan.entry_points}
    return Reason(message="earned.plan", params=params)
