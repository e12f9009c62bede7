"""Everything a store has, and what changed lately: the import and the safety net behind lost webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import structlog

from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import BulkRead, Shop
from loyalty.platforms.ecwid.client import ShopClient, segment
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.known import gone_order, known_orders, own_paid_statuses
from loyalty.platforms.ecwid.orders import moment, order_id_of, read_order
from loyalty.platforms.ecwid.standing import look
from loyalty.platforms.reading import items, text
from loyalty.services.observations import Found, OrderSeen, PersonSeen, Unreadable

log = structlog.get_logger("regulars.ecwid")
GOES_ON_WITHIN = timedelta(days=1)
STEPS_BACK = 500
"""Entries; more than one transaction of the import holds."""


def history(shop: Shop) -> Iterator[Found]:
    """Customers, then orders, page by page, with how far it is. One that broke off goes on where it was, a little
    before: whoever reads us may not have stored the last pages, and lists move."""
    client = ShopClient(shop)
    now = datetime.now(UTC)
    BulkRead.objects.filter(shop=shop, begun_at__lt=now - GOES_ON_WITHIN).delete()
    for part in ("customers", "orders"):
        read, _ = BulkRead.objects.get_or_create(
            shop=shop, part=part, defaults={"state": BulkRead.State.READING, "begun_at": now}
        )
        offset = max(0, read.seen - STEPS_BACK)
        for page, total in client.counted_pages(part, {}, offset=offset):
            yield from _seen(shop, page) if part == "orders" else _people(page)
            offset += len(page)
            BulkRead.objects.filter(shop=shop, pk=read.pk).update(seen=offset, total=total)
    BulkRead.objects.filter(shop=shop).delete()


def _people(page: Sequence[Mapping[str, Any]]) -> Iterator[PersonSeen | Unreadable]:
    for document in page:
        try:
            yield read_customer(document)
        except Invalid as error:
            yield _left_out("customer", document, error)


def orders_changed(shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
    """Orders changed or deleted at or after `since`, the oldest change first. In which order the search gives them is
    (unverified), so all of them are read before the first is given."""
    look(shop, at=datetime.now(UTC))
    client = ShopClient(shop)
    changed: dict[str, OrderSeen] = {}
    for found in chain(_updated(shop, client, since), _deleted(shop, client, since)):
        if isinstance(found, Unreadable):
            yield found
        else:
            changed[found.order.id] = found
    yield from sorted(changed.values(), key=lambda seen: (seen.order.updated_at, seen.order.id))


def _updated(shop: Shop, client: ShopClient, since: datetime) -> Iterator[OrderSeen | Unreadable]:
    for page in client.pages("orders", {"updatedFrom": str(int(since.timestamp()))}):
        yield from _seen(shop, page)


def _deleted(shop: Shop, client: ShopClient, since: datetime) -> Iterator[OrderSeen | Unreadable]:
    """`GET /orders/deleted` is known from Ecwid's own Java client alone (DeletedOrdersSearchRequest, DeletedOrder): a
    store that does not have it has told us by webhook."""
    try:
        for page in client.pages("orders/deleted", {"from_date": str(int(since.timestamp()))}):
            for document in page:
                try:
                    gone = _gone(shop, document)
                except Invalid as error:
                    yield _left_out("order", document, error)
                    continue
                if gone is not None:
                    yield gone
    except NotFound:
        log.info("ecwid.no_list_of_deleted_orders", shop=shop.pk)


def _gone(shop: Shop, document: Mapping[str, Any]) -> OrderSeen | None:
    """By `orderId`. `id` is the inner number; which of the two a store sends is (unverified), and a number alone names no
    order that we could know."""
    named = document.get("orderId") or document.get("id")
    if not isinstance(named, str):
        log.info("ecwid.deleted_order_without_id", shop=shop.pk, number=str(named)[:20])
        return None
    return gone_order(shop, order_id_of(named), at=moment(document.get("date"), "The date of the deletion"))


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
    also_paid = own_paid_statuses(shop)
    for document in page:
        try:
            before = known.get(text(document.get("id"), max_length=64))
            read = read_order(
                document, currency=shop.currency, exponent=shop.exponent, known=before, also_paid=also_paid
            )
        except Invalid as error:
            yield _left_out("order", document, error)
            continue
        if read.seen is not None:
            yield read.seen


def _left_out(what: str, document: Mapping[str, Any], error: Invalid) -> Unreadable:
    return Unreadable(what=what, external_id=text(document.get("id"), max_length=64) or "unknown", why=error.message)
