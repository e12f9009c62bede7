"""The nine laws over random programs and histories."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from loyalty.engine.facts import Order
from tests.properties import laws
from tests.properties.story import told
from tests.properties.strategies import histories, instants, late_instants, long_histories, orders, programs, versions

ENGINE = laws.Engine()
seeds = st.integers(0, 2**16)


@given(versions(), histories(), seeds)
def test_1_convergence(program_versions, facts, seed):
    with told(program_versions, facts):
        laws.convergence(ENGINE, program_versions, facts, seed)


@given(versions(), histories(), instants())
def test_2_cache(program_versions, facts, mark):
    with told(program_versions, facts):
        laws.cache(ENGINE, program_versions, facts, mark)


@given(versions(), long_histories(), st.lists(late_instants(), min_size=1, max_size=4))
def test_2_cache_from_one_checkpoint_to_the_next(program_versions, facts, marks):
    with told(program_versions, facts):
        laws.chain(ENGINE, program_versions, facts, marks)


@given(versions(), histories())
def test_3_books(program_versions, facts):
    with told(program_versions, facts):
        laws.books(ENGINE, program_versions, facts)


@given(versions(), histories(), seeds)
def test_4_refunds(program_versions, facts, seed):
    with told(program_versions, facts):
        laws.refunds(ENGINE, program_versions, facts, seed)


@given(versions(), histories())
def test_5_fold_never_raises(program_versions, facts):
    laws.calm(ENGINE, program_versions, facts)


@given(versions(calendar=False), histories(), st.integers(-3000, 9000))
def test_6_any_shift_moves_only_times(program_versions, facts, hours):
    with told(program_versions, facts):
        laws.time(ENGINE, program_versions, facts, lambda at: at + timedelta(hours=hours))


@given(versions(), histories())
def test_6_twenty_eight_years_move_only_times(program_versions, facts):
    with told(program_versions, facts):
        laws.time(ENGINE, program_versions, facts, lambda at: at.replace(year=at.year + 28))


@given(versions(), histories(), histories())
def test_7_isolation(program_versions, facts, others):
    laws.isolation(ENGINE, program_versions, facts, others)


@given(versions(), histories(), st.lists(orders(77), max_size=1), instants())
def test_8_causality(program_versions, facts, late, at):
    with told(program_versions, facts):
        laws.causality(ENGINE, program_versions, facts, late, at)


@given(programs(), orders(1), seeds)
def test_9_lines(program, order, seed):
    assert isinstance(order, Order)
    laws.lines(ENGINE, program, order, seed)
