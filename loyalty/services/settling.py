"""Redemptions that nobody is at. A code is made by whoever holds its message; where the message is gone - a restored
backup, a row taken out by hand - it is left anew, and the redemption ends as any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from loyalty.ledger.verify import OPEN
from loyalty.models import OutboxMessage, QueueState, Redemption, Shop
from loyalty.services.codes import MAKING, asked_by
from loyalty.services.outbox import leave

log = structlog.get_logger("regulars.redemptions")
PAGE = 500


def ask_again(*, before: datetime, at: datetime, shop: Shop | None = None) -> int:
    """Of the redemptions accepted by `before` that are still to be made, of one shop or of all, those without a message
    get one. Returns how many."""
    unsettled = Redemption.objects.across_shops().filter(state__in=OPEN, accepted_at__lte=before)
    if shop is not None:
        unsettled = unsettled.filter(shop=shop)
    found, last = 0, 0
    while page := list(unsettled.filter(pk__gt=last).select_related("shop").order_by("pk")[:PAGE]):
        last = page[-1].pk
        known = _waited_for(page)
        for redemption in page:
            number = str(redemption.number)
            if number not in known:
                kind = asked_by(redemption)
                leave(shop=redemption.shop, kind=kind, subject=number, at=at, payload={"why": "message_lost"})
                log.warning("redemption.message_lost", shop=redemption.shop_id, redemption=number)
                found += 1
    return found


def _waited_for(redemptions: Sequence[Redemption]) -> set[str]:
    """The numbers of those whose message waits."""
    waiting = OutboxMessage.objects.across_shops().filter(
        shop__in={each.shop_id for each in redemptions},
        kind__in=MAKING,
        subject__in=[str(each.number) for each in redemptions],
        state=QueueState.WAITING,
    )
    return set(waiting.values_list("subject", flat=True))
