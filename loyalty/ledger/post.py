"""Posting: for each movement key, write the difference between what the fold says now and what is written already.

So the rows summed by key are the statement, however often and in whatever order things arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.db.models import Max, Min, Sum

from loyalty.engine.explain import Reason, as_data
from loyalty.engine.statement import Movement, Statement
from loyalty.models import LedgerEntry, Member
from loyalty.models.spans import of_members

FREE_WORDS = "why"
"""The parameter of a reason that people typed."""
Key = tuple[str, str, str]
Span = tuple[datetime, datetime]


class Written(NamedTuple):
    """What one key's rows say: their sum, the next revision, the first and the last date."""

    points: int
    revision: int
    first: datetime
    last: datetime


class LedgerMismatch(RuntimeError):
    """The rows do not add up to the fold. Nothing is written; `manage.py verify_ledger` names the rows at fault."""


def post(
    *, shop_id: int, members: Sequence[Member], statements: Mapping[int, Statement], engine: int, posted_at: datetime
) -> dict[int, list[Span]]:
    """Brings the ledger of these members to their statements, in three statements for all of them. The caller holds
    the members' locks. `members` are changed in place (balances, as_of, next_due, engine) and saved.

    A statement that starts at a checkpoint is compared with the rows dated after it. That those are all of their keys'
    rows is what the spans are for that this returns: of every key whose rows and movement bear several dates, the
    first and the last. No checkpoint may lie between."""
    since = {pk: statement.since for pk, statement in statements.items() if statement.since is not None}
    written = _written(shop_id, [member.pk for member in members], since)
    rows: list[LedgerEntry] = []
    spans: dict[int, list[Span]] = {}
    for member in members:
        statement = statements[member.pk]
        own = written.get(member.pk, {})
        rows += _rows(member, statement, own, posted_at)
        spans[member.pk] = _spans(statement, own)
    LedgerEntry.objects.bulk_create(rows)
    posted = {row.member_id: row.balance_after for row in rows}
    for member in members:
        statement = statements[member.pk]
        member.posted = posted.get(member.pk, member.posted)
        member.as_of = statement.as_of
        member.next_due = statement.next_due
        member.available = statement.available
        member.pending = statement.pending_points
        member.tier = statement.tier.id if statement.tier else ""
        member.engine = engine
    Member.objects.across_shops().bulk_update(
        members, ["as_of", "next_due", "available", "pending", "posted", "tier", "engine"], batch_size=500
    )
    return spans


def _written(shop_id: int, member_ids: Sequence[int], since: Mapping[int, datetime]) -> dict[int, dict[Key, Written]]:
    found: dict[int, dict[Key, Written]] = {}
    rows = (
        LedgerEntry.objects.filter(of_members(member_ids, since, "effective_at"), shop=shop_id)
        .order_by()
        .values_list("member_id", "kind", "source", "part")
        .annotate(Sum("points"), Max("revision"), Min("effective_at"), Max("effective_at"))
    )
    for member_id, kind, source, part, points, revision, first, last in rows:
        found.setdefault(member_id, {})[(kind, source, part)] = Written(points, revision + 1, first, last)
    return found


def _rows(
    member: Member, statement: Statement, written: Mapping[Key, Written], posted_at: datetime
) -> list[LedgerEntry]:
    due: list[tuple[Movement, int, int]] = []
    open_keys = dict(written)
    for movement in statement.movements:
        before = open_keys.pop(movement.key, None)
        points, revision = (before.points, before.revision) if before else (0, 0)
        if movement.points != points:
            due.append((movement, movement.points - points, revision))
    for key, before in open_keys.items():
        if before.points:
            due.append((_withdrawn(key, statement.as_of), -before.points, before.revision))
    rows, balance = [], member.posted
    for movement, points, revision in due:
        balance += points
        rows.append(_row(member, movement, points, revision, balance, posted_at))
    if balance != statement.available:
        raise LedgerMismatch(f"Member {member.pk}: the rows say {balance}, the fold {statement.available}")
    return rows


def _withdrawn(key: Key, at: datetime) -> Movement:
    kind, source, part = key
    reason = Reason(message="correction.withdrawn")
    return Movement(kind=kind, source=source, part=part, points=0, at=at, reason=reason)


def _row(
    member: Member, movement: Movement, points: int, revision: int, balance: int, posted_at: datetime
) -> LedgerEntry:
    return LedgerEntry(
        shop_id=member.shop_id,
        member=member,
        kind=movement.kind,
        source=movement.source,
        part=movement.part,
        revision=revision,
        points=points,
        balance_after=balance,
        effective_at=movement.at,
        posted_at=posted_at,
        order_id=movement.order_id,
        reason=as_data(_without_free_words(movement.reason)),
    )


def _spans(statement: Statement, written: Mapping[Key, Written]) -> list[Span]:
    dates = {movement.key: movement.at for movement in statement.movements}
    spans = []
    for key, before in written.items():
        # What was withdrawn just now bears the date of the fold.
        at = dates.get(key, statement.as_of if before.points else before.last)
        spans.append((min(before.first, at), max(before.last, at)))
    return [span for span in spans if span[0] < span[1]]


def _without_free_words(reason: Reason) -> Reason:
    """What staff wrote about a member by hand may name the person, who may ask to be forgotten, and nothing is ever
    taken out of the ledger: it stays with the fact."""
    if FREE_WORDS not in reason.params:
        return reason
    return msgspec.structs.replace(reason, params={**reason.params, FREE_WORDS: ""})
