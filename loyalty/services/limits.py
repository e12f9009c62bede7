"""Rate limits that guard points and codes: exact, because the database counts and refuses in one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import F, Sum

from loyalty.engine.errors import TooMany
from loyalty.engine.phrases import Phrase
from loyalty.models import RateCounter

# RETURNING gives a row only where the counter was made or moved, so an empty answer is a refusal.
_COUNT = """
INSERT INTO {table} (key, window_start, hits) VALUES (%s, %s, 1)
ON CONFLICT (key, window_start) DO UPDATE SET hits = {table}.hits + 1 WHERE {table}.hits < %s
RETURNING hits
"""


def hit(key: str, *, limit: int, window_seconds: int, at: datetime) -> int:
    """Counts one event of `key` in the fixed window around `at`; gives how many there were. Raises TooMany from event
    `limit` + 1 on. Call it outside the transaction it guards: what rolls back was not counted. `key` holds at most
    180 characters and no personal data (see `shoppers.fingerprint`)."""
    epoch = int(at.timestamp())
    start = epoch - epoch % window_seconds
    table = connection.ops.quote_name(RateCounter._meta.db_table)
    window_start = connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(start, tz=UTC))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(table=table), [f"{key}/{window_seconds}", window_start, limit])
        row = cursor.fetchone()
    if row is None:
        wait_seconds = start + window_seconds - epoch
        raise TooMany(
            "Too many tries. Try again in {wait}.",
            retry_after_seconds=wait_seconds,
            params={"wait": _wait(wait_seconds)},
        )
    return int(row[0])


def counted(key: str, *, window_seconds: int, since: datetime) -> int:
    """How many events of `key` fell into windows that reach beyond `since`; those before it in the first of them too."""
    begun = since - timedelta(seconds=window_seconds)
    rows = RateCounter.objects.filter(key=f"{key}/{window_seconds}", window_start__gt=begun)
    return int(rows.aggregate(hits=Sum("hits"))["hits"] or 0)


def give_back(key: str, *, window_seconds: int, at: datetime) -> None:
    """Takes back one event that `hit` counted and that turned out to be none."""
    epoch = int(at.timestamp())
    start = datetime.fromtimestamp(epoch - epoch % window_seconds, tz=UTC)
    counted = RateCounter.objects.filter(key=f"{key}/{window_seconds}", window_start=start, hits__gt=0)
    counted.update(hits=F("hits") - 1)


def forget(*, before: datetime) -> int:
    """Deletes counters of windows that began before `before`; gives how many. For the schedule; a day is kept."""
    deleted, _ = RateCounter.objects.filter(window_start__lt=before - timedelta(days=1)).delete()
    return deleted


def _wait(seconds: int) -> Phrase:
    if seconds == 1:
        return Phrase("1 second")
    if seconds < 90:
        return Phrase("{count} seconds", {"count": seconds})
    minutes = -(-seconds // 60)
    if minutes < 90:
        return Phrase("{count} minutes", {"count": minutes})
    return Phrase("{count} hours", {"count": -(-minutes // 60)})
