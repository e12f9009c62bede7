"""What the platform knows and we may not: the history at install, and orders whose webhook never came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import structlog

from loyalty.models import Shop
from loyalty.platforms.registry import platform_of
from loyalty.services.intake import record
from loyalty.services.observations import OrderSeen, PersonSeen

log = structlog.get_logger("regulars.history")
CHUNK = 200
OVERLAP = timedelta(minutes=5)
"""How far the reconciler looks back behind its own cursor: clocks differ and pages move."""


def import_history(*, shop: Shop, now: datetime) -> int:
    """Everything the store has, in bounded memory. Asked twice it changes nothing: snapshots are recognised."""
    count = _record_all(shop, platform_of(shop).history(shop), now)
    Shop.objects.filter(pk=shop.pk).update(orders_cursor=now)
    log.info("history.imported", shop=shop.pk, seen=count)
    return count


def reconcile(*, shop: Shop, now: datetime) -> int:
    """Orders changed since the cursor, because webhooks are sometimes never sent. Returns how many were looked at."""
    since = (shop.orders_cursor or shop.installed_at) - OVERLAP
    count = _record_all(shop, platform_of(shop).orders_changed(shop, since=since), now)
    Shop.objects.filter(pk=shop.pk).update(orders_cursor=now)
    return count


def _record_all(shop: Shop, seen: Iterable[OrderSeen | PersonSeen], now: datetime) -> int:
    count = 0
    for chunk in _chunks(iter(seen)):
        record(shop=shop, observations=chunk, at=now)
        count += len(chunk)
    return count


def _chunks(seen: Iterator[OrderSeen | PersonSeen]) -> Iterator[list[OrderSeen | PersonSeen]]:
    while chunk := list(islice(seen, CHUNK)):
        yield chunk
