"""A webhook into observations. Its signature covers neither the store, nor the event's name, nor the data in it: it says
no more than "look there", and what is there is asked of the API with the shop's own token. A forged or replayed body
can therefore make us look once more at what is true, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.ecwid import privacy
from loyalty.platforms.ecwid.cart import charged_again
from loyalty.platforms.ecwid.client import ShopClient, segment
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.known import gone_order, known_orders, own_paid_statuses
from loyalty.platforms.ecwid.orders import id_in, order_id_of, read_order
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.ecwid.signature import event_of, topic_of
from loyalty.platforms.ecwid.standing import look, look_at_subscription
from loyalty.platforms.reading import items, mapping, whole
from loyalty.services import shoppers
from loyalty.services.observations import NothingToDo, Observation

Event = Mapping[str, Any]


def parse(shop: Shop, delivery: Delivery) -> list[Observation]:
    """Raises Invalid for what was signed and cannot be used, and what the client raises."""
    event = event_of(delivery.body)
    if store_number(event.get("storeId")) != shop.external_id:
        raise Invalid("The notice names another store; it was not used.")
    reader = _READERS.get(topic_of(event.get("eventType")))
    if reader is None:
        return [NothingToDo(why="Nothing in this notice concerns points.")]
    return reader(shop, event, delivery.received_at)


def _order(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    try:
        document = _fetch_order(shop, event)
    except NotFound:
        return [NothingToDo(why="The store no longer has this order; nothing was changed.")]
    order_id = id_in(document)
    known = known_orders(shop, [order_id]).get(order_id)
    read = read_order(
        document,
        currency=shop.currency,
        exponent=shop.exponent,
        known=known,
        also_paid=own_paid_statuses(shop),
    )
    if read.seen is None:
        return [NothingToDo(why="A cart that has not become an order earns nothing.")]
    told = [why for why in (read.flag, charged_again(shop, read.seen.order)) if why]
    return [read.seen, *(NothingToDo(why=why) for why in told)]


def _fetch_order(shop: Shop, event: Event) -> Mapping[str, Any]:
    """By `data.orderId`; `entityId` is an internal number, which only the search takes."""
    client = ShopClient(shop)
    data = event.get("data")
    wanted = data.get("orderId") if isinstance(data, dict) else None
    if wanted:
        order_id = order_id_of(wanted)
        document = client.get(f"orders/{segment(order_id)}")
        if id_in(document) != order_id:
            raise Invalid(f"The store answered with another order than {order_id}; it was not used.")
        return document
    number = whole(event.get("entityId"), "The notice's entityId", at_most=10**18)
    found = items(client.get("orders", {"ids": str(number), "limit": "1"}).get("items"), "The list", at_most=1)
    if not found:
        raise NotFound("The store does not have that.")
    return found[0]


def _deleted_order(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    """Taken out of the store's list: it counts as cancelled from now on, if the store indeed no longer has it."""
    order_id = order_id_of(mapping(event.get("data"), "The notice's data").get("orderId"))
    try:
        ShopClient(shop).get(f"orders/{segment(order_id)}")
    except NotFound:
        gone = gone_order(shop, order_id, at=at)
        return [gone or NothingToDo(why="An order was deleted of which nothing was counted.")]
    return _order(shop, event, at)


def _customer(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    number = whole(event.get("entityId"), "The notice's entityId", at_most=10**18)
    try:
        document = ShopClient(shop).get(f"customers/{number}")
    except NotFound:
        return [NothingToDo(why="The store no longer has this customer; nothing was changed.")]
    return [read_customer(document)]


def _deleted_customer(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    """Signed out everywhere. Points and orders stay: the merchant may have cleared a list, and whoever wants to be
    forgotten is told of by a notice of its own."""
    number = whole(event.get("entityId"), "The notice's entityId", at_most=10**18)
    try:
        ShopClient(shop).get(f"customers/{number}")
    except NotFound:
        ended = shoppers.end_all(shop=shop, external_id=str(number), at=at)
        return [NothingToDo(why="The customer was deleted" + (" and is signed out." if ended else "."))]
    return [NothingToDo(why="The store still has this customer; nothing was changed.")]


def _profile(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    return [NothingToDo(why=look(shop, at=at))]


def _subscription(shop: Shop, event: Event, at: datetime) -> list[Observation]:
    return [NothingToDo(why=look_at_subscription(shop, at=at))]


_READERS: dict[str, Callable[[Shop, Event, datetime], list[Observation]]] = {
    "order.created": _order,
    "order.updated": _order,
    "order.deleted": _deleted_order,
    "customer.created": _customer,
    "customer.updated": _customer,
    "customer.deleted": _deleted_customer,
    "profile.updated": _profile,
    "profile.subscriptionStatusChanged": _profile,
    "application.subscriptionStatusChanged": _subscription,
    "customer.personalDataExportRequest": privacy.copy_asked,
    "customer.personalDataRemovalRequest": privacy.removal_asked,
    "profile.personalDataRemovalRequest": privacy.owner_asked_removal,
    "application.uninstalled": privacy.uninstalled,
}
