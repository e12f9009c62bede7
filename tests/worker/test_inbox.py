"""Deliveries as the platform sends them, through the door and the worker to the ledger."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.models import InboxDelivery, LedgerEntry, Member, Shop, StoredFact
from loyalty.worker import inbox
from loyalty.worker.retry import MAX_ATTEMPTS, next_try
from tests.factories import assert_books, make_shop
from tests.platforms.shopify.payloads import body, customer, line, order, refund, returned

pytestmark = pytest.mark.django_db
SECRET = "a-shared-secret-of-the-app"
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
_ids = itertools.count(1)


@pytest.fixture(autouse=True)
def _app(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = SECRET


def another_order(number: int, **changes: Any) -> dict[str, Any]:
    return order(id=number, admin_graphql_api_id=f"gid://shopify/Order/{number}", **changes)


def deliver(shop: Shop, topic: str, record: Any, *, raw: bytes | None = None) -> None:
    sent = raw if raw is not None else body(record)
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(SECRET.encode(), sent, hashlib.sha256).digest()).decode(),
        "X-Shopify-Shop-Domain": shop.external_id,
        "X-Shopify-Webhook-Id": f"w-{next(_ids)}",
    }
    answer = Client().post("/shopify/webhooks", data=sent, content_type="application/json", headers=headers)
    assert answer.status_code == 200


def work(shop: Shop) -> None:
    while inbox.drain(now=datetime.now(UTC)):
        pass
    assert_books(shop)


def balances(shop: Shop) -> dict[str | None, int]:
    return dict(Member.objects.filter(shop=shop).values_list("external_id", "available"))


def test_an_order_its_payment_and_its_refund_in_the_wrong_order() -> None:
    shop = make_shop(at=BEFORE)
    back = refund(1, returned(1, "22.50"))
    deliver(shop, "refunds/create", back)
    deliver(shop, "orders/updated", order(refunds=[back], updated_at="2026-03-12T08:00:01+02:00"))
    deliver(shop, "orders/paid", order())
    deliver(shop, "orders/create", order(financial_status="pending", updated_at="2026-03-10T09:30:00+02:00"))
    work(shop)
    # 45 earned; a half of it refunded is 22.5 points, rounded down.
    assert balances(shop) == {"7001": 23}
    assert StoredFact.objects.filter(shop=shop, kind="order").count() == 1


@pytest.mark.parametrize(
    ("currency", "exponent", "price", "points"),
    [("JPY", 0, "4500", 45), ("KWD", 3, "45.500", 45), ("EUR", 2, "45.99", 45)],
)
def test_money_of_every_number_of_decimals_earns(currency: str, exponent: int, price: str, points: int) -> None:
    shop = make_shop(currency=currency, exponent=exponent, at=BEFORE)
    deliver(shop, "orders/paid", order(line(1, price, currency=currency), currency=currency, total=price))
    work(shop)
    assert balances(shop) == {"7001": points}


def test_money_as_a_number_is_read_exactly() -> None:
    shop = make_shop(at=BEFORE)
    record = order(line(1, "45.00"))
    record["line_items"][0]["price_set"]["shop_money"]["amount"] = 45.00
    deliver(shop, "orders/paid", record)
    work(shop)
    assert balances(shop) == {"7001": 45}


def test_an_order_in_a_currency_that_the_shop_does_not_use_earns_nothing_and_says_so() -> None:
    shop = make_shop(at=BEFORE)
    deliver(shop, "orders/paid", order(line(1, "4500", currency="JPY"), currency="JPY", total="4500"))
    work(shop)
    row = InboxDelivery.objects.get(shop=shop)
    assert not LedgerEntry.objects.filter(shop=shop).exists()
    assert row.state == "dead"
    assert "JPY" in row.outcome


def test_an_order_of_nobody_and_one_of_a_guest_give_no_points_yet() -> None:
    shop = make_shop(at=BEFORE)
    deliver(shop, "orders/paid", another_order(1, customer=None, email="", contact_email=None))
    deliver(shop, "orders/paid", another_order(2, customer=None, email="guest@shopper.test"))
    work(shop)
    assert not LedgerEntry.objects.filter(shop=shop).exists()
    assert StoredFact.objects.filter(shop=shop, kind="order").count() == 2


def test_an_order_that_changes_its_customer() -> None:
    shop = make_shop(at=BEFORE)
    deliver(shop, "orders/paid", order())
    work(shop)
    other = customer(id=7002, admin_graphql_api_id="gid://shopify/Customer/7002", email="other@shopper.test")
    deliver(shop, "orders/updated", order(customer=other, updated_at="2026-03-11T10:00:00+02:00"))
    work(shop)
    assert balances(shop) == {"7001": 0, "7002": 45}


UNUSABLE = {
    "not JSON": (b"\xff\xfe", "orders/paid"),
    "truncated": (body(order())[:-20], "orders/paid"),
    "a list": (b"[1, 2]", "orders/paid"),
    "no lines": (body({**order(), "line_items": None}), "orders/paid"),
    "a price that is none": (body(order(line(1, "many"))), "orders/paid"),
    "finer than the currency": (body(order(line(1, "1.005"))), "orders/paid"),
    "a negative quantity": (body(order(line(1, "5.00", quantity=-3))), "orders/paid"),
    "in the year 10000": (body(order(processed_at="10000-01-01T00:00:00Z")), "orders/paid"),
    "deeper than deep": (b"[" * 5000 + b"]" * 5000, "orders/paid"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_was_signed_and_cannot_be_used_is_kept_with_its_reason_and_delays_nobody(what: str) -> None:
    shop = make_shop(at=BEFORE)
    raw, topic = UNUSABLE[what]
    deliver(shop, topic, None, raw=raw)
    deliver(shop, "orders/paid", another_order(77))
    work(shop)
    dead = InboxDelivery.objects.get(shop=shop, state="dead")
    assert dead.outcome.endswith(".")
    assert bytes(dead.body) == raw
    assert balances(shop) == {"7001": 45}


def test_a_delivery_that_needed_a_look_can_be_tried_again() -> None:
    shop = make_shop(at=BEFORE)
    deliver(shop, "orders/paid", None, raw=b"{}")
    work(shop)
    dead = InboxDelivery.objects.get(shop=shop)
    assert dead.state == "dead"
    InboxDelivery.objects.filter(shop=shop).update(body=body(order()))
    assert inbox.replay(shop=shop, delivery_pk=dead.pk, now=datetime.now(UTC))
    work(shop)
    assert balances(shop) == {"7001": 45}
    assert not inbox.replay(shop=make_shop(), delivery_pk=dead.pk, now=datetime.now(UTC))


def test_a_worker_that_died_leaves_its_deliveries_to_the_next() -> None:
    shop = make_shop(at=BEFORE)
    deliver(shop, "orders/paid", order())
    soon = datetime.now(UTC) + timedelta(seconds=1)
    assert len(inbox.claim(InboxDelivery, now=soon, limit=10)) == 1
    assert inbox.drain(now=soon) == 0
    assert inbox.drain(now=soon + timedelta(minutes=5)) == 1
    assert balances(shop) == {"7001": 45}


def test_the_waiting_grows_and_ends() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    waits = [next_try(attempts=attempt, now=now) for attempt in range(1, MAX_ATTEMPTS + 1)]
    seconds = [(at - now).total_seconds() for at in waits if at is not None]
    assert seconds == sorted(seconds)
    assert seconds[0] == 2
    assert seconds[-1] <= 3600
    assert waits[-1] is None
    asked = next_try(attempts=1, now=now, retry_after_seconds=90)
    assert asked == now + timedelta(seconds=90)
