"""Webhooks: what they carry, to whom they go, when they come again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from loyalty.sandbox.ecwid.events import RETRIES, signature
from tests.sandbox.ecwid.conftest import SECRET, World

LINE = [{"sku": "PEN-BR"}]


def place(world: World, **body: object) -> dict[str, Any]:
    return world.control("POST", "/ecwid/shops/1003/orders", {"lines": LINE, "email": "ada@mail.example"} | body)


def test_an_order_fires_a_signed_event_with_its_type_in_the_query(world: World) -> None:
    order = place(world)
    world.drain()
    request = next(entry for entry in world.app.requests if "order.created" in entry["path"])
    event = json.loads(request["body"])
    assert request["method"] == "POST"
    assert parse_qs(urlsplit(request["path"]).query) == {"eventtype": ["order.created"]}
    assert event["storeId"] == 1003
    assert event["entityId"] == order["internalId"]
    assert event["data"] == {
        "orderId": order["id"],
        "newPaymentStatus": "PAID",
        "newFulfillmentStatus": "AWAITING_PROCESSING",
    }
    expected = signature(event["eventCreated"], event["eventId"], SECRET)
    assert request["headers"]["X-Ecwid-Webhook-Signature"] == expected


def test_one_checkout_fires_several_events(world: World) -> None:
    place(world)
    place(world)
    world.drain()
    kinds = sorted(event["eventType"] for event in world.app.events())
    assert kinds == ["application.installed", "customer.created", "customer.updated", "order.created", "order.created"]


def test_any_status_may_follow_any_other_and_each_change_is_told(world: World) -> None:
    order = place(world, pay=False)
    for payment, fulfillment in (("PAID", ""), ("CANCELLED", "RETURNED"), ("AWAITING_PAYMENT", "DELIVERED")):
        path = f"/ecwid/shops/1003/orders/{order['id']}/status"
        world.control("POST", path, {"payment": payment, "fulfillment": fulfillment})
    world.drain()
    changes = {
        (event["data"]["oldPaymentStatus"], event["data"]["newPaymentStatus"])
        for event in world.app.events("order.updated")
    }
    assert changes == {("AWAITING_PAYMENT", "PAID"), ("PAID", "CANCELLED"), ("CANCELLED", "AWAITING_PAYMENT")}


def test_writing_by_rest_fires_events_too(world: World) -> None:
    order = place(world)
    assert world.rest("PUT", f"/orders/{order['id']}", world.token(), json={"privateAdminNotes": "120 points"}).ok
    world.drain()
    assert len(world.app.events("order.updated")) == 1


def test_without_the_scope_an_event_is_not_sent(empty: World) -> None:
    empty.control("POST", "/ecwid/shops/1003/token", {"scopes": ["read_orders"]})
    place(empty)
    empty.drain()
    assert [event["eventType"] for event in empty.app.events()] == ["order.created"]


def test_before_installation_and_after_it_nothing_is_sent(empty: World) -> None:
    place(empty)
    empty.drain()
    assert not empty.app.requests


def test_both_spellings_of_a_name_can_be_sent(world: World) -> None:
    world.control("PUT", "/ecwid/switches", {"event_spelling": "snake"})
    body = {"type": "application.subscriptionStatusChanged", "data": {"newSubscriptionStatus": "ACTIVE"}}
    world.control("POST", "/ecwid/shops/1003/events", body)
    world.drain()
    assert world.app.events("application.subscription_status_changed")


def test_events_can_come_by_put_as_one_example_of_the_documentation_shows(world: World) -> None:
    world.control("PUT", "/ecwid/switches", {"webhook_method": "PUT"})
    place(world)
    world.drain()
    assert {entry["method"] for entry in world.app.requests if "order.created" in entry["path"]} == {"PUT"}


def test_the_deleted_order_is_told(world: World) -> None:
    order = place(world)
    world.control("DELETE", f"/ecwid/shops/1003/orders/{order['id']}")
    world.drain()
    assert world.app.events("order.deleted")[0]["data"] == {"orderId": order["id"]}


@pytest.mark.parametrize(
    ("status", "delivered"),
    [
        (200, True),
        (201, True),
        (202, True),
        (204, True),
        (209, True),
        (203, False),
        (208, False),
        (301, False),
        (500, False),
    ],
)
def test_only_some_answers_count_as_delivered(world: World, status: int, delivered: bool) -> None:
    world.drain()
    world.app.status = status
    place(world)
    world.drain()
    states = {entry["state"] for entry in world.control("GET", "/deliveries?topic=order.created")}
    assert states == ({"delivered"} if delivered else {"pending"})


def test_retries_come_after_15_30_and_45_minutes_and_then_hourly() -> None:
    assert RETRIES[:5] == (900.0, 1800.0, 2700.0, 3600.0, 3600.0)
    assert len(RETRIES) == 26


def test_a_retry_comes_by_itself_when_time_runs_faster(world: World) -> None:
    world.drain()
    world.control("PUT", "/faults", {"time_scale": 0.0001})
    world.app.failures = 2
    place(world, customer_record=False)
    world.drain()
    attempts = world.control("GET", "/deliveries?topic=order.created")[0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == [503, 503, 200]
