"""The loop of what is paid out by itself. The tables say how far it has come, so a crash costs nobody anything: whoever
was paid has the redemption of that month, and is not paid again."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from loyalty.models import OutboxMessage, Payout, QueueState, Shop
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import platform_of
from loyalty.services import payouts
from loyalty.services.codes import GIVE, ISSUE, PAY

log = structlog.get_logger("regulars.payouts")
SHOPS_A_TURN = 20
LATER = timedelta(hours=1)
CODES_WAITING = 50
"""So many are over in seconds; what is paid out goes through the same loops."""


def begin_due(*, now: datetime) -> int:
    return payouts.begin(at=now)


def pay_due(*, now: datetime) -> int:
    """One page for each shop that is at it; returns how many members were looked at. Where redeeming is paused, the
    platform lets us in no more, or the store cannot carry the money, nobody is paid until that is over, or the month
    is. While codes wait to be made nobody is paid either: a shopper's must not stand behind a month's cashback."""
    looked_at = 0
    open_ones = Payout.objects.across_shops().filter(finished_at=None, due_at__lte=now).select_related("shop")
    open_ones = open_ones.filter(shop__status=Shop.Status.ACTIVE)
    for payout in open_ones.order_by("due_at", "pk")[:SHOPS_A_TURN]:
        if _codes_waiting(now) >= CODES_WAITING:
            break
        try:
            looked_at += _pay(payout, now)
        except Exception:
            log.exception("payout.failed", shop=payout.shop_id, payout=payout.pk)
            _wait(payout, now)
    return looked_at


def _pay(payout: Payout, now: datetime) -> int:
    reward = payouts.paying_now(payout=payout, at=now)
    if reward is None:
        return 0
    why_not = platform_of(payout.shop).cannot_carry(Permits(payout.shop), reward)
    if payouts.is_paused(shop=payout.shop, at=now):
        why_not = "Redeeming is paused."
    if why_not:
        log.warning("payout.waits", shop=payout.shop_id, payout=payout.pk, why=why_not)
        return _wait(payout, now)
    return payouts.pay_page(payout=payout, reward=reward, at=now)


def _codes_waiting(now: datetime) -> int:
    waiting = OutboxMessage.objects.across_shops().filter(
        kind__in=(ISSUE, PAY, GIVE), state=QueueState.WAITING, due_at__lte=now
    )
    return len(waiting.values_list("pk")[:CODES_WAITING])


def _wait(payout: Payout, now: datetime) -> int:
    Payout.objects.filter(shop=payout.shop_id, pk=payout.pk).update(due_at=now + LATER)
    return 0
