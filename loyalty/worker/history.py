"""What the platform knows and we may not: the history at install, and how anything that it lists is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import structlog

from loyalty.engine.errors import Invalid
from loyalty.models import Shop
from loyalty.platforms.registry import platform_of
from loyalty.services.intake import keep_unreadable, record
from loyalty.services.observations import Found, OrderSeen, PersonSeen, Unreadable
from loyalty.services.orders import TryAgain

log = structlog.get_logger("regulars.history")
CHUNK = 200
TRIES = 10
Keep = Callable[[Shop, Sequence[OrderSeen | PersonSeen], datetime], object]


def import_history(*, shop: Shop, now: datetime, on_page: Callable[[], object]) -> int:
    """Everything the store has, in bounded memory. Asked twice it changes nothing: snapshots are recognised. `on_page`
    is called whenever some of it is stored."""
    count = 0
    for chunk in chunks(iter(platform_of(shop).history(shop))):
        record_chunk(shop, chunk, now, _record)
        count += len(chunk)
        on_page()
    Shop.objects.filter(pk=shop.pk).update(orders_cursor=now)
    log.info("history.imported", shop=shop.pk, seen=count)
    return count


def chunks(found: Iterator[Found]) -> Iterator[list[Found]]:
    """As many at once as a transaction should hold."""
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def record_chunk(shop: Shop, chunk: Sequence[Found], now: datetime, keep: Keep) -> list[Unreadable]:
    """Stores by `keep` what can be. One order that cannot stands in nobody's way: it is found by itself and kept for
    the merchant. Gives those."""
    unreadable = [each for each in chunk if isinstance(each, Unreadable)]
    keep_unreadable(shop=shop, found=unreadable, at=now)
    seen = [each for each in chunk if not isinstance(each, Unreadable)]
    try:
        _until_alone(shop, seen, now, keep)
    except Invalid as error:
        if len(seen) > 1:
            return unreadable + [lost for each in seen for lost in record_chunk(shop, [each], now, keep)]
        what, number = _name_of(seen[0])
        lost = Unreadable(what=what, external_id=number, why=error.message)
        keep_unreadable(shop=shop, found=[lost], at=now)
        return [*unreadable, lost]
    return unreadable


def _until_alone(shop: Shop, seen: Sequence[OrderSeen | PersonSeen], now: datetime, keep: Keep) -> None:
    """As often as another worker comes between, within reason."""
    for attempt in range(TRIES):
        try:
            keep(shop, seen, now)
            return
        except TryAgain:
            if attempt == TRIES - 1:
                raise


def _record(shop: Shop, seen: Sequence[OrderSeen | PersonSeen], now: datetime) -> None:
    record(shop=shop, observations=seen, at=now)


def _name_of(seen: OrderSeen | PersonSeen) -> tuple[str, str]:
    return ("order", seen.order.id) if isinstance(seen, OrderSeen) else ("customer", seen.person.external_id)
