"""Why an order earned what it did: put together when somebody asks, from what was known when it was judged."""

from __future__ import annotations

from datetime import datetime

import msgspec

from loyalty.engine.basis import Basis, Params
from loyalty.engine.calendar import said
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason, Why, told
from loyalty.engine.judging import Judgement, explained


class Judged(msgspec.Struct, frozen=True):
    """One order's judgement, and the `points` that caps and what was given before left of it."""

    rules: Prepared
    basis: Basis
    verdict: Judgement
    points: int
    given_before: int
    at: datetime
    """The awarding moment."""
    until: datetime
    """The end of the hold."""

    @property
    def number(self) -> str:
        return self.basis.order.number or self.basis.order.id


def order_reason(judged: Judged) -> Reason:
    """Why these points, or why none."""
    rules, basis, verdict, points = judged.rules, judged.basis, judged.verdict, judged.points
    order, policies, zone = basis.order, rules.policies, rules.zone
    lines: list[Reason] = [*basis.reasons(verdict.excluded), explained(verdict, basis, policies)]
    before = judged.given_before
    if before:
        lines.append(Reason(message="order.given_before", params={"points": before}))
    if points < verdict.points - before:
        lines.append(Reason(message="rule.capped", params={"points": verdict.points - before - points}))
    placed: Params = {"version": rules.version.number, "placed_at": said(order.placed_at, zone)}
    lines.append(Reason(message="order.version", params=placed))
    lines.append(Reason(message=f"order.moment.{policies.moment}", params={"moment_at": said(judged.at, zone)}))
    until = said(judged.until, zone)
    if policies.hold_days:
        lines.append(Reason(message="order.hold", params={"until_at": until, "days": policies.hold_days}))
    money: Params = {"currency": rules.program.currency, "exponent": rules.program.exponent}
    params: Params = {"number": judged.number, "points": points, "until_at": until, **money}
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


def reduced_reason(why: Why, points: int, taken: int, refunded_minor: int, money: tuple[str, int]) -> Reason:
    """An award's reason, less the points that were taken for refunds before it opened."""
    reason = told(why)
    currency, exponent = money
    params: Params = {"amount_minor": refunded_minor, "points": taken, "currency": currency, "exponent": exponent}
    less = Reason(message="order.refunded_before", params=params)
    own = {**reason.params, "points": points - taken}
    return Reason(message=reason.message, params=own, lines=(*reason.lines, less))


def pending_reason(why: Why) -> Reason:
    """The same while the award waits."""
    reason = told(why)
    if reason.message != "earned.order":
        return reason
    return Reason(message="pending.order", params=reason.params, lines=reason.lines)
