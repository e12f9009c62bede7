"""The net below the webhooks: what the platform says of its orders, compared with what we have of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Min, Q
from structlog.contextvars import bound_contextvars

from loyalty.engine.errors import LoyaltyError
from loyalty.models import InboxDelivery, QueueState, Reconciliation, Shop
from loyalty.platforms.registry import platform_of
from loyalty.services.observations import OrderSeen, PersonSeen, Unreadable
from loyalty.services.reconciliations import record_and_note
from loyalty.worker.history import chunks, record_chunk

log = structlog.get_logger("regulars.reconciliation")
EVERY = timedelta(hours=1)
OVERLAP = timedelta(minutes=5)
"""How far it looks back behind its own cursor: clocks differ and pages move."""
HEARD_WITHIN = timedelta(minutes=1)
"""A webhook takes no longer where all is well; what is younger may still be on its way."""
TURN_ORDERS = 2_000
"""Then it is the next shop's turn: one that changed a hundred thousand orders does not make the others wait."""
FIRST_TURN_ORDERS = 200
"""Of a comparison that somebody asked for: short enough to be answered while they look on."""
LEASE = timedelta(minutes=15)
AGAIN_AFTER = timedelta(minutes=10)
"""When to come back to a platform that did not answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many orders the platform named; `reached` is how far its changes are recorded, `is_whole` whether to now."""

    looked_at: int
    reached: datetime
    is_whole: bool


def reconcile(*, shop: Shop, now: datetime) -> Turn:
    """Orders changed since the shop's cursor. The cursor follows what is recorded, so that a crash loses no progress."""
    since = (shop.orders_cursor or shop.installed_at) - OVERLAP
    noted = _Noted(shop, now - HEARD_WITHIN, None)
    turn = _compare(shop, since, now, noted, _cursor_of(shop, now), at_most=TURN_ORDERS)
    if turn.is_whole:
        _cursor_of(shop, now)(now)
    return turn


def work(*, reconciliation: Reconciliation, now: datetime) -> bool:
    """One turn of a comparison that somebody asked for; True where it is finished."""
    shop = reconciliation.shop
    rows = Reconciliation.objects.filter(shop=shop, pk=reconciliation.pk)

    def reached(at: datetime) -> None:
        rows.update(since=at)

    at_most = TURN_ORDERS if reconciliation.looked_at else FIRST_TURN_ORDERS
    noted = _Noted(shop, now, reconciliation)
    turn = _compare(shop, reconciliation.since or now, now, noted, reached, at_most=at_most)
    rows.update(
        looked_at=F("looked_at") + turn.looked_at,
        since=turn.reached,
        finished_at=now if turn.is_whole else None,
        failure="",
    )
    return turn.is_whole


def look_up(*, reconciliation: Reconciliation, now: datetime) -> None:
    """Asks for the one order, and stores and posts it as a webhook's would be."""
    shop = reconciliation.shop
    found = platform_of(shop).order_numbered(shop, reconciliation.number)
    order_id, kept = "", list[Unreadable]()
    if found is not None:
        order_id = found.external_id if isinstance(found, Unreadable) else found.order.id
        kept = record_chunk(shop, [found], now, _Noted(shop, now, reconciliation).record)
    Reconciliation.objects.filter(shop=shop, pk=reconciliation.pk).update(
        order_id=order_id,
        looked_at=0 if found is None else 1,
        finished_at=now,
        failure=kept[0].why[:500] if kept else "",
    )


class _Noted:
    """Records and notes for one reconciliation, which the schedule's gets with its first note."""

    def __init__(self, shop: Shop, heard_before: datetime, reconciliation: Reconciliation | None) -> None:
        waiting = InboxDelivery.objects.filter(shop=shop, state=QueueState.WAITING)
        since = waiting.aggregate(since=Min("received_at"))["since"]
        self.heard_before = min(heard_before, since - HEARD_WITHIN) if since else heard_before
        self.reconciliation = reconciliation

    def record(self, shop: Shop, seen: Sequence[OrderSeen | PersonSeen], now: datetime) -> None:
        self.reconciliation = record_and_note(
            shop=shop, seen=seen, heard_before=self.heard_before, reconciliation=self.reconciliation, at=now
        )


def _compare(
    shop: Shop,
    since: datetime,
    now: datetime,
    noted: _Noted,
    reached: Callable[[datetime], None],
    *,
    at_most: int,
) -> Turn:
    """`reached` is called with how far the changes are recorded. A turn ends after about `at_most` orders, but only
    where it has moved on: of many changes in one second all are read at once."""
    looked_at, last = 0, since
    for chunk in chunks(platform_of(shop).orders_changed(shop, since=since)):
        record_chunk(shop, chunk, now, noted.record)
        looked_at += len(chunk)
        last = max([last, *(each.order.updated_at for each in chunk if isinstance(each, OrderSeen))])
        reached(last)
        if looked_at >= at_most and last > since:
            return Turn(looked_at, last, is_whole=False)
    return Turn(looked_at, now, is_whole=True)


def _cursor_of(shop: Shop, now: datetime) -> Callable[[datetime], None]:
    """Moves the shop's cursor, never back: two workers may be here. It begins `OVERLAP` before its cursor."""

    def reached(at: datetime) -> None:
        cursor = min(at + OVERLAP, now)
        behind = Q(orders_cursor__isnull=True) | Q(orders_cursor__lt=cursor)
        Shop.objects.filter(behind, pk=shop.pk).update(orders_cursor=cursor)

    return reached


def reconcile_shops(*, now: datetime) -> int:
    """One turn for every shop that is due, the longest waiting first, each claimed so that any number of workers share
    them. A shop that fails, or is not through, goes to the end of the line."""
    count = 0
    while shop := _claimed(now):
        again_at = now + EVERY
        try:
            with bound_contextvars(shop=shop.pk):
                turn = reconcile(shop=shop, now=now)
            if not turn.is_whole:
                again_at = now + timedelta(seconds=1)
        except LoyaltyError as error:
            again_at = now + (AGAIN_AFTER if error.retryable else EVERY)
            log.warning("reconcile.failed", shop=shop.pk, error=type(error).__name__, code=error.code)
        except Exception:
            again_at = now + AGAIN_AFTER
            log.exception("reconcile.failed", shop=shop.pk)
        Shop.objects.filter(pk=shop.pk).update(reconcile_due_at=again_at)
        count += 1
    return count


@transaction.atomic
def _claimed(now: datetime) -> Shop | None:
    """The next shop that is due, held for as long as a turn may take."""
    due = Q(reconcile_due_at__lte=now) | Q(reconcile_due_at__isnull=True, installed_at__lte=now - EVERY)
    rows = Shop.objects.select_for_update(skip_locked=True).filter(due, status=Shop.Status.ACTIVE)
    shop = rows.order_by(F("reconcile_due_at").asc(nulls_first=True), "pk").first()
    if shop is not None:
        Shop.objects.filter(pk=shop.pk).update(reconcile_due_at=now + LEASE)
    return shop
