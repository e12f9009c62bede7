"""From facts to events: which instants of each fact change anything, and who handles them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from loyalty.engine.awards import OrderState, Portion, award_order, measure_order, tally_order
from loyalty.engine.decisions import adjust, bring_in, issue, redemption_events, use
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.facts import (
    Activity,
    Adjustment,
    Fact,
    Import,
    Issued,
    Membership,
    Order,
    Profile,
    Redemption,
    Referral,
    Refund,
    Segment,
    TierGrant,
)
from loyalty.engine.happenings import change_segment, do_activity, know, refer, watch_birthday
from loyalty.engine.ladder import grant_tier, look_at_tier
from loyalty.engine.lapses import change_version, touch
from loyalty.engine.memberships import change_plan, plan_events
from loyalty.engine.policies import Policies
from loyalty.engine.presence import note_order, watch_absence
from loyalty.engine.refunds import CLOCKS_APART
from loyalty.engine.reversals import cancel_order, count_cancel, count_refund, refund_order, return_late
from loyalty.engine.walk import Event, Handler, Rank, Walk

HANDLERS: dict[type, tuple[str, Rank, Handler]] = {
    Activity: ("activity", Rank.GIVES, do_activity),
    Profile: ("profile", Rank.PROGRAM, know),
    Membership: ("membership", Rank.GIVES, change_plan),
    Issued: ("issued", Rank.GIVES, issue),
    TierGrant: ("grant", Rank.REVIEW, grant_tier),
    Referral: ("referral", Rank.GIVES, refer),
    Segment: ("segment", Rank.PROGRAM, change_segment),
    Import: ("import", Rank.GIVES, bring_in),
}
"""Facts with one event each. Orders, redemptions and adjustments stand below."""


def events_of(walk: Walk, facts: Iterable[Fact]) -> list[Event]:
    """Unsorted. A fact given twice counts once: the greatest by its bytes stands, whatever the order they came in."""
    known = _once(facts)
    orders = [fact for fact in known if isinstance(fact, Order)]
    redemptions = [fact for fact in known if isinstance(fact, Redemption)]
    _link(walk, orders, redemptions)
    imports = [fact.at for fact in known if isinstance(fact, Import)]
    if walk.imported_until is not None:
        imports.append(walk.imported_until)
    walk.imported_until = max(imports, default=None)
    events: list[Event] = [
        (rules.version.in_force_from, Rank.PROGRAM, f"+version:{rules.version.number:09}", begin_version, rules)
        for rules in walk.prepared
    ]
    versions = len(events)
    for fact in known:
        if isinstance(fact, Order):
            events.extend(_order_events(walk, fact))
        elif isinstance(fact, Redemption):
            events.extend(redemption_events(fact))
        elif isinstance(fact, Adjustment):
            rank = Rank.GIVES if fact.points > 0 else Rank.TAKES
            events.append((fact.at, rank, f"adjustment:{fact.id}", adjust, fact))
        else:
            name, rank, handler = HANDLERS[type(fact)]
            events.append((fact.at, rank, f"{name}:{fact.id}", handler, fact))
    if len(events) > versions and not walk.joined:
        first = min(event[0] for event in events[versions:])
        events.append((first, Rank.REVIEW, "+join", join, None))
    return events


def join(walk: Walk, at: datetime, _: None) -> None:
    """The first thing that is known of the member: from now on they stand on the ladder."""
    walk.joined = True
    look_at_tier(walk, at)


def begin_version(walk: Walk, at: datetime, rules: Prepared) -> None:
    change_version(walk, at, rules)
    watch_birthday(walk, at)
    watch_absence(walk, at)
    look_at_tier(walk, at)


def give_nothing(walk: Walk, at: datetime, payload: tuple[str, Reason]) -> None:
    source, reason = payload
    walk.gave_nothing(source, at, reason)


def count_order(walk: Walk, at: datetime, payload: tuple[OrderState, Portion]) -> None:
    """An order that earns nothing, but was bought: it counts for tiers, segments and how many orders there were."""
    state, portion = payload
    touch(walk, at)
    walk.ordinal += 1
    note_order(walk, at, state.order.id, state.order.customer_id)
    measure_order(walk, at, state, portion)
    tally_order(walk, state.order)


def use_codes(walk: Walk, at: datetime, order: Order) -> None:
    """The redemptions whose codes this order carries are used from now on."""
    for redemption in walk.spent_on.get(order.id, ()):
        use(walk, at, redemption.id)


def _once(facts: Iterable[Fact]) -> list[Fact]:
    known: dict[tuple[type, str], Fact] = {}
    for fact in facts:
        key = (type(fact), fact.id)
        before = known.get(key)
        if before is None or before == fact or _newness(fact) > _newness(before):
            known[key] = fact
    return list(known.values())


def _newness(fact: Fact) -> tuple[datetime, int, bool, bool, str]:
    """Which of two observations of one thing stands, without a store to decide it."""
    if isinstance(fact, Order):
        refunded = sum(refund.amount_minor for refund in fact.refunds)
        return (fact.updated_at, refunded, fact.cancelled_at is not None, fact.paid_at is not None, repr(fact))
    return (fact.at, 0, False, False, repr(fact))


def _link(walk: Walk, orders: Sequence[Order], redemptions: Sequence[Redemption]) -> None:
    """Which redemptions each order used: named by the redemption, or by its code among the order's discounts."""
    everything = [*(spent.redemption for spent in walk.redemptions.values()), *redemptions]
    everything = sorted({each.id: each for each in everything}.values(), key=lambda each: (each.at, each.id))
    by_code = {each.code.casefold(): each for each in reversed(everything) if each.code}
    for redemption in everything:
        if redemption.order_id:
            walk.spent_on.setdefault(redemption.order_id, []).append(redemption)
    for order in orders:
        for code in order.discount_codes:
            used = by_code.get(code.casefold())
            if used is not None and used not in walk.spent_on.get(order.id, ()):
                walk.spent_on.setdefault(order.id, []).append(used)


def _order_events(walk: Walk, order: Order) -> list[Event]:
    """The instants at which this order changes anything."""
    rules = walk.version_for(order.placed_at)
    state = walk.orders.get(order.id)
    if state is None:
        state = walk.orders[order.id] = OrderState(order, rules)
    state.meet(order, rules)
    if walk.mark is not None:
        _recall_refunds(state, walk.mark)
    key = f"order:{order.id}"
    policies = rules.policies if rules is not None else Policies()
    moment = _moment_of(order, policies)
    why = _why_nothing(walk, order, rules, moment)
    portions = _portions(order, moment) if moment is not None else []
    events: list[Event] = []
    if walk.spent_on.get(order.id):
        events.append((order.placed_at, Rank.PROGRAM, key, use_codes, order))
    if why is not None:
        events.append((moment or order.placed_at, Rank.AWARD, key, give_nothing, (key, why)))
        if moment is not None and why.message in COUNTED:
            events.append((moment, Rank.AWARD, f"{key}/count", count_order, (state, portions[0][1])))
    else:
        events.extend(
            (at, Rank.AWARD, f"{key}{portion.added}", award_order, (state, portion)) for at, portion in portions
        )
    known = [portion for _, portion in portions]
    events.extend(
        (each.at, Rank.REFUND, f"{key}/refund:{each.id}", refund_order, (state, each, known))
        for each in _counted(order)
    )
    if order.cancelled_at is not None:
        events.append((order.cancelled_at, Rank.REFUND, f"{key}/cancel", cancel_order, (state, known)))
    events.extend(_late_returns(walk, state, key))
    events.extend(plan_events(state))
    return events


def _late_returns(walk: Walk, state: OrderState, key: str) -> Iterator[Event]:
    """Platforms date to the second and we to the microsecond, so a refund may seem older than the redemption that its
    order used. What it returns is then due as soon as the points are taken."""
    order = state.order
    undone = [(each.at, f"refund:{each.id}", "refund") for each in _counted(order)]
    if order.cancelled_at is not None:
        undone.append((order.cancelled_at, f"cancel:{order.id}", "cancel"))
    for redemption in walk.spent_on.get(order.id, ()):
        before = [each for each in undone if each[0] <= redemption.at <= each[0] + CLOCKS_APART]
        if before:
            _, source, why = max(before)
            yield (redemption.at, Rank.RETURNS, f"{key}/late:{redemption.id}", return_late, (state, source, why))


COUNTED = ("nothing.imported", "nothing.no_program")
"""An order that earns nothing for one of these was bought nevertheless, and counts for tiers."""


def _counted(order: Order) -> list[Refund]:
    """Refunds that undo points: money moved, or the goods went back before anybody paid."""
    return [each for each in order.refunds if each.money_moved or order.paid_at is None or each.at < order.paid_at]


def _recall_refunds(state: OrderState, mark: datetime) -> None:
    """What had been refunded when a checkpoint was taken."""
    for refund in sorted(_counted(state.order), key=lambda each: each.at):
        if refund.at <= mark:
            count_refund(state, refund)
    if state.order.cancelled_at is not None and state.order.cancelled_at <= mark:
        count_cancel(state)


def _portions(order: Order, moment: datetime) -> list[tuple[datetime, Portion]]:
    """The lines that were there at the awarding moment, then those that joined later, each with their instant."""
    late = {line.added_at for line in order.lines if line.added_at is not None and line.added_at > moment}
    if not late:
        return [(moment, Portion("", frozenset(line.id for line in order.lines), frozenset()))]
    found: list[tuple[datetime, Portion]] = []
    earlier: frozenset[str] = frozenset()
    for at in (moment, *sorted(late)):
        ids = frozenset(line.id for line in order.lines if max(line.added_at or moment, moment) == at)
        added = "" if at == moment else at.isoformat()
        found.append((at, Portion(added, ids, earlier)))
        earlier |= ids
    return found


def _why_nothing(walk: Walk, order: Order, rules: Prepared | None, moment: datetime | None) -> Reason | None:
    """Why this order never earns, whatever its lines are."""
    params: dict[str, str | int] = {"number": order.number or order.id}
    if not order.customer_id and rules is not None and rules.policies.guest_orders == "nothing":
        return Reason(message="nothing.guest", params=params)
    if order.test and (rules is None or rules.program.exclusions.test_orders):
        return Reason(message="nothing.test", params=params)
    if moment is None:
        waits_for = rules.policies.moment if rules is not None else "paid"
        message = "nothing.cancelled" if order.cancelled_at else f"nothing.waiting.{waits_for}"
        return Reason(message=message, params=params)
    if order.cancelled_at is not None and order.cancelled_at <= moment:
        return Reason(message="nothing.cancelled", params=params)
    if rules is not None and order.currency != rules.program.currency and order.rate is None:
        params |= {"currency": order.currency, "shop_currency": rules.program.currency}
        return Reason(message="nothing.currency", params=params)
    if walk.imported_until is not None and order.placed_at < walk.imported_until:
        return Reason(message="nothing.imported", params=params)
    return Reason(message="nothing.no_program", params=params) if rules is None else None


def _moment_of(order: Order, policies: Policies) -> datetime | None:
    if policies.moment == "placed":
        return order.placed_at
    return order.paid_at if policies.moment == "paid" else order.fulfilled_at
