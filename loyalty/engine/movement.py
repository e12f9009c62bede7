"""The shapes of a statement: movements, lots, what is pending, what gave nothing, and the sums."""

from __future__ import annotations

from datetime import datetime

import msgspec

from loyalty.engine.explain import Reason, Why, told

KINDS = ("earned", "reversed", "redeemed", "returned", "expired", "adjusted", "imported", "fee")
"""The program accounts a member trades points with; a movement's kind names its account."""


class Movement:
    """Points between the member and one program account. (kind, source, part) is its key, written at most once per
    walk and named after what was given: kind "earned", source "order:5001", part "". The reason is told when somebody
    asks for it: of a long history hardly any is."""

    __slots__ = ("_why", "at", "kind", "order_id", "part", "points", "source")

    def __init__(
        self, kind: str, source: str, part: str, points: int, at: datetime, reason: Why, order_id: str = ""
    ) -> None:
        self.kind = kind
        self.source = source
        self.part = part
        self.points = points
        self.at = at
        self.order_id = order_id
        self._why = reason

    @property
    def reason(self) -> Reason:
        if not isinstance(self._why, Reason):
            self._why = told(self._why)
        return self._why

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.kind, self.source, self.part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Movement) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.key, self.points, self.at))

    def __repr__(self) -> str:
        return f"Movement{self._values()}"

    def _values(self) -> tuple[object, ...]:
        return (*self.key, self.points, self.at, self.order_id, self.reason)


class Lot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Points that opened together: `left` of `points` can still be spent."""

    source: str
    points: int
    left: int
    opened_at: datetime
    expires_at: datetime | None


class Pending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Points on hold: not in the ledger, not spendable until `until`."""

    source: str
    points: int
    until: datetime
    reason: Reason
    order_id: str = ""
    """The order that earned them, also by lines that were added later or by a milestone it completed; none for an
    import."""


class Held(msgspec.Struct, frozen=True):
    """Points on hold as the walk knows them."""

    source: str
    points: int
    until: datetime
    why: Why
    order_id: str = ""

    def told(self) -> Pending:
        return Pending(
            source=self.source, points=self.points, until=self.until, reason=told(self.why), order_id=self.order_id
        )


class Nothing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order or activity that gave no points, and why."""

    source: str
    at: datetime
    reason: Reason


class Gift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reward that is due without points ("birthday:2026:free-coffee"): services issue it and keep an Issued fact
    with this key, after which it is `issued`."""

    key: str
    reward: str
    at: datetime
    reason: Reason
    issued: bool = False


class NextReward(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The cheapest reward that is still out of reach."""

    id: str
    name: str
    points: int
    points_to_go: int


class Tier(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the member stands; measures are minor units, points or orders, as the program counts."""

    id: str
    name: str
    since: datetime | None
    measure: int
    next_id: str = ""
    next_name: str = ""
    next_at: int = 0
    review_at: datetime | None = None
    kept_until: datetime | None = None
    """The first instant at which it may be lost, where that is known."""


class PlanHeld(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A paid plan that the member has; without `ends_at` it has no end."""

    id: str
    since: datetime
    ends_at: datetime | None


class Statement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`available` = sum of movements = open lots - debt. `totals` is the sum of movements by kind. `next_due` is the
    next instant at which the clock alone changes something, None if nothing will."""

    as_of: datetime
    movements: tuple[Movement, ...]
    lots: tuple[Lot, ...]
    pending: tuple[Pending, ...]
    nothing: tuple[Nothing, ...]
    available: int
    pending_points: int
    reserved: int
    debt: int
    forgiven: int
    totals: dict[str, int]
    tier: Tier | None
    next_due: datetime | None
    spent: int = 0
    """Points in redemptions whose code was used, less what came back."""
    gifts: tuple[Gift, ...] = ()
    next_reward: NextReward | None = None
    inactive_at: datetime | None = None
    """When the whole balance expires if the member does nothing, where the program says so."""
    enrolled: bool = True
    """The member takes part: they have not left, and have joined where the program waits for that."""
    segments: tuple[str, ...] = ()
    plans: tuple[PlanHeld, ...] = ()
    since: datetime | None = None
    """Movements, pending and nothing begin after this instant, where the fold started from a checkpoint."""
