"""A member's lots and debts. Everything that takes points goes through `take`, everything that returns them through
`give_back`; whoever took owns an allocation: so many from that lot, so many as a debt that waits for the next lot."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from heapq import heappop, heappush

NEVER = datetime.max.replace(tzinfo=UTC)


class OpenLot:
    """Points that opened together. `expired` counts what the clock took from it."""

    __slots__ = ("expired", "expires_at", "fixed", "left", "opened_at", "points", "serial", "source")

    def __init__(
        self, source: str, points: int, opened_at: datetime, expires_at: datetime | None, fixed: bool, serial: int
    ) -> None:
        self.source = source
        self.points = points
        self.left = points
        self.opened_at = opened_at
        self.expires_at = expires_at
        self.expired = 0
        self.fixed = fixed
        """The date came with the lot, from an import: no version of the program changes it."""
        self.serial = serial
        """1 for the first lot ever opened."""

    def turn(self) -> tuple[datetime, datetime, str]:
        """Earliest expiry first, never-expiring last, then the oldest."""
        return (self.expires_at or NEVER, self.opened_at, self.source)


class Taking:
    """What one redemption, reversal or adjustment took, and from where."""

    __slots__ = ("debt", "parts", "taken")

    def __init__(self) -> None:
        self.parts: list[tuple[OpenLot, int]] = []
        self.debt = 0
        self.taken = 0
        """From lots and as debt, less what was given back."""


class Books:
    """Invariant: `available` = what is left in lots - debts, and never both above zero."""

    __slots__ = ("_turns", "available", "debt", "debtors", "forgiven", "lots", "opened")

    def __init__(self) -> None:
        self.lots: dict[str, OpenLot] = {}
        self._turns: list[tuple[tuple[datetime, datetime, str], OpenLot]] = []
        self.debtors: deque[Taking] = deque()
        self.available = 0
        self.debt = 0
        self.forgiven = 0
        self.opened = 0
        """Lots ever opened."""

    def open(
        self, source: str, points: int, at: datetime, expires_at: datetime | None, *, fixed: bool = False
    ) -> OpenLot:
        """A new lot; waiting debts are paid from it first."""
        lot = OpenLot(source, points, at, expires_at, fixed, self.opened + 1)
        self.opened += 1
        self.lots[source] = lot
        self.available += points
        heappush(self._turns, (lot.turn(), lot))
        self._pay_debts()
        return lot

    def restore(self, lot: OpenLot) -> None:
        """A lot as it was; `available` is restored beside it."""
        self.lots[lot.source] = lot
        if lot.left:
            heappush(self._turns, (lot.turn(), lot))

    def take(self, wanted: int, *, own: OpenLot | None, clamped: bool) -> Taking:
        """From `own` first, then lots in turn, the rest as a debt - or, clamped, forgiven."""
        taking = Taking()
        missing = wanted
        if own is not None and own.left and missing:
            missing -= self._draw(own, missing, taking)
        while missing and (lot := self._next()) is not None:
            missing -= self._draw(lot, missing, taking)
        taking.taken = wanted - missing
        self.available -= taking.taken
        if missing and clamped:
            self.forgiven += missing
        elif missing:
            taking.debt = missing
            taking.taken = wanted
            self.debt += missing
            self.available -= missing
            self.debtors.append(taking)
        return taking

    def give_back(self, taking: Taking, wanted: int) -> list[OpenLot]:
        """To the taking's unpaid debt, then to the lots it came from, the last one first; never more than was taken.
        Returns the lots that got points: one that has expired meanwhile expires again."""
        missing = min(wanted, taking.taken)
        taking.taken -= missing
        self.available += missing
        unpaid = min(missing, taking.debt)
        taking.debt -= unpaid
        self.debt -= unpaid
        missing -= unpaid
        filled = []
        while missing:
            lot, drawn = taking.parts.pop()
            back = min(missing, drawn)
            if back < drawn:
                taking.parts.append((lot, drawn - back))
            if not lot.left:
                heappush(self._turns, (lot.turn(), lot))
            lot.left += back
            missing -= back
            filled.append(lot)
        self._pay_debts()
        return filled

    def expire(self, lot: OpenLot) -> int:
        """What was left in the lot is gone; returns how many points."""
        gone = lot.left
        lot.left = 0
        lot.expired += gone
        self.available -= gone
        return gone

    def open_lots(self) -> list[OpenLot]:
        """Those with points left, in the order in which they are spent."""
        return sorted((lot for lot in self.lots.values() if lot.left), key=OpenLot.turn)

    def date(self, lot: OpenLot, expires_at: datetime | None) -> None:
        """The lot has another date from now on."""
        lot.expires_at = expires_at
        if lot.left:
            heappush(self._turns, (lot.turn(), lot))

    def _draw(self, lot: OpenLot, wanted: int, taking: Taking) -> int:
        drawn = min(lot.left, wanted)
        lot.left -= drawn
        taking.parts.append((lot, drawn))
        return drawn

    def _next(self) -> OpenLot | None:
        """The lot whose turn it is. Entries of emptied or re-dated lots are dropped as they surface."""
        turns = self._turns
        while turns and (not turns[0][1].left or turns[0][0] != turns[0][1].turn()):
            heappop(turns)
        return turns[0][1] if turns else None

    def _pay_debts(self) -> None:
        while self.debt and (lot := self._next()) is not None:
            debtor = self.debtors[0]
            paid = self._draw(lot, debtor.debt, debtor) if debtor.debt else 0
            debtor.debt -= paid
            self.debt -= paid
            if not debtor.debt:
                self.debtors.popleft()
