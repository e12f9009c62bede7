"""What a member is told of: the most pressing first, by ids that name the occasion."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from loyalty.engine.facts import Adjustment, Fact
from loyalty.engine.program import Program, Version, parse_program
from loyalty.engine.statement import fold
from loyalty.languages import Voice
from loyalty.models import Redemption
from loyalty.selectors.nudges import MOST, Nudge, nudges
from loyalty.selectors.widget import Offer
from tests.engine.factories import day, order, redemption

NOW = day(100)
FRAME = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Riga"}
OFF = {"id": "off", "name": "5 off", "kind": "amount_off", "points": 500, "value_minor": 500}


def program(**more: Any) -> Program:
    base = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}
    rules = [base, *more.pop("rules", [])]
    return parse_program({**FRAME, "rules": rules, "rewards": [OFF], **more})


def code(*, points: int = 500, ends: datetime | None = None, state: str = "ready", name: str = "5 off") -> Redemption:
    number = uuid.uuid5(uuid.NAMESPACE_OID, f"{points}{ends}{name}")
    return Redemption(
        pk=number.int % 1000, number=number, points=points, expires_at=ends, state=state, reward_data={"name": name}
    )


def told(
    *facts: Fact, under: Program | None = None, codes: tuple[Redemption, ...] = (), known: bool = True, **more: Any
) -> list[Nudge]:
    chosen = under or program(**more)
    version = Version(number=1, in_force_from=day(0), program=chosen)
    statement = fold([version], facts, NOW)
    missing = {reward.id: max(0, reward.points - statement.available) for reward in chosen.rewards}
    offers = [Offer(reward=reward, missing=missing[reward.id], obstacle=None) for reward in chosen.rewards]
    return nudges(statement=statement, offers=offers, codes=codes, program=chosen, birthday_known=known, as_of=NOW)


FIRST = day(1)


def points(number: int, at: datetime = FIRST, id: str = "a") -> Adjustment:
    return Adjustment(id=id, at=at, points=number, actor="D", reason="r")


def words(found: list[Nudge], language: str = "en") -> list[str]:
    return [each.said(Voice(language), {"5 off": "€5 off"}) for each in found]


def test_half_way_to_a_reward_it_is_told_how_far_and_before_it_is_not() -> None:
    assert words(told(points(380))) == ["120 points to go for €5 off."]
    assert words(told(points(250))) == ["250 points to go for €5 off."]
    assert told(points(249)) == []
    assert words(told(points(500))) == ["You have enough for €5 off."]


def test_a_reward_is_news_again_once_points_were_spent() -> None:
    before = told(points(380))[0].id
    assert told(points(381))[0].id == before
    assert told(points(780), points(-400, day(2), "b"))[0].id == before  # taken by hand is not spent
    assert told(points(880), redemption("r", day(2)))[0].id != before


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (NOW + timedelta(days=3), "Your code for €5 off ends in 3 days."),
        (NOW + timedelta(days=1), "Your code for €5 off ends in 1 day."),
        (NOW + timedelta(hours=1), "Your code for €5 off ends today."),
        (NOW + timedelta(days=8), None),
        (None, None),
    ],
)
def test_a_code_that_ends_soon_is_told_of_by_the_shops_days(ends: datetime | None, sentence: str | None) -> None:
    assert words(told(codes=(code(ends=ends),))) == ([sentence] if sentence else [])


def test_a_gift_waits_and_a_code_in_the_making_is_not_told_of() -> None:
    gift = code(points=0, ends=NOW + timedelta(days=20), name="Coffee")
    assert words(told(codes=(gift, code(state="issuing", ends=NOW)))) == ["A gift waits for you: Coffee."]


def test_points_that_go_soon_are_told_of_once_for_each_date() -> None:
    expiring = {"policies": {"expiry": "lot", "expiry_days": 120}}
    [nudge] = told(points(10), points(5, day(2), "b"), **expiring)
    assert nudge.id == "points:2026-05-02"
    assert words([nudge]) == ["10 points expire on May 2, 2026."]
    assert told(points(10, day(60)), **expiring) == []


def test_who_does_nothing_is_told_when_all_is_over() -> None:
    lapse = {"policies": {"expiry": "inactivity", "expiry_days": 120}}
    assert words(told(points(1, day(1)), **lapse)) == ["Without an order, 1 point expires on May 2, 2026."]


TIERS = [{"id": "one", "name": "One"}, {"id": "gold", "name": "Gold", "minimum": 3}]


def test_one_more_order_to_gold() -> None:
    by_orders = {"policies": {"tier_measure": "orders"}, "tiers": TIERS}
    orders = [order(str(number), day(number)) for number in range(2)]
    assert words(told(*orders, **by_orders)) == ["1 more order to reach Gold."]
    assert words(told(*orders[:1], **by_orders)) == ["2 more orders to reach Gold."]
    assert told(points(1), **by_orders) == []


def test_the_last_quarter_to_a_tier_by_spend_and_by_points() -> None:
    gold = [TIERS[0], {**TIERS[1], "minimum": 10_000}]
    assert words(told(order("1", day(1), 7_500), tiers=gold)) == ["Spend €25.00 more to reach Gold."]
    assert told(order("1", day(1), 7_499), tiers=gold) == []
    by_points = {"policies": {"tier_measure": "points"}, "tiers": [TIERS[0], {**TIERS[1], "minimum": 100}]}
    assert words(told(order("1", day(1), 8_000), **by_points)) == ["20 points to go to reach Gold."]


def test_a_birthday_is_asked_for_where_it_brings_something() -> None:
    rule = {"kind": "birthday", "id": "b", "points": 50}
    assert words(told(known=False, rules=[rule])) == ["Tell us your birthday and get 50 points on the day."]
    assert told(known=True, rules=[rule]) == told(known=False) == []
    gift = {"kind": "birthday", "id": "b", "rewards": ["off"]}
    assert words(told(known=False, rules=[gift])) == ["Tell us your birthday and get a gift on the day."]
    paused = program(rules=[rule], paused={"earning": True})
    assert told(known=False, under=paused) == []


def test_who_left_is_told_of_what_is_theirs_alone() -> None:
    asked = program(policies={"enrolment": "on_request"}, rules=[{"kind": "birthday", "id": "b", "points": 50}])
    gift = code(points=0, name="Coffee")
    assert words(told(points(600), under=asked, known=False, codes=(gift,))) == ["A gift waits for you: Coffee."]


def test_there_are_never_many_and_the_most_pressing_are_first() -> None:
    ending = tuple(code(ends=NOW + timedelta(days=days), name=str(days)) for days in (5, 1, 3))
    gifts = tuple(code(points=0, name=f"g{number}") for number in range(5))
    found = told(points(500), codes=(*gifts, *ending))
    assert [each.kind for each in found] == ["code.ends"] * 3 + ["gift"] * 2
    assert [each.params["n"] for each in found[:3]] == [1, 3, 5]
    assert len(found) == MOST


def test_every_message_is_plain_data() -> None:
    found = told(points(380), codes=(code(ends=NOW + timedelta(days=3)),))
    assert msgspec.json.encode([each.params for each in found])
    assert NOW.tzinfo is UTC
