"""A brake on reading, per process and roughly: it keeps a runaway page from costing more than it should.

What guards points and codes is counted exactly, in the database (loyalty/services/limits.py); a read is not worth a write.
"""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from loyalty.engine.errors import TooMany

READS_A_MINUTE = 240
CROWD_READS_A_MINUTE = 20 * READS_A_MINUTE
"""Of an address that many shoppers may stand behind."""
_KEYS = 50_000

_lock = Lock()
_minute = 0
_counts: dict[str, int] = {}


def count_read(key: str, *, at: datetime) -> None:
    """Raises TooMany from read READS_A_MINUTE + 1 of a minute on."""
    _count(key, READS_A_MINUTE, at)


def count_in_crowd(key: str, *, at: datetime) -> None:
    """Raises TooMany from read CROWD_READS_A_MINUTE + 1 of a minute on."""
    _count(key, CROWD_READS_A_MINUTE, at)


def _count(key: str, most: int, at: datetime) -> None:
    global _minute
    minute = int(at.timestamp()) // 60
    with _lock:
        if minute != _minute or len(_counts) > _KEYS:
            _minute = minute
            _counts.clear()
        _counts[key] = _counts.get(key, 0) + 1
        count = _counts[key]
    if count > most:
        raise TooMany("Too many requests. Try again in a minute.", retry_after_seconds=60 - int(at.timestamp()) % 60)
