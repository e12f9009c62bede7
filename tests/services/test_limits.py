"""The exact counter behind everything that guards points or codes."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.engine.errors import TooMany
from loyalty.models import RateCounter
from loyalty.services import limits

NOON = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_what_is_within_the_limit_is_counted_and_what_is_over_it_is_refused() -> None:
    counts = [limits.hit("codes/1", limit=3, window_seconds=60, at=NOON) for _ in range(3)]
    assert counts == [1, 2, 3]
    with pytest.raises(TooMany) as refused:
        limits.hit("codes/1", limit=3, window_seconds=60, at=NOON)
    assert refused.value.retry_after_seconds == 55
    assert "55 seconds" in refused.value.message
    assert RateCounter.objects.get().hits == 3


def test_the_next_window_and_another_key_begin_at_one() -> None:
    limits.hit("codes/1", limit=1, window_seconds=60, at=NOON)
    assert limits.hit("codes/2", limit=1, window_seconds=60, at=NOON) == 1
    assert limits.hit("codes/1", limit=1, window_seconds=60, at=NOON + timedelta(seconds=55)) == 1


def test_one_key_with_two_windows_keeps_two_counts() -> None:
    hour = NOON.replace(minute=0, second=0)
    limits.hit("codes/1", limit=5, window_seconds=60, at=hour)
    assert limits.hit("codes/1", limit=5, window_seconds=3600, at=hour) == 1


def test_the_wait_is_said_in_the_unit_that_people_use() -> None:
    limits.hit("codes/1", limit=1, window_seconds=86_400, at=NOON)
    with pytest.raises(TooMany, match="12 hours"):
        limits.hit("codes/1", limit=1, window_seconds=86_400, at=NOON)
    limits.hit("codes/2", limit=1, window_seconds=3600, at=NOON)
    with pytest.raises(TooMany, match="60 minutes"):
        limits.hit("codes/2", limit=1, window_seconds=3600, at=NOON)


def test_old_windows_are_forgotten_and_young_ones_stay() -> None:
    limits.hit("codes/old", limit=1, window_seconds=60, at=NOON - timedelta(days=3))
    limits.hit("codes/young", limit=1, window_seconds=60, at=NOON)
    assert limits.forget(before=NOON) == 1
    assert RateCounter.objects.get().key == "codes/young/60"
