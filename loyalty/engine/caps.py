"""Caps: how much a rule, or the whole program, gives per event, order, day, week, month, year or in all.

They count what was awarded; a refund frees no room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.calendar import Period, bucket
from loyalty.engine.errors import Invalid


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most `points`, at most so many `times`, in each `per`."""

    per: Period
    points: int | None = None
    times: int | None = None

    def check(self, place: str) -> None:
        if self.points is None and self.times is None:
            raise Invalid("A cap needs points, times or both.", place=place)
        if min(self.points or 0, self.times or 0) < 0:
            raise Invalid("A cap is zero or more.", place=place)


ALL_RULES = ""
"""The name under which the program's own caps are counted."""

Used = dict[tuple[str, str], tuple[str, int, int]]
"""By rule and period: the day, week, ... last used, and the points and times used in it."""


def room_in(cap: Cap, points_used: int, times_used: int) -> int | None:
    """Points that still fit under this cap; None if it does not limit points."""
    if cap.times is not None and times_used >= cap.times:
        return 0
    return None if cap.points is None else max(0, cap.points - points_used)


def room(caps: Sequence[Cap], used: Used, rule_id: str, at: datetime, zone: ZoneInfo) -> int | None:
    """Points that still fit under all caps at this instant; None if nothing limits them."""
    rooms = []
    for cap in caps:
        name, points, times = used.get((rule_id, cap.per), ("", 0, 0))
        if cap.per in ("order", "event") or name != bucket(at, cap.per, zone):
            points = times = 0
        rooms.append(room_in(cap, points, times))
    return min((each for each in rooms if each is not None), default=None)


def use(caps: Sequence[Cap], used: Used, rule_id: str, points: int, at: datetime, zone: ZoneInfo) -> None:
    """Writes down what was awarded."""
    for cap in caps:
        if cap.per in ("order", "event"):
            continue
        name = bucket(at, cap.per, zone)
        before = used.get((rule_id, cap.per), ("", 0, 0))
        _, had_points, had_times = before if before[0] == name else (name, 0, 0)
        used[rule_id, cap.per] = (name, had_points + points, had_times + 1)
