"""What makes the difference: every change has its share, and the shares are the whole."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loyalty.engine import split as split_module
from loyalty.engine.program import Program, Version
from loyalty.engine.simulate import Assumptions, Comparison, Known, as_draft, simulate
from loyalty.engine.split import Split, steps
from tests.engine.factories import START, day, document, order

UNTIL = day(100)
OFF = {"id": "off", "name": "Off", "kind": "amount_off", "points": 100, "value_minor": 100}
MEMBERS = [
    Known(id=str(number), facts=[order(f"{number}", day(number + 1), 10_000 * (number + 1))]) for number in range(6)
]


def under(*rules: dict[str, Any], **parts: Any) -> Program:
    """A point is worth a cent."""
    return document(*rules, base=False, rewards=[OFF], **parts)[0].program


def per_euro(points: int, key: str = "base", **more: Any) -> dict[str, Any]:
    return {"kind": "per_amount", "id": key, "points": points, "per_minor": 100, **more}


def asked(live: Program, draft: Program, members: int = len(MEMBERS)) -> tuple[Split, Comparison]:
    old = [Version(number=1, in_force_from=START, program=live)]
    new = as_draft(old, draft)
    found = simulate(MEMBERS, old, new, UNTIL, Assumptions(breakage_percent=0))
    split = Split(old, new, UNTIL, members)
    for number, member in enumerate(MEMBERS):
        split.add(number, member)
    return split, found


def test_each_change_has_the_share_that_it_adds() -> None:
    """2,100 euro of orders: 1 point a euro; then 2, then 100 for every order."""
    bonus = {"kind": "per_order", "id": "each", "points": 100}
    split, found = asked(under(per_euro(1)), under(per_euro(2), bonus))
    assert [step.changed for step in split.steps] == [(("rules", "base"),), (("rules", "each"),)]
    assert split.shares(found) == [0, 2_100, 600]
    assert (split.posted, split.given) == (2_100, [2_100, 4_200, 4_800])


def test_shares_of_a_cheaper_reward_are_in_money_though_no_point_moves() -> None:
    live = under(per_euro(1))
    draft = msgspec.structs.replace(live, rewards=(msgspec.structs.replace(live.rewards[0], value_minor=300),))
    split, found = asked(live, draft)
    assert split.shares(found) == [0, 4_200]
    assert split.given == [2_100, 2_100]


def test_what_earlier_versions_made_different_stands_first() -> None:
    first, second = under(per_euro(1)), under(per_euro(3))
    old = [
        Version(number=1, in_force_from=START, program=first),
        Version(number=2, in_force_from=day(4), program=second),
    ]
    found = simulate(MEMBERS, old, as_draft(old, second), UNTIL, Assumptions(breakage_percent=0))
    split = Split(old, as_draft(old, second), UNTIL, len(MEMBERS))
    for number, member in enumerate(MEMBERS):
        split.add(number, member)
    assert split.steps == []
    assert split.shares(found) == [found.draft.total.given - found.live.total.given] != [0]


def test_changes_that_only_make_sense_together_are_one_step() -> None:
    """A rule for a tier that goes: neither can go alone in the order of the page."""
    tiers = [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 1_000}]
    live = under(per_euro(1), per_euro(5, "more", scope={"tiers": ["high"]}), tiers=tiers)
    draft = under(per_euro(1))
    assert [step.changed for step in steps(live, draft)] == [
        (("rules", "more"),),
        (("tiers", "high"),),
        (("tiers", "low"),),
    ]
    taken_up = steps(draft, live)
    assert sorted(place for step in taken_up for place in step.changed) == [
        ("rules", "more"),
        ("tiers", "high"),
        ("tiers", "low"),
    ]
    for way, end in ((steps(live, draft), draft), (taken_up, live)):
        assert way[-1].program == end


def test_a_gift_and_what_gives_it_are_one_step_where_they_name_each_other() -> None:
    gift = {"id": "gift", "name": "Gift", "kind": "free_product", "products": ["1"], "points": 10, "tiers": ["high"]}
    tiers = [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 1_000, "entry_rewards": ["gift"]}]
    live = under(per_euro(1))
    draft = document(per_euro(1), base=False, rewards=[OFF, gift], tiers=tiers)[0].program
    found = steps(live, draft)
    assert found[-1].program == draft
    assert [step.changed for step in found] == [(("tiers", "low"),), (("tiers", "high"), ("rewards", "gift"))]


def test_order_is_a_change_of_its_own() -> None:
    one, other = per_euro(1), per_euro(2, "second")
    live, draft = under(one, other), under(other, one)
    assert [step.changed for step in steps(live, draft)] == [(("rules", ""),)]
    assert steps(live, draft)[-1].program == draft
    between = under(per_euro(3, "new"), one, other)
    assert [step.changed for step in steps(live, between)] == [(("rules", "new"),)]
    assert steps(live, between)[-1].program == between


def test_many_changes_share_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_module, "MOST_STEPS", 3)
    live = under(per_euro(1))
    draft = under(per_euro(1), *(per_euro(1, f"r{number}") for number in range(5)))
    found = steps(live, draft)
    assert [len(step.changed) for step in found] == [1, 1, 3]
    assert found[-1].program == draft
    split, comparison = asked(live, draft)
    assert sum(split.shares(comparison)) == 5 * 2_100


def test_a_large_shop_is_asked_by_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_module, "MOST_FOLDS", 6)
    split, found = asked(under(per_euro(1)), under(per_euro(2)))
    assert (split.every, split.members) == (2, 3)
    assert split.posted == 100 + 300 + 500
    assert split.shares(found) == [0, 900 * 6 // 3]


def test_nobody_asked_is_no_share() -> None:
    old = [Version(number=1, in_force_from=START, program=under(per_euro(1)))]
    split = Split(old, as_draft(old, under(per_euro(2))), UNTIL, 0)
    assert split.shares(simulate([], old, old, UNTIL)) == []


def test_a_split_goes_on_from_its_state() -> None:
    split, found = asked(under(per_euro(1)), under(per_euro(2)))
    old = [Version(number=1, in_force_from=START, program=under(per_euro(1)))]
    half = Split(old, as_draft(old, under(per_euro(2))), UNTIL, len(MEMBERS))
    for number, member in enumerate(MEMBERS[:3]):
        half.add(number, member)
    other = Split(old, as_draft(old, under(per_euro(2))), UNTIL, len(MEMBERS))
    other.restore(msgspec.json.decode(msgspec.json.encode(half.state())))
    for number, member in enumerate(MEMBERS[3:], 3):
        other.add(number, member)
    assert other.shares(found) == split.shares(found)
