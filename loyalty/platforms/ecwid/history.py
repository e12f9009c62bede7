"""Everything a store has, and what changed lately: the import and the safety net behind lost webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import Shop
from loyalty.platforms.ecwid.client import ShopClient, segment
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.known import known_orders
from loyalty.platforms.ecwid.orders import order_id_of, read_order
from loyalty.platforms.reading import items, text
from loyalty.services.observations import Found, OrderSeen, Unreadable


def history(shop: Shop) -> Iterator[Found]:
    """Customers, then orders, page by page."""
    client = ShopClient(shop)
    for page in client.pages("customers", {}):
        for document in page:
            try:
                yield read_customer(document)
            except Invalid as error:
                yield _left_out("customer", document, error)
    for page in client.pages("orders", {}):
        yield from _seen(shop, page)


def orders_changed(shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
    """Orders changed at or after `since`, the oldest change first. In which order the search gives them is
    (unverified), so all of them are read before the first is given."""
    client = ShopClient(shop)
    changed: dict[str, OrderSeen] = {}
    for page in client.pages("orders", {"updatedFrom": str(int(since.timestamp()))}):
        for found in _seen(shop, page):
            if isinstance(found, Unreadable):
                yield found
            else:
                changed[found.order.id] = found
    yield from sorted(changed.values(), key=lambda seen: (seen.order.updated_at, seen.order.id))


def order_numbered(shop: Shop, number: str) -> OrderSeen | Unreadable | None:
    """By the id that shoppers see; where the store has none such, the search is asked, for old stores number orders
    otherwise, and what comes back is compared. A cart that was left is no order."""
    bare = number.strip().lstrip("#").strip()
    if not any(letter.isalnum() for letter in bare):
        return None
    client = ShopClient(shop)
    try:
        found = [client.get(f"orders/{segment(order_id_of(bare))}")]
    except NotFound:
        listed = client.get("orders", {"keywords": bare, "limit": "100"}).get("items")
        found = [document for document in items(listed, "The list", at_most=100) if bare.casefold() in _names(document)]
    return next(_seen(shop, found[:1]), None)


def _names(document: Mapping[str, Any]) -> set[str]:
    """What an order is called: its id, and a number with or without the store's prefix and suffix."""
    return {str(document.get(name, "")).casefold() for name in ("id", "vendorOrderNumber", "orderNumber")}


def _seen(shop: Shop, page: Sequence[Mapping[str, Any]]) -> Iterator[OrderSeen | Unreadable]:
    known = known_orders(shop, [order_id for document in page if (order_id := text(document.get("id"), max_length=64))])
    for document in page:
        try:
            before = known.get(text(document.get("id"), max_length=64))
            read = read_order(document, currency=shop.currency, exponent=shop.exponent, known=before)
        except Invalid as error:
            yield _left_out("order", document, error)
            continue
        if read.seen is not None:
            yield read.seen


def _left_out(what: str, document: Mapping[str, Any], error: Invalid) -> Unreadable:
    return Unreadable(what=what, external_id=text(document.get("id"), max_length=64) or "unknown", why=error.message)
