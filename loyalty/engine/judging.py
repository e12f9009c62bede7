"""How the rules of one order add up: stacking, multipliers, caps, rounding, and the explanation of all that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import gcd, lcm

import msgspec

from loyalty.engine.basis import Basis, Params
from loyalty.engine.earning import Exclude, Multiplier, OrderRule, PerItem, PerOrder
from loyalty.engine.explain import Reason
from loyalty.engine.money import rounded
from loyalty.engine.policies import Policies
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Context

SAID_BY_NAME = frozenset({"multiplier", "per_item", "per_order"})
"""Rules whose sentence begins with their name. One that has none is said by its kind, never by its id."""

Room = Callable[[RuleShape], int | None]
"""How many points a rule may still give, by its caps; None if nothing limits it."""


class Share(msgspec.Struct, gc=False):
    """What one rule gives the order, before rounding: `points` / `per`."""

    rule: RuleShape
    points: int
    per: int
    lines: Sequence[int]
    weights: list[int]
    shown: Params
    capped: bool = False

    @property
    def exact(self) -> Fraction:
        return Fraction(self.points, self.per)


class Judgement(msgspec.Struct, gc=False):
    """`points` after rounding, `exact_points` / `per` before."""

    points: int
    exact_points: int
    per: int
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
    verdict = Judgement(0, 0, 1, [], [], {})
    shares = _stacked(rules, basis, context, policies, verdict)
    if policies.stacking == "highest" and len(shares) > 1:
        shares = [max(shares, key=lambda share: share.exact)]
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
    scratch = Judgement(0, 0, 1, [], [], {})

    def turn(rule: OrderRule) -> tuple[int, bool, Fraction]:
        share = _share(rule, basis, context, set(), scratch)
        return (-rule.priority, not isinstance(rule, Exclude), -share.exact if share is not None else Fraction(1))

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
    return Share(rule, given.points, given.per, lines, given.weights, given.shown)


def _multiplied(
    multipliers: Sequence[Multiplier],
    shares: list[Share],
    basis: Basis,
    context: Context,
    policies: Policies,
    verdict: Judgement,
) -> list[Share]:
    """What the multipliers add to points by amount, line by line."""
    there: list[Multiplier] = []
    for rule in multipliers:
        missing = rule.scope.missing(context)
        if missing:
            verdict.refused.append((rule, missing))
        else:
            there.append(rule)
    if not there:
        return []
    whole = _denominator(shares)
    rates = _by_line([share for share in shares if not isinstance(share.rule, PerOrder | PerItem)], whole)
    fixed = _by_line([share for share in shares if isinstance(share.rule, PerOrder | PerItem)], whole)
    found: list[Share] = []
    claimed: set[int] = set()
    for rule in there:
        by_line = _sum(rates, fixed) if rule.fixed_too else rates
        lines = [i for i in rule.scope.lines_of(basis) if by_line.get(i) and i not in claimed]
        missing = "scope.no_lines" if not lines else rule.scope.too_little(basis, lines)
        if missing:
            verdict.refused.append((rule, missing))
            continue
        extra = rule.extra
        parts = [by_line[index] * extra.numerator for index in lines]
        per = whole * extra.denominator
        found.append(Share(rule, sum(parts), per, lines, _reduced(parts), {"times": rule.times}))
        if policies.multipliers == "compound":
            rates, fixed = _scaled(rates, extra.denominator), _scaled(fixed, extra.denominator)
            whole *= extra.denominator
            for index, part in zip(lines, parts, strict=True):
                rates[index] = rates.get(index, 0) + part
        if rule.exclusive and policies.stacking == "priority":
            claimed.update(range(len(basis.lines)))
    if policies.stacking == "highest" and found:
        return [max(found, key=lambda share: share.exact)]
    return found


def _denominator(shares: Sequence[Share]) -> int:
    """One denominator for every line's part of every share: integers over it are exact, and far quicker than
    fractions."""
    return lcm(*[share.per * _parts_of(share) for share in shares])


def _parts_of(share: Share) -> int:
    """Into how many parts its points are divided: by weight, or alike where nothing weighs."""
    return sum(share.weights) or len(share.lines) or 1


def _by_line(shares: Sequence[Share], whole: int) -> dict[int, int]:
    """Points by line, as integers over `whole`."""
    by_line: dict[int, int] = {}
    for share in shares:
        weights = share.weights if any(share.weights) else [1] * len(share.lines)
        scale = share.points * (whole // (share.per * _parts_of(share)))
        for index, weight in zip(share.lines, weights, strict=True):
            by_line[index] = by_line.get(index, 0) + scale * weight
    return by_line


def _sum(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return {index: one.get(index, 0) + other.get(index, 0) for index in one.keys() | other.keys()}


def _scaled(by_line: dict[int, int], times: int) -> dict[int, int]:
    return {index: part * times for index, part in by_line.items()}


def _reduced(parts: Sequence[int]) -> list[int]:
    """The smallest integers in the same proportion."""
    divisor = gcd(*parts) or 1
    return [part // divisor for part in parts]


def _cap(share: Share, limit: int | None) -> None:
    if limit is not None and share.points > limit * share.per:
        share.points, share.per = limit, 1
        share.capped = True


def _round(verdict: Judgement, basis: Basis, policies: Policies) -> None:
    if policies.rounding_per == "line":
        parts, verdict.per = _parts(verdict, len(basis.lines))
        verdict.exact_points = sum(parts)
        points = sum(rounded(part, verdict.per, policies.rounding) for part in parts)
    else:
        verdict.per = lcm(*[share.per for share in verdict.shares])
        verdict.exact_points = sum([share.points * (verdict.per // share.per) for share in verdict.shares])
        points = rounded(verdict.exact_points, verdict.per, policies.rounding)
    verdict.points = max(0, points)


def weights_of(verdict: Judgement, basis: Basis, policies: Policies) -> list[int]:
    """How the points rest on the basis' lines; nobody asks before a refund comes."""
    shares = [share for share in verdict.shares if share.points]
    if len(shares) > 1 or policies.rounding_per == "line":
        return _reduced(_parts(verdict, len(basis.lines))[0])
    weights = [0] * len(basis.lines)
    for share in shares:
        for index, weight in zip(share.lines, share.weights, strict=True):
            weights[index] = weight
    return weights


def _parts(verdict: Judgement, size: int) -> tuple[list[int], int]:
    """Line by line, exactly: integers over one denominator."""
    shares = [share for share in verdict.shares if share.points]
    whole = _denominator(shares)
    by_line = _by_line(shares, whole)
    return [by_line.get(index, 0) for index in range(size)], whole


def explained(verdict: Judgement, basis: Basis, policies: Policies) -> Reason:
    """Rule by rule, and how it was rounded."""
    money: Params = {"currency": basis.currency, "exponent": basis.exponent}
    lines = [_rule_reason(share, basis, policies, money) for share in verdict.shares]
    hundredths = 100 * verdict.exact_points // verdict.per
    if 100 * verdict.points != hundredths:
        per = "" if policies.rounding_per == "order" else "_per_line"
        params: Params = {"points_hundredths": 100 * verdict.points - hundredths}
        lines.append(Reason(message=f"rounding.{policies.rounding}{per}", params=params))
    for rule, why in verdict.refused:
        if why != "scope.no_lines" or not verdict.shares:
            message = "rule.nothing" if rule.name else "rule.nothing.unnamed"
            shown: Params = {"rule": rule.id, "name": rule.name or rule.id}
            lines.append(Reason(message=message, params=shown, lines=(Reason(message=why),)))
    return Reason(message="order.earned", params={"points_hundredths": hundredths}, lines=tuple(lines))


def _rule_reason(share: Share, basis: Basis, policies: Policies, money: Params) -> Reason:
    rule = share.rule
    params: Params = {
        "rule": rule.id,
        "name": rule.name or rule.id,
        **share.shown,
        "points_hundredths": 100 * share.points // share.per,
        "whole_points": rounded(share.points, share.per, policies.rounding),
        **money,
    }
    params["lines"] = " ".join([basis.lines[index].id for index in share.lines])
    capped = (Reason(message="rule.capped"),) if share.capped else ()
    kind = str(type(rule).__struct_config__.tag)
    unnamed = "" if rule.name or kind not in SAID_BY_NAME else ".unnamed"
    return Reason(message=f"rule.{kind}{unnamed}", params=params, lines=capped)
