"""The audit of a shop: every member folded from the start and compared with the ledger, in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from loyalty.engine import checkpoint as engine
from loyalty.engine.statement import fold
from loyalty.ledger.verify import Fault, ledger_faults, redemption_faults, rows_of
from loyalty.models import Member, OutboxMessage, QueueState, Redemption, Shop, VerifyFault, VerifyRun
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of
from loyalty.services.codes import MAKING
from loyalty.services.posting import lock_members

KEPT_FAULTS = 200
"""More of them have one cause; the count says how many."""
GIVEN_UP = timedelta(hours=6)
"""A run that began so long ago and has not finished has died."""
CHUNK = 200
"""Members read at once; with their facts and rows some tens of megabytes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What one chunk held."""

    members: int
    rows: int
    faults: list[Fault]


def audit(*, shop: Shop, now: datetime) -> Iterator[Audited]:
    """Compares chunk by chunk while the shop goes on working. Whoever seems to be at fault is looked at again under
    the member's lock, so that a posting between two reads is no fault. Of a forgotten shop nothing is left to compare
    its ledger with."""
    if shop.forgotten_at is not None:
        return
    last = 0
    while members := list(Member.objects.filter(shop=shop, pk__gt=last).order_by("pk")[:CHUNK]):
        last = members[-1].pk
        rows, faults = _compare(shop, members, now)
        suspects = {fault.member_id for fault in faults}
        if suspects:
            with transaction.atomic():
                _, faults = _compare(shop, lock_members(shop=shop, member_ids=suspects), now)
        yield Audited(members=len(members), rows=rows, faults=faults)


def _compare(shop: Shop, members: Sequence[Member], now: datetime) -> tuple[int, list[Fault]]:
    members = [member for member in members if member.engine <= engine.ENGINE]  # a newer release verifies its own
    ids = [member.pk for member in members]
    versions = versions_of(shop)
    facts, rows = facts_of(shop=shop, member_ids=ids), rows_of(ids)
    redemptions = _redemptions(shop, ids)
    waiting = _waiting(shop, redemptions)
    faults: list[Fault] = []
    for member in members:
        own = facts.get(member.pk, [])
        is_folded = member.as_of is not None and member.external_id is not None
        statement = fold(versions, own, member.as_of) if is_folded and member.as_of else None
        faults += ledger_faults(member=member, statement=statement, rows=rows.get(member.pk, []))
        mine = redemptions.get(member.pk, [])
        faults += redemption_faults(member=member, redemptions=mine, facts=own, waiting=waiting, now=now)
    return sum(map(len, rows.values())), faults


def _redemptions(shop: Shop, member_ids: Sequence[int]) -> dict[int, list[Redemption]]:
    found: dict[int, list[Redemption]] = defaultdict(list)
    rows = Redemption.objects.filter(shop=shop, member__in=member_ids).defer("reward_data").order_by("pk")
    for row in rows:
        found[row.member_id].append(row)
    return found


def _waiting(shop: Shop, redemptions: dict[int, list[Redemption]]) -> set[str]:
    """Numbers of open redemptions that a message will settle."""
    numbers = [str(row.number) for rows in redemptions.values() for row in rows if row.closed_at is None]
    messages = OutboxMessage.objects.filter(shop=shop, kind__in=MAKING, state=QueueState.WAITING, subject__in=numbers)
    return set(messages.values_list("subject", flat=True)) if numbers else set()


def begin_run(*, shop: Shop | None, at: datetime) -> VerifyRun:
    """Notes that a run began; one that never finishes leaves its trace."""
    return VerifyRun.objects.create(shop=shop, started_at=at)


def begin_night(*, night: date, at: datetime) -> VerifyRun | None:
    """The run of this night, for whoever comes first, or comes long after one who never finished; None for the
    others."""
    run, made = VerifyRun.objects.get_or_create(night=night, defaults={"started_at": at})
    if made:
        return run
    given_up = VerifyRun.objects.filter(pk=run.pk, finished_at=None, started_at__lt=at - GIVEN_UP)
    return run if given_up.update(started_at=at) else None


def verify(*, run: VerifyRun, shops: Iterable[Shop], clock: Callable[[], datetime]) -> Iterator[Audited]:
    """Audits the shops part by part and keeps in `run` what came of it, the first faults with their words."""
    VerifyFault.objects.across_shops().filter(run=run).delete()
    run.members = run.rows = run.faults = 0
    for shop in shops:
        for part in audit(shop=shop, now=clock()):
            kept = part.faults[: max(0, KEPT_FAULTS - run.faults)]
            VerifyFault.objects.bulk_create(
                VerifyFault(run=run, shop=shop, member_id=fault.member_id, says=str(fault)[:500]) for fault in kept
            )
            run.members, run.rows = run.members + part.members, run.rows + part.rows
            run.faults += len(part.faults)
            yield part
    run.finished_at = clock()
    run.save(update_fields=["members", "rows", "faults", "finished_at"])
