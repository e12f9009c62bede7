"""The walk: events in the order in which they happened, the clock's own among them, and the books they write.

At one instant: program, hold over, expiry, tier review, award, what gives, refund, what takes, what returns; then id.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import IntEnum
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.engine.activities import HeldPlan
from loyalty.engine.books import Books
from loyalty.engine.caps import Used
from loyalty.engine.document import Prepared, Version
from loyalty.engine.explain import Reason, Why
from loyalty.engine.facts import Import, Redemption
from loyalty.engine.frozen import Shelf
from loyalty.engine.milestones import Memory
from loyalty.engine.movement import KINDS, Gift, Held, Movement
from loyalty.engine.segments import Tally, inside
from loyalty.engine.standing import Standing


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


Mark = tuple[datetime, int, str]
Handler = Callable[["Walk", datetime, Any], None]
Event = tuple[datetime, int, str, Handler, Any]
Alive = Callable[[Any], bool]


def _always(payload: Any) -> bool:
    return True


def born(told: str) -> tuple[int, int, int] | None:
    """Year, month and day of "1990-05-17" or, where nobody said the year, "--05-17" (then 0); None for what is no
    day."""
    try:
        day = date.fromisoformat(f"2000{told[1:]}" if told.startswith("--") else told)
    except ValueError:
        return None
    return (0 if told.startswith("--") else day.year, day.month, day.day)


class Presence:
    """What the member said of taking part (None while they said nothing), the platform's number of them, their last
    order, and by rule the order that the absence began with from which they were won back."""

    __slots__ = ("customer_id", "enrolled", "order_id", "ordered_at", "won_back")

    def __init__(self) -> None:
        self.enrolled: bool | None = None
        self.customer_id = ""
        self.ordered_at: datetime | None = None
        self.order_id = ""
        self.won_back: dict[str, str] = {}


class Birthday:
    """The day as it was told, since when it is known, and the year in which it was last celebrated."""

    __slots__ = ("day", "due", "known_at", "year")

    def __init__(self, day: str = "", known_at: datetime | None = None, year: int = 0) -> None:
        self.day = day
        self.known_at = known_at
        self.year = year
        self.due: datetime | None = None

    def age(self, at: datetime, zone: ZoneInfo) -> int | None:
        """In whole years, where day and year are known. Who was born on 29 February is a year older on 1 March in
        others."""
        told = born(self.day)
        if told is None or not told[0]:
            return None
        today = at.astimezone(zone).date()
        return today.year - told[0] - ((today.month, today.day) < told[1:])


class Walk:
    """The state between two events. Handlers change it only through its methods and the objects it holds."""

    def __init__(self, versions: Sequence[Version], as_of: datetime) -> None:
        ordered = sorted(versions, key=lambda version: (version.in_force_from, version.number))
        self.prepared = [prepared(version) for version in ordered]
        self._starts = [version.in_force_from for version in ordered]
        self.as_of = as_of
        self.now: Prepared | None = None
        """The version that the member lives under."""
        self.books = Books()
        self.standing = Standing()
        self.movements: list[Movement] = []
        self.nothing: list[tuple[str, datetime, Why]] = []
        """What gave no points: what it was, when, and why."""
        self.gifts: dict[str, Gift] = {}
        self.pending: dict[str, Held] = {}
        self.totals = dict.fromkeys(KINDS, 0)
        self.orders: dict[str, Any] = {}
        self.redemptions: dict[str, Any] = {}
        self.joined = False
        self.used_early: set[str] = set()
        """Redemptions whose code an order used before the redemption itself was dated."""
        self.issued: set[str] = set()
        self.used_caps: Used = {}
        self.memory: Memory = {}
        self.ordinal = 0
        self.given_segments: set[str] = set()
        """As facts say; `segments` adds those that the program defines."""
        self.segments: set[str] = set()
        self.tallies = {rule: Tally(rule) for rules in self.prepared for rule in rules.segments}
        self.spent_on: dict[str, list[Redemption]] = {}
        self.bought: list[tuple[int, str]] = []
        """Amount and channel of every order, for segments that a later version may define."""
        self.plans: dict[str, HeldPlan] = {}
        self.held_imports: dict[str, tuple[Import, int, str]] = {}
        """Imported lots on hold, by their lot: the import, the position, the order that earned it."""
        self.birthday = Birthday()
        self.presence = Presence()
        self.active_at: datetime | None = None
        self.expiry_since: datetime | None = None
        self.lapsed = 0
        """Lots up to this serial number expired together when the member was inactive."""
        self.imported_until: datetime | None = None
        self.shelf = Shelf()
        """What a checkpoint holds that this walk does not need."""
        self.mark: datetime | None = None
        """Up to here a checkpoint knows everything; events after it are handled."""
        self._clock: list[tuple[datetime, int, str, int, Handler, Any, Alive]] = []
        self._rung = 0
        self._next_fact: datetime | None = None

    def version_for(self, at: datetime) -> Prepared | None:
        """The version that judges an order placed then. Before the first there is none, unless it says from when."""
        index = bisect_right(self._starts, at) - 1
        if index >= 0:
            return self.prepared[index]
        first = self.prepared[0] if self.prepared else None
        earns_from = first.program.earns_from if first is not None else None
        return first if earns_from is not None and at >= earns_from else None

    @property
    def clamped(self) -> bool:
        return self.now is not None and self.now.policies.negative == "clamped"

    def at_clock(
        self, at: datetime, rank: Rank, name: str, handler: Handler, payload: Any, alive: Alive = _always
    ) -> None:
        """Something that time alone will do, if it is still `alive` then."""
        self._rung += 1
        heappush(self._clock, (at, rank, name, self._rung, handler, payload, alive))

    def run(self, events: list[Event]) -> None:
        """All events up to `as_of`, merged with the clock's. From a checkpoint: those after its mark."""
        events.sort(key=itemgetter(0, 1, 2))
        clock = self._clock
        for at, rank, name, handler, payload in events:
            if self.mark is not None and at <= self.mark:
                continue
            if at > self.as_of:
                self._next_fact = at
                break
            if clock and clock[0][0] <= at:
                self._tick((at, rank, name))
            handler(self, at, payload)
        self._tick(None)

    def _tick(self, before: Mark | None) -> None:
        """The clock's events that come before another, or all up to `as_of`."""
        clock = self._clock
        while clock and clock[0][0] <= self.as_of and (before is None or clock[0][:3] < before):
            at, _, _, _, handler, payload, alive = heappop(clock)
            if alive(payload):
                handler(self, at, payload)

    def next_due(self) -> datetime | None:
        """The next instant at which something happens without anybody doing anything."""
        clock = self._clock
        while clock and not clock[0][6](clock[0][5]):
            heappop(clock)
        dates = [self._next_fact, clock[0][0] if clock else None]
        return min((at for at in dates if at is not None), default=None)

    def segments_at(self, rules: Prepared, at: datetime) -> set[str]:
        """All that the member is in by these rules."""
        tallies = [self.tallies[rule] for rule in rules.segments]
        return inside(tallies, self.given_segments, self.birthday.age(at, rules.zone) if tallies else None)

    def is_away(self, rules: Prepared) -> bool:
        """Has the member left, or not asked yet to join a program that waits for that?"""
        said = self.presence.enrolled
        return said is False or (said is None and rules.policies.enrolment == "on_request")

    def why_outside(self, rules: Prepared, customer_id: str) -> str:
        """The message id of why the member takes no part by these rules, or nothing. `segments` are those of now."""
        if self.is_away(rules):
            return "nothing.not_joined" if self.presence.enrolled is None else "nothing.left"
        if rules.program.paused.earning:
            return "nothing.paused"
        why = rules.program.audience.why_not(customer_id, self.segments)
        if why:
            return why
        return "nothing.excluded" if rules.program.exclusions.excludes_member(self.segments) else ""

    def tally(self, amount_minor: int, channel: str) -> None:
        """An order was bought: all segments that a version defines count it."""
        self.bought.append((amount_minor, channel))
        for tally in self.tallies.values():
            tally.add(amount_minor, channel)

    def move(
        self, kind: str, source: str, points: int, at: datetime, why: Why, *, part: str = "", order_id: str = ""
    ) -> None:
        """One movement into the record. The books themselves were changed by who calls this."""
        if points:
            self.totals[kind] += points
            self.movements.append(Movement(kind, source, part, points, at, why, order_id))

    def gave_nothing(self, source: str, at: datetime, why: Why) -> None:
        self.nothing.append((source, at, why))

    def give(self, key: str, reward: str, at: datetime, reason: Reason) -> None:
        """A gift is due. What was issued already is known by the same key."""
        self.gifts.setdefault(key, Gift(key=key, reward=reward, at=at, reason=reason))


_PREPARED: dict[int, tuple[Version, Prepared]] = {}


def prepared(version: Version) -> Prepared:
    """Versions never change, so each is prepared once as long as it lives."""
    known = _PREPARED.get(id(version))
    if known is None or known[0] is not version:
        if len(_PREPARED) > 256:
            _PREPARED.clear()
        known = (version, Prepared(version))
        _PREPARED[id(version)] = known
    return known[1]
