"""No question is sent that the store's bucket cannot pay, as far as its last answer tells."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.platforms.shopify import client, pace
from tests.platforms.shopify.test_client import Serve, serve, told

__all__ = ["serve"]
SHOP = "lamps.myshopify.com"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of a clock that stands still; sleeping moves it and is noted."""
    slept: list[float] = []
    monkeypatch.setattr(pace.time, "monotonic", lambda: 100.0 + sum(slept))
    monkeypatch.setattr(client.time, "sleep", slept.append)
    return slept


def cost(available: Any, asked: Any = 50, rate: Any = 100.0, maximum: Any = 1000.0) -> dict[str, Any]:
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": asked, "actualQueryCost": 1, "throttleStatus": status}}


def answer(available: Any, **more: Any) -> dict[str, Any]:
    return {"data": {"shop": {}}, "extensions": cost(available, **more)}


def test_what_the_bucket_holds_is_asked_at_once() -> None:
    pace.note(SHOP, "shop_profile", cost(60))
    assert pace.wait_seconds(SHOP, "shop_profile") == 0
    assert pace.wait_seconds(SHOP, "discount_create") == 0
    assert pace.wait_seconds("other.myshopify.com", "shop_profile") == 0


def test_what_it_lacks_is_waited_for(serve: Serve, clock: list[float]) -> None:
    server = serve(told(answer(10)))
    for _ in range(3):
        client.call(SHOP, "shpat_x", "shop_profile")
    assert clock == [0.4, 0.4]
    assert len(server.requests) == 3


def test_the_bucket_fills_with_time(clock: list[float]) -> None:
    pace.note(SHOP, "shop_profile", cost(0))
    assert pace.wait_seconds(SHOP, "shop_profile") == 0.5
    clock.append(0.3)
    assert pace.wait_seconds(SHOP, "shop_profile") == pytest.approx(0.2)


def test_a_history_leaves_room_for_shoppers_but_never_waits_for_more_than_there_can_be() -> None:
    pace.note(SHOP, "orders_page", cost(200, asked=100))
    assert pace.wait_seconds(SHOP, "orders_page") == 1.0
    pace.note(SHOP, "orders_page", cost(1000, asked=900))
    assert pace.wait_seconds(SHOP, "orders_page") == 0


def test_no_wait_is_longer_than_a_worker_may_hold_still(serve: Serve, clock: list[float]) -> None:
    serve(told(answer(0, rate=1.0)))
    client.call(SHOP, "shpat_x", "shop_profile")
    client.call(SHOP, "shpat_x", "shop_profile")
    assert clock == [client.LONGEST_WAIT_SECONDS]


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"cost": None},
        cost("x"),
        cost(None),
        cost(-1),
        cost(2000),
        cost(0, rate=0),
        cost(0, rate=-5),
        cost(0, rate="NaN"),
        cost(0, asked="Infinity"),
        cost(0, maximum=10**400),
    ],
)
def test_a_cost_that_makes_no_sense_stops_nobody(said: Any) -> None:
    pace.note(SHOP, "shop_profile", said)
    assert pace.wait_seconds(SHOP, "shop_profile") == 0


def test_only_so_many_stores_are_remembered() -> None:
    for number in range(pace.MAX_STORES + 10):
        pace.note(f"s{number}.myshopify.com", "shop_profile", cost(0))
    assert pace.wait_seconds("s0.myshopify.com", "shop_profile") == 0
    assert pace.wait_seconds(f"s{pace.MAX_STORES + 9}.myshopify.com", "shop_profile") > 0
