"""Signed, retried, and as unreliable as one asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import datetime

import pytest

from loyalty.sandbox.shopify.events import POLICY
from tests.sandbox.shopify.conftest import DOMAIN, SECRET, World

pytestmark = pytest.mark.once

LINES = [{"sku": "TASTING-BOX-1", "quantity": 2}]


def signed(body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def test_an_order_is_said_with_signature_and_all_headers(world: World) -> None:
    world.shop("/orders", {"email": "marta@mail.example", "lines": LINES})
    world.drain()
    assert {hook["headers"]["X-Shopify-Topic"] for hook in world.app.webhooks()} == {
        "customers/create",
        "orders/create",
        "orders/paid",
        "orders/updated",
    }
    for hook in world.app.webhooks():
        headers = hook["headers"]
        assert headers["X-Shopify-Hmac-Sha256"] == signed(hook["body"])
        assert headers["X-Shopify-Shop-Domain"] == DOMAIN
        assert headers["X-Shopify-API-Version"] == "2026-10"
        assert headers["X-Shopify-Webhook-Id"] != headers["X-Shopify-Event-Id"]
        assert headers["X-Shopify-Triggered-At"].endswith("Z")


def test_an_order_has_the_shape_of_the_real_one(world: World) -> None:
    world.shop("/orders", {"email": "marta@mail.example", "lines": LINES})
    world.drain()
    order = json.loads(world.app.webhooks("orders/paid")[0]["body"])
    assert order["subtotal_price"] == order["current_subtotal_price"] == "45.00"
    assert order["total_price_set"]["shop_money"] == {"amount": "45.00", "currency_code": "USD"}
    assert order["financial_status"] == "paid"
    assert order["id"] > 2**53
    assert order["admin_graphql_api_id"] == f"gid://shopify/Order/{order['id']}"
    assert order["created_at"][-6:] in ("-04:00", "-05:00")
    assert order["customer"]["email"] == "marta@mail.example"
    assert not {"tags", "orders_count", "total_spent"} & set(order["customer"])
    assert "checkout_id" not in order


def test_a_refund_has_numbers_where_the_real_one_has(world: World) -> None:
    order = world.shop(
        "/orders", {"email": "m@mail.example", "lines": [{"title": "A", "price": "22.55", "quantity": 3}]}
    )
    world.shop(f"/orders/{order['id']}/refund", {"lines": [{"line": 0, "quantity": 1}]})
    world.drain()
    refund = json.loads(world.app.webhooks("refunds/create")[0]["body"])
    part = refund["refund_line_items"][0]
    assert part["subtotal"] == 22.55
    assert part["subtotal_set"]["shop_money"]["amount"] == "22.55"
    assert refund["order_id"] == order["id"]
    assert refund["transactions"][0]["amount"] == "22.55"
    updated = json.loads(world.app.webhooks("orders/updated")[-1]["body"])
    assert updated["financial_status"] == "partially_refunded"
    assert updated["subtotal_price"] == "67.65"
    assert updated["current_subtotal_price"] == "45.10"
    assert updated["refunds"][0]["id"] == refund["id"]


def test_an_order_without_a_customer_says_null_and_no_email(world: World) -> None:
    world.shop("/orders", {"customer": None, "lines": LINES, "source_name": "pos"})
    world.drain()
    order = json.loads(world.app.webhooks("orders/create")[0]["body"])
    assert order["customer"] is None
    assert order["email"] == ""


def test_a_failed_delivery_is_tried_eight_more_times_with_the_same_bytes(world: World) -> None:
    world.control("/faults", {"time_scale": 0.0001}, method="PUT")
    world.app.status = 503
    world.customer()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        kept = world.control("/deliveries?topic=customers/create", method="GET")
        if kept[0]["state"] == "failed":
            break
        time.sleep(0.05)
    assert len(kept[0]["attempts"]) == 9
    assert [attempt["status"] for attempt in kept[0]["attempts"]] == [503] * 9
    assert len({(hook["body"], hook["headers"]["X-Shopify-Webhook-Id"]) for hook in world.app.webhooks()}) == 1
    moments = [datetime.fromisoformat(attempt["at"]) for attempt in kept[0]["attempts"]]
    assert (moments[-1] - moments[-2]).total_seconds() > 0.7


def test_the_retries_spread_over_four_hours_ever_slower() -> None:
    assert len(POLICY.delays_seconds) == 8
    assert sum(POLICY.delays_seconds) == 4 * 60 * 60
    assert list(POLICY.delays_seconds) == sorted(POLICY.delays_seconds)


def test_a_redirect_is_a_failure(world: World) -> None:
    world.app.pages["/shopify/webhooks"] = (302, {"Location": "/elsewhere"}, b"")
    world.customer()
    deadline = time.monotonic() + 120
    kept = []
    while time.monotonic() < deadline and not (kept and kept[0]["attempts"]):
        kept = world.control("/deliveries", method="GET")
        time.sleep(0.02)
    assert kept[0]["state"] == "pending"
    assert not [entry for entry in world.app.seen if entry["path"] == "/elsewhere"]


def test_faults_strike_as_often_as_asked_and_then_no_more(world: World) -> None:
    world.control("/faults", {"drop": 1}, method="PUT")
    world.customer("a@mail.example")
    world.control("/faults", {"duplicate": 1}, method="PUT")
    world.customer("b@mail.example")
    world.control("/faults", {"corrupt_signature": 1}, method="PUT")
    world.customer("c@mail.example")
    world.customer("d@mail.example")
    world.drain()
    seen = [(json.loads(hook["body"])["email"][0], hook) for hook in world.app.webhooks()]
    assert sorted(name for name, _ in seen) == ["b", "b", "c", "d"]
    assert len({hook["headers"]["X-Shopify-Webhook-Id"] for name, hook in seen if name == "b"}) == 1
    good = {name: hook["headers"]["X-Shopify-Hmac-Sha256"] == signed(hook["body"]) for name, hook in seen}
    assert good == {"b": True, "c": False, "d": True}


def test_held_webhooks_wait_and_leave_together_on_demand(world: World) -> None:
    world.control("/faults", {"hold": True}, method="PUT")
    for name in "abc":
        world.customer(f"{name}@mail.example")
    assert world.app.webhooks() == []
    assert world.control("/deliveries/now")["due"] == 3
    world.drain()
    assert len(world.app.webhooks()) == 3


def test_a_shuffle_window_changes_the_order(world: World) -> None:
    world.control("/faults", {"shuffle_seconds": 0.6}, method="PUT")
    names = [f"shopper{number}@mail.example" for number in range(12)]
    for name in names:
        world.customer(name)
    world.drain()
    arrived = [json.loads(hook["body"])["email"] for hook in world.app.webhooks()]
    assert sorted(arrived) == sorted(names)
    assert arrived != names


def test_a_delivery_can_be_sent_again(world: World) -> None:
    world.customer()
    world.drain()
    kept = world.control("/deliveries?state=delivered", method="GET")
    world.control(f"/deliveries/{kept[0]['id']}/redeliver", {"times": 2})
    world.drain()
    assert len({hook["headers"]["X-Shopify-Webhook-Id"] for hook in world.app.webhooks()}) == 1
    assert len(world.app.webhooks()) == 3


def test_uninstalling_is_said_once_and_nothing_after_it(world: World) -> None:
    world.shop("/uninstall")
    world.customer()
    world.shop("/orders", {"email": "marta@mail.example", "lines": LINES})
    world.drain()
    hooks = world.app.webhooks()
    assert [hook["headers"]["X-Shopify-Topic"] for hook in hooks] == ["app/uninstalled"]
    assert json.loads(hooks[0]["body"])["myshopify_domain"] is None
    world.shop("/uninstall", status=409)


def test_a_topic_needs_its_scope(world: World) -> None:
    world.shop("/scopes", {"scopes": ["read_customers"]})
    world.shop("/orders", {"email": "marta@mail.example", "lines": LINES})
    world.drain()
    topics = sorted(hook["headers"]["X-Shopify-Topic"] for hook in world.app.webhooks())
    assert topics == ["app/scopes_update", "customers/create"]


def test_compliance_topics_reach_an_app_that_is_gone(world: World) -> None:
    customer = world.customer()
    order = world.shop("/orders", {"customer": customer["id"], "lines": LINES})
    world.shop("/uninstall")
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        world.shop("/compliance", {"topic": topic, "customer": customer["id"]})
    world.drain()
    redact = json.loads(world.app.webhooks("customers/redact")[0]["body"])
    assert redact["orders_to_redact"] == [order["id"]]
    assert redact["shop_domain"] == DOMAIN
    assert set(json.loads(world.app.webhooks("shop/redact")[0]["body"])) == {"shop_id", "shop_domain"}


def test_without_approval_for_personal_data_names_are_null(world: World) -> None:
    app = {"client_id": "client-of-the-tests", "client_secret": SECRET, "app_url": world.app.url}
    world.control("/shopify/app", app | {"protected_customer_data": 1}, method="PUT")
    world.shop("/orders", {"email": "marta@mail.example", "name": "Marta Lopez", "lines": LINES})
    world.drain()
    order = json.loads(world.app.webhooks("orders/create")[0]["body"])
    assert order["email"] is None
    assert order["customer"]["first_name"] is None
    assert order["customer"]["id"]


def test_an_order_changes_hands_and_any_bytes_can_be_signed(world: World) -> None:
    order = world.shop("/orders", {"email": "marta@mail.example", "lines": LINES})
    ada = world.customer("ada@mail.example")
    world.shop(f"/orders/{order['id']}/customer", {"customer": ada["id"]})
    world.shop("/webhooks", {"topic": "orders/paid", "text": '{"id": 1, "tot'})
    world.shop("/webhooks", {"topic": "orders/paid"}, status=400)
    world.drain()
    changed = json.loads(world.app.webhooks("orders/updated")[-1]["body"])
    assert changed["customer"]["id"] == ada["id"]
    torn = [hook for hook in world.app.webhooks("orders/paid") if hook["body"] == b'{"id": 1, "tot']
    assert [hook["headers"]["X-Shopify-Hmac-Sha256"] for hook in torn] == [signed(torn[0]["body"])]
