"""What an order would earn is what the fold of that very order says."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from loyalty.engine.facts import Line, Order
from loyalty.engine.program import Version
from loyalty.engine.statement import Statement, checkpoint, fold
from loyalty.engine.supposing import points_for_anybody, points_of
from tests.properties.strategies import histories, instants, programs, versions

goods = st.builds(
    Line,
    id=st.just("1"),
    quantity=st.integers(1, 3),
    unit_price_minor=st.integers(0, 20_000),
    product_id=st.sampled_from(["a", "b", ""]),
    collection_ids=st.sampled_from([(), ("a",), ("a", "b")]),
    gift_card=st.booleans(),
)


def supposed(at, line, number="next"):
    return Order(
        id=number,
        placed_at=at,
        paid_at=at,
        fulfilled_at=at,
        updated_at=at,
        currency="EUR",
        exponent=2,
        lines=(line,),
        customer_id="c",
    )


def earned(statement: Statement, order_id: str) -> int:
    source = f"order:{order_id}"
    opened = [each.points for each in statement.movements if each.source == source and each.kind == "earned"]
    return sum(opened) + sum(each.points for each in statement.pending if each.source == source)


@given(versions(), histories(), instants(), goods)
def test_it_is_the_fold_of_that_order(program_versions, facts, at, line):
    order = supposed(at, line)
    said = points_of(program_versions, facts, order, at)
    assert said == earned(fold(program_versions, [*facts, order], at), "next")


@given(versions(), histories(), instants(), instants(), goods)
def test_from_a_checkpoint_it_is_the_same(program_versions, facts, mark, at, line):
    mark, at = min(mark, at), max(mark, at)
    order = supposed(at.replace(minute=7), line)
    start = checkpoint(program_versions, facts, mark)
    said = points_of(program_versions, facts, order, order.placed_at, start)
    assert said == points_of(program_versions, facts, order, order.placed_at)


@given(programs(), instants(), goods)
def test_anybody_gets_no_more_than_a_newcomer_in_the_same_place(program, at, line):
    """Held out or outside the pilot a newcomer gets nothing, and is not anybody then."""
    everyone = msgspec.structs.replace(program.audience, kind="everyone", percent=0, holdout_percent=0)
    policies = msgspec.structs.replace(program.policies, enrolment="automatic")
    program = msgspec.structs.replace(program, audience=everyone, policies=policies)
    only = [Version(number=1, in_force_from=at, program=program)]
    order = supposed(at, line)
    assert 0 <= points_for_anybody(only, order) <= points_of(only, [], order, at)
