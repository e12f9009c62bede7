"""Every bound of a program document: what stands at it passes, what lies beyond is refused in these words."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import ACTIVITIES
from loyalty.engine.program import parse_program

FRAME = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Berlin"}
POINTS = "Give between 1 and 1,000,000,000 points."
GIVES = "Give points (up to 1,000,000,000), gifts or both."
DAYS = "Choose between 0 and 3,660 days."
ZONE = "A time needs its zone, such as 2026-11-21T10:00:00Z."
PERCENT = "A percentage lies between 0 and 100."
COSTS = "R costs between 0 and 1,000,000,000 points."
DECIMAL = 'Write a plain decimal number, such as "1.5".'


KINDS: dict[str, dict[str, Any]] = {
    "per_order": {"points": 1},
    "per_item": {"points": 1},
    "per_amount": {"points": 1, "per_minor": 1},
    "cashback": {"percent": "1", "point_value_minor": 1},
    "multiplier": {"times": "2"},
    "milestone": {"steps": [{"orders": 1, "points": 1}]},
    "streak": {"length": 2, "points": 1},
    "goal": {"amount_minor": 1, "points": 1},
    "activity": {"activity": "visit", "points": 1},
    "birthday": {"points": 1},
    "win_back": {"points": 1, "days": 1},
    "referral": {"friend_points": 1},
}


def rule(kind: str = "per_order", **changes: Any) -> dict[str, Any]:
    return {"rules": [{"kind": kind, "id": "r", **KINDS[kind], **changes}]}


def scope(**chosen: Any) -> dict[str, Any]:
    return rule(scope=chosen)


def policies(**chosen: Any) -> dict[str, Any]:
    return {"policies": chosen}


def reward(**changes: Any) -> dict[str, Any]:
    return {"rewards": [{"id": "r", "name": "R", "kind": "custom", "points": 1, **changes}]}


def level(**changes: Any) -> dict[str, Any]:
    return {"tiers": [{"id": "a", "name": "A", **changes}]}


def plan(**changes: Any) -> dict[str, Any]:
    return {"plans": [{"id": "p", "name": "P", **changes}]}


def campaign(**changes: Any) -> dict[str, Any]:
    return {"campaigns": [{"id": "c", "name": "C", **changes}]}


def many(field: str, count: int, **needed: Any) -> dict[str, Any]:
    return {field: [{"id": f"x{n}", "name": f"X{n}", **needed} for n in range(count)]}


def too_many(count: int, most: int) -> str:
    return f"There are {count:,} of these; a program has at most {most:,}. Merge or remove some."


def steps(count: int) -> list[dict[str, int]]:
    return [{"orders": n + 1, "points": 1} for n in range(count)]


MOST = 10**9

BEYOND: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "$.name", "A program needs a name of up to 200 characters."),
    ({"name": "n" * 201}, "$.name", "A program needs a name of up to 200 characters."),
    *(
        ({"currency": each}, "$.currency", "Use the currency's three-letter code, such as EUR.")
        for each in ("EURO", "eur", "EÜR")
    ),
    ({"exponent": -1}, "$.exponent", "A currency has 0 to 4 decimals."),
    ({"exponent": 5}, "$.exponent", "A currency has 0 to 4 decimals."),
    ({"time_zone": "Mars/Base"}, "$.time_zone", "Use a time zone's name, such as Europe/Berlin."),
    ({"time_zone": "../etc"}, "$.time_zone", "Use a time zone's name, such as Europe/Berlin."),
    ({"earns_from": "2026-01-01T00:00:00"}, "$.earns_from", ZONE),
    ({"format": 2}, "$.format", "This is format 2; this release reads 1."),
    ({"surprise": 1}, "$", "Object contains unknown field `surprise`."),
    ({"rules": [{"kind": "lottery", "id": "r"}]}, "$.rules[0].kind", "Invalid value 'lottery'."),
    (many("rules", 501, kind="per_order", points=1), "$.rules", too_many(501, 500)),
    (many("campaigns", 201), "$.campaigns", too_many(201, 200)),
    (many("rewards", 201, kind="custom", points=1), "$.rewards", too_many(201, 200)),
    ({"tiers": [{"id": f"x{n}", "name": "X", "minimum": n} for n in range(21)]}, "$.tiers", too_many(21, 20)),
    (many("segments", 201), "$.segments", too_many(201, 200)),
    (many("plans", 21), "$.plans", too_many(21, 20)),
    ({"caps": [{"per": "day", "points": 1}] * 11}, "$.caps", too_many(11, 10)),
    *(
        (policies(**{name: days, **more}), f"$.policies.{name}", DAYS)
        for name, more in (("hold_days", {}), ("tier_grace_days", {}), ("expiry_days", {"expiry": "lot"}))
        for days in (-1, 3661)
    ),
    *(
        (policies(tier_period_days=days), "$.policies.tier_period_days", "Choose between 1 and 3,660 days.")
        for days in (0, 3661)
    ),
    *(
        (policies(expiry="lot", expiry_months=each), "$.policies.expiry_months", "Choose between 0 and 120 months.")
        for each in (-1, 121)
    ),
    *(
        (
            policies(expiry=each, **period),
            "$.policies.expiry_days",
            "Say after how many days, or after how many months, points expire.",
        )
        for each in ("lot", "inactivity")
        for period in ({}, {"expiry_days": 1, "expiry_months": 1})
    ),
    *(
        (
            policies(**period),
            "$.policies.expiry",
            "Points never expire here; choose lot or inactivity, or leave the period out.",
        )
        for period in ({"expiry_days": 1}, {"expiry_months": 1})
    ),
    (
        {"exclusions": {"products": [str(n) for n in range(10_001)]}},
        "$.exclusions.products",
        "Name at most 10,000 products; leave out a tag or a collection instead.",
    ),
    *(({"audience": {"percent": each}}, "$.audience.percent", PERCENT) for each in (-1, 101)),
    *(({"audience": {"holdout_percent": each}}, "$.audience.percent", PERCENT) for each in (-1, 101)),
    (
        {"audience": {"percent": 50, "holdout_percent": 51}},
        "$.audience.holdout_percent",
        "Pilot and holdout together are at most 100 percent.",
    ),
    (
        {"audience": {"customers": [str(n) for n in range(10_001)]}},
        "$.audience.customers",
        "A list has at most 10,000 customers; use a segment instead.",
    ),
    *((level(minimum=each), "$.tiers[0].minimum", "A needs a minimum of zero or more.") for each in (-1, 10**15 + 1)),
    *(
        (level(entry_points=each), "$.tiers[0].entry_points", "A gives zero points or more on entry.")
        for each in (-1, MOST + 1)
    ),
    (
        {"tiers": [{"id": "a", "name": "A", "minimum": 5000}, {"id": "b", "name": "B", "minimum": 5000}]},
        "$.tiers[1].minimum",
        "B needs more than A (5,000); raise its minimum or reorder them.",
    ),
    (
        {"segments": [{"id": "a", "any_of": ["b"]}, {"id": "b", "none_of": ["a"]}]},
        "$.segments[1]",
        "b and a are defined by each other; take one out of the circle.",
    ),
    *(
        (
            {"segments": [{"id": "a", "minimum_age": each}]},
            "$.segments[0].minimum_age",
            "An age lies between 0 and 150 years.",
        )
        for each in (-1, 151)
    ),
    ({"caps": [{"per": "day"}]}, "$.caps[0]", "A cap needs points, times or both."),
    ({"caps": [{"per": "day", "points": -1}]}, "$.caps[0]", "A cap is zero or more."),
    ({"caps": [{"per": "day", "times": -1}]}, "$.caps[0]", "A cap is zero or more."),
    (rule(caps=[{"per": "day"}]), "$.rules[0].caps[0]", "A cap needs points, times or both."),
    *(
        (plan(**{name: -1}), "$.plans[0]", "Points and seconds are zero or more.")
        for name in ("entry_points", "fee_points", "fee_seconds")
    ),
    *(
        (
            plan(fee_points=1, fee_seconds=each),
            "$.plans[0].fee_seconds",
            "A fee is charged once an hour (3,600 seconds) or more rarely.",
        )
        for each in (3599, MOST + 1)
    ),
    *(
        (plan(months=each), "$.plans[0].months", "A purchase lasts up to 120 months, or for ever with 0.")
        for each in (-1, 121)
    ),
    (
        {"plans": [{"id": "p", "name": "P", "products": ["x"]}, {"id": "q", "name": "Q", "products": ["y", "x"]}]},
        "$.plans[0].products",
        "The product 'x' can buy one plan only; take it out of the others.",
    ),
    (plan(products=["x"] * 101), "$.plans[0].products", "A plan is sold as at most 100 products."),
    *(
        (rule(kind, priority=each), "$.rules[0].priority", "A priority lies between -1,000,000 and 1,000,000.")
        for each in (-1_000_001, 1_000_001)
        for kind in KINDS
    ),
    *(
        (rule(kind, points=each), "$.rules[0].points", POINTS)
        for kind in ("per_order", "per_item", "per_amount", "streak", "goal")
        for each in (0, MOST + 1)
    ),
    *(
        (rule(kind, points=each), "$.rules[0].points", GIVES)
        for kind in ("activity", "win_back")
        for each in (-1, 0, MOST + 1)
    ),
    *((rule("win_back", days=each), "$.rules[0].days", "Choose between 1 and 3,660 days.") for each in (0, 3661)),
    (rule("activity", rewards=["x"] * 21), "$.rules[0].rewards", "Give at most 20 gifts at once."),
    (rule("referral", friend_rewards=["x"] * 21), "$.rules[0]", "Give at most 20 gifts at once."),
    (rule("activity", code="x" * 65), "$.rules[0].code", "A code has at most 64 characters."),
    (rule("activity", rewards=["x"]), "$.rules[0].rewards", "There is no reward 'x'; add it or take it out here."),
    (
        rule("referral", friend_rewards=["x"]),
        "$.rules[0].friend_rewards",
        "There is no reward 'x'; add it or take it out here.",
    ),
    (
        rule("milestone", steps=[{"orders": 1, "rewards": ["x"]}]),
        "$.rules[0].steps[0].rewards",
        "There is no reward 'x'; add it or take it out here.",
    ),
    *(
        (
            rule("per_amount", per_minor=each),
            "$.rules[0].per_minor",
            "A rate needs an amount above zero, such as 1 point per 100.",
        )
        for each in (0, 10**12 + 1)
    ),
    *(
        (
            rule("cashback", point_value_minor=each),
            "$.rules[0].point_value_minor",
            "Say what a point is worth, in minor units above zero.",
        )
        for each in (0, MOST + 1)
    ),
    *(
        (rule("cashback", percent=each), "$.rules[0].percent", "A percentage lies above 0 and at most at 100.")
        for each in ("0", "100.1")
    ),
    *(
        (rule("multiplier", times=each), "$.rules[0].times", "A factor lies above 0 and at most at 1000.")
        for each in ("0.0", "1000.1")
    ),
    *(
        (rule("multiplier", times=each), "$.rules[0].times", DECIMAL)
        for each in ("", ".5", "1.x", "-1", "1,5", "1.00000000001", "١")
    ),
    *(
        (rule("milestone", steps=steps(count)), "$.rules[0].steps", "Name between 1 and 100 steps.")
        for count in (0, 101)
    ),
    (rule("milestone", steps=[{"orders": 1, "points": 0}]), "$.rules[0].steps[0].points", GIVES),
    *(
        (
            rule("milestone", steps=[{"orders": each, "points": 1}]),
            "$.rules[0].steps[0].orders",
            "This step needs 1 orders or more.",
        )
        for each in (0, 1_000_001)
    ),
    (
        rule("milestone", steps=[{"orders": 4, "points": 1}, {"orders": 4, "points": 1}]),
        "$.rules[0].steps[1].orders",
        "This step needs 5 orders or more.",
    ),
    *((rule("streak", length=each), "$.rules[0].length", "A streak is 2 to 100 periods long.") for each in (1, 101)),
    *(
        (rule("goal", amount_minor=each), "$.rules[0].amount_minor", "A goal is an amount above zero.")
        for each in (0, 10**12 + 1)
    ),
    (
        rule("activity", activity="dance"),
        "$.rules[0].activity",
        f"Choose one of: {', '.join(ACTIVITIES)}.",
    ),
    *(
        (rule("birthday", **each), "$.rules[0].points", GIVES)
        for each in ({"points": 0}, {"points": -1}, {"points": MOST + 1})
    ),
    *(
        (rule("birthday", known_days=each), "$.rules[0].known_days", "Choose between 0 and 366 days.")
        for each in (-1, 367)
    ),
    *(
        (rule("referral", **{name: each}), "$.rules[0]", "Give between 0 and 1,000,000,000 points.")
        for name in ("friend_points", "referrer_points")
        for each in (-1, MOST + 1)
    ),
    (rule("referral", friend_points=0), "$.rules[0]", "Give something to at least one side."),
    (
        scope(starts_at="2026-02-01T00:00:00Z", ends_at="2026-02-01T00:00:00Z"),
        "$.rules[0].scope.ends_at",
        "The end must come after the start.",
    ),
    *((scope(**{name: "2026-01-01T00:00:00"}), f"$.rules[0].scope.{name}", ZONE) for name in ("starts_at", "ends_at")),
    (
        scope(first_day="2026-02-02", last_day="2026-02-01"),
        "$.rules[0].scope.last_day",
        "The last day must not lie before the first.",
    ),
    *(
        (scope(weekdays=[1, each]), "$.rules[0].scope.weekdays", "Weekdays are numbers from 1, Monday, to 7, Sunday.")
        for each in (0, 8)
    ),
    *(
        (
            scope(**{name: ["x"] * 1001}),
            "$.rules[0].scope",
            "Name at most 1,000 of a kind; use a tag or a collection instead.",
        )
        for name in ("products", "without_tags", "codes")
    ),
    *((scope(draw_percent=each), "$.rules[0].scope.draw_percent", PERCENT) for each in (-1, 101)),
    *(
        (scope(**{name: each}), f"$.rules[0].scope.{name}", "A minimum is zero or more.")
        for name in ("minimum_spend_minor", "minimum_order_minor", "minimum_items")
        for each in (-1, 10**12 + 1)
    ),
    (campaign(rewards_total=-1), "$.campaigns[0].rewards_total", "A total is zero or more."),
    (campaign(weekdays=[8]), "$.campaigns[0].weekdays", "Weekdays are numbers from 1, Monday, to 7, Sunday."),
    (campaign(rules=rule(points=0)["rules"]), "$.campaigns[0].rules[0].points", POINTS),
    *((reward(points=each), "$.rewards[0].points", COSTS) for each in (-1, MOST + 1)),
    *(
        (reward(valid_days=each), "$.rewards[0].valid_days", "A code lives between 1 and 3,660 days.")
        for each in (0, 3661)
    ),
    *(
        (reward(kind="percent_off", percent=each), "$.rewards[0].percent", "Say how many percent, from 1 to 100.")
        for each in (0, 101)
    ),
    *(
        (reward(kind=kind, value_minor=0), "$.rewards[0].value_minor", "R needs a value above zero.")
        for kind in ("amount_off", "gift_card", "store_credit", "points_slider")
    ),
    (
        reward(kind="points_slider", points=0, value_minor=1),
        "$.rewards[0].points",
        "A slider needs a step of at least 1 point.",
    ),
    *(
        (
            reward(maximum_percent=each),
            "$.rewards[0].maximum_percent",
            "A slider pays between 1 and 100 percent of an order.",
        )
        for each in (0, 101)
    ),
    *(
        (reward(**{name: each}), f"$.rewards[0].{name}", "A limit is zero or more.")
        for name in ("minimum_order_minor", "minimum_points", "limit_per_member", "limit_total", "stock")
        for each in (-1, 10**12 + 1)
    ),
    *((rule(id=each), "$.rules[0].id", "An id has 1 to 64 characters.") for each in ("", "i" * 65)),
    (level(id=""), "$.tiers[0].id", "An id has 1 to 64 characters."),
    *(
        ({field: [one, one]}, f"$.{field}[1].id", "The id 'x' stands twice; give each its own.")
        for field, one in (
            ("rules", {"kind": "per_order", "id": "x", "points": 1}),
            ("rewards", {"id": "x", "name": "X", "kind": "custom", "points": 1}),
            ("campaigns", {"id": "x", "name": "X"}),
            ("segments", {"id": "x"}),
            ("plans", {"id": "x", "name": "X"}),
        )
    ),
    (
        {**rule(id="x"), **campaign(rules=rule(id="x")["rules"])},
        "$.campaigns[0].rules[0].id",
        "The id 'x' stands twice; give each its own.",
    ),
    (scope(tiers=["t"]), "$.rules[0].scope.tiers", "There is no tier 't'; add it or take it out here."),
    (scope(plans=["t"]), "$.rules[0].scope.plans", "There is no plan 't'; add it or take it out here."),
    (rule("birthday", rewards=["t"]), "$.rules[0].rewards", "There is no reward 't'; add it or take it out here."),
    (reward(tiers=["t"]), "$.rewards[0].tiers", "There is no tier 't'; add it or take it out here."),
    (level(entry_rewards=["t"]), "$.tiers[0].entry_rewards", "There is no reward 't'; add it or take it out here."),
    (
        campaign(rules=rule(exclusive=True)["rules"]),
        "$.campaigns[0].rules[0]",
        "An exclusive rule needs the policy stacking: priority.",
    ),
    (
        {
            "campaigns": [
                {"id": each, "name": "C", "rules": rule(id=f"{each}-rule", exclusive=True)["rules"]} for each in "ab"
            ],
            **policies(stacking="priority"),
        },
        "$.campaigns[1].rules[0].priority",
        "a-rule and b-rule are both exclusive and can meet; give them different priorities.",
    ),
]

AT: list[dict[str, Any]] = [
    {"name": "n" * 200},
    *({"exponent": each} for each in (0, 4)),
    {"time_zone": "UTC", "earns_from": "2026-01-01T00:00:00Z"},
    many("rules", 500, kind="per_order", points=1),
    many("campaigns", 200),
    many("rewards", 200, kind="custom", points=1),
    {"tiers": [{"id": f"x{n}", "name": "X", "minimum": n} for n in range(20)]},
    many("segments", 200),
    many("plans", 20),
    *({"segments": [{"id": "a", "minimum_age": each}]} for each in (0, 150)),
    {"caps": [{"per": "day", "points": 0, "times": 0}] * 10},
    *(policies(hold_days=each, tier_grace_days=each) for each in (0, 3660)),
    *(policies(tier_period_days=each) for each in (1, 3660)),
    *(policies(expiry="lot", expiry_days=each) for each in (1, 3660)),
    *(policies(expiry="inactivity", expiry_months=each) for each in (1, 120)),
    {"exclusions": {"products": [str(n) for n in range(10_000)]}},
    *({"audience": {"percent": each, "holdout_percent": 100 - each}} for each in (0, 100)),
    {"audience": {"customers": [str(n) for n in range(10_000)]}},
    *(level(minimum=each, entry_points=points) for each, points in ((0, 0), (10**15, MOST))),
    *(plan(entry_points=0, fee_points=1, fee_seconds=each) for each in (3600, MOST)),
    *(plan(months=each, products=[str(n) for n in range(100)]) for each in (0, 120)),
    *(rule(priority=each) for each in (-1_000_000, 1_000_000)),
    *(rule(points=each) for each in (1, MOST)),
    *(rule("per_amount", per_minor=each) for each in (1, 10**12)),
    *(rule("cashback", point_value_minor=each, percent=percent) for each, percent in ((1, "0.1"), (MOST, "100"))),
    *(rule("multiplier", times=each) for each in ("0.1", "1000", "1.0000000000")),
    *(rule("milestone", steps=steps(each)) for each in (1, 100)),
    rule("milestone", steps=[{"orders": 4, "points": 1}, {"orders": 5, "points": 1}, {"orders": 1_000_000, "points": 1}]),
    *(rule("streak", length=each) for each in (2, 100)),
    *(rule("goal", amount_minor=each) for each in (1, 10**12)),
    *(rule("birthday", points=MOST, known_days=each) for each in (0, 366)),
    {**rule("birthday", points=0, rewards=["r"]), **reward()},
    *(rule("referral", **{name: MOST, other: 0}) for name, other in (("friend_points", "referrer_points"), ("referrer_points", "friend_points"))),
    scope(starts_at="2026-02-01T00:00:00Z", ends_at="2026-02-01T00:00:01Z"),
    scope(first_day="2026-02-01", last_day="2026-02-01", weekdays=[1, 7], products=["x"] * 1000),
    *(scope(draw_percent=each) for each in (0, 100)),
    *(scope(minimum_spend_minor=each, minimum_order_minor=each, minimum_items=each) for each in (0, 10**12)),
    *(campaign(rewards_total=each) for each in (None, 0)),
    *(reward(points=each, valid_days=days) for each, days in ((0, 1), (MOST, 3660))),
    *(reward(kind="percent_off", percent=each) for each in (1, 100)),
    *(reward(kind=kind, value_minor=1) for kind in ("amount_off", "gift_card", "store_credit", "points_slider")),
    *(reward(maximum_percent=each) for each in (1, 100)),
    *(
        reward(minimum_order_minor=each, minimum_points=each, limit_per_member=each, limit_total=each, stock=each)
        for each in (0, 10**12)
    ),
    rule(id="i" * 64),
    {**scope(tiers=["a"], plans=["p"]), **level(entry_rewards=["r"]), **plan(), **reward(tiers=["a"])},
    rule(exclusive=True),
    campaign(rules=[{"kind": "exclude", "id": "r"}]),
    campaign(rules=rule(exclusive=True, enabled=False)["rules"]),
    campaign(enabled=False, rules=rule(exclusive=True)["rules"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "place", "sentence"), BEYOND)
def test_what_lies_beyond_is_refused_with_place_and_sentence(change: dict[str, Any], place: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_program({**FRAME, **change})
    assert (refused.value.place, refused.value.message) == (place, sentence)


@pytest.mark.parametrize("change", AT)
def test_what_stands_at_the_bound_passes(change: dict[str, Any]) -> None:
    assert parse_program({**FRAME, **change}).name
