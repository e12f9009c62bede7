"""The program's calendar: days, weeks and months are the shop's; a day in a duration is 24 hours."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["order", "event", "day", "week", "month", "year", "lifetime"]


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """Raises ZoneInfoNotFoundError; documents are checked before they get here."""
    return ZoneInfo(name)


def bucket(at: datetime, period: Period, zone: ZoneInfo) -> str:
    """The name of the day, week, month or year in which `at` lies: "2026-11-21", "2026-W47", "2026-11", "2026"."""
    if period in ("order", "event", "lifetime"):
        return ""
    local = at.astimezone(zone)
    if period == "day":
        return f"{local:%Y-%m-%d}"
    if period == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02}"
    return f"{local:%Y-%m}" if period == "month" else f"{local:%Y}"


def said(at: datetime, zone: ZoneInfo | None) -> str:
    """An instant for an explanation: in the shop's own time, so that the day shown is the shop's."""
    return at.astimezone(zone or UTC).isoformat()


def follows(name: str, after: str, period: Period) -> bool:
    """Is the week, month or year `name` the one right after `after`? Not if `after` names another kind of period: a
    new version of a program may count in months what the old one counted in weeks."""
    return len(after) == len(name) and next_bucket(after, period) == name


def next_bucket(name: str, period: Period) -> str:
    if period == "day":
        return (date.fromisoformat(name) + timedelta(days=1)).isoformat()
    if period == "week":
        year, week = name.split("-W")
        following = date.fromisocalendar(int(year), int(week), 1) + timedelta(days=7)
        iso = following.isocalendar()
        return f"{iso.year}-W{iso.week:02}"
    if period == "month":
        first = date.fromisoformat(f"{name}-01")
        return f"{first.year + first.month // 12}-{first.month % 12 + 1:02}"
    return str(int(name) + 1)


def end_of(at: datetime, period: Period, zone: ZoneInfo) -> datetime | None:
    """When the day, week, month or year in which `at` lies is over; None for what has no end in the calendar."""
    today = at.astimezone(zone).date()
    if period == "day":
        return midnight(today + timedelta(days=1), zone)
    if period == "week":
        return midnight(today + timedelta(days=8 - today.isoweekday()), zone)
    if period == "month":
        return start_of_next_month(at, zone)
    return start_of_year(today.year + 1, zone) if period == "year" else None


def add_months(at: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time `months` later, on the month's last day where it has no such day."""
    local = at.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def start_of_year(year: int, zone: ZoneInfo) -> datetime:
    return datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)


def start_of_month(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def start_of_next_month(at: datetime, zone: ZoneInfo) -> datetime:
    return add_months(start_of_month(at, zone), 1, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def on_day(year: int, month: int, day: int, zone: ZoneInfo) -> datetime:
    """Midnight of a yearly day; the last day of the month where the year has no such day (29 February)."""
    return midnight(date(year, month, min(day, monthrange(year, month)[1])), zone)
