"""What a store may do with a checkpoint: go on from it, and keep it while no event at or before its mark changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty.engine.checkpoint import instants
from loyalty.engine.differences import first_difference
from loyalty.engine.facts import Fact, Order, Redemption
from loyalty.engine.statement import Statement, checkpoint, fold
from tests.properties.story import told
from tests.properties.strategies import BASE, END, histories, refunds, versions
from tests.properties.strategies import instants as some_instants


def assert_same(resumed: Statement, whole: Statement) -> None:
    mark = resumed.since
    assert mark is not None
    assert resumed.movements == tuple(each for each in whole.movements if each.at > mark)
    for name in ("available", "totals", "tier", "next_due", "debt", "reserved", "spent", "pending_points", "forgiven"):
        assert getattr(resumed, name) == getattr(whole, name), name
    assert sorted(map(repr, resumed.lots)) == sorted(map(repr, whole.lots))


def after(facts: list[Fact], mark: datetime) -> list[Fact]:
    return [fact for fact in facts if max(instants(fact)) > mark]


@given(versions(), histories(), some_instants(), some_instants())
def test_a_checkpoint_may_be_made_from_an_earlier_one(
    program_versions: Any, facts: list[Fact], one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    with told(program_versions, facts):
        early = checkpoint(program_versions, facts, first)
        late = checkpoint(program_versions, after(facts, first), second, early)
        whole = fold(program_versions, facts, END)
        assert_same(fold(program_versions, after(facts, second), END, late), whole)


@st.composite
def two_looks(draw: st.DrawFn, facts: list[Fact]) -> tuple[Fact, Fact]:
    """One of the facts, and another look at it."""
    before = draw(st.sampled_from(facts))
    later = draw(st.none() | some_instants())
    changes: dict[str, Any] = {}
    if isinstance(before, Order):
        names = draw(st.lists(st.sampled_from(["paid_at", "fulfilled_at", "cancelled_at", "refunds"]), max_size=2))
        changes = {name: later for name in names if name != "refunds"}
        if "refunds" in names:
            changes["refunds"] = (*before.refunds, draw(refunds("more", before.lines)))
        if draw(st.integers(0, 9)) == 0:
            changes["shipping_minor"] = before.shipping_minor + 5
    elif isinstance(before, Redemption) and later is not None and later > before.at:
        changes = {"used_at": None, "given_back_at": later, "given_back_why": "expired"}
    return before, msgspec.structs.replace(before, **changes)


@given(versions(), histories(), st.data())
def test_a_checkpoint_with_a_mark_before_the_first_difference_stays_right(
    program_versions: Any, facts: list[Fact], data: st.DataObject
) -> None:
    before, later = data.draw(two_looks(facts))
    moments = {version.program.policies.moment for version in program_versions}
    since = first_difference(before, later, moments)
    now = [later if fact is before else fact for fact in facts]
    mark = data.draw(some_instants()) if since is None else since - timedelta(seconds=1)
    assume(mark >= BASE)
    with told(program_versions, now):
        raw = checkpoint(program_versions, facts, mark)
        assert_same(fold(program_versions, after(now, mark), END, raw), fold(program_versions, now, END))


@given(histories(), st.data())
def test_what_did_not_change_has_no_first_difference(facts: list[Fact], data: st.DataObject) -> None:
    fact = data.draw(st.sampled_from(facts))
    assert first_difference(fact, fact, ("paid",)) is None
    assert first_difference(None, fact, ("paid",)) == first_difference(fact, None, ("paid",)) == min(instants(fact))
