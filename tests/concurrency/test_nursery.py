"""A worker that dies or hangs says so at once, whoever is waited for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.concurrency.nursery import ENDED, Nursery


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Nursery]:
    """Workers on a database of their own, without a table in it."""
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'regulars.sqlite3'}",
        "SECRET_KEY": "tests-only-secret-key-of-no-worth-anywhere-at-all-really",
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
    }
    with Nursery(environment) as bears:
        yield bears


def test_a_worker_that_fails_is_told_with_its_own_words_while_another_is_waited_for(away: Nursery) -> None:
    idle = away.start("rest", seconds=60)
    away.start("expect_no_second_try")
    with pytest.raises(AssertionError, match=r"expect_no_second_try ended with code 1(?s:.)*no such table"):
        away.wait(idle)


def test_a_worker_that_hangs_is_ended_and_says_where_it_stood(away: Nursery) -> None:
    with pytest.raises(AssertionError, match=r"rest ended with code -6(?s:.)*jobs.py"):
        away.wait(away.start("rest", seconds=60), seconds=0.2)


def test_racers_bring_back_what_they_found(away: Nursery) -> None:
    assert away.race("rest", [{"seconds": 0}, {"seconds": 0.01}]) == [0, 0.01]
    assert away.run("rest", seconds=0) == ENDED
