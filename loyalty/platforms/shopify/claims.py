"""What a signed body says of itself. Topic and store come in headers that nobody signed, so a body that was captured can
be sent again under others; where it tells what it is, or whose, and the headers say otherwise, it is refused at the door.

What cannot be told from a body: one topic from another of the same kind (orders/create from orders/paid; shop/update
from app/uninstalled, which is asked of Shopify), the store of a customer, and the store of a refund, which counts only
for an order that the store has.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from loyalty.engine.errors import Unauthorized

_KINDS = {
    "Order": "order",
    "Refund": "refund",
    "Customer": "customer",
    "Product": "product",
    "Collection": "collection",
    "BulkOperation": "bulk_operation",
}
"""The objects whose bodies we read, and how the topics that tell of them begin."""
_REQUESTS = ("customers/data_request", "customers/redact", "shop/redact")
_GID = re.compile(r"gid://shopify/([A-Za-z]{1,40})/([0-9]{1,20})")
_STATUS_PAGE = re.compile(r"/([0-9]{1,20})/orders/.*")


class _Body(msgspec.Struct):
    """Only what is looked at; of another type it says nothing."""

    id: Any = None
    admin_graphql_api_id: Any = None
    order_status_url: Any = None
    shop_id: Any = None
    shop_domain: Any = None
    myshopify_domain: Any = msgspec.UNSET
    customer: Any = msgspec.UNSET
    orders_to_redact: Any = msgspec.UNSET
    data_request: Any = msgspec.UNSET


_decode = msgspec.json.Decoder(_Body).decode


class Claims(msgspec.Struct, frozen=True):
    """The store that a body names: its permanent domain and its number, each empty where it does not."""

    store: str = ""
    number: str = ""


def claims_of(body: bytes, topic: str) -> Claims:
    """Raises Unauthorized for a body that is not of this topic. One that cannot be read claims nothing: it is kept, for
    the merchant to see."""
    try:
        told = _decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return Claims()
    if not _fits(told, topic):
        raise Unauthorized("The message was announced as another than it is.", code="wrong_topic")
    return _store_of(told)


def _fits(told: _Body, topic: str) -> bool:
    gid = _GID.fullmatch(told.admin_graphql_api_id) if isinstance(told.admin_graphql_api_id, str) else None
    if gid is not None and gid[1] in _KINDS:
        return topic.startswith(_KINDS[gid[1]]) and topic not in _REQUESTS
    if told.myshopify_domain is not msgspec.UNSET:
        return topic.startswith(("shop/", "app/")) and topic != "shop/redact"
    if told.data_request is not msgspec.UNSET:
        return topic == "customers/data_request"
    if told.orders_to_redact is not msgspec.UNSET:
        return topic == "customers/redact"
    if told.shop_domain is not None:
        return topic in (_REQUESTS[:2] if told.customer is not msgspec.UNSET else _REQUESTS[2:])
    return True


def _store_of(told: _Body) -> Claims:
    if told.myshopify_domain is not msgspec.UNSET:
        return Claims(_domain(told.myshopify_domain), _number(told.id))
    if told.order_status_url is not None:
        return _status_page(told.order_status_url)
    return Claims(_domain(told.shop_domain), _number(told.shop_id))


def _status_page(url: Any) -> Claims:
    """An order's page for its customer: https://{the store's own domain, or the permanent one}/{number}/orders/..."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if parts is None:
        return Claims()
    page = _STATUS_PAGE.fullmatch(parts.path)
    return Claims(_domain(parts.hostname), page[1] if page else "")


def _domain(value: Any) -> str:
    name = value.lower() if isinstance(value, str) else ""
    return name if name.endswith(".myshopify.com") else ""


def _number(value: Any) -> str:
    if isinstance(value, str):
        gid = _GID.fullmatch(value)
        value = gid[2] if gid else value
    found = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return found if found.isascii() and found.isdigit() else ""
