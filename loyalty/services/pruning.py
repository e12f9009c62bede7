"""Queues forget what is done. Facts and ledger stay, and so do the rows that need a look."""

from __future__ import annotations

from datetime import datetime

from loyalty.models import InboxDelivery, OutboxMessage, QueueState

CHUNK = 2_000


def prune(*, before: datetime, limit: int) -> int:
    """Deletes rows that were done before `before`, the oldest first, in short transactions, some `limit` of each queue
    at most; gives how many. A delivery that came a second time would be new again, so `before` lies further back than
    platforms try again; and even then its snapshot is known."""
    return sum(_prune(model, before, limit) for model in (InboxDelivery, OutboxMessage))


def _prune(model: type[InboxDelivery] | type[OutboxMessage], before: datetime, limit: int) -> int:
    rows = model.objects.across_shops()
    done = rows.filter(state=QueueState.DONE, done_at__lt=before).order_by("done_at").values_list("pk", flat=True)
    pruned = 0
    while pruned < limit and (ids := list(done[:CHUNK])):
        rows.filter(pk__in=ids).delete()
        pruned += len(ids)
    return pruned
