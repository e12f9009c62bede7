"""Fold members and post the difference: the one way points move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import IntegrityError, transaction

from loyalty.engine import checkpoint as engine
from loyalty.engine.checkpoint import MINIMUM_FACTS, instants
from loyalty.engine.errors import NotFound, Unavailable
from loyalty.engine.facts import Fact
from loyalty.engine.program import Version
from loyalty.engine.recent import keep, with_kept
from loyalty.engine.statement import Statement, checkpoint, fold
from loyalty.ledger.post import LedgerMismatch, Span, post
from loyalty.models import Checkpoint, Member, Shop
from loyalty.selectors.checkpoints import Starts, in_force, instant_of, starts_of
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of
from loyalty.services.gifts import give_due
from loyalty.services.holds import note_held
from loyalty.services.referral_claims import leave_due
from loyalty.services.showing import leave_shown

log = structlog.get_logger("regulars.posting")
SETTLED = timedelta(hours=72)
"""How old the event of a checkpoint is at least: nearly everything that comes late has come by then."""


class FoldedByNewer(Unavailable):
    """A newer release has folded one of these members; this one must not judge them by what it knows."""

    code = "newer_engine"


def lock_members(*, shop: Shop | int, member_ids: Iterable[int]) -> list[Member]:
    """Locks them in id order, so that two transactions never wait for each other. Must run in a transaction."""
    rows = Member.objects.filter(shop=shop, pk__in=sorted(set(member_ids)))
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def lock_member(*, shop: Shop | int, member_id: int) -> Member:
    """The same for one. Raises NotFound for who is not here, or became one with another."""
    locked = lock_members(shop=shop, member_ids=[member_id])
    if not locked or locked[0].merged_into_id is not None:
        raise NotFound("There is no such member in this shop.")
    return locked[0]


def fold_and_post(*, shop: Shop | int, members: Sequence[Member], at: datetime) -> dict[int, Statement]:
    """`members` are locked. Guests (no customer id) wait for an account and are left alone. Each is folded to `at`, or
    to where they were folded before if that is later, from the checkpoint where there is one: the statement then holds
    the movements since. Raises FoldedByNewer, and changes nobody."""
    known = [member for member in members if member.external_id is not None and member.merged_into_id is None]
    if not known:
        return {}
    if any(member.engine > engine.ENGINE for member in known):
        raise FoldedByNewer("A newer release has taken over this member. It waits for that release's worker.")
    shop_id = shop.pk if isinstance(shop, Shop) else shop
    versions = versions_of(shop_id)
    before = {member.pk: (member.available, member.tier) for member in known}
    held_before = any(member.pending for member in known)
    starts = starts_of(shop_id=shop_id, members=known, versions=versions, at=at)
    try:
        with transaction.atomic(savepoint=bool(starts)):
            statements = _fold_and_post(shop_id, known, versions, starts, at)
    except (IntegrityError, LedgerMismatch) as error:
        if not starts:
            raise
        log.warning("posting.checkpoints_dropped", shop=shop_id, members=len(starts), error=type(error).__name__)
        Checkpoint.objects.filter(shop=shop_id, member__in=list(starts)).delete()
        statements = _fold_and_post(shop_id, known, versions, {}, at)
    note_held(shop_id=shop_id, held_before=held_before, statements=statements)
    give_due(shop_id=shop_id, versions=versions, members=known, statements=statements, at=at)
    leave_due(shop_id=shop_id, versions=versions, members=known, statements=statements, at=at)
    changed = [member.pk for member in known if (member.available, member.tier) != before[member.pk]]
    leave_shown(shop_id=shop_id, member_ids=changed, at=at)
    return statements


def _fold_and_post(
    shop_id: int, members: Sequence[Member], versions: Sequence[Version], starts: Starts, at: datetime
) -> dict[int, Statement]:
    marks = {pk: start.mark for pk, start in starts.items()}
    facts = facts_of(shop=shop_id, member_ids=[member.pk for member in members], after=marks)
    states = {pk: bytes(start.state) for pk, start in starts.items()}
    statements = {
        member.pk: fold(versions, facts.get(member.pk, []), instant_of(member, at), states.get(member.pk))
        for member in members
    }
    if any(statements[pk].since != mark for pk, mark in marks.items()):
        raise LedgerMismatch("A checkpoint can't be read")
    spans = post(shop_id=shop_id, members=members, statements=statements, engine=engine.ENGINE, posted_at=at)
    kept = []
    for member in members:
        own = facts.get(member.pk, [])
        mark = _next_mark(own, statements[member.pk], spans[member.pk])
        if mark is not None:
            state = checkpoint(versions, own, mark, states.get(member.pk))
            recent = keep(_shown(statements[member.pk], starts.get(member.pk)), mark)
            kept.append(_checkpoint(member, mark, versions, state, recent))
    if kept:
        columns = ["mark", "engine", "versions", "state", "recent"]
        Checkpoint.objects.bulk_create(kept, update_conflicts=True, unique_fields=["member"], update_fields=columns)
    return statements


def _shown(statement: Statement, start: Checkpoint | None) -> Statement:
    """With the lines that were kept beside the checkpoint it began at."""
    try:
        return with_kept(statement, bytes(start.recent)) if start else statement
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise LedgerMismatch("A checkpoint's lines can't be read") from None


def _next_mark(facts: Sequence[Fact], statement: Statement, spans: Sequence[Span]) -> datetime | None:
    """Where the next checkpoint lies: at the last of many settled facts, and at no date that parts the rows of a key."""
    settled = [last for fact in facts if (last := max(instants(fact))) <= statement.as_of - SETTLED]
    if len(settled) < MINIMUM_FACTS:
        return None
    mark = max(settled)
    return None if any(first <= mark < last for first, last in spans) else mark


def _checkpoint(member: Member, mark: datetime, versions: Sequence[Version], state: bytes, recent: bytes) -> Checkpoint:
    return Checkpoint(
        member=member,
        shop_id=member.shop_id,
        mark=mark,
        engine=engine.ENGINE,
        versions=in_force(versions, mark),
        state=state,
        recent=recent,
    )
