"""How the rules of one order add up: stacking, multipliers, caps, rounding, and the explanation of all that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm

import msgspec

from loyalty.engine.basis import Basis, Params
from loyalty.engine.earning import Exclude, Multiplier, OrderRule, PerItem, PerOrder
from loyalty.engine.explain import Reason
from loyalty.engine.money import rounded
from loyalty.engine.policies import Policies
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Context

Room = Callable[[RuleShape], int | None]
"""How many points a rule may still give, by its caps; None if nothing limits it."""


class Share(msgspec.Struct, gc=False):
    """What one rule gives the order, before rounding."""

    rule: RuleShape
    points: Fraction
    lines: Sequence[int]
    weights: list[int]
    shown: Params
    capped: bool = False


class Judgement(msgspec.Struct, gc=False):
    """`points` after rounding; `weights` say how they rest on the basis' lines."""

    points: int
    exact: Fraction
    weights: list[int]
    shares: list[Share]
    refused: list[tuple[RuleShape, str]]
    """Rules that gave nothing, with the message id of why."""
    excluded: dict[int, str]
    """Lines that an excluding rule took out, with its id."""


def judge(
    rules: Sequence[OrderRule],
    multipliers: Sequence[Multiplier],
    basis: Basis,
    context: Context,
    policies: Policies,
    room: Room,
) -> Judgement:
    """What the order earns. Rules come sorted by priority, the higher first."""
    verdict = Judgement(0, Fraction(), [], [], [], {})
    shares = _stacked(rules, basis, context, policies, verdict)
    if policies.stacking == "highest" and len(shares) > 1:
        shares = [max(shares, key=lambda share: share.points)]
    if multipliers:
        shares += _multiplied(multipliers, shares, basis, context, policies, verdict)
    for share in shares:
        _cap(share, room(share.rule))
    verdict.shares = shares
    _round(verdict, basis, policies)
    return verdict


def _stacked(
    rules: Sequence[OrderRule], basis: Basis, context: Context, policies: Policies, verdict: Judgement
) -> list[Share]:
    """The rules that apply, each on the lines that no exclusive rule before it has claimed."""
    claimed: set[int] = set()
    shares: list[Share] = []
    for rule in _in_turn(rules, basis, context, policies):
        share = _share(rule, basis, context, claimed, verdict)
        if share is None:
            continue
        if isinstance(rule, Exclude):
            verdict.excluded.update(dict.fromkeys(share.lines, rule.id))
            claimed.update(share.lines)
            continue
        if rule.exclusive and policies.stacking == "priority":
            claimed.update(share.lines)
        if share.points > 0:
            shares.append(share)
        else:
            verdict.refused.append((rule, "rule.too_small"))
    return shares


def _in_turn(rules: Sequence[OrderRule], basis: Basis, context: Context, policies: Policies) -> Sequence[OrderRule]:
    """By priority; among equals the one that gives more goes first, where going first matters."""
    if policies.stacking != "priority" or len({rule.priority for rule in rules}) == len(rules):
        return rules
    scratch = Judgement(0, Fraction(), [], [], [], {})

    def turn(rule: OrderRule) -> tuple[int, bool, Fraction]:
        share = _share(rule, basis, context, set(), scratch)
        return (-rule.priority, not isinstance(rule, Exclude), -share.points if share is not None else Fraction(1))

    return sorted(rules, key=turn)


def _share(rule: OrderRule, basis: Basis, context: Context, claimed: set[int], verdict: Judgement) -> Share | None:
    missing = rule.scope.missing(context)
    lines: Sequence[int] = () if missing else rule.scope.lines_of(basis)
    if claimed:
        lines = [index for index in lines if index not in claimed]
    if not missing:
        missing = rule.scope.too_little(basis, lines) if lines else "scope.no_lines"
    if missing:
        verdict.refused.append((rule, missing))
        return None
    given = rule.given(basis, lines)
    return Share(rule, given.points, lines, given.weights, given.shown)


def _multiplied(
    multipliers: Sequence[Multiplier],
    shares: list[Share],
    basis: Basis,
    context: Context,
    policies: Policies,
    verdict: Judgement,
) -> list[Share]:
    """What the multipliers add to points by amount, line by line."""
    closed = [(rule, missing) for rule in multipliers if (missing := rule.scope.missing(context))]
    verdict.refused.extend(closed)
    if len(closed) == len(multipliers):
        return []
    rates, fixed = _lines_of(shares, fixed=False), _lines_of(shares, fixed=True)
    found: list[Share] = []
    claimed: set[int] = set()
    for rule in multipliers:
        if rule.scope.missing(context):
            continue
        by_line = _sum(rates, fixed) if rule.fixed_too else rates
        lines = [i for i in rule.scope.lines_of(basis) if by_line.get(i) and i not in claimed]
        missing = "scope.no_lines" if not lines else rule.scope.too_little(basis, lines)
        if missing:
            verdict.refused.append((rule, missing))
            continue
        parts = [by_line[index] * rule.extra for index in lines]
        scale = lcm(*(part.denominator for part in parts))
        weights = [int(part * scale) for part in parts]
        found.append(Share(rule, sum(parts, Fraction()), lines, weights, {"times": rule.times}))
        if policies.multipliers == "compound":
            for index, part in zip(lines, parts, strict=True):
                rates[index] = rates.get(index, Fraction()) + part
        if rule.exclusive and policies.stacking == "priority":
            claimed.update(range(len(basis.lines)))
    if policies.stacking == "highest" and found:
        return [max(found, key=lambda share: share.points)]
    return found


def _lines_of(shares: list[Share], *, fixed: bool) -> dict[int, Fraction]:
    """Points by line, of the rules that give a fixed number per order or item, or of all others."""
    by_line: dict[int, Fraction] = {}
    for share in shares:
        if isinstance(share.rule, PerOrder | PerItem) is fixed:
            for index, part in _by_line(share):
                by_line[index] = by_line.get(index, Fraction()) + part
    return by_line


def _sum(one: dict[int, Fraction], other: dict[int, Fraction]) -> dict[int, Fraction]:
    return {index: one.get(index, Fraction()) + other.get(index, Fraction()) for index in one.keys() | other.keys()}


def _by_line(share: Share) -> list[tuple[int, Fraction]]:
    total = sum(share.weights)
    if not total:
        return [(index, share.points / len(share.lines)) for index in share.lines]
    return [(index, share.points * weight / total) for index, weight in zip(share.lines, share.weights, strict=True)]


def _cap(share: Share, limit: int | None) -> None:
    if limit is not None and share.points > limit:
        share.points = Fraction(limit)
        share.capped = True


def _round(verdict: Judgement, basis: Basis, policies: Policies) -> None:
    shares = [share for share in verdict.shares if share.points]
    verdict.exact = shares[0].points if len(shares) == 1 else sum((share.points for share in shares), Fraction())
    size = len(basis.lines)
    if len(shares) == 1 and policies.rounding_per == "order":
        share = shares[0]
        weights = [0] * size
        for index, weight in zip(share.lines, share.weights, strict=True):
            weights[index] = weight
        verdict.weights = weights
    else:
        parts = [Fraction()] * size
        for share in shares:
            for index, part in _by_line(share):
                parts[index] += part
        scale = lcm(*(part.denominator for part in parts)) if parts else 1
        verdict.weights = [int(part * scale) for part in parts]
        if policies.rounding_per == "line":
            points = sum(rounded(part.numerator, part.denominator, policies.rounding) for part in parts)
            verdict.points = max(0, points)
            return
    verdict.points = max(0, rounded(verdict.exact.numerator, verdict.exact.denominator, policies.rounding))


def explained(verdict: Judgement, basis: Basis, policies: Policies) -> Reason:
    """Rule by rule, and how it was rounded."""
    money: Params = {"currency": basis.currency, "exponent": basis.exponent}
    lines = [_rule_reason(share, basis, policies, money) for share in verdict.shares]
    exact = verdict.exact
    hundredths = 100 * exact.numerator // exact.denominator
    if 100 * verdict.points != hundredths:
        per = "" if policies.rounding_per == "order" else "_per_line"
        params: Params = {"points_hundredths": 100 * verdict.points - hundredths}
        lines.append(Reason(message=f"rounding.{policies.rounding}{per}", params=params))
    for rule, why in verdict.refused:
        if why != "scope.no_lines" or not verdict.shares:
            name = rule.name or rule.id
            lines.append(
                Reason(message="rule.nothing", params={"rule": rule.id, "name": name}, lines=(Reason(message=why),))
            )
    return Reason(message="order.earned", params={"points_hundredths": hundredths}, lines=tuple(lines))


def _rule_reason(share: Share, basis: Basis, policies: Policies, money: Params) -> Reason:
    rule, points = share.rule, share.points
    params: Params = {
        "rule": rule.id,
        "name": rule.name or rule.id,
        **share.shown,
        "points_hundredths": 100 * points.numerator // points.denominator,
        "whole_points": rounded(points.numerator, points.denominator, policies.rounding),
        **money,
    }
    params["lines"] = " ".join([basis.lines[index].id for index in share.lines])
    capped = (Reason(message="rule.capped"),) if share.capped else ()
    return Reason(message=f"rule.{type(rule).__struct_config__.tag}", params=params, lines=capped)
