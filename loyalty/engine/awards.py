"""Orders: what one is awarded when its moment comes, and the lots that open for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from math import lcm

import msgspec

from loyalty.engine.basis import Basis, Params, basis_of, discounted, line_gross_minor
from loyalty.engine.books import OpenLot
from loyalty.engine.caps import ALL_RULES, room, use
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason, Why
from loyalty.engine.facts import Order
from loyalty.engine.judging import Judgement, judge, weights_of
from loyalty.engine.ladder import look_at_tier
from loyalty.engine.lapses import open_lot, touch
from loyalty.engine.movement import Held
from loyalty.engine.order_reasons import Judged, order_reason, pending_reason, reduced_reason
from loyalty.engine.presence import note_order
from loyalty.engine.refunds import Refunded
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Context
from loyalty.engine.tiers import Entry
from loyalty.engine.walk import Rank, Walk

Spread = list[tuple[str, int]]
"""How points rest on the lines of an order: each line's id and weight."""


class Award:
    """Something one order earned, and what became of it. `lot_source` names its lot: the order, a part of it that was
    added later, or a milestone it completed."""

    __slots__ = (
        "_spread",
        "before",
        "gifts",
        "lot",
        "lot_source",
        "open",
        "part",
        "points",
        "source",
        "taken",
        "until",
        "why",
    )

    def __init__(
        self,
        source: str,
        part: str,
        points: int,
        spread: Callable[[], Spread],
        why: Why,
        until: datetime,
        gifts: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self.part = part
        self.lot_source = f"{source}/{part}" if part else source
        self.points = points
        self._spread: Spread | Callable[[], Spread] = spread
        self.why = why
        self.until = until
        self.gifts = gifts
        """Rewards that it brings when its hold is over, whole, unless all of the order went back before."""
        self.before: dict[str, Fraction] = {}
        """By line, the part that was refunded before the points were judged: they were never given for it."""
        self.lot: OpenLot | None = None
        self.open = False
        """The hold is over."""
        self.taken = 0
        """Due back so far: never given because of an earlier refund, taken back, expired, or forgiven."""

    @property
    def waits(self) -> bool:
        """Is it on hold, with anything left to give?"""
        return not self.open and (self.taken < self.points or bool(self.gifts))

    def spread(self) -> Spread:
        """Worked out when the first refund asks."""
        if not isinstance(self._spread, list):
            self._spread = self._spread()
        return self._spread


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

    @classmethod
    def by_name(cls, order_id: str, at: datetime, number: str = "") -> OrderState:
        """An order whose lines are not known here; they come with the fact, if anything more happens to it."""
        return cls(
            Order(id=order_id, number=number, placed_at=at, updated_at=at, currency="", exponent=0, lines=()), None
        )

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
        note_order(walk, at, state.order.id, state.order.customer_id)
    early = walk.now is not None and walk.now.policies.tier_current_order == "yes"
    if early:
        measure_order(walk, at, state, portion)
    if not portion.added:
        walk.segments = walk.segments_at(rules, at)
    why = walk.why_outside(rules, state.order.customer_id)
    if why:
        walk.gave_nothing(f"order:{state.order.id}", at, Reason(message=why, params={"number": state.number}))
    else:
        _award(walk, at, state, rules, portion)
    if early:
        measure_points(walk, at, state, portion)
    else:
        measure_order(walk, at, state, portion)
    if not portion.added:
        tally_order(walk, state.order)


def release(walk: Walk, at: datetime, payload: tuple[OrderState, Award]) -> None:
    """The hold is over: what refunds have left of the award opens as a lot."""
    state, award = payload
    walk.pending.pop(award.lot_source, None)
    gifts, award.gifts = award.gifts, ()
    for reward in gifts:
        reason = Reason(message="gift.milestone", params={"number": state.number})
        walk.give(f"{award.source}:{reward}", reward, at, reason)
    points = award.points - award.taken
    if points <= 0:
        return
    award.open = True
    award.lot = open_lot(walk, award.lot_source, points, at)
    walk.move("earned", award.source, points, at, _why(state, award), part=award.part, order_id=state.order.id)


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
    gone = [line_gross_minor(line) * part for line in counted if (part := state.refunded.of_line(line.id))]
    kept = Fraction(sum(map(line_gross_minor, counted)) - sum(gone))
    return kept.numerator * left * rate // (kept.denominator * goods * per)


def takes_part(walk: Walk, at: datetime, state: OrderState, rules: Prepared) -> bool:
    """Does who placed the order take part, as things are now?"""
    walk.segments = walk.segments_at(rules, at)
    return not walk.why_outside(rules, state.order.customer_id)


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
    before = min(state.given, verdict.points)
    points = _cap_all(walk, at, rules, verdict.points - before)
    for share in verdict.shares:
        if share.rule.caps:
            whole = -(-share.points // share.per)
            use(share.rule.caps, walk.used_caps, share.rule.id, whole, at, rules.zone)
    state.given = max(state.given, verdict.points)
    for index in verdict.excluded:
        basis.amounts[index] = 0
    why = partial(order_reason, Judged(rules, basis, verdict, points, before, at, until))
    if points:
        source, part = f"order:{order.id}", f"added:{portion.added}" if portion.added else ""
        spread = partial(_spread, basis, verdict, rules, portion.earlier)
        start_award(walk, at, state, Award(source, part, points, spread, why, until))
    elif not portion.added:
        walk.gave_nothing(f"order:{order.id}", at, why)
    if not portion.added:
        _remember(walk, at, state, rules, basis, context, until)


def _basis(state: OrderState, rules: Prepared, portion: Portion, paid_with_points_minor: int) -> Basis:
    """What counts: the lines that are there by now, less what was refunded before each was judged."""
    order, program = state.order, rules.program
    present = portion.line_ids | portion.earlier
    if len(present) < len(order.lines):
        order = msgspec.structs.replace(order, lines=tuple(line for line in order.lines if line.id in present))
    basis = basis_of(
        order, rules.policies, program.exclusions, program.currency, program.exponent, paid_with_points_minor
    )
    if state.refunded is not None:
        kept = [1 - _gone(state, state.refunded, line.id, line.id in portion.earlier) for line in basis.lines]
        scale = lcm(*(part.denominator for part in kept)) if kept else 1
        basis.amounts = _kept(basis.amounts, kept, scale)
        if basis.undiscounted is not None:
            basis.undiscounted = _kept(basis.undiscounted, kept, scale)
        basis.denominator *= scale
        basis.refunded_minor = state.refunded.amount_minor
    return basis


def _gone(state: OrderState, refunded: Refunded, line_id: str, judged: bool) -> Fraction:
    """The part of a line that was refunded before it was judged. What an earlier line lost since was taken from its own
    award; taken here once more, the article it was exchanged for would give nothing."""
    own = next((award for award in state.awards if judged and line_id in dict(award.spread())), None)
    return refunded.of_line(line_id) if own is None else own.before.get(line_id, Fraction(0))


def _kept(amounts: list[int], kept: list[Fraction], scale: int) -> list[int]:
    return [int(amount * part * scale) for amount, part in zip(amounts, kept, strict=True)]


def _spread(basis: Basis, verdict: Judgement, rules: Prepared, earlier: frozenset[str]) -> Spread:
    """Lines that were there before belong to their own award."""
    weights = weights_of(verdict, basis, rules.policies)
    lines = zip(basis.lines, weights, strict=True)
    return [(line.id, 0 if line.id in earlier else weight) for line, weight in lines]


def _amounts(basis: Basis) -> Spread:
    return [(line.id, amount) for line, amount in zip(basis.lines, basis.amounts, strict=True)]


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
            if not points and not reached.rewards:
                walk.gave_nothing(source, at, Reason(message="rule.capped", params=params))
                continue
            award = Award(source, "", points, partial(_amounts, basis), reason, until, reached.rewards)
            start_award(walk, at, state, award)


def _within(walk: Walk, at: datetime, rules: Prepared, rule: RuleShape, points: int) -> int:
    limit = room(rule.caps, walk.used_caps, rule.id, at, rules.zone) if rule.caps else None
    given = _cap_all(walk, at, rules, points if limit is None else min(points, limit))
    if given and rule.caps:
        use(rule.caps, walk.used_caps, rule.id, given, at, rules.zone)
    return given


def start_award(walk: Walk, at: datetime, state: OrderState, award: Award) -> None:
    state.awards.append(award)
    if state.refunded is not None:
        award.before = {line_id: part for line_id, _ in award.spread() if (part := state.refunded.of_line(line_id))}
        award.gifts = () if state.refunded.whole else award.gifts
    if award.until > at:
        show_pending(walk, state, award)
        walk.at_clock(award.until, Rank.HOLD, award.lot_source, release, (state, award), lambda given: given[1].waits)
    else:
        release(walk, at, (state, award))


def _points_of(state: OrderState, portion: Portion) -> int:
    part = f"added:{portion.added}" if portion.added else ""
    return sum([award.points for award in state.awards if award.part == part])


def measure_points(walk: Walk, at: datetime, state: OrderState, portion: Portion) -> None:
    entry = walk.standing.entries.get(measured_as(state.order.id, portion))
    points = _points_of(state, portion)
    if entry is not None and points:
        walk.standing.meter.lower(entry, entry.spend, points, entry.orders)
        if walk.now is not None and walk.now.policies.tier_measure == "points":
            look_at_tier(walk, at)


def _money(rules: Prepared) -> Params:
    return {"currency": rules.program.currency, "exponent": rules.program.exponent}


def _why(state: OrderState, award: Award) -> Why:
    """The award's reason, less what was refunded before it opened."""
    if not award.taken:
        return award.why
    return partial(reduced_reason, award.why, award.points, award.taken, state.refunded_minor, state.money)


def show_pending(walk: Walk, state: OrderState, award: Award) -> None:
    why = partial(pending_reason, _why(state, award))
    if award.points:
        walk.pending[award.lot_source] = Held(
            award.lot_source, award.points - award.taken, award.until, why, state.order.id
        )
