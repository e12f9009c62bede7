"""Claiming rows of a queue: one short transaction that pushes `due_at` beyond a lease. A worker that dies leaves its
rows to whoever comes after the lease; what it had posted by then is recognised by its keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar, cast

from django.db import transaction
from django.db.models import F, QuerySet

from loyalty.models import InboxDelivery, OutboxMessage, QueueState
from loyalty.worker.retry import LEASE_SECONDS

Row = TypeVar("Row", InboxDelivery, OutboxMessage)


def claim(model: type[Row], *, now: datetime, limit: int, **only: object) -> list[Row]:
    """Up to `limit` rows that are due, oldest first; rows another worker holds are passed over."""
    with transaction.atomic():
        waiting = model.objects.across_shops().filter(state="waiting", due_at__lte=now, **only)
        rows = list(waiting.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id")[:limit])
        lease = now + timedelta(seconds=LEASE_SECONDS)
        if rows:
            claimed = model.objects.across_shops().filter(pk__in=[row.pk for row in rows])
            claimed.update(due_at=lease, attempts=F("attempts") + 1)
        for row in rows:
            row.attempts += 1
            row.due_at = lease
    return rows


def still_mine(row: Row) -> QuerySet[Row]:
    """The row, while the claim holds: nobody took it over after the lease, or brought it forward for more work."""
    rows = type(row).objects.filter(shop=row.shop_id, pk=row.pk, state=QueueState.WAITING)
    return cast("QuerySet[Row]", rows.filter(attempts=row.attempts, due_at=row.due_at))


def put_back(row: Row, *, due_at: datetime, outcome: str) -> None:
    """Nothing was tried, so no attempt is counted."""
    still_mine(row).update(due_at=due_at, outcome=outcome, attempts=row.attempts - 1)
