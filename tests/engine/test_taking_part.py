"""How each way to earn stands for a member: open, done, or waiting until when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty.engine.facts import Activity, Fact, Profile
from loyalty.engine.taking_part import Way, is_code, may_be_claimed, way_of
from loyalty.engine.walk import prepared
from tests.engine.factories import day, document

AT = datetime(2026, 3, 11, 12, tzinfo=UTC)  # a Wednesday; Berlin is an hour ahead


def way(rule: dict, *facts: Fact, given: tuple[str, ...] = (), at: datetime = AT) -> Way:
    rules = prepared(document({"id": "r", **rule})[0])
    found = next(each for each in rules.program.rules if each.id == "r")
    return way_of(found, rules, facts, given, at)


def did(kind: str, at: datetime, code: str = "") -> Activity:
    return Activity(id=f"{kind}:{at}:{code}", at=at, kind=kind, code=code)


def activity(kind: str, **more: object) -> dict:
    return {"kind": "activity", "activity": kind, "points": 10, **more}


MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 3, 9 + n, 9, tzinfo=UTC) for n in range(3))
MIDNIGHT = datetime(2026, 3, 11, 23, tzinfo=UTC)
NEXT_WEEK = datetime(2026, 3, 15, 23, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 3, 31, 22, tzinfo=UTC)  # summer time has begun by then


def test_what_is_done_once_is_done() -> None:
    assert way(activity("sign_up")) == Way("open")
    assert way(activity("sign_up"), did("sign_up", MONDAY)) == Way("done", MONDAY)
    assert way(activity("sign_up"), did("sign_up", day(100))) == Way("open")  # it is yet to come


def test_a_visit_waits_for_tomorrow_and_longer_where_a_limit_is_reached() -> None:
    visits = [did("visit", at) for at in (MONDAY, TUESDAY, WEDNESDAY)]
    assert way(activity("visit"), *visits) == Way("waiting", MIDNIGHT)
    assert way(activity("visit"), *visits[:2]) == Way("open")
    weekly = activity("visit", caps=[{"per": "week", "times": 2}])
    assert way(weekly, *visits[:2]) == Way("waiting", NEXT_WEEK)
    assert way(weekly, visits[0]) == Way("open")
    by_points = activity("visit", caps=[{"per": "month", "points": 15}])
    assert way(by_points, *visits[:2]) == Way("waiting", NEXT_MONTH)
    assert way(by_points, visits[0]) == Way("open")
    assert way(activity("visit", caps=[{"per": "lifetime", "times": 2}]), *visits[:2]) == Way("done", TUESDAY)


def test_each_code_is_a_thing_of_its_own() -> None:
    spring = activity("event_attended", code="spring")
    assert way(spring, did("event_attended", MONDAY, "autumn")) == Way("open")
    assert way(spring, did("event_attended", MONDAY, "spring")) == Way("done", MONDAY)
    assert way(activity("review"), did("review", MONDAY, "a book")) == Way("open")  # the next one may come


def test_a_birthday_comes_round() -> None:
    rule = {"kind": "birthday", "points": 5}
    assert way(rule) == Way("open")
    told = Profile(id="1", at=MONDAY, field="birthday", value="1990-03-11")
    assert way(rule, told) == Way("waiting", datetime(2027, 3, 10, 23, tzinfo=UTC))
    unsaid = Profile(id="2", at=TUESDAY, field="birthday", value="")
    assert way(rule, unsaid, told) == Way("open")


def test_milestones_and_goals_end_with_their_last() -> None:
    steps = {"kind": "milestone", "steps": [{"orders": 2, "points": 5}, {"orders": 4, "points": 5}]}
    assert way(steps, given=("milestone:r:2",)) == Way("open")
    assert way(steps, given=("milestone:r:4",)) == Way("done")
    goal = {"kind": "goal", "amount_minor": 1000, "points": 5}
    assert way(goal, given=("goal:r:1",)) == Way("done")
    assert way({**goal, "repeats": True}, given=("goal:r:1",)) == Way("open")


@pytest.mark.parametrize(
    ("kind", "code", "claimable"),
    [
        ("social_follow", "", True),
        ("visit", "x", True),
        ("review", "", False),
        ("custom", "x", True),
        ("sign_up", "", False),
    ],
)
def test_what_a_shopper_may_say_themselves(kind: str, code: str, claimable: bool) -> None:
    rule = document({"id": "r", **activity(kind, code=code)})[0].program.rules[-1]
    assert may_be_claimed(rule) is claimable
    assert is_code(rule, f" {code.upper()} ") is (kind == "custom")
