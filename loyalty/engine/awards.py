"""Orders: what one is awarded when its moment comes, what its refunds take back, and spent points that return."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from loyalty.engine.basis import Basis, basis_of
from loyalty.engine.books import OpenLot, Taking
from loyalty.engine.earning import Share
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Order, Redemption, Refund
from loyalty.engine.money import rounded
from loyalty.engine.movement import Pending
from loyalty.engine.program import Policies, Version
from loyalty.engine.refunds import Refunded
from loyalty.engine.walk import Event, Rank, Walk


class Award:
    """What one order earned, and what became of it."""

    __slots__ = ("basis", "lot", "open", "points", "reason", "shares", "taken", "until")

    def __init__(self, basis: Basis, shares: list[Share], points: int, reason: Reason, until: datetime) -> None:
        self.basis = basis
        self.shares = shares
        self.points = points
        self.reason = reason
        self.until = until
        self.lot: OpenLot | None = None
        self.open = False
        """The hold is over."""
        self.taken = 0
        """Due back so far: not given because of an earlier refund, taken back, or forgiven."""


class OrderState:
    """One order on its way: its award, its refunds, and what was returned to each redemption spent on it."""

    __slots__ = ("award", "order", "refunded", "returned")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.award: Award | None = None
        self.refunded: Refunded | None = None
        self.returned: dict[str, int] = {}


def order_events(walk: Walk, order: Order) -> list[Event]:
    """The instants at which this order changes anything."""
    state = OrderState(order)
    walk.awards[order.id] = state
    key = f"order:{order.id}"
    events: list[Event] = [(order.placed_at, Rank.PROGRAM, key, use_codes, state)]
    version = walk.version_at(order.placed_at)
    why = _why_nothing(walk, order, version)
    moment = _moment_of(order, version.program.policies) if version is not None else None
    if why is not None:
        events.append((order.placed_at, Rank.AWARD, key, give_nothing, (state, why)))
    elif version is not None and moment is not None:
        events.append((moment, Rank.AWARD, key, award_order, (state, version)))
    for refund in order.refunds:
        if refund.money_moved or order.paid_at is None or refund.at < order.paid_at:
            events.append((refund.at, Rank.REFUND, f"refund:{refund.id}", refund_order, (state, refund)))
    if order.cancelled_at is not None:
        events.append((order.cancelled_at, Rank.REFUND, f"cancel:{order.id}", cancel_order, state))
    return events


def use_codes(walk: Walk, at: datetime, state: OrderState) -> None:
    """The redemptions whose codes this order carries are used from now on."""
    walk.used.update(redemption.id for redemption in walk.spent_on.get(state.order.id, ()))


def give_nothing(walk: Walk, at: datetime, payload: tuple[OrderState, Reason]) -> None:
    state, reason = payload
    walk.gave_nothing(f"order:{state.order.id}", at, reason)


def award_order(walk: Walk, at: datetime, payload: tuple[OrderState, Version]) -> None:
    """The awarding moment has come: the order is judged, once, by the version in force when it was placed."""
    state, version = payload
    order, program = state.order, version.program
    policies = program.policies
    until = at + timedelta(days=policies.hold_days)
    basis = basis_of(order, program.currency, program.exponent)
    shares = [share for rule in program.rules if (share := rule.earn(basis)) is not None]
    raw = sum((Fraction(share.numerator, share.denominator) for share in shares), Fraction())
    points = rounded(raw.numerator, raw.denominator, policies.rounding)
    lines = (*basis.reasons, _earned(shares, raw, points, policies), *_judged(order, version, at, until))
    params: dict[str, str | int] = {"number": order.number or order.id, "points": points, "until_at": until.isoformat()}
    if not points:
        total = {**params, "amount_minor": basis.total // basis.denominator, **_money(version)}
        message = "nothing.too_small" if program.rules else "nothing.no_rules"
        walk.gave_nothing(f"order:{order.id}", at, Reason(message=message, params=total, lines=lines))
        return
    award = Award(basis, shares, points, Reason(message="earned.order", params=params, lines=lines), until)
    state.award = award
    award.taken = due_back(award, state.refunded)
    if award.taken >= points:
        _nothing_left(walk, at, state)
    elif policies.hold_days:
        _show_pending(walk, state, award)
        walk.at_clock(until, Rank.HOLD, f"order:{order.id}", release_order, state)
    else:
        release_order(walk, at, state)


def release_order(walk: Walk, at: datetime, state: OrderState) -> None:
    """The hold is over: what refunds have left of the award opens as a lot."""
    order, award = state.order, state.award
    if award is None or award.taken >= award.points:
        return
    source = f"order:{order.id}"
    walk.pending.pop(source, None)
    points = award.points - award.taken
    award.open = True
    award.lot = walk.books.open(source, points, at, None)
    walk.move("earned", source, points, at, _reduced(state, award), order_id=order.id)


def refund_order(walk: Walk, at: datetime, payload: tuple[OrderState, Refund]) -> None:
    """Part of the order's money went back: its points follow, and so do the points spent on it."""
    state, refund = payload
    state.refunded = state.refunded or Refunded(state.order)
    state.refunded.add(refund)
    amount_minor = refund.amount_minor or sum(line.amount_minor for line in refund.lines)
    _follow(walk, at, state, f"refund:{refund.id}", f"order:{state.order.id}", "refund", amount_minor)


def cancel_order(walk: Walk, at: datetime, state: OrderState) -> None:
    """The order is off: all of its award goes, all points spent on it return."""
    state.refunded = state.refunded or Refunded(state.order)
    state.refunded.cancel()
    _follow(walk, at, state, f"cancel:{state.order.id}", "", "cancel", 0)


def due_back(award: Award, refunded: Refunded | None) -> int:
    """Points of the award that the refunds so far undo: each rule's points in proportion to its own lines, rounded
    down over the sum, and exactly the award at the end."""
    if refunded is None:
        return 0
    if refunded.whole:
        return award.points
    basis = award.basis
    wanted = total = Fraction()
    for share in award.shares:
        amounts = [basis.amounts[index] for index in share.lines]
        weights = amounts if any(amounts) else [1] * len(amounts)
        part = Fraction(share.numerator, share.denominator * max(1, sum(weights)))
        for index, weight in zip(share.lines, weights, strict=True):
            total += part * weight
            wanted += part * weight * refunded.of_line(basis.lines[index].id)
    return int(award.points * wanted / total) if total else int(award.points * refunded.of_order())


def _follow(walk: Walk, at: datetime, state: OrderState, source: str, part: str, why: str, amount_minor: int) -> None:
    """What a refund or a cancellation does: the order's own points go back, then those spent on it return."""
    version = walk.version_at(state.order.placed_at) or walk.version
    if version is None:
        return
    _take_award_back(walk, at, state, version, source, part, why, amount_minor)
    _return_spent(walk, at, state, version, source, why)


def _take_award_back(
    walk: Walk, at: datetime, state: OrderState, version: Version, source: str, part: str, why: str, amount_minor: int
) -> None:
    award = state.award
    if award is None:
        return
    due = due_back(award, state.refunded)
    expired = award.lot.expired if award.lot is not None else 0
    wanted = min(due, award.points - expired) - award.taken
    if wanted <= 0:
        return
    award.taken += wanted
    if not award.open:
        if award.taken >= award.points:
            _nothing_left(walk, at, state)
        else:
            _show_pending(walk, state, award)
        return
    taking = walk.books.take(wanted, own=award.lot, clamped=walk.clamped)
    params: dict[str, str | int] = {
        "number": state.order.number or state.order.id,
        "points": taking.taken,
        "refunded_minor": amount_minor,
        **_money(version),
    }
    walk.move(
        "reversed",
        source,
        -taking.taken,
        at,
        Reason(message=f"reversed.{why}", params=params),
        part=part,
        order_id=state.order.id,
    )
    if taking.taken < wanted:
        walk.gave_nothing(source, at, Reason(message="nothing.forgiven", params={"points": wanted - taking.taken}))


def _return_spent(walk: Walk, at: datetime, state: OrderState, version: Version, source: str, why: str) -> None:
    policy = version.program.policies.spent_points
    refunded = state.refunded
    if refunded is None or policy == "none" or (policy == "full_refund_only" and not refunded.whole):
        return
    for redemption in walk.spent_on.get(state.order.id, ()):
        taking: Taking | None = walk.takings.get(redemption.id)
        if taking is None:
            continue
        before = state.returned.get(redemption.id, 0)
        points = min(int(redemption.points * refunded.of_order()) - before, taking.taken)
        if points <= 0:
            continue
        state.returned[redemption.id] = before + points
        walk.books.give_back(taking, points)
        params: dict[str, str | int] = {
            "number": state.order.number or state.order.id,
            "reward": redemption.reward_name or redemption.reward,
            "points": points,
        }
        reason = Reason(message=f"returned.{why}", params=params)
        walk.move("returned", source, points, at, reason, part=f"redemption:{redemption.id}", order_id=state.order.id)


def _why_nothing(walk: Walk, order: Order, version: Version | None) -> Reason | None:
    """Why this order never earns, whatever its lines are."""
    params: dict[str, str | int] = {"number": order.number or order.id}
    if order.test:
        return Reason(message="nothing.test", params=params)
    if walk.imported_until is not None and order.placed_at < walk.imported_until:
        return Reason(message="nothing.imported", params=params)
    if version is None:
        return Reason(message="nothing.no_program", params=params)
    program = version.program
    if order.currency != program.currency and order.rate is None:
        params |= {"currency": order.currency, "shop_currency": program.currency}
        return Reason(message="nothing.currency", params=params)
    moment = _moment_of(order, program.policies)
    if moment is None:
        message = "nothing.cancelled" if order.cancelled_at else f"nothing.waiting.{program.policies.moment}"
        return Reason(message=message, params=params)
    if order.cancelled_at is not None and order.cancelled_at <= moment:
        return Reason(message="nothing.cancelled", params=params)
    return None


def _moment_of(order: Order, policies: Policies) -> datetime | None:
    if policies.moment == "placed":
        return order.placed_at
    return order.paid_at if policies.moment == "paid" else order.fulfilled_at


def _money(version: Version) -> dict[str, str | int]:
    return {"currency": version.program.currency, "exponent": version.program.exponent}


def _earned(shares: list[Share], raw: Fraction, points: int, policies: Policies) -> Reason:
    hundredths = 100 * raw.numerator // raw.denominator
    lines = tuple(share.reason for share in shares)
    if 100 * points != hundredths:
        difference = {"points_hundredths": 100 * points - hundredths}
        lines += (Reason(message=f"rounding.{policies.rounding}", params=difference),)
    return Reason(message="order.earned", params={"points_hundredths": hundredths}, lines=lines)


def _judged(order: Order, version: Version, moment: datetime, until: datetime) -> tuple[Reason, ...]:
    policies = version.program.policies
    placed: dict[str, str | int] = {"version": version.number, "placed_at": order.placed_at.isoformat()}
    reasons = (
        Reason(message="order.version", params=placed),
        Reason(message=f"order.moment.{policies.moment}", params={"moment_at": moment.isoformat()}),
    )
    if not policies.hold_days:
        return reasons
    hold: dict[str, str | int] = {"until_at": until.isoformat(), "days": policies.hold_days}
    return (*reasons, Reason(message="order.hold", params=hold))


def _reduced(state: OrderState, award: Award) -> Reason:
    """The award's reason, less what was refunded before it opened."""
    if not award.taken or state.refunded is None:
        return award.reason
    basis = award.basis
    params: dict[str, str | int] = {
        "amount_minor": state.refunded.amount_minor,
        "points": award.taken,
        "currency": basis.currency,
        "exponent": basis.exponent,
    }
    less = Reason(message="order.refunded_before", params=params)
    own: dict[str, str | int] = {**award.reason.params, "points": award.points - award.taken}
    return Reason(message=award.reason.message, params=own, lines=(*award.reason.lines, less))


def _show_pending(walk: Walk, state: OrderState, award: Award) -> None:
    reduced = _reduced(state, award)
    source = f"order:{state.order.id}"
    reason = Reason(message="pending.order", params=reduced.params, lines=reduced.lines)
    walk.pending[source] = Pending(source=source, points=award.points - award.taken, until=award.until, reason=reason)


def _nothing_left(walk: Walk, at: datetime, state: OrderState) -> None:
    """Refunded or cancelled before the points were given."""
    source = f"order:{state.order.id}"
    walk.pending.pop(source, None)
    message = "nothing.cancelled" if state.order.cancelled_at == at else "nothing.refunded"
    walk.gave_nothing(source, at, Reason(message=message, params={"number": state.order.number or state.order.id}))


def spent_on(orders: list[Order], redemptions: list[Redemption]) -> dict[str, list[Redemption]]:
    """Which redemptions each order used: named by the redemption, or by its code among the order's discounts."""
    by_code = {redemption.code.casefold(): redemption for redemption in redemptions if redemption.code}
    found: dict[str, list[Redemption]] = {}
    for redemption in redemptions:
        if redemption.order_id:
            found.setdefault(redemption.order_id, []).append(redemption)
    for order in orders:
        for code in order.discount_codes:
            used = by_code.get(code.casefold())
            if used is not None and used not in found.get(order.id, ()):
                found.setdefault(order.id, []).append(used)
    return found
