"""When to try again, and when to stop and ask a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from loyalty.engine.errors import LoyaltyError
from loyalty.platforms.base import NotYet
from loyalty.services.orders import TryAgain
from loyalty.services.posting import FoldedByNewer

MAX_ATTEMPTS = 12
"""With the delays below some nine hours: longer than a night's outage is a person's matter."""
LEASE_SECONDS = 120
"""How long a claimed row is left to its worker; longer than one batch's platform calls may take."""
CODE_SECONDS = 15
"""For all that is asked of a platform while one code is made or taken away, waits and second questions included."""
CODE_LEASE_SECONDS = 25
"""The same for a code: whoever is at one is through by then. What a dead worker left is begun anew after it, and over
within a minute of the death."""
RELEASE = timedelta(minutes=1)
"""How long a row waits for a worker of the newer release; this is asked as often as it takes."""
PATIENCE = timedelta(days=1)
"""How long a row waits for a platform that rests without an attempt being counted: a reservation must end some day."""


class Verdict(NamedTuple):
    """When a row is tried again, None where it is enough; and how many attempts count."""

    due: datetime | None
    attempts: int


def judge(error: Exception, *, attempts: int, now: datetime) -> Verdict:
    """What becomes of a row whose attempt number `attempts` ended with `error`."""
    if isinstance(error, FoldedByNewer):
        return Verdict(now + RELEASE, attempts - 1)
    if isinstance(error, NotYet):
        return Verdict(now + timedelta(seconds=error.retry_after_seconds), attempts - 1)
    if isinstance(error, TryAgain):
        return Verdict(now, attempts)
    if isinstance(error, LoyaltyError) and not error.retryable:
        return Verdict(None, attempts)
    wait = getattr(error, "retry_after_seconds", 0)
    return Verdict(next_try(attempts=attempts, now=now, retry_after_seconds=wait), attempts)


def next_try(*, attempts: int, now: datetime, retry_after_seconds: int = 0) -> datetime | None:
    """Doubling from 2 seconds to an hour, at least what the other side asked for; None where it is enough."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + timedelta(seconds=max(min(2**attempts, 3600), min(retry_after_seconds, 3600)))
