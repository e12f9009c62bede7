"""Webhooks as rows of the inbox, as the door leaves them; and waiting until dead workers are gone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection

from loyalty.models import InboxDelivery, Shop
from tests.factories import receive
from tests.platforms.shopify import payloads

T = TypeVar("T")
WAIT_SECONDS = 300
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def deliver(shop: Shop, delivery_id: str, topic: str, record: Any, *, at: datetime) -> None:
    receive(shop_id=shop.pk, delivery_id=delivery_id, topic=topic, body=payloads.body(record), meta={}, at=at)


def deliver_all(shop: Shop, deliveries: Iterable[tuple[str, str, Any]], *, at: datetime) -> None:
    """(delivery id, topic, record) each, as the door would have left them one by one."""
    for some in batched(deliveries, 1000):
        rows = [
            InboxDelivery(
                shop=shop, delivery_id=number, topic=topic, body=payloads.body(record), due_at=at, received_at=at
            )
            for number, topic, record in some
        ]
        InboxDelivery.objects.bulk_create(rows, ignore_conflicts=True)


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(things)
    while some := list(islice(left, size)):
        yield some


def order(number: int, euros: int, who: dict[str, Any], *, updated_at: datetime, **changes: Any) -> dict[str, Any]:
    """One line of so many whole euros, so that a point is a euro. `who` is customer(...) or guest(...)."""
    return payloads.order(
        payloads.line(number, f"{euros}.00"),
        total=f"{euros}.00",
        id=number,
        admin_graphql_api_id=f"gid://shopify/Order/{number}",
        name=f"#{number}",
        updated_at=updated_at.isoformat(),
        **{"customer": None, **who, **changes},
    )


def customer(number: int, email: str) -> dict[str, Any]:
    return {"customer": person(number, email), "email": email, "contact_email": email}


def person(number: int, email: str) -> dict[str, Any]:
    gid = f"gid://shopify/Customer/{number}"
    return payloads.customer(id=number, admin_graphql_api_id=gid, email=email, state="disabled")


def guest(email: str) -> dict[str, Any]:
    return {"email": email, "contact_email": email}


def refund(number: int, order_number: int, euros: int, *, at: datetime) -> dict[str, Any]:
    """`euros` of the order's one line."""
    back = payloads.returned(order_number, f"{euros}.00")
    return payloads.refund(
        number,
        back,
        paid_back=f"{euros}.00",
        admin_graphql_api_id=f"gid://shopify/Refund/{80_000 + number}",
        order_id=order_number,
        created_at=at.isoformat(),
        processed_at=at.isoformat(),
    )


def wait_until_alone() -> None:
    """Until the database has noticed that the killed are dead, and let their locks go."""
    if connection.vendor != "postgresql":
        return
    deadline = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_OTHERS)
            others = cursor.fetchone()[0]
            if not others:
                return
            assert time.monotonic() < deadline, f"{others} others are still connected"
            time.sleep(0.005)
