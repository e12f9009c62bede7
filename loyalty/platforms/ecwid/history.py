"""Everything a store has, and what changed lately: the import and the safety net behind lost webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from loyalty.engine.errors import Invalid
from loyalty.models import Shop
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.known import known_orders
from loyalty.platforms.ecwid.orders import read_order
from loyalty.platforms.reading import text
from loyalty.services.observations import OrderSeen, PersonSeen

log = structlog.get_logger("regulars.ecwid")


def history(shop: Shop) -> Iterator[OrderSeen | PersonSeen]:
    """Customers, then orders, page by page. One that cannot be read is named in the log and left out: its webhook, and
    the next change of it, bring it before the merchant."""
    client = ShopClient(shop)
    for page in client.pages("customers", {}):
        for document in page:
            try:
                yield read_customer(document)
            except Invalid as error:
                _left_out(shop, "customer", document, error)
    for page in client.pages("orders", {}):
        yield from _seen(shop, page)


def orders_changed(shop: Shop, *, since: datetime) -> Iterator[OrderSeen]:
    """Orders changed at or after `since`, the oldest change first. In which order the search gives them is
    (unverified), so all of them are read before the first is given."""
    client = ShopClient(shop)
    changed: dict[str, OrderSeen] = {}
    for page in client.pages("orders", {"updatedFrom": str(int(since.timestamp()))}):
        for seen in _seen(shop, page):
            changed[seen.order.id] = seen
    yield from sorted(changed.values(), key=lambda seen: (seen.order.updated_at, seen.order.id))


def _seen(shop: Shop, page: Sequence[Mapping[str, Any]]) -> Iterator[OrderSeen]:
    known = known_orders(shop, [order_id for document in page if (order_id := text(document.get("id"), max_length=64))])
    for document in page:
        try:
            before = known.get(text(document.get("id"), max_length=64))
            read = read_order(document, currency=shop.currency, exponent=shop.exponent, known=before)
        except Invalid as error:
            _left_out(shop, "order", document, error)
            continue
        if read.seen is not None:
            yield read.seen


def _left_out(shop: Shop, what: str, document: Mapping[str, Any], error: Invalid) -> None:
    log.warning("history.left_out", shop=shop.pk, what=what, id=str(document.get("id"))[:64], why=error.message)
