"""Tiers: what is measured, which level it reaches, and when a level is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.calendar import bucket, start_of_next_month, start_of_year
from loyalty.engine.errors import Invalid

PeriodKind = Literal["rolling", "calendar_year", "calendar_month", "lifetime"]
Measure = Literal["spend", "points", "orders"]


class Level(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`minimum` is minor units, points or orders, as the program measures; reaching it exactly is enough. `perks` are
    words for what people do; `entry_points` and `entry_rewards` are given once in a lifetime. Nobody reaches a level
    `by_invitation` by what is measured: it is granted, and its minimum only says which levels it stands above."""

    id: str
    name: str
    minimum: int = 0
    perks: tuple[str, ...] = ()
    entry_points: int = 0
    entry_rewards: tuple[str, ...] = ()
    by_invitation: bool = False


class Review(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one look at a member: the level held from now on, the level the measure alone reaches, what
    happened, since when the measure is below the held level, and until when it is kept nevertheless."""

    tier: str
    qualified: str
    transition: Literal["", "upgrade", "downgrade", "grace", "manual"]
    below_since: datetime | None = None
    grace_until: datetime | None = None


def qualified(levels: Sequence[Level], measure: int) -> str:
    """The highest level whose minimum is reached; none if there is none."""
    found, height = "", -1
    for level in levels:
        if height < level.minimum <= measure and not level.by_invitation:
            found, height = level.id, level.minimum
    return found


def review(
    levels: Sequence[Level],
    current: str,
    measure: int,
    *,
    at: datetime,
    below_since: datetime | None = None,
    grace_days: int = 0,
    granted: str = "",
    kept_until: datetime | None = None,
) -> Review:
    """Up at once; down when the grace is over and the kept time has passed; a granted level is a floor."""
    heights = {level.id: level.minimum for level in levels}
    reached = qualified(levels, measure)
    target = reached
    if granted in heights and heights[granted] > heights.get(reached, -1):
        target = granted
    if heights.get(target, -1) > heights.get(current, -1):
        return Review(target, reached, "upgrade" if target == reached else "manual")
    if target == current:
        return Review(current, reached, "" if target == reached else "manual")
    since = below_since or at
    grace_until = since + timedelta(days=grace_days)
    if kept_until is not None:
        grace_until = max(grace_until, kept_until)
    if at < grace_until:
        return Review(current, reached, "grace", since, grace_until)
    return Review(target, reached, "downgrade")


class Entry:
    """What one order (or gift of points) adds to the measures; refunds lower it where it stands."""

    __slots__ = ("at", "index", "orders", "points", "spend")

    def __init__(self, at: datetime, spend: int, points: int, orders: int) -> None:
        self.at = at
        self.spend = spend
        self.points = points
        self.orders = orders
        self.index = -1
        """Its place in the meter."""


class Meter:
    """Sums of entries over a period that ends now. Times only move forward, so each entry enters and leaves once."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._first = 0
        self._sums = {"spend": 0, "points": 0, "orders": 0}
        self._rule: tuple[PeriodKind, int, str] = ("lifetime", 0, "UTC")

    @property
    def past(self) -> int:
        """How many entries, the oldest, no longer count; the rule may bring them back."""
        return self._first

    def begin(self, spend: int, points: int, orders: int) -> None:
        """Sums of entries that are not here and count for ever."""
        self._sums = {"spend": spend, "points": points, "orders": orders}

    def sums(self) -> tuple[int, int, int]:
        return (self._sums["spend"], self._sums["points"], self._sums["orders"])

    def add(self, entry: Entry) -> None:
        entry.index = len(self.entries)
        self.entries.append(entry)
        self._count(entry, 1)

    def lower(self, entry: Entry, spend: int, points: int, orders: int) -> None:
        """The entry stands at these values from now on."""
        inside = entry.index >= self._first
        if inside:
            self._count(entry, -1)
        entry.spend, entry.points, entry.orders = spend, points, orders
        if inside:
            self._count(entry, 1)

    def value(self, measure: Measure, kind: PeriodKind, days: int, at: datetime, zone: ZoneInfo) -> int:
        """The measure over (at - days, at], over the calendar year or month of `at`, or over everything."""
        if (kind, days, zone.key) != self._rule:
            self._rule = (kind, days, zone.key)
            self._rewind()
        while self._first < len(self.entries) and not self._counts(self.entries[self._first], at, zone):
            self._count(self.entries[self._first], -1)
            self._first += 1
        return self._sums[measure]

    def next_change(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the clock alone will change the sums; None if it will not."""
        if self._first >= len(self.entries):
            return None
        kind, days, _ = self._rule
        if kind == "rolling":
            return self.entries[self._first].at + timedelta(days=days)
        if kind == "calendar_year":
            return start_of_year(at.astimezone(zone).year + 1, zone)
        return start_of_next_month(at, zone) if kind == "calendar_month" else None

    def _counts(self, entry: Entry, at: datetime, zone: ZoneInfo) -> bool:
        kind, days, _ = self._rule
        if kind == "rolling":
            return entry.at > at - timedelta(days=days)
        if kind == "lifetime":
            return True
        period: Literal["year", "month"] = "year" if kind == "calendar_year" else "month"
        return bucket(entry.at, period, zone) >= bucket(at, period, zone)

    def _count(self, entry: Entry, sign: int) -> None:
        self._sums["spend"] += sign * entry.spend
        self._sums["points"] += sign * entry.points
        self._sums["orders"] += sign * entry.orders

    def _rewind(self) -> None:
        for entry in self.entries[: self._first]:
            self._count(entry, 1)
        self._first = 0


def check_levels(levels: Sequence[Level], place: str) -> None:
    """Raises Invalid for levels out of order, twice the same, or with absurd minimums."""
    for index, level in enumerate(levels):
        where, named = f"{place}[{index}]", {"tier": level.name}
        if not 0 <= level.minimum <= 10**15:
            raise Invalid("{tier} needs a minimum of zero or more.", place=f"{where}.minimum", params=named)
        if not 0 <= level.entry_points <= 10**9:
            raise Invalid("{tier} gives zero points or more on entry.", place=f"{where}.entry_points", params=named)
        before = levels[index - 1] if index else None
        if before is not None and level.minimum <= before.minimum:
            raise Invalid(
                "{tier} needs more than {before} ({minimum:,}); raise its minimum or reorder them.",
                place=f"{where}.minimum",
                params={"tier": level.name, "before": before.name, "minimum": before.minimum},
            )
