"""Each law's own test goes red on a fold that breaks it, and the story it prints can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.properties import laws
from tests.properties.broken import BROKEN
from tests.properties.strategies import CHOICES, histories, instants, orders, programs, versions

seeds = st.integers(0, 2**16)


def a_while(at: Any) -> Any:
    return at + timedelta(days=10)


EXAMPLES: dict[str, tuple[st.SearchStrategy[Any], Callable[..., None]]] = {
    "convergence": (st.tuples(versions(), histories(), seeds), laws.convergence),
    "cache": (st.tuples(versions(), histories(), instants()), laws.cache),
    "books": (st.tuples(versions(), histories()), laws.books),
    "refunds": (st.tuples(versions(), histories(), seeds), laws.refunds),
    "calm": (st.tuples(versions(), histories()), laws.calm),
    "time": (st.tuples(versions(calendar=False), histories(), st.just(a_while)), laws.time),
    "isolation": (st.tuples(versions(), histories(), histories()), laws.isolation),
    "causality": (st.tuples(versions(), histories(), st.just([]), instants()), laws.causality),
    "lines": (st.tuples(programs(), orders(1), seeds), laws.lines),
}
"""What each law's test draws, as in `test_laws.py`."""


@pytest.mark.parametrize("law", BROKEN)
def test_a_fold_that_breaks_a_law_is_caught(law):
    examples, check = EXAMPLES[law]

    @settings(max_examples=300, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
    @given(examples)
    def run(drawn: Any) -> None:
        check(BROKEN[law], *drawn)

    with pytest.raises((AssertionError, ValueError)):
        run()


def test_every_value_of_every_policy_is_drawn_in_at_least_one_percent_of_the_examples():
    seen: Counter[tuple[str, object]] = Counter()
    total = 0

    @settings(max_examples=300, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
    @given(programs())
    def draw(program: Any) -> None:
        nonlocal total
        total += 1
        seen.update((name, getattr(program.policies, name)) for name in CHOICES)
        flags = [name for name in program.policies.__struct_fields__ if name.startswith("count_")]
        seen.update((name, getattr(program.policies, name)) for name in flags)

    draw()
    wanted = [(name, value) for name, values in CHOICES.items() for value in values]
    wanted += [(name, value) for name, value in seen if name.startswith("count_")]
    rare = [each for each in wanted if 100 * seen[each] < total]
    assert not rare
