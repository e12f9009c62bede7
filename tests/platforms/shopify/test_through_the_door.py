"""Signed bodies in Shopify's shape through the real door, inbox, fold and ledger."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import random
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from loyalty.models import InboxDelivery, Member, QueueState, Shop
from loyalty.worker import inbox
from tests.factories import assert_books, make_shop
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.conftest import SECRET

_ids = itertools.count(1)


def send(shop: Shop, record: Any, topic: str = "orders/paid", delivery: str = "") -> int:
    raw = record if isinstance(record, bytes) else p.body(record)
    signature = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
    answer = Client().post(
        "/shopify/webhooks",
        data=raw,
        content_type="application/json",
        headers={
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": shop.external_id,
            "X-Shopify-Webhook-Id": delivery or str(uuid.UUID(int=next(_ids))),
            "X-Shopify-Triggered-At": "2026-03-10T09:31:00Z",
        },
    )
    return answer.status_code


def work(shop: Shop) -> None:
    while inbox.drain(now=timezone.now()):
        pass
    assert_books(shop)


def points(shop: Shop, customer: int = p.CUSTOMER_ID) -> int:
    member = Member.objects.filter(shop=shop, external_id=str(customer)).first()
    return member.available if member else 0


def outcome(shop: Shop) -> InboxDelivery:
    return InboxDelivery.objects.filter(shop=shop).latest("pk")


@pytest.mark.django_db(transaction=True)
def test_a_paid_order_earns_and_a_refund_takes_its_part() -> None:
    shop = make_shop()
    assert send(shop, p.order()) == 200
    work(shop)
    assert points(shop) == 45
    refunded = p.order(
        refunds=[p.refund(1, p.returned(1, "22.50"))],
        financial_status="partially_refunded",
        updated_at="2026-03-12T08:00:01+02:00",
    )
    send(shop, refunded, "orders/updated")
    work(shop)
    assert points(shop) == 23  # half of 45 is taken, rounded down


@pytest.mark.django_db(transaction=True)
def test_whatever_the_order_of_arrival_the_balance_is_the_same() -> None:
    refund = p.refund(1, p.returned(1, "22.50"))
    messages = [
        (p.order(financial_status="pending", updated_at="2026-03-10T09:30:00+02:00"), "orders/create"),
        (p.order(), "orders/paid"),
        (refund, "refunds/create"),
        (
            p.order(refunds=[refund], financial_status="partially_refunded", updated_at="2026-03-12T08:00:01+02:00"),
            "orders/updated",
        ),
    ]
    chance = random.Random(3)
    for _ in range(6):
        shop = make_shop()
        twice = messages + chance.sample(messages, 2)
        for record, topic in chance.sample(twice, len(twice)):
            send(shop, record, topic)
            if chance.random() < 0.5:
                work(shop)
        work(shop)
        assert points(shop) == 23
        assert not InboxDelivery.objects.filter(shop=shop).exclude(state=QueueState.DONE).exists()


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_comes_again_is_one_delivery() -> None:
    shop = make_shop()
    assert [send(shop, p.order(), delivery="d-1") for _ in range(3)] == [200, 200, 200]
    assert InboxDelivery.objects.filter(shop=shop).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_order_that_changes_its_customer_takes_its_points_along() -> None:
    shop = make_shop()
    send(shop, p.order())
    work(shop)
    other = p.customer(id=7002, admin_graphql_api_id="gid://shopify/Customer/7002", email="bo@shopper.test")
    send(shop, p.order(customer=other, updated_at="2026-03-11T08:00:00+02:00"), "orders/updated")
    work(shop)
    assert (points(shop), points(shop, 7002)) == (0, 45)


@pytest.mark.django_db(transaction=True)
def test_a_draft_of_nobody_is_kept_and_earns_for_nobody() -> None:
    shop = make_shop()
    send(shop, p.order(customer=None, email="", contact_email=None))
    work(shop)
    assert outcome(shop).state == QueueState.DONE
    assert not Member.objects.filter(shop=shop).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("currency", "exponent", "price", "earned"), [("JPY", 0, "12500", 125), ("KWD", 3, "12.345", 12)]
)
def test_currencies_with_other_decimals_earn_by_them(currency: str, exponent: int, price: str, earned: int) -> None:
    shop = make_shop(currency=currency, exponent=exponent)
    send(shop, p.order(p.line(1, price, currency=currency), currency=currency, total=price))
    work(shop)
    assert points(shop) == earned


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (p.order(currency="USD"), "The order is in USD"),
        (p.order(p.line(1, "1.005")), "more decimals than EUR"),
        (b'{"id": 55', "not JSON"),
    ],
)
def test_what_cannot_be_used_is_kept_with_its_reason(record: Any, sentence: str) -> None:
    shop = make_shop()
    assert send(shop, record) == 200
    work(shop)
    kept = outcome(shop)
    assert kept.state == QueueState.DEAD
    assert sentence in kept.outcome
    assert not Member.objects.filter(shop=shop).exists()
