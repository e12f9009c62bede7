"""Before publishing it is said which ways to earn go or give less."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.dashboard.formatting import format_for
from loyalty.dashboard.rule_losses import rule_losses
from loyalty.engine.exchange import from_data
from loyalty.engine.program import Program
from loyalty.models import Shop

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Riga"}
RATE = {"kind": "per_amount", "id": "r", "points": 2, "per_minor": 100}
EVERY = {"kind": "per_order", "id": "r", "points": 10}
STEPS = {"kind": "milestone", "id": "r", "steps": [{"orders": 2, "points": 20}, {"orders": 5, "points": 50}]}
GOAL = {"kind": "goal", "id": "r", "amount_minor": 10_000, "points": 100, "repeats": True}
STREAK = {"kind": "streak", "id": "r", "length": 3, "points": 30}
FRIEND = {"kind": "referral", "id": "r", "referrer_points": 50, "friend_points": 50, "friend_rewards": ["bag"]}
BACK = {"kind": "cashback", "id": "r", "percent": "2.5", "point_value_minor": 1}
TIMES = {"kind": "multiplier", "id": "r", "times": "2"}
LEFT_OUT = {"kind": "exclude", "id": "r", "scope": {"tags": ["sale"]}}
SCOPED = EVERY | {"scope": {"tags": ["tea", "tin"], "minimum_order_minor": 500, "without_tags": ["gift"]}}
CAPPED = EVERY | {"caps": [{"per": "day", "points": 100}]}


def program(*rules: dict[str, Any], **rest: Any) -> Program:
    bag = {"id": "bag", "name": "A bag", "kind": "custom", "points": 50}
    return from_data(HEAD | {"rules": list(rules), "rewards": [bag]} | rest)


def losses(old: Program, new: Program) -> list[str]:
    return rule_losses(
        old, new, format_for(Shop(locale="en", time_zone="Europe/Riga", currency="EUR", exponent=2)), NOW
    )


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (RATE, {"points": 1}),
        (RATE, {"points": 4, "per_minor": 300}),
        (RATE, {"full_steps_only": True}),
        (EVERY, {"points": 9}),
        (STEPS, {"steps": [{"orders": 5, "points": 50}]}),
        (STEPS, {"steps": [{"orders": 3, "points": 20}, {"orders": 5, "points": 50}]}),
        (STEPS, {"steps": [{"orders": 2, "points": 20}, {"orders": 5, "points": 49}]}),
        (GOAL, {"amount_minor": 10_001}),
        (GOAL, {"repeats": False}),
        (STREAK, {"length": 4}),
        (FRIEND, {"friend_points": 49}),
        (FRIEND, {"friend_rewards": []}),
        (BACK, {"percent": "2.4"}),
        (TIMES, {"times": "1.5"}),
        (LEFT_OUT, {"scope": {"tags": ["sale", "tea"]}}),
        (LEFT_OUT, {"scope": {}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"tags": ["tea"]}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"minimum_order_minor": 501}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"without_tags": ["gift", "tin"]}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"without_on_sale": True}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"weekdays": [1, 2]}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"last_day": "2027-01-01"}}),
        (SCOPED, {"scope": SCOPED["scope"] | {"draw_percent": 50}}),
        (EVERY, {"scope": {"tiers": ["gold"]}}),
        (CAPPED, {"caps": [{"per": "day", "points": 99}]}),
        (CAPPED, {"caps": [{"per": "day", "points": 100, "times": 1}]}),
        (CAPPED, {"caps": [{"per": "day", "points": 100}, {"per": "month", "points": 2_000}]}),
    ],
)
def test_a_rule_that_gives_less_is_told_and_one_that_gives_more_is_not(
    rule: dict[str, Any], change: dict[str, Any]
) -> None:
    tiers = [{"id": "gold", "name": "Gold", "minimum": 10_000}]
    more, less = program(rule, tiers=tiers), program(rule | change, tiers=tiers)
    (told,) = losses(more, less)
    assert told.startswith("Gives less: ")
    assert " Before: " in told
    assert losses(less, more) == []
    assert losses(more, more) == []


def test_a_rule_that_gives_less_stands_with_what_it_was() -> None:
    assert losses(program(RATE), program(RATE | {"points": 1})) == [
        (
            "Gives less: Members earn 1 point for every €1 they spend on everything. "
            "Before: Members earn 2 points for every €1 they spend on everything."
        )
    ]


@pytest.mark.parametrize("gone", [[], [EVERY | {"enabled": False}]])
def test_a_rule_that_goes_is_told_once(gone: list[dict[str, Any]]) -> None:
    assert losses(program(EVERY), program(*gone)) == ["No more: Every order earns 10 points."]


def test_a_rule_that_takes_away_is_told_when_it_comes_and_not_when_it_goes() -> None:
    half = {"kind": "multiplier", "id": "half", "times": "0.5", "scope": {"tags": ["tin"]}}
    bare, strict = program(EVERY), program(EVERY, LEFT_OUT | {"id": "x"}, half)
    assert losses(bare, strict) == [
        "New: Nothing is earned on products tagged sale.",
        "New: Points count 0.5 times on products tagged tin.",
    ]
    assert losses(strict, bare) == []


def test_a_campaign_that_goes_before_its_end_is_told() -> None:
    def campaigns(*shown: str, **fields: Any) -> Program:
        all_of_them = [
            {"id": "week", "name": "Tea week", "last_day": "2026-11-22", "rules": [TIMES | {"id": "w"}]},
            {"id": "past", "name": "Past", "last_day": "2026-11-21", "rules": [TIMES | {"id": "p"}]},
            {"id": "hour", "name": "Hour", "ends_at": "2026-11-22T12:00:00Z", "rules": [TIMES | {"id": "h"}]},
        ]
        return program(campaigns=[each | fields for each in all_of_them if each["id"] in shown])

    every = campaigns("week", "past", "hour")
    assert losses(every, campaigns()) == ["The campaign Tea week goes."]
    assert losses(every, campaigns("week", enabled=False)) == ["The campaign Tea week goes."]
    less = campaigns("week", rules=[TIMES | {"id": "w", "times": "1.5"}])
    assert losses(every, less) == [
        "Gives less: Points count 1.5 times on everything. Before: Points count 2 times on everything."
    ]
