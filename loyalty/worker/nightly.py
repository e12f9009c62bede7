"""What a night is for: the ledger compared with the fold, once for the whole installation."""

from __future__ import annotations

import time
import zlib
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings

from loyalty.models import Shop
from loyalty.services.auditing import begin_night, verify

log = structlog.get_logger("regulars.nightly")
PAUSE = 0.5
"""Rest after each part, as a share of what it took: whoever serves and works in one process goes on serving."""


def begins_at(day: datetime) -> datetime:
    """The instant of this UTC day at which the night's work begins: in the hour of VERIFY_HOUR, at a minute of the
    installation's own, so that those who share a machine do not all begin at once."""
    minute = zlib.crc32(settings.APP_URL.encode()) % 60
    return day.astimezone(UTC).replace(hour=settings.VERIFY_HOUR, minute=minute, second=0, microsecond=0)


def verify_ledger(*, now: datetime) -> int:
    """Runs where the night has begun and nobody has taken it on. Gives the faults found."""
    begun = begins_at(now)
    night = (begun if begun <= now else begun - timedelta(days=1)).date()
    run = begin_night(night=night, at=now)
    if run is None:
        return 0
    started = part_began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - started)

    for _ in verify(run=run, shops=list(Shop.objects.order_by("pk")), clock=clock):
        time.sleep(PAUSE * (time.monotonic() - part_began))
        part_began = time.monotonic()
    log.log(40 if run.faults else 20, "verify.finished", members=run.members, rows=run.rows, faults=run.faults)
    return run.faults
