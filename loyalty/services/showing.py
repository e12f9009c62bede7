"""What the shop's own pages may show of a member, balance and tier, is kept beside the customer where the platform has a
place for it. Written when one of them changed, once for all the changes of a moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from loyalty.models import OutboxMessage, QueueState, Shop

SHOW = "member.show"
KEEPERS = (Shop.Platform.SHOPIFY,)
SETTLES = timedelta(seconds=15)
"""An order comes as three webhooks, and a redemption soon after: what changes within this is told once."""


def leave_shown(*, shop_id: int, member_ids: Collection[int], at: datetime) -> None:
    """Part of the caller's transaction, which holds the members' locks. A message that a worker holds at this moment is
    left to be worked again, since it may have read the members as they were before."""
    if not member_ids or not Shop.objects.filter(pk=shop_id, platform__in=KEEPERS, status=Shop.Status.ACTIVE).exists():
        return
    subjects = [str(pk) for pk in sorted(member_ids)]
    due_at = at + SETTLES
    waiting = OutboxMessage.objects.filter(shop=shop_id, kind=SHOW, state=QueueState.WAITING, subject__in=subjects)
    waiting.update(due_at=due_at, attempts=0, deaths=0)
    rows = [
        OutboxMessage(shop_id=shop_id, kind=SHOW, subject=subject, due_at=due_at, created_at=at) for subject in subjects
    ]
    OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
