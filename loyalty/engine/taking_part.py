"""What a shopper may say of themselves, how often, and how each way to earn stands for one member."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.calendar import bucket, end_of, on_day
from loyalty.engine.document import Prepared
from loyalty.engine.facts import Activity, Fact, Profile
from loyalty.engine.milestones import Goal, Milestone
from loyalty.engine.rule import RuleShape
from loyalty.engine.walk import born

PRESSED = ("social_follow", "social_share", "visit")
"""A shopper says so with a button, and nobody can check it: what it brings should be worth little."""
TYPED = ("review", "event_attended", "custom")
"""Shown by a code that the merchant gave out, where the rule has one."""
DAILY = ("social_share", "visit")
BIRTHDAY_KEPT = timedelta(days=365)
"""How long a member's own word on it stands: a birthday that moves would be celebrated more than once."""
NOTICES = ("points", "expiring", "codes", "news")
"""What somebody may ask to be written to about: points that came, points and codes about to expire, news."""


class Way(NamedTuple):
    """`waiting` until `at`, or `done` since `at`."""

    state: Literal["open", "done", "waiting"]
    at: datetime | None = None


def may_be_claimed(rule: RuleShape) -> bool:
    if not isinstance(rule, ActivityRule):
        return False
    return rule.activity in PRESSED or (rule.activity in TYPED and bool(rule.code))


def is_code(rule: ActivityRule, typed: str) -> bool:
    return rule.activity in TYPED and bool(rule.code) and rule.code.strip().casefold() == typed.strip().casefold()


def way_of(rule: RuleShape, rules: Prepared, facts: Sequence[Fact], given: Collection[str], at: datetime) -> Way:
    """`facts` are the member's activities and profile values; `given` the sources of what they have earned."""
    if isinstance(rule, ActivityRule):
        return _activity(rule, rules, facts, at)
    if isinstance(rule, BirthdayRule):
        return _birthday(rules, facts, at)
    if isinstance(rule, Milestone) and f"milestone:{rule.id}:{rule.steps[-1].orders}" in given:
        return Way("done")
    if isinstance(rule, Goal) and not rule.repeats and rule.period == "lifetime" and f"goal:{rule.id}:1" in given:
        return Way("done")
    return Way("open")


def lasting(rules: Prepared) -> set[str]:
    """The sources by which `way_of` knows that something is done for good."""
    milestones = {
        f"milestone:{rule.id}:{rule.steps[-1].orders}" for rule in rules.remembering if isinstance(rule, Milestone)
    }
    return milestones | {f"goal:{rule.id}:1" for rule in rules.remembering if isinstance(rule, Goal)}


def _activity(rule: ActivityRule, rules: Prepared, facts: Sequence[Fact], at: datetime) -> Way:
    done = [
        fact.at
        for fact in facts
        if isinstance(fact, Activity) and fact.kind == rule.activity and rule.code in ("", fact.code)
    ]
    done = sorted(each for each in done if each <= at)
    if not done:
        return Way("open")
    if rule.activity not in DAILY and (rule.activity not in TYPED or rule.code):
        return Way("done", done[-1])
    waits: list[datetime] = []
    if rule.activity in DAILY and bucket(done[-1], "day", rules.zone) == bucket(at, "day", rules.zone):
        waits += [each for each in [end_of(at, "day", rules.zone)] if each]
    for cap in rule.caps:
        most = _times(cap.times, cap.points, rule.points)
        now = bucket(at, cap.per, rules.zone)
        if most is None or sum(bucket(each, cap.per, rules.zone) == now for each in done) < most:
            continue
        over = end_of(at, cap.per, rules.zone)
        if cap.per == "lifetime":
            return Way("done", done[-1])
        waits += [over] if over else []
    return Way("waiting", max(waits)) if waits else Way("open")


def _times(times: int | None, points: int | None, each: int) -> int | None:
    """How often a cap lets something of so many points happen."""
    by_points = -(-points // each) if points is not None and each else None
    known = [number for number in (times, by_points) if number is not None]
    return min(known) if known else None


def _birthday(rules: Prepared, facts: Sequence[Fact], at: datetime) -> Way:
    day = born(birthday_of(facts, at))
    if day is None:
        return Way("open")
    year = at.astimezone(rules.zone).year
    return Way("waiting", next(d for n in (0, 1) if (d := on_day(year + n, day[1], day[2], rules.zone)) > at))


def birthday_of(facts: Sequence[Fact], at: datetime) -> str:
    """The last word on it; empty where there is none."""
    told = last_birthday(facts, at)
    return told.value if told else ""


def last_birthday(facts: Sequence[Fact], at: datetime) -> Profile | None:
    known = [f for f in facts if isinstance(f, Profile) and f.field == "birthday" and f.at <= at]
    known = [fact for fact in known if not fact.value or born(fact.value)]
    return max(known, key=lambda fact: (fact.at, fact.id), default=None)
