"""The walk: events in the order in which they happened, the clock's own among them, and the books they write.

At one instant: program, hold over, expiry, tier review, award, what gives, refund, what takes, what returns; then id.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any

from loyalty.engine.books import Books, OpenLot
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Redemption
from loyalty.engine.movement import KINDS, Lot, Movement, Nothing, Pending, Statement
from loyalty.engine.program import Version


class Rank(IntEnum):
    """Who goes first at one instant."""

    PROGRAM = 0
    HOLD = 1
    EXPIRY = 2
    REVIEW = 3
    AWARD = 4
    GIVES = 5
    REFUND = 6
    TAKES = 7
    RETURNS = 8


Handler = Callable[["Walk", datetime, Any], None]
Event = tuple[datetime, int, str, Handler, Any]


class Walk:
    """The state between two events. Handlers change it only through its methods and its books."""

    def __init__(self, versions: Sequence[Version], as_of: datetime) -> None:
        self.versions = sorted(versions, key=lambda version: (version.in_force_from, version.number))
        self.as_of = as_of
        self.version: Version | None = None
        self.books = Books()
        self.movements: list[Movement] = []
        self.nothing: list[Nothing] = []
        self.pending: dict[str, Pending] = {}
        self.totals = dict.fromkeys(KINDS, 0)
        self.awards: dict[str, Any] = {}
        self.takings: dict[str, Any] = {}
        self.redemptions: dict[str, Redemption] = {}
        self.spent_on: dict[str, list[Redemption]] = {}
        self.used: set[str] = set()
        self.imported_until: datetime | None = None
        self._clock: list[tuple[datetime, int, str, int, Handler, Any]] = []
        self._next_fact: datetime | None = None
        self._starts = [version.in_force_from for version in self.versions]

    def version_at(self, at: datetime) -> Version | None:
        """The version in force at an instant. Before the first there is none, unless the first says from when."""
        index = bisect_right(self._starts, at) - 1
        if index >= 0:
            return self.versions[index]
        first = self.versions[0] if self.versions else None
        earns_from = first.program.earns_from if first is not None else None
        return first if earns_from is not None and at >= earns_from else None

    @property
    def clamped(self) -> bool:
        return self.version is not None and self.version.program.policies.negative == "clamped"

    def at_clock(self, at: datetime, rank: Rank, name: str, handler: Handler, payload: Any) -> None:
        """Something that time alone will do."""
        heappush(self._clock, (at, rank, name, len(self._clock), handler, payload))

    def run(self, events: list[Event]) -> None:
        """All events up to `as_of`, merged with the clock's."""
        events.sort(key=itemgetter(0, 1, 2))
        for at, rank, name, handler, payload in events:
            if at > self.as_of:
                self._next_fact = at
                break
            self._tick((at, rank, name))
            handler(self, at, payload)
        self._tick(None)

    def _tick(self, before: tuple[datetime, int, str] | None) -> None:
        """The clock's events that come before another, or all up to `as_of`."""
        clock = self._clock
        while clock and clock[0][0] <= self.as_of and (before is None or clock[0][:3] < before):
            at, _, _, _, handler, payload = heappop(clock)
            handler(self, at, payload)

    def move(
        self, kind: str, source: str, points: int, at: datetime, reason: Reason, *, part: str = "", order_id: str = ""
    ) -> None:
        """One movement into the books' record. The books themselves were changed by who calls this."""
        if not points:
            return
        self.totals[kind] += points
        self.movements.append(
            Movement(kind=kind, source=source, part=part, points=points, at=at, reason=reason, order_id=order_id)
        )

    def gave_nothing(self, source: str, at: datetime, reason: Reason) -> None:
        self.nothing.append(Nothing(source=source, at=at, reason=reason))

    def statement(self) -> Statement:
        books = self.books
        dates = [at for at in (self._next_fact, self._clock[0][0] if self._clock else None) if at is not None]
        reserved = sum(taking.taken for key, taking in self.takings.items() if key not in self.used)
        lots = sorted((lot for lot in books.lots.values() if lot.left), key=OpenLot.turn)
        return Statement(
            as_of=self.as_of,
            movements=tuple(self.movements),
            lots=tuple(
                Lot(
                    source=lot.source,
                    points=lot.points,
                    left=lot.left,
                    opened_at=lot.opened_at,
                    expires_at=lot.expires_at,
                )
                for lot in lots
            ),
            pending=tuple(self.pending.values()),
            nothing=tuple(self.nothing),
            available=books.available,
            pending_points=sum(pending.points for pending in self.pending.values()),
            reserved=reserved,
            debt=books.debt,
            forgiven=books.forgiven,
            totals=dict(self.totals),
            tier=None,
            next_due=min(dates, default=None),
        )
