"""Orders: what one is awarded when its moment comes, and the lots that open for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from math import lcm

import msgspec

from loyalty.engine.basis import Basis, Params, basis_of, discounted, line_gross_minor
from loyalty.engine.books import OpenLot
from loyalty.engine.calendar import said
from loyalty.engine.caps import room, use
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Order
from loyalty.engine.judging import Judgement, explained, judge
from loyalty.engine.ladder import look_at_tier
from loyalty.engine.lapses import open_lot, touch
from loyalty.engine.movement import Pending
from loyalty.engine.refunds import Refunded
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Context
from loyalty.engine.segments import inside
from loyalty.engine.tiers import Entry
from loyalty.engine.walk import Rank, Walk

ALL_RULES = ""
"""The name under which the program's own caps are counted."""


class Award:
    """Something one order earned, and what became of it. `lot_source` names its lot: the order, a part of it that was
    added later, or a milestone it completed."""

    __slots__ = (
        "before",
        "line_ids",
        "lot",
        "lot_source",
        "open",
        "part",
        "points",
        "reason",
        "source",
        "taken",
        "until",
        "weights",
    )

    def __init__(
        self,
        source: str,
        part: str,
        points: int,
        line_ids: list[str],
        weights: list[int],
        reason: Reason,
        until: datetime,
    ) -> None:
        self.source = source
        self.part = part
        self.lot_source = f"{source}/{part}" if part else source
        self.points = points
        self.line_ids = line_ids
        self.weights = weights
        self.reason = reason
        self.until = until
        self.before: dict[str, Fraction] = {}
        """By line, the part that was refunded before the points were judged: they were never given for it."""
        self.lot: OpenLot | None = None
        self.open = False
        """The hold is over."""
        self.taken = 0
        """Due back so far: never given because of an earlier refund, taken back, expired, or forgiven."""


class Portion(msgspec.Struct, gc=False):
    """The lines of an order that joined it at one time. Nearly every order has one portion."""

    added: str
    """Empty for the lines that were there at the awarding moment."""
    line_ids: frozenset[str]
    earlier: frozenset[str]


class OrderState:
    """One order on its way: what it earned, its refunds, and what was returned to each redemption spent on it."""

    __slots__ = ("awards", "given", "money", "order", "refunded", "refunded_minor", "returned", "rules")

    def __init__(self, order: Order, rules: Prepared | None) -> None:
        self.awards: list[Award] = []
        self.given = 0
        """Points judged for the order so far, all portions."""
        self.refunded: Refunded | None = None
        self.refunded_minor = 0
        self.money: tuple[str, int] = ("", 2)
        """Currency and exponent of the program that judges it."""
        self.returned: dict[str, int] = {}
        self.meet(order, rules)

    def meet(self, order: Order, rules: Prepared | None) -> None:
        """The order's own lines and the version that judges it, which a checkpoint does not keep."""
        self.order = order
        self.rules = rules
        if rules is not None:
            self.money = (rules.program.currency, rules.program.exponent)

    @property
    def number(self) -> str:
        return self.order.number or self.order.id


def award_order(walk: Walk, at: datetime, payload: tuple[OrderState, Portion]) -> None:
    """The awarding moment of an order, or of lines added to it: judged, once, by the version in force when the order
    was placed."""
    state, portion = payload
    rules = state.rules
    if rules is None:
        return
    touch(walk, at)
    if not portion.added:
        walk.ordinal += 1
    early = walk.now is not None and walk.now.policies.tier_current_order == "yes"
    if early:
        measure_order(walk, at, state, portion)
    if not portion.added:
        walk.segments = inside([walk.tallies[rule] for rule in rules.segments], walk.given_segments)
    why = _outside(walk, state, rules)
    if why:
        walk.gave_nothing(f"order:{state.order.id}", at, Reason(message=why, params={"number": state.number}))
    else:
        _award(walk, at, state, rules, portion)
    if early:
        _measure_points(walk, at, state, portion)
    else:
        measure_order(walk, at, state, portion)
    if not portion.added:
        tally_order(walk, state.order)


def release(walk: Walk, at: datetime, payload: tuple[OrderState, Award]) -> None:
    """The hold is over: what refunds have left of the award opens as a lot."""
    state, award = payload
    walk.pending.pop(award.lot_source, None)
    points = award.points - award.taken
    if points <= 0:
        return
    award.open = True
    reason = reduced(state, award)
    award.lot = open_lot(walk, award.lot_source, points, at)
    walk.move("earned", award.source, points, at, reason, part=award.part, order_id=state.order.id)


def measure_order(walk: Walk, at: datetime, state: OrderState, portion: Portion) -> None:
    """The order counts for tiers from now on, with what has not been refunded before."""
    key = measured_as(state.order.id, portion)
    entry = Entry(at, spend_of(state, portion), _points_of(state, portion), 0 if portion.added else 1)
    walk.standing.entries[key] = entry
    walk.standing.meter.add(entry)
    look_at_tier(walk, at)


def measured_as(order_id: str, portion: Portion) -> str:
    return f"order:{order_id}/{portion.added}" if portion.added else f"order:{order_id}"


def tally_order(walk: Walk, order: Order) -> None:
    amount_minor = order.total_minor or sum(line_gross_minor(line) for line in order.lines) - order.order_discount_minor
    walk.tally(amount_minor, order.channel)


def spend_of(state: OrderState, portion: Portion) -> int:
    """What counts for tiers: the portion's goods after discounts, gift cards aside, less refunds; in the program's
    minor units, rounded down."""
    order = state.order
    left, goods = discounted(order)
    rate, per = order.rate or (1, 1)
    counted = [line for line in order.lines if not line.gift_card and line.id in portion.line_ids]
    if state.refunded is None:
        return sum(map(line_gross_minor, counted)) * left * rate // (goods * per)
    kept = sum((line_gross_minor(line) * (1 - state.refunded.of_line(line.id)) for line in counted), Fraction())
    return int(kept * left * rate / (goods * per))


def _outside(walk: Walk, state: OrderState, rules: Prepared) -> str:
    why = rules.program.audience.why_not(state.order.customer_id, walk.segments)
    if why:
        return why
    return "nothing.excluded" if rules.program.exclusions.excludes_member(walk.segments) else ""


def _award(walk: Walk, at: datetime, state: OrderState, rules: Prepared, portion: Portion) -> None:
    order, policies = state.order, rules.policies
    used = [each for each in walk.spent_on.get(order.id, ()) if each.id in walk.redemptions]
    if used and policies.paid_with_points == "nothing":
        walk.gave_nothing(
            f"order:{order.id}", at, Reason(message="nothing.paid_with_points", params={"number": state.number})
        )
        return
    basis = _basis(state, rules, portion, sum(redemption.value_minor for redemption in used))
    context = Context(
        order, order.placed_at, rules.zone, walk.ordinal, walk.standing.tier, walk.segments, walk.plans.keys()
    )
    verdict = judge(
        rules.order_rules,
        rules.multipliers,
        basis,
        context,
        policies,
        lambda rule: room(rule.caps, walk.used_caps, rule.id, at, rules.zone) if rule.caps else None,
    )
    until = at + timedelta(days=policies.hold_days)
    points = _cap_all(walk, at, rules, max(0, verdict.points - state.given))
    for share in verdict.shares:
        if share.rule.caps:
            whole = -(-share.points.numerator // share.points.denominator)
            use(share.rule.caps, walk.used_caps, share.rule.id, whole, at, rules.zone)
    state.given = max(state.given, verdict.points)
    reason = _reason(walk, at, state, rules, basis, verdict, points, until)
    if points:
        weights = verdict.weights
        if portion.earlier:
            lines = zip(basis.lines, weights, strict=True)
            weights = [0 if line.id in portion.earlier else weight for line, weight in lines]
        source, part = f"order:{order.id}", f"added:{portion.added}" if portion.added else ""
        _start(walk, at, state, Award(source, part, points, [line.id for line in basis.lines], weights, reason, until))
    elif not portion.added:
        walk.gave_nothing(f"order:{order.id}", at, reason)
    if not portion.added:
        _remember(walk, at, state, rules, basis, context, until)


def _basis(state: OrderState, rules: Prepared, portion: Portion, paid_with_points_minor: int) -> Basis:
    """What counts: the lines that are there by now, less what was refunded before."""
    order, program = state.order, rules.program
    present = portion.line_ids | portion.earlier
    if len(present) < len(order.lines):
        order = msgspec.structs.replace(order, lines=tuple(line for line in order.lines if line.id in present))
    basis = basis_of(
        order, rules.policies, program.exclusions, program.currency, program.exponent, paid_with_points_minor
    )
    if state.refunded is not None:
        kept = [1 - state.refunded.of_line(line.id) for line in basis.lines]
        scale = lcm(*(part.denominator for part in kept)) if kept else 1
        basis.amounts = _kept(basis.amounts, kept, scale)
        if basis.undiscounted is not None:
            basis.undiscounted = _kept(basis.undiscounted, kept, scale)
        basis.denominator *= scale
        params: Params = {
            "amount_minor": state.refunded.amount_minor,
            "currency": basis.currency,
            "exponent": basis.exponent,
        }
        basis.left_out += (Reason(message="left_out.refunded", params=params),)
    return basis


def _kept(amounts: list[int], kept: list[Fraction], scale: int) -> list[int]:
    return [int(amount * part * scale) for amount, part in zip(amounts, kept, strict=True)]


def _cap_all(walk: Walk, at: datetime, rules: Prepared, points: int) -> int:
    """What the program's own caps leave of an award; written down as used."""
    caps = rules.program.caps
    if not caps or not points:
        return points
    limit = room(caps, walk.used_caps, ALL_RULES, at, rules.zone)
    given = points if limit is None else min(points, limit)
    if given:
        use(caps, walk.used_caps, ALL_RULES, given, at, rules.zone)
    return given


def _remember(
    walk: Walk, at: datetime, state: OrderState, rules: Prepared, basis: Basis, context: Context, until: datetime
) -> None:
    """Milestones, streaks and goals that this order completes."""
    for rule in rules.remembering:
        if rule.scope.missing(context):
            continue
        lines = rule.scope.lines_of(basis)
        if not lines or rule.scope.too_little(basis, lines):
            continue
        amounts = basis.counted(lines, all_goods=not rule.scope.picks_lines)
        for reached in rule.reached(walk.memory, at, rules.zone, sum(amounts) // basis.denominator):
            points = _within(walk, at, rules, rule, reached.points)
            tag = str(type(rule).__struct_config__.tag)
            params: Params = {
                "rule": rule.id,
                "name": rule.name,
                **reached.shown,
                "number": state.number,
                **_money(rules),
            }
            params["points"] = points
            source = f"{tag}:{rule.id}:{reached.what}"
            reason = Reason(message=f"earned.{tag}", params=params)
            if not points:
                walk.gave_nothing(source, at, Reason(message="rule.capped", params=params))
                continue
            _start(
                walk,
                at,
                state,
                Award(source, "", points, [line.id for line in basis.lines], basis.amounts, reason, until),
            )


def _within(walk: Walk, at: datetime, rules: Prepared, rule: RuleShape, points: int) -> int:
    limit = room(rule.caps, walk.used_caps, rule.id, at, rules.zone) if rule.caps else None
    given = _cap_all(walk, at, rules, points if limit is None else min(points, limit))
    if given and rule.caps:
        use(rule.caps, walk.used_caps, rule.id, given, at, rules.zone)
    return given


def _start(walk: Walk, at: datetime, state: OrderState, award: Award) -> None:
    state.awards.append(award)
    if state.refunded is not None:
        award.before = {line_id: part for line_id in award.line_ids if (part := state.refunded.of_line(line_id))}
    if award.until > at:
        show_pending(walk, state, award)
        walk.at_clock(
            award.until, Rank.HOLD, award.lot_source, release, (state, award), lambda given: not given[1].open
        )
    else:
        release(walk, at, (state, award))


def _points_of(state: OrderState, portion: Portion) -> int:
    return sum([award.points for award in state.awards if bool(award.part) == bool(portion.added)])


def _measure_points(walk: Walk, at: datetime, state: OrderState, portion: Portion) -> None:
    entry = walk.standing.entries.get(measured_as(state.order.id, portion))
    points = _points_of(state, portion)
    if entry is not None and points:
        walk.standing.meter.lower(entry, entry.spend, points, entry.orders)
        if walk.now is not None and walk.now.policies.tier_measure == "points":
            look_at_tier(walk, at)


def _money(rules: Prepared) -> Params:
    return {"currency": rules.program.currency, "exponent": rules.program.exponent}


def _reason(
    walk: Walk,
    at: datetime,
    state: OrderState,
    rules: Prepared,
    basis: Basis,
    verdict: Judgement,
    points: int,
    until: datetime,
) -> Reason:
    order, policies = state.order, rules.policies
    _move_excluded(basis, verdict)
    lines: list[Reason] = [*basis.reasons(), explained(verdict, basis, policies)]
    if points < verdict.points:
        message = "order.given_before" if state.given > points else "rule.capped"
        lines.append(Reason(message=message, params={"points": verdict.points - points}))
    placed: Params = {"version": rules.version.number, "placed_at": said(order.placed_at, rules.zone)}
    lines.append(Reason(message="order.version", params=placed))
    lines.append(Reason(message=f"order.moment.{policies.moment}", params={"moment_at": said(at, rules.zone)}))
    if policies.hold_days:
        hold: Params = {"until_at": said(until, rules.zone), "days": policies.hold_days}
        lines.append(Reason(message="order.hold", params=hold))
    params: Params = {"number": state.number, "points": points, "until_at": said(until, rules.zone), **_money(rules)}
    message = "earned.order"
    if not points:
        params["amount_minor"] = basis.total // basis.denominator
        message = _why_zero(rules, basis, verdict)
    return Reason(message=message, params=params, lines=tuple(lines))


def _why_zero(rules: Prepared, basis: Basis, verdict: Judgement) -> str:
    if not rules.order_rules:
        return "nothing.no_rules"
    if not basis.lines or not basis.total:
        return "nothing.nothing_counts"
    if any(share.capped for share in verdict.shares) or verdict.points:
        return "nothing.capped"
    return "nothing.too_small" if verdict.shares else "nothing.no_rule_matched"


def _move_excluded(basis: Basis, verdict: Judgement) -> None:
    """Lines that an excluding rule took out are shown as left out, and no longer as counted."""
    if not verdict.excluded:
        return
    shown = list(basis.shown)
    for index in sorted(verdict.excluded, reverse=True):
        line = basis.lines[index]
        at = next(i for i, reason in enumerate(shown) if reason.params.get("line", "") == line.id)
        params = {**shown.pop(at).params, "rule": verdict.excluded[index]}
        basis.left_out += (Reason(message="left_out.rule", params=params),)
        basis.amounts[index] = 0
    basis.shown = tuple(shown)


def reduced(state: OrderState, award: Award) -> Reason:
    """The award's reason, less what was refunded before it opened."""
    if not award.taken:
        return award.reason
    currency, exponent = state.money
    params: Params = {
        "amount_minor": state.refunded_minor,
        "points": award.taken,
        "currency": currency,
        "exponent": exponent,
    }
    less = Reason(message="order.refunded_before", params=params)
    own = {**award.reason.params, "points": award.points - award.taken}
    return Reason(message=award.reason.message, params=own, lines=(*award.reason.lines, less))


def show_pending(walk: Walk, state: OrderState, award: Award) -> None:
    shown = reduced(state, award)
    message = "pending.order" if shown.message == "earned.order" else shown.message
    reason = Reason(message=message, params=shown.params, lines=shown.lines)
    walk.pending[award.lot_source] = Pending(
        source=award.lot_source, points=award.points - award.taken, until=award.until, reason=reason
    )
