"""The golden lives keep the laws: told late, told twice, or gone on with from a checkpoint, they stay the same."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from loyalty.engine.checkpoint import instants
from loyalty.engine.statement import checkpoint, fold
from tests.engine.golden.accounts import facts_of, versions_of
from tests.engine.golden.corpus import day
from tests.engine.golden.stories import STORIES
from tests.properties import laws

ENGINE = laws.Engine()
MARKS = [datetime.fromisoformat(day(number)) for number in (-5, 3, 5.5, 12, 31.5, 33.5, 52, 75, 95, 130, 400)]


@pytest.mark.parametrize("story", STORIES)
def test_a_life_goes_on_from_any_checkpoint(story: str) -> None:
    versions, facts = versions_of(story), facts_of(story)
    for mark in MARKS:
        laws.cache(ENGINE, versions, facts, mark)


@pytest.mark.parametrize("story", STORIES)
def test_a_checkpoint_made_from_another_says_the_same(story: str) -> None:
    versions, facts = versions_of(story), facts_of(story)
    for first, second in pairwise(MARKS):
        early = checkpoint(versions, facts, first)
        late = checkpoint(versions, [fact for fact in facts if max(instants(fact)) > first], second, early)
        rest = [fact for fact in facts if max(instants(fact)) > second]
        resumed = fold(versions, rest, MARKS[-1], late)
        assert laws.TOLD(resumed) == laws.TOLD(fold(versions, rest, MARKS[-1], checkpoint(versions, facts, second)))


@pytest.mark.parametrize("story", STORIES)
def test_a_life_is_the_same_in_any_order_and_adds_up(story: str) -> None:
    versions, facts = versions_of(story), facts_of(story)
    laws.convergence(ENGINE, versions, facts, seed=1)
    laws.books(ENGINE, versions, facts)
