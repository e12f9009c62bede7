"""Posting: for each movement key, write the difference between what the fold says now and what is written already.

So the rows summed by key are the statement, however often and in whatever order things arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Max, Sum

from loyalty.engine.explain import Reason, as_data
from loyalty.engine.statement import Movement, Statement
from loyalty.models import LedgerEntry, Member

Key = tuple[str, str, str]
Written = dict[Key, tuple[int, int]]
"""Per key: the points written so far, and the next revision."""


class LedgerMismatch(RuntimeError):
    """The rows do not add up to the fold. Nothing is written; `manage.py verify_ledger` names the rows at fault."""


def post(
    *, shop_id: int, members: Sequence[Member], statements: Mapping[int, Statement], posted_at: datetime
) -> list[LedgerEntry]:
    """Brings the ledger of these members to their statements, in three statements for all of them. The caller holds
    the members' locks. `members` are changed in place (balances, as_of, next_due) and saved."""
    written = _written(shop_id, [member.pk for member in members])
    rows: list[LedgerEntry] = []
    for member in members:
        statement = statements[member.pk]
        rows += _rows(member, statement, written.get(member.pk, {}), posted_at)
        member.as_of = statement.as_of
        member.next_due = statement.next_due
        member.available = statement.available
        member.pending = statement.pending_points
        member.tier = statement.tier.id if statement.tier else ""
        if member.posted != statement.available:
            raise LedgerMismatch(f"Member {member.pk}: the rows say {member.posted}, the fold {statement.available}")
    LedgerEntry.objects.bulk_create(rows)
    Member.objects.across_shops().bulk_update(
        members, ["as_of", "next_due", "available", "pending", "posted", "tier"], batch_size=500
    )
    return rows


def _written(shop_id: int, member_ids: Sequence[int]) -> dict[int, Written]:
    found: dict[int, Written] = {}
    rows = (
        LedgerEntry.objects.filter(shop=shop_id, member__in=member_ids)
        .order_by()
        .values_list("member_id", "kind", "source", "part")
        .annotate(points=Sum("points"), last=Max("revision"))
    )
    for member_id, kind, source, part, points, last in rows:
        found.setdefault(member_id, {})[(kind, source, part)] = (points, last + 1)
    return found


def _rows(member: Member, statement: Statement, written: Written, posted_at: datetime) -> list[LedgerEntry]:
    rows = []
    open_keys = dict(written)
    for movement in statement.movements:
        points, revision = open_keys.pop(movement.key, (0, 0))
        if movement.points != points:
            rows.append(_row(member, movement, movement.points - points, revision, posted_at))
    for (kind, source, part), (points, revision) in open_keys.items():
        if points:
            gone = Movement(
                kind=kind,
                source=source,
                part=part,
                points=0,
                at=statement.as_of,
                reason=Reason(message="correction.withdrawn"),
            )
            rows.append(_row(member, gone, -points, revision, posted_at))
    return rows


def _row(member: Member, movement: Movement, points: int, revision: int, posted_at: datetime) -> LedgerEntry:
    member.posted += points
    return LedgerEntry(
        shop_id=member.shop_id,
        member=member,
        kind=movement.kind,
        source=movement.source,
        part=movement.part,
        revision=revision,
        points=points,
        balance_after=member.posted,
        effective_at=movement.at,
        posted_at=posted_at,
        order_id=movement.order_id,
        reason=as_data(movement.reason),
    )
