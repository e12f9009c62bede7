"""The golden lives keep the laws: told late, told twice, or gone on with from a checkpoint, they stay the same."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

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
        for stop in (datetime.fromisoformat(day(number)) for number in STORIES[story][2]):
            if mark <= stop:
                laws.cache(ENGINE, versions, facts, mark, stop)


@pytest.mark.parametrize("story", STORIES)
def test_a_checkpoint_made_from_another_says_the_same(story: str) -> None:
    versions, facts = versions_of(story), facts_of(story)
    for pair in pairwise(MARKS):
        laws.chain(ENGINE, versions, facts, pair)


@pytest.mark.parametrize("story", STORIES)
def test_a_life_is_the_same_in_any_order_and_adds_up(story: str) -> None:
    versions, facts = versions_of(story), facts_of(story)
    laws.convergence(ENGINE, versions, facts, seed=1)
    laws.books(ENGINE, versions, facts)
