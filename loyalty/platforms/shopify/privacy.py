"""Requests about people's data, and customers who go or become one.

Only a body is signed, not its topic, and what is forgotten cannot be brought back. So a body is believed under a topic
only where it has the shape that Shopify documents for it and for no other: a request for a copy, sent again as a
request to forget, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from loyalty.engine.errors import Invalid
from loyalty.models import Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.reading import identifier, mapping, text
from loyalty.platforms.shopify.records import Record, check_gid
from loyalty.services.observations import (
    DataAsked,
    NothingToDo,
    Observation,
    PeopleMerged,
    PersonForgotten,
    ShopForgotten,
    ShopUninstalled,
    Subject,
)

LEFT_FOR = timedelta(hours=48)
"""After an uninstall Shopify waits as long before it asks to forget the store (docs, privacy law compliance)."""
MAX_ORDERS = 10_000

_PREFIX = "gid://shopify/Customer/"


def _data_request(shop: Shop, record: Record, delivery: Delivery, _welcome: Callable[[Shop], bool]) -> Observation:
    _only(record, has="data_request", has_not="orders_to_redact")
    asked = mapping(record["data_request"], "data_request")
    number = identifier(asked.get("id"), "The request's id")
    return DataAsked(subject=_subject(shop, record, "orders_requested"), request_id=f"request:{number}")


def _redact(shop: Shop, record: Record, delivery: Delivery, _welcome: Callable[[Shop], bool]) -> Observation:
    _only(record, has="orders_to_redact", has_not="data_request")
    return PersonForgotten(subject=_subject(shop, record, "orders_to_redact"), request_id=delivery.delivery_id)


def _deleted(shop: Shop, record: Record, delivery: Delivery, _welcome: Callable[[Shop], bool]) -> Observation:
    """A customer with orders cannot be deleted, so nothing is lost that anybody could come back to. The body is hardly
    more than the id; a whole customer under this topic is another message sent again."""
    if any(name in record for name in ("created_at", "updated_at", "email", "first_name", "line_items")):
        raise Invalid("The message was announced as a customer's deletion, but holds more than that.")
    if record.get("admin_graphql_api_id") is None:
        raise Invalid("The message does not say that it is about a customer.")
    subject = Subject(customer_id=check_gid(record, "Customer"))
    return PersonForgotten(subject=subject, request_id=delivery.delivery_id)


def _merged(shop: Shop, record: Record, delivery: Delivery, _welcome: Callable[[Shop], bool]) -> Observation:
    """`status` is as of the webhook's documented sample and of CustomerMergeRequestStatus; what else a finished merge
    may be called there is (unverified)."""
    kept, gone = (_customer(record, f"admin_graphql_api_customer_{which}_id") for which in ("kept", "deleted"))
    status = text(record.get("status"), max_length=32).lower()
    if status != "completed":
        return NothingToDo(why=f"The two customers were not made one ({status or 'no status'}).")
    if kept == gone:
        raise Invalid("The message says that a customer was merged with itself.")
    return PeopleMerged(kept_id=kept, gone_id=gone)


def _shop_redact(shop: Shop, record: Record, delivery: Delivery, still_welcome: Callable[[Shop], bool]) -> Observation:
    """Comes two days after an uninstall, unless the store came back. The body is the same each time, so it proves
    nothing of when: the store must have left, and two days pass again by our own clock. The word of the uninstall may
    have been lost; then a dead token stands for it."""
    _check_store(shop, record)
    if "customer" in record:
        raise Invalid("The message was announced as the store's, but is about a customer.")
    if shop.status == Shop.Status.UNINSTALLED:
        left_at = shop.uninstalled_at or delivery.received_at
        return ShopForgotten(not_before=left_at + LEFT_FOR)
    if still_welcome(shop):
        return NothingToDo(why="The store has the app, so it is not forgotten.")
    return ShopUninstalled(at=delivery.received_at)


_READERS = {
    "customers/data_request": _data_request,
    "customers/redact": _redact,
    "customers/delete": _deleted,
    "customers/merge": _merged,
    "shop/redact": _shop_redact,
}
TOPICS = frozenset(_READERS)


def observations_of(
    shop: Shop, record: Record, delivery: Delivery, still_welcome: Callable[[Shop], bool]
) -> list[Observation]:
    """Raises Invalid with a sentence for the merchant."""
    seen = _READERS[delivery.topic](shop, record, delivery, still_welcome)
    if delivery.topic == "shop/redact" and isinstance(seen, ShopUninstalled):
        return [seen, ShopForgotten(not_before=seen.at + LEFT_FOR)]
    return [seen]


def _only(record: Record, *, has: str, has_not: str) -> None:
    if has not in record or has_not in record:
        raise Invalid("The message was announced as another request than it holds.")


def _check_store(shop: Shop, record: Record) -> None:
    told = record.get("shop_domain")
    if not isinstance(told, str) or told.lower() != shop.external_id:
        raise Invalid("The request names another store.")


def _subject(shop: Shop, record: Record, orders: str) -> Subject:
    """A guest has no id of their own: then the address tells who is meant."""
    _check_store(shop, record)
    customer = mapping(record.get("customer"), "customer")
    number = customer.get("id")
    found = record.get(orders) or []
    if not isinstance(found, list) or len(found) > MAX_ORDERS:
        raise Invalid("The request's list of orders cannot be read.")
    return Subject(
        customer_id="" if number is None else identifier(number, "The customer's id"),
        email=text(customer.get("email"), max_length=320).lower(),
        phone=text(customer.get("phone"), max_length=64),
        order_ids=tuple(identifier(order, "An order's id") for order in found),
    )


def _customer(record: Record, name: str) -> str:
    gid = record.get(name)
    if not isinstance(gid, str) or not gid.startswith(_PREFIX):
        raise Invalid("The message does not say which customers became one.")
    return identifier(gid.removeprefix(_PREFIX), "The customer's id")
