"""What a shopper does without an order: activities, birthdays, referrals, segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from loyalty.engine.awards import ALL_RULES, why_outside
from loyalty.engine.basis import Params
from loyalty.engine.calendar import on_day
from loyalty.engine.caps import room, use
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Activity, Profile, Referral, Segment
from loyalty.engine.ladder import measure
from loyalty.engine.lapses import open_lot, touch
from loyalty.engine.rule import RuleShape
from loyalty.engine.walk import Rank, Walk


def do_activity(walk: Walk, at: datetime, activity: Activity) -> None:
    touch(walk, at)
    rules = walk.now
    source = f"activity:{activity.id}"
    params: Params = {"activity": activity.kind, "code": activity.code}
    if rules is None:
        walk.gave_nothing(source, at, Reason(message="nothing.no_program_yet", params=params))
        return
    walk.segments = walk.segments_at(rules, at)
    why = why_outside(rules, activity.customer_id, walk.segments)
    if why:
        walk.gave_nothing(source, at, Reason(message=f"{why}.activity", params=params))
        return
    chosen = [
        (rule, rule.points)
        for rule in rules.activities
        if rule.activity == activity.kind and rule.code in ("", activity.code)
    ]
    _earn(walk, at, rules, source, f"earned.activity.{activity.kind}", params, chosen)


def refer(walk: Walk, at: datetime, referral: Referral) -> None:
    """A referral was confirmed; this member is one of its sides."""
    touch(walk, at)
    rules = walk.now
    if rules is None:
        return
    walk.segments = walk.segments_at(rules, at)
    chosen = [(rule, points) for rule in rules.referrals if (points := rule.points_for(referral.role))]
    params: Params = {"role": referral.role}
    if rules.program.paused.earning:
        walk.gave_nothing(f"referral:{referral.id}", at, Reason(message="nothing.paused.activity", params=params))
        return
    _earn(walk, at, rules, f"referral:{referral.id}", f"earned.referral.{referral.role}", params, chosen)


def know(walk: Walk, at: datetime, profile: Profile) -> None:
    """A value became known. A new birthday takes effect from its next return."""
    if profile.field == "birthday" and _birthday(profile.value) is not None:
        walk.birthday.day, walk.birthday.known_at = profile.value, at
        watch_birthday(walk, at)


def watch_birthday(walk: Walk, at: datetime) -> None:
    born, rules = _birthday(walk.birthday.day), walk.now
    if born is None or rules is None:
        return
    year = at.astimezone(rules.zone).year
    due = next(day for n in range(3) if (day := on_day(year + n, born.month, born.day, rules.zone)) > at)
    walk.birthday.due = due
    walk.at_clock(due, Rank.GIVES, "birthday", celebrate, due, lambda day: day == walk.birthday.due)


def celebrate(walk: Walk, at: datetime, due_at: datetime) -> None:
    rules = walk.now
    watch_birthday(walk, at)
    if rules is None or walk.birthday.known_at is None:
        return
    year = at.astimezone(rules.zone).year
    if not rules.birthdays or walk.birthday.year >= year:
        return
    walk.segments = walk.segments_at(rules, at)
    known_for = at - walk.birthday.known_at
    params: Params = {"year": str(year)}
    if rules.program.paused.earning:
        walk.gave_nothing(f"birthday:{year}", at, Reason(message="nothing.paused.activity", params=params))
        return
    due = [rule for rule in rules.birthdays if known_for >= timedelta(days=rule.known_days)]
    if not due:
        walk.gave_nothing(f"birthday:{year}", at, Reason(message="nothing.birthday_new", params=params))
        return
    walk.birthday.year = year
    _earn(walk, at, rules, f"birthday:{year}", "earned.birthday", params, [(rule, rule.points) for rule in due])
    for rule in due:
        for reward in rule.rewards:
            walk.give(f"birthday:{year}:{reward}", reward, at, Reason(message="gift.birthday", params=params))


def change_segment(walk: Walk, at: datetime, segment: Segment) -> None:
    if segment.inside:
        walk.given_segments.add(segment.segment)
    else:
        walk.given_segments.discard(segment.segment)


def _earn(
    walk: Walk,
    at: datetime,
    rules: Prepared,
    source: str,
    message: str,
    params: Params,
    chosen: Sequence[tuple[RuleShape, int]],
) -> None:
    """One movement for all rules that answer, each under its own caps, all under the program's."""
    lines: list[Reason] = []
    given = offered = 0
    for rule, points in chosen:
        missing = _missing(walk, at, rules, rule)
        offered += 0 if missing else points
        limit = 0 if missing else room(rule.caps, walk.used_caps, rule.id, at, rules.zone)
        part = points if limit is None else min(points, limit)
        if part:
            use(rule.caps, walk.used_caps, rule.id, part, at, rules.zone)
        given += part
        shown: Params = {"rule": rule.id, "name": rule.name or rule.id, "points": part}
        why = missing or ("rule.capped" if part < points else "")
        lines.append(Reason(message="rule.given", params=shown, lines=(Reason(message=why),) if why else ()))
    limit = room(rules.program.caps, walk.used_caps, ALL_RULES, at, rules.zone)
    total = given if limit is None else min(given, limit)
    if total < given:
        lines.append(Reason(message="rule.capped"))
    if not total:
        why = "nothing.capped.activity" if offered else "nothing.no_rule.activity"
        walk.gave_nothing(source, at, Reason(message=why, params=params, lines=tuple(lines)))
        return
    use(rules.program.caps, walk.used_caps, ALL_RULES, total, at, rules.zone)
    open_lot(walk, source, total, at)
    walk.move(
        "earned", source, total, at, Reason(message=message, params={**params, "points": total}, lines=tuple(lines))
    )
    measure(walk, at, source, total)


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


def _birthday(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
