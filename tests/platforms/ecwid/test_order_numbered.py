"""An order that no webhook told, by the number that its customer has."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.utils import timezone

from loyalty.models import HealedOrder, Shop
from loyalty.platforms.ecwid import client
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.platforms.reading import parse_json
from loyalty.services.observations import OrderSeen
from loyalty.services.reconciliations import ask
from loyalty.worker import outbox
from loyalty.worker.reconciliation import reconcile
from tests.platforms.ecwid.stand_in import StandIn

Connected = Callable[..., Shop]


@pytest.mark.parametrize("written", ["{}", "#{}", " # {} "])
def test_however_the_number_is_written_the_order_is_found(
    connected: Connected, stand_in: StandIn, written: str
) -> None:
    shop = connected()
    order = stand_in.order(shop)
    stand_in.order(shop)
    found = EcwidPlatform().order_numbered(shop, written.format(order["id"]))
    assert isinstance(found, OrderSeen)
    assert found.order.id == order["id"]


def test_the_number_of_an_old_store_is_found_by_the_search(
    connected: Connected, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the search compares is not published: only what bears the number is taken."""
    shop = connected()
    wanted, other = stand_in.order(shop), stand_in.order(shop)
    listed = [{**wanted, "vendorOrderNumber": "PRE-1042-X"}, {**other, "vendorOrderNumber": "1042"}]
    found = parse_json(json.dumps(listed).encode())
    whole = client.ShopClient.get

    def get(self: client.ShopClient, path: str, params: dict[str, str] | None = None) -> object:
        if path == "orders" and params and "keywords" in params:
            return {"items": found, "total": 2}
        return whole(self, path, params)

    monkeypatch.setattr(client.ShopClient, "get", get)
    seen = EcwidPlatform().order_numbered(shop, "#1042")
    assert isinstance(seen, OrderSeen)
    assert (seen.order.id, seen.order.number) == (other["id"], "1042")
    assert EcwidPlatform().order_numbered(shop, "104") is None


@pytest.mark.parametrize("number", ["ZZZZZ", "#", "", "..", "a/b", "999999999"])
def test_a_number_that_the_store_does_not_have_is_none(connected: Connected, stand_in: StandIn, number: str) -> None:
    shop = connected()
    stand_in.order(shop)
    assert EcwidPlatform().order_numbered(shop, number) is None


def test_from_the_angry_customers_mail_to_posted_points(connected: Connected, stand_in: StandIn) -> None:
    shop = connected()
    order = stand_in.order(shop)
    now = timezone.now()
    question = ask(shop=shop, number=f"#{order['id']}", asked_by="the shop", at=now)
    outbox.run_now(kind="orders.look_up", subject=str(question.pk), shop_id=shop.pk, now=now)
    healed = HealedOrder.objects.get(shop=shop)
    assert (healed.number, healed.was_missing) == (order["id"], True)
    reconcile(shop=shop, now=timezone.now())
    assert HealedOrder.objects.filter(shop=shop).count() == 1
