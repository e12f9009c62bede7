"""Claiming rows of a queue: one short transaction that pushes `due_at` beyond a lease and counts the attempt. A worker
that dies leaves its rows to whoever comes after the lease; what it had posted by then is recognised by its keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile
from typing import TypeVar, cast

from django.db import transaction
from django.db.models import F, QuerySet

from loyalty.engine.errors import LoyaltyError
from loyalty.models import InboxDelivery, OutboxMessage, QueueState
from loyalty.worker.retry import LEASE_SECONDS

Row = TypeVar("Row", InboxDelivery, OutboxMessage)
MAX_DEATHS = 5
"""Of workers that had nothing else in hand: a few may be an operator's matter - restarts, a machine that went away."""


class WorkerDied(LoyaltyError):
    """Whoever worked on this was killed by it: it needs a look."""

    code = "worker_died"

    def __init__(self) -> None:
        super().__init__(f"{MAX_DEATHS} workers died while they worked on this alone. Their logs may say of what.")


def claim(
    model: type[Row], *, now: datetime, limit: int, lease_seconds: int = LEASE_SECONDS, **only: object
) -> list[Row]:
    """Up to `limit` rows that are due, oldest first; rows another worker holds are passed over. One whose last worker
    was never heard of again comes alone: if it kills again, it kills no other's work. The caller puts away who has
    caused MAX_DEATHS."""
    with transaction.atomic():
        waiting = model.objects.across_shops().filter(state="waiting", due_at__lte=now, **only)
        rows = list(waiting.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")[:limit])
        rows = rows[:1] if rows and _is_suspect(rows[0]) else list(takewhile(lambda row: not _is_suspect(row), rows))
        lease = now + timedelta(seconds=lease_seconds)
        if rows:
            deaths = rows[0].deaths + 1 if _is_suspect(rows[0]) else 0
            claimed = model.objects.across_shops().filter(pk__in=[row.pk for row in rows])
            claimed.update(due_at=lease, attempts=F("attempts") + 1, deaths=deaths, outcome="")
            for row in rows:
                row.attempts += 1
                row.deaths = deaths
                row.due_at = lease
    return rows


def _is_suspect(row: InboxDelivery | OutboxMessage) -> bool:
    """A worker that ends an attempt leaves word of how."""
    return row.attempts > 0 and not row.outcome


def still_mine(row: Row) -> QuerySet[Row]:
    """The row, while the claim holds: nobody took it over after the lease, or brought it forward for more work."""
    rows = type(row).objects.filter(shop=row.shop_id, pk=row.pk, state=QueueState.WAITING)
    return cast("QuerySet[Row]", rows.filter(attempts=row.attempts, due_at=row.due_at))


def put_back(row: Row, *, due_at: datetime, outcome: str) -> None:
    """Nothing was tried, so no attempt is counted."""
    still_mine(row).update(due_at=due_at, outcome=outcome, attempts=row.attempts - 1)


def hold(row: Row, *, until: datetime) -> bool:
    """For work that outlives the lease: moves its end, as often as there is progress. False where the row is no longer
    ours."""
    held = still_mine(row).update(due_at=until, deaths=0)
    row.due_at = until
    return bool(held)
