"""What rules give without an order: points in one movement, and gifts, each once under its own key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from loyalty.engine.basis import Params
from loyalty.engine.caps import ALL_RULES, room, use
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.ladder import measure
from loyalty.engine.lapses import open_lot
from loyalty.engine.rule import RuleShape
from loyalty.engine.walk import Walk


class Chance(msgspec.Struct, frozen=True, gc=False):
    """What one rule would give."""

    rule: RuleShape
    points: int
    rewards: tuple[str, ...] = ()


def earn(
    walk: Walk,
    at: datetime,
    rules: Prepared,
    source: str,
    message: str,
    params: Params,
    chances: Sequence[Chance],
    gift_key: str = "",
) -> None:
    """One movement for all rules that answer, each under its own caps, all under the program's; a rule whose cap is
    reached gives no gifts either. `gift_key` begins the keys of gifts where it is not `source`."""
    lines: list[Reason] = []
    gifts: dict[str, None] = {}
    given = offered = 0
    for chance in chances:
        rule, points = chance.rule, chance.points
        missing = _missing(walk, at, rules, rule)
        offered += 0 if missing else points
        limit = 0 if missing else room(rule.caps, walk.used_caps, rule.id, at, rules.zone)
        part = points if limit is None else min(points, limit)
        brought = chance.rewards if limit != 0 else ()
        if part or brought:
            use(rule.caps, walk.used_caps, rule.id, part, at, rules.zone)
        given += part
        gifts |= dict.fromkeys(brought)
        shown: Params = {"rule": rule.id, "name": rule.name or rule.id, "points": part}
        why = missing or ("rule.capped" if part < points else "")
        lines.append(Reason(message="rule.given", params=shown, lines=(Reason(message=why),) if why else ()))
    for reward in gifts:
        name = message.partition(".")[0]
        walk.give(f"{gift_key or source}:{reward}", reward, at, Reason(message=f"gift.{name}", params=params))
    limit = room(rules.program.caps, walk.used_caps, ALL_RULES, at, rules.zone)
    total = given if limit is None else min(given, limit)
    if total < given:
        lines.append(Reason(message="rule.capped"))
    if total:
        use(rules.program.caps, walk.used_caps, ALL_RULES, total, at, rules.zone)
        open_lot(walk, source, total, at)
        reason = Reason(message=f"earned.{message}", params={**params, "points": total}, lines=tuple(lines))
        walk.move("earned", source, total, at, reason)
        measure(walk, at, source, total)
    elif not gifts:
        why = "nothing.capped.activity" if offered else "nothing.no_rule.activity"
        walk.gave_nothing(source, at, Reason(message=why, params=params, lines=tuple(lines)))


def _missing(walk: Walk, at: datetime, rules: Prepared, rule: RuleShape) -> str:
    """What of the rule's scope does not hold for the member now; what asks for an order does not matter here."""
    scope = rule.scope
    if not scope.open_at(at, rules.zone):
        return "scope.dates"
    for wanted, there, message in (
        (scope.tiers, (walk.standing.tier,), "scope.tier"),
        (scope.segments, walk.segments, "scope.segment"),
        (scope.plans, walk.plans, "scope.plan"),
    ):
        if wanted and not any(each in there for each in wanted):
            return message
    return ""
