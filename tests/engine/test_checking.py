"""Documents that no merchant can mean are refused with the place and the remedy."""

import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.program import default_program, parse_program, to_data

BASE = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}


def week(name, **changes):
    rule = {"kind": "per_order", "id": f"{name}-rule", "points": 5, "exclusive": True}
    return {"id": name, "name": name, "starts_at": "2026-03-01T00:00:00Z", "rules": [rule], **changes}


REFUSED = {
    "Gold needs more than Silver": (
        {"tiers": [{"id": "s", "name": "Silver", "minimum": 5}, {"id": "g", "name": "Gold", "minimum": 5}]},
        "$.tiers[1].minimum",
    ),
    "both exclusive and can meet": (
        {"policies": {"stacking": "priority"}, "campaigns": [week("a"), week("b")]},
        "$.campaigns[1].rules[0].priority",
    ),
    "needs the policy stacking": ({"campaigns": [week("a")]}, "$.campaigns[0].rules[0]"),
    "Give between 1": ({"rules": [{**BASE, "points": 0}]}, "$.rules[0].points"),
    "amount above zero": ({"rules": [{**BASE, "per_minor": 10**15}]}, "$.rules[0].per_minor"),
    "end must come after": ({"campaigns": [week("a", ends_at="2026-02-01T00:00:00Z")]}, "$.campaigns[0].ends_at"),
    "last day must not": (
        {"rules": [{**BASE, "scope": {"first_day": "2026-02-02", "last_day": "2026-02-01"}}]},
        "$.rules[0].scope.last_day",
    ),
    "at most 500": ({"rules": [{**BASE, "id": str(n)} for n in range(10_000)]}, "$.rules"),
    "defined by each other": (
        {"segments": [{"id": "a", "any_of": ["b"]}, {"id": "b", "none_of": ["a"]}]},
        "$.segments[1]",
    ),
    "stands twice": ({"rules": [BASE, BASE]}, "$.rules[1].id"),
    "no tier 'gold'": ({"rules": [{**BASE, "scope": {"tiers": ["gold"]}}]}, "$.rules[0].scope.tiers"),
    "no reward 'gift'": ({"tiers": [{"id": "s", "name": "S", "entry_rewards": ["gift"]}]}, "$.tiers[0].entry_rewards"),
    "Weekdays are": ({"rules": [{**BASE, "scope": {"weekdays": [0]}}]}, "$.rules[0].scope.weekdays"),
    "plain decimal": ({"rules": [{"kind": "multiplier", "id": "m", "times": "1e9"}]}, "$.rules[0].times"),
    "at most at 1000": ({"rules": [{"kind": "multiplier", "id": "m", "times": "1001"}]}, "$.rules[0].times"),
    "after how many days": ({"policies": {"expiry": "lot"}}, "$.policies.expiry_days"),
    "never expire here": ({"policies": {"expiry_days": 3}}, "$.policies.expiry"),
    "how many percent": (
        {"rewards": [{"id": "r", "name": "R", "kind": "percent_off", "points": 1}]},
        "$.rewards[0].percent",
    ),
    "step of at least 1": (
        {"rewards": [{"id": "r", "name": "R", "kind": "points_slider", "points": 0, "value_minor": 1}]},
        "$.rewards[0].points",
    ),
    "at most 100 percent": ({"audience": {"percent": 60, "holdout_percent": 60}}, "$.audience.holdout_percent"),
    "unknown field `bonus`": ({"rules": [{**BASE, "bonus": 1}]}, "$.rules[0]"),
    "needs 3 orders or more": (
        {
            "rules": [
                {"kind": "milestone", "id": "m", "steps": [{"orders": 2, "points": 1}, {"orders": 2, "points": 1}]}
            ]
        },
        "$.rules[0].steps[1].orders",
    ),
    "A cap needs points": ({"caps": [{"per": "day"}]}, "$.caps[0]"),
    "A streak is": ({"rules": [{"kind": "streak", "id": "s", "length": 1, "points": 1}]}, "$.rules[0].length"),
}


@pytest.mark.parametrize("remedy", REFUSED)
def test_a_contradiction_is_refused_with_place_and_remedy(remedy):
    change, place = REFUSED[remedy]
    with pytest.raises(Invalid, match=remedy) as invalid:
        parse_program(to_data(default_program("EUR", 2, "UTC", "Points")) | change)
    assert invalid.value.place == place


def test_exclusive_campaigns_that_never_meet_or_have_an_order_are_fine():
    document = to_data(default_program("EUR", 2, "UTC", "Points")) | {"policies": {"stacking": "priority"}}
    apart = [week("a", ends_at="2026-04-01T00:00:00Z"), week("b", starts_at="2026-04-01T00:00:00Z")]
    weekdays = [week("a", weekdays=[1]), week("b", weekdays=[2, 3])]
    ranked = [week("a"), week("b")]
    ranked[1]["rules"][0] |= {"priority": 2}
    for campaigns in (apart, weekdays, ranked):
        assert parse_program(document | {"campaigns": campaigns}).campaigns
