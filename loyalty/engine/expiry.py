"""When points expire: lot by lot, or the whole balance by inactivity. The boundary is `expires_at` <= now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from loyalty.engine.calendar import add_months


class Dated(Protocol):
    """Anything with points left and a date."""

    @property
    def left(self) -> int: ...

    @property
    def expires_at(self) -> datetime | None: ...


def after(start: datetime, days: int, months: int, zone: ZoneInfo) -> datetime:
    """`days` of 24 hours, or `months` of the program's calendar, later: to the second."""
    return start + timedelta(days=days) if days else add_months(start, months, zone)


def inactive_at(
    last_activity: datetime | None, enabled_at: datetime, days: int, months: int, zone: ZoneInfo
) -> datetime:
    """When the whole balance expires unless something happens before. Switching the rule on starts the period: nobody
    loses points for being inactive before it was there."""
    since = enabled_at if last_activity is None else max(last_activity, enabled_at)
    return after(since, days, months, zone)


def expiring_by(lots: Iterable[Dated], moment: datetime) -> int:
    """Points that will have expired at `moment` if none of them is spent before."""
    return sum(lot.left for lot in lots if lot.expires_at is not None and lot.expires_at <= moment)
