"""When to try again, and when to stop and ask a person."""

from __future__ import annotations

from datetime import datetime, timedelta

MAX_ATTEMPTS = 12
"""With the delays below some nine hours: longer than a night's outage is a person's matter."""
LEASE_SECONDS = 120
"""How long a claimed row is left to its worker; longer than one batch's platform calls may take."""


PATIENCE = timedelta(days=1)
"""How long a row waits for a platform that rests without an attempt being counted: a reservation must end some day."""


def next_try(*, attempts: int, now: datetime, retry_after_seconds: int = 0) -> datetime | None:
    """Doubling from 2 seconds to an hour, at least what the other side asked for; None where it is enough."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + timedelta(seconds=max(min(2**attempts, 3600), min(retry_after_seconds, 3600)))
