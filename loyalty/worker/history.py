"""What the platform knows and we may not: the history at install, and orders whose webhook never came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog

from loyalty.engine.errors import Invalid
from loyalty.models import Shop
from loyalty.platforms.registry import platform_of
from loyalty.services.intake import TryAgain, keep_unreadable, record
from loyalty.services.observations import Found, OrderSeen, PersonSeen, Unreadable

log = structlog.get_logger("regulars.history")
CHUNK = 200
TRIES = 10
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


def _record_all(shop: Shop, found: Iterable[Found], now: datetime) -> int:
    count = 0
    for chunk in _chunks(iter(found)):
        _record_chunk(shop, chunk, now)
        count += len(chunk)
    return count


def _chunks(found: Iterator[Found]) -> Iterator[list[Found]]:
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _record_chunk(shop: Shop, chunk: Sequence[Found], now: datetime) -> None:
    """One order that cannot be stands in nobody's way: it is found by itself and kept for the merchant."""
    keep_unreadable(shop=shop, found=[each for each in chunk if isinstance(each, Unreadable)], at=now)
    seen = [each for each in chunk if not isinstance(each, Unreadable)]
    try:
        _record(shop, seen, now)
    except Invalid as error:
        if len(seen) > 1:
            for each in seen:
                _record_chunk(shop, [each], now)
            return
        what, number = _name_of(seen[0])
        keep_unreadable(shop=shop, found=[Unreadable(what=what, external_id=number, why=error.message)], at=now)


def _record(shop: Shop, seen: Sequence[OrderSeen | PersonSeen], now: datetime) -> None:
    """As often as another worker comes between, within reason."""
    for attempt in range(TRIES):
        try:
            record(shop=shop, observations=seen, at=now)
            return
        except TryAgain:
            if attempt == TRIES - 1:
                raise


def _name_of(seen: OrderSeen | PersonSeen) -> tuple[str, str]:
    return ("order", seen.order.id) if isinstance(seen, OrderSeen) else ("customer", seen.person.external_id)
