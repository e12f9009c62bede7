"""The audit: what the rows say against what a fold from the start says. Reads only; the caller brings the rows, the
facts and the fold, so nothing here trusts a cache.

A fault names the rows at fault and no others: a step of `balance_after` that a missing or wrong row has explained
already is not named a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast

from loyalty.engine.explain import Reason
from loyalty.engine.facts import Fact
from loyalty.engine.facts import Redemption as RedemptionFact
from loyalty.engine.messages import MESSAGES
from loyalty.engine.statement import Movement, Statement
from loyalty.models import LedgerEntry, Member, Redemption

FaultKind = Literal[
    "amount", "missing", "doubled", "unexplained", "reason", "balance_after", "balances", "books", "shop",
    "reservation", "redemption",
]  # fmt: skip
Key = tuple[str, str, str]

WITHDRAWN = "correction.withdrawn"
COUNTED = ("milestone:", "streak:", "goal:")
"""Keys that name how many there were, not the order that made them so many."""
SETTLES_WITHIN = timedelta(minutes=1)
"""How long a reservation may be without a message that will settle it: the transaction that left it is over by then."""

_decode_reason = msgspec.json.Decoder(Reason).decode
OPEN = (Redemption.State.RESERVED, Redemption.State.ISSUING)
GIVEN_BACK = (Redemption.State.RETURNED, Redemption.State.EXPIRED, Redemption.State.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as it should be. `rows` are ids in `table`; empty where the fault is that there is none."""

    kind: FaultKind
    shop_id: int
    member_id: int
    about: str
    expected: str
    actual: str
    table: Literal["ledger", "redemption", "member"] = "ledger"
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        rows = ", ".join(map(str, self.rows)) or "none"
        return (
            f"{self.kind}: shop {self.shop_id}, member {self.member_id}, {self.about}, {self.table} rows {rows}: "
            f"expected {self.expected}, found {self.actual}"
        )


class Row(NamedTuple):
    """One ledger row as the audit reads it."""

    pk: int
    shop_id: int
    kind: str
    source: str
    part: str
    revision: int
    points: int
    balance_after: int
    reason: str
    """As JSON; decoded into a Reason at once, which is several times faster than by way of dictionaries."""

    @property
    def key(self) -> Key:
        return (self.kind, self.source, self.part)


def rows_of(member_ids: Collection[int]) -> dict[int, list[Row]]:
    """Every ledger row of these members in the order written, whatever shop it names, in one query."""
    found: dict[int, list[Row]] = defaultdict(list)
    written = LedgerEntry.objects.across_shops().annotate(written_reason=Cast("reason", TextField()))
    entries = written.filter(member__in=list(member_ids)).order_by("pk")
    columns = ("pk", "shop_id", "kind", "source", "part", "revision", "points", "balance_after", "written_reason")
    for member_id, *row in entries.values_list("member_id", *columns).iterator(chunk_size=2000):
        found[member_id].append(Row(*row))
    return found


def ledger_faults(*, member: Member, statement: Statement | None, rows: Sequence[Row]) -> list[Fault]:
    """What is wrong with one member's rows (in the order written) and balances. `statement` is folded from the start
    to the member's `as_of`; None for one who is never folded (a guest), who may have no points at all."""
    movements = {movement.key: movement for movement in statement.movements} if statement else {}
    by_key: dict[Key, list[Row]] = {key: [] for key in movements}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    keyed = {key: list(_key_faults(member, key, movements.get(key), own)) for key, own in by_key.items()}
    lacking = [key for key, faults in keyed.items() if any(fault.kind == "missing" for fault in faults)]
    missing = {_expected(movements.get(key)) - sum(row.points for row in by_key[key]) for key in lacking}
    found = [fault for faults in keyed.values() for fault in faults]
    named = {pk for fault in found if fault.kind != "reason" for pk in fault.rows}
    found += _run_faults(member, rows, named, missing)
    found += _misplaced(member, rows)
    found += _balance_faults(member, statement)
    return found


def _expected(movement: Movement | None) -> int:
    return movement.points if movement else 0


def _misplaced(member: Member, rows: Sequence[Row]) -> Iterator[Fault]:
    for row in rows:
        if row.shop_id != member.shop_id:
            yield _fault("shop", member, _named(row.key), member.shop_id, row.shop_id, row.pk)


def _named(key: Key) -> str:
    return " ".join(part for part in key if part)


def _fault(kind: FaultKind, member: Member, about: str, expected: object, actual: object, *rows: int) -> Fault:
    return Fault(
        kind=kind,
        shop_id=member.shop_id,
        member_id=member.pk,
        about=about,
        expected=str(expected),
        actual=str(actual),
        rows=rows,
    )


def _key_faults(member: Member, key: Key, movement: Movement | None, rows: Sequence[Row]) -> Iterator[Fault]:
    about = _named(key)
    expected = _expected(movement)
    revisions = sorted(row.revision for row in rows)
    repeated = [row for index, row in enumerate(rows) if row.revision in {before.revision for before in rows[:index]}]
    if repeated:
        yield _fault("doubled", member, about, "one row per revision", revisions, *(row.pk for row in repeated))
    elif revisions != list(range(len(rows))):
        yield _fault("missing", member, about, f"revisions from 0 without a gap, {expected:+d} together", revisions)
    elif not rows and expected:
        yield _fault("missing", member, about, f"{expected:+d}", "no row")
    elif (surplus := sum(row.points for row in rows) - expected) != 0:
        yield _wrong_sum(member, about, rows, expected, surplus, known=movement is not None)
    for row in rows:
        said = _reason_fault(row, movement, is_last=row.revision == revisions[-1])
        if said:
            yield _fault("reason", member, about, *said, row.pk)


def _wrong_sum(member: Member, about: str, rows: Sequence[Row], expected: int, surplus: int, *, known: bool) -> Fault:
    """Which of the key's rows is too much or differs."""
    too_much = [row for row in rows if row.points == surplus]
    actual = f"{surplus + expected:+d}"
    if not known:
        return _fault("unexplained", member, about, 0, actual, *(row.pk for row in too_much[-1:] or rows))
    if too_much and sum(row.points == surplus for row in rows) > 1:
        return _fault("doubled", member, about, f"{expected:+d}", actual, too_much[-1].pk)
    return _fault("amount", member, about, f"{expected:+d}", actual, *(row.pk for row in rows))


def _reason_fault(row: Row, movement: Movement | None, *, is_last: bool) -> tuple[str, str] | None:
    """(expected, found) where the row's reason is none, or is another movement's. Amounts and names inside a reason
    may be older than the facts: a later snapshot that moves no points writes no row. So may the order that completed a
    milestone: one that turns up late moves it to another order, and its points stay the same."""
    try:
        reason = _decode_reason(row.reason)
    except msgspec.DecodeError:
        return "a reason", row.reason[:80]
    if reason.message != WITHDRAWN and (reason.message not in MESSAGES or reason.message.partition(".")[0] != row.kind):
        return f"a reason for {row.kind}", reason.message
    if not is_last or movement is None:
        return None
    return _difference(movement, reason)


def _difference(movement: Movement, found: Reason) -> tuple[str, str] | None:
    expected = movement.reason
    if found.message != expected.message:
        return expected.message, found.message
    if movement.source.startswith(COUNTED):
        return None
    number, written = expected.params.get("number"), found.params.get("number")
    return None if number == written else (f"order {number}", f"order {written}")


def _run_faults(member: Member, rows: Sequence[Row], named: set[int], missing: set[int]) -> Iterator[Fault]:
    """Rows whose `balance_after` does not follow from the row before. `named` are at fault already, `missing` the
    points of rows that should be there."""
    written = right = 0
    for row in rows:
        befores = {written, right}
        befores |= {before + points for before in befores for points in missing}
        if row.pk in named:
            written = row.balance_after
            continue
        if row.balance_after - row.points in befores:
            right = row.balance_after
        else:
            right += row.points
            yield _fault("balance_after", member, _named(row.key), right, row.balance_after, row.pk)
        written = row.balance_after


def _balance_faults(member: Member, statement: Statement | None) -> Iterator[Fault]:
    available = statement.available if statement else 0
    pending = statement.pending_points if statement else 0
    kept = (
        ("posted", available, member.posted),
        ("available", available, member.available),
        ("pending", pending, member.pending),
    )
    for name, expected, actual in kept:
        if expected != actual:
            yield Fault(
                kind="balances",
                shop_id=member.shop_id,
                member_id=member.pk,
                about=name,
                expected=str(expected),
                actual=str(actual),
                table="member",
                rows=(member.pk,),
            )
    if statement is not None:
        moved = sum(movement.points for movement in statement.movements)
        lots = sum(lot.left for lot in statement.lots) - statement.debt
        if not moved == available == lots:
            yield _fault("books", member, "movements, lots less debt", available, f"{moved}, {lots}")


def redemption_faults(
    *,
    member: Member,
    redemptions: Iterable[Redemption],
    facts: Iterable[Fact],
    waiting: Collection[str],
    now: datetime,
) -> Iterator[Fault]:
    """Reservations that nothing will settle, and redemptions whose row and fact disagree. `waiting` are the numbers
    for which a message waits to make the code."""
    decided = {fact.id: fact for fact in facts if isinstance(fact, RedemptionFact)}
    for row in redemptions:
        number = str(row.number)
        fact = decided.pop(number, None)
        expected, actual = _as_decided(row, fact)
        if expected != actual:
            yield _of_redemption("redemption", member, number, str(expected), str(actual), row.pk)
        if row.state in OPEN and row.accepted_at < now - SETTLES_WITHIN and number not in waiting:
            yield _of_redemption("reservation", member, number, "a message that settles it", row.state, row.pk)
    for number in decided:
        yield _of_redemption("redemption", member, number, "a row for the fact", "none")


def _as_decided(row: Redemption, fact: RedemptionFact | None) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """What the fold was told, and what the row says of the same."""
    told: dict[str, object] = {"fact": "none"}
    if fact is not None:
        told = {"points": fact.points, "given back": fact.given_back_at is not None}
    return told, {"points": row.points, "given back": row.state in GIVEN_BACK}


def _of_redemption(kind: FaultKind, member: Member, number: str, expected: str, actual: str, *rows: int) -> Fault:
    return Fault(
        kind=kind,
        shop_id=member.shop_id,
        member_id=member.pk,
        about=number,
        expected=expected,
        actual=actual,
        table="redemption",
        rows=rows,
    )
