"""Orders that add up: taxes, currencies, partial refunds, cancellations, a year of history."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from loyalty.sandbox.shopify.money import spread, to_graphql, to_minor, to_text
from tests.sandbox.shopify.conftest import World

pytestmark = pytest.mark.once


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_shares_add_up_to_the_whole(total: int, weights: list[int]) -> None:
    shares = spread(total, weights)
    assert sum(shares) == total
    assert all(share >= 0 for share in shares)


@pytest.mark.parametrize(
    ("minor", "currency", "text", "graphql"),
    [
        (1250, "USD", "12.50", "12.5"),
        (4000, "USD", "40.00", "40.0"),
        (1200, "JPY", "1200", "1200.0"),
        (1234, "KWD", "1.234", "1.234"),
    ],
)
def test_amounts_are_written_by_the_currencys_decimals(minor: int, currency: str, text: str, graphql: str) -> None:
    assert to_text(minor, currency) == text
    assert to_graphql(minor, currency) == graphql
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(("currency", "price"), [("JPY", "1200"), ("KWD", "1.234"), ("EUR", "9.99")])
def test_an_order_in_any_currency_adds_up_until_it_is_all_given_back(world: World, currency: str, price: str) -> None:
    world.control(
        "/shopify/shops", {"name": "abroad", "currency": currency, "tax_percent": "19", "shipping_minor": 490}
    )
    url = "/shopify/shops/abroad.myshopify.com/orders"
    order = world.control(url, {"email": "a@mail.example", "lines": [{"title": "A", "price": price, "quantity": 3}]})
    amounts = {name: Decimal(order[name]) for name in ("subtotal_price", "total_tax", "total_price")}
    shipping = Decimal(order["total_shipping_price_set"]["shop_money"]["amount"])
    assert amounts["total_price"] == amounts["subtotal_price"] + amounts["total_tax"] + shipping
    for _ in range(3):
        order = world.control(f"{url}/{order['id']}/refund", {"lines": [{"line": 0, "quantity": 1}]})
    assert Decimal(order["current_subtotal_price"]) == 0
    assert Decimal(order["subtotal_price"]) == amounts["subtotal_price"]
    assert Decimal(order["current_total_tax"]) == 0
    world.control(f"{url}/{order['id']}/refund", {"lines": [{"line": 0}]}, status=409)


def test_the_pieces_of_a_discounted_line_are_worth_the_whole_line(world: World) -> None:
    marta = world.customer()["id"]
    world.discount(marta)
    body = {"customer": marta, "code": "REG-FIVE", "lines": [{"title": "A", "price": "10.00", "quantity": 3}]}
    order = world.shop("/orders", body)
    for _ in range(3):
        order = world.shop(f"/orders/{order['id']}/refund", {"lines": [{"line": 0}]})
    parts = [refund["refund_line_items"][0]["subtotal_set"]["shop_money"]["amount"] for refund in order["refunds"]]
    assert parts == ["8.33", "8.34", "8.33"]
    assert order["financial_status"] == "refunded"


def test_money_back_without_goods_and_goods_back_without_money(world: World) -> None:
    body = {"email": "a@mail.example", "lines": [{"title": "A", "price": "20.00", "quantity": 2}]}
    order = world.shop("/orders", body)
    url = f"/orders/{order['id']}/refund"
    first = world.shop(url, {"amount": "5.00"})
    assert first["current_subtotal_price"] == "40.00"
    assert first["refunds"][0]["order_adjustments"][0]["amount"] == "-5.00"
    second = world.shop(url, {"amount": "0", "lines": [{"line": 0}]})
    assert second["refunds"][1]["transactions"] == []
    assert second["current_subtotal_price"] == "20.00"
    assert second["financial_status"] == "partially_refunded"
    world.shop(url, {"amount": "35.01"}, status=409)
    world.shop(url, {"amount": "1.234"}, status=400)
    world.shop(url, {}, status=400)
    assert world.shop(url, {"amount": "35.00"})["financial_status"] == "refunded"


def test_a_cancelled_order_gives_back_the_rest_and_says_so(world: World) -> None:
    order = world.shop(
        "/orders", {"email": "a@mail.example", "lines": [{"title": "A", "price": "20.00", "quantity": 2}]}
    )
    world.shop(f"/orders/{order['id']}/refund", {"lines": [{"line": 0}]})
    cancelled = world.shop(f"/orders/{order['id']}/cancel")
    assert cancelled["financial_status"] == "refunded"
    assert cancelled["current_subtotal_price"] == "0.00"
    world.drain()
    assert len(world.app.webhooks("refunds/create")) == 2
    assert json.loads(world.app.webhooks("orders/cancelled")[0]["body"])["cancelled_at"]
    world.shop(f"/orders/{order['id']}/cancel", status=409)
    unpaid = world.shop("/orders", {"email": "a@mail.example", "pay": False, "lines": [{"title": "A", "price": "1"}]})
    assert world.shop(f"/orders/{unpaid['id']}/cancel")["financial_status"] == "voided"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lines": []}, 400),
        ({"lines": "many"}, 400),
        ({"lines": [{"sku": "NOTHING"}]}, 400),
        ({"lines": [{"sku": "TASTING-BOX-1", "quantity": 0}]}, 400),
        ({"lines": [{"title": "A", "price": "1.999"}]}, 400),
        ({"lines": [{"title": "A", "price": "free"}]}, 400),
        ({"lines": [{"sku": "TASTING-BOX-1"}], "customer": 1}, 404),
        ({"lines": [{"sku": "TASTING-BOX-1"}], "at": "yesterday"}, 400),
        ({"lines": [{"sku": "TASTING-BOX-1"}], "at": "2026-01-01T00:00:00"}, 400),
        ({"lines": [{"sku": "TASTING-BOX-1"}], "code": "NOPE"}, 400),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_leaves_nothing(world: World, body: dict[str, Any], status: int) -> None:
    world.shop("/orders", body, status=status)
    assert world.shop("/orders", method="GET") == []
    assert world.app.webhooks() == []


PERIOD = {"seed": 7, "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "customers": 15, "orders": 80}


def test_a_history_is_the_same_for_the_same_seed_and_lies_in_its_period(world: World) -> None:
    counts, totals = [], []
    for name in ("one", "two"):
        world.control("/shopify/shops", {"name": name})
        url = f"/shopify/shops/{name}.myshopify.com"
        counts.append(world.control(f"{url}/history", PERIOD | {"webhooks": False}))
        found = world.control(f"{url}/orders?limit=1000", method="GET")
        totals.append([(order["created_at"], order["total_price"], order["financial_status"]) for order in found])
        assert all("2025-12-31" <= order["created_at"][:10] <= "2026-02-01" for order in found)
    assert counts[0] == counts[1]
    assert totals[0] == totals[1]
    assert counts[0]["orders"] == 80
    assert counts[0]["customers"] == 15
    assert world.app.webhooks() == []


def test_a_history_that_is_told_sends_what_happened_when_it_happened(world: World) -> None:
    written = world.shop("/history", PERIOD | {"refund_share": 0.3})
    world.drain()
    assert written["refunds"] > 5
    assert len(world.app.webhooks("orders/create")) == 80
    assert len(world.app.webhooks("customers/create")) == 15
    triggered = [hook["headers"]["X-Shopify-Triggered-At"] for hook in world.app.webhooks()]
    assert all("2026-01-01" <= moment[:10] <= "2026-02-01" for moment in triggered)


def test_a_history_uses_codes_for_the_customers_they_were_issued_to(world: World) -> None:
    marta = world.customer(at="2025-12-01T00:00:00Z")
    world.discount(marta["id"])
    written = world.shop("/history", PERIOD | {"codes": ["REG-FIVE", "NOBODYS"]})
    assert written["codes_used"] == 1
    assert [skipped["code"] for skipped in written["codes_skipped"]] == ["NOBODYS"]
    found = world.shop("/orders?limit=1000", method="GET")
    used = [order for order in found if order["discount_codes"]]
    assert [order["customer"]["id"] for order in used] == [marta["id"]]


@pytest.mark.parametrize("change", [{"from": "2026-03-01T00:00:00Z"}, {"orders": -1}, {"orders": 10**9}, {"seed": "x"}])
def test_a_history_that_cannot_be_is_refused(world: World, change: dict[str, Any]) -> None:
    answer = requests.post(f"{world.base}/_sandbox/shopify/shops/halfmoon/history", json=PERIOD | change, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]
