"""An order that no webhook told, by the number that its customer has."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import timezone

from loyalty.models import HealedOrder, Shop, StoredFact
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import history
from loyalty.services.observations import OrderSeen, Unreadable
from loyalty.services.reconciliations import ask
from loyalty.worker import outbox
from loyalty.worker.reconciliation import reconcile
from tests.platforms.shopify.stand_in import StandIn

_numbers = itertools.count(1)
SOLD = {"lines": [{"title": "Lamp", "price": "22.50", "quantity": 2}]}


def an_order(stand_in: StandIn, shop: Shop) -> dict[str, Any]:
    person = {"email": f"alma{next(_numbers)}@shopper.test", "name": "Alma Berg"}
    customer = stand_in.of(shop.external_id, "POST", "customers", person)
    return dict(stand_in.of(shop.external_id, "POST", "orders", {**SOLD, "customer": customer["id"]}))


@pytest.mark.parametrize("written", ["#{}", "{}", " # {} "])
def test_however_the_number_is_written_the_order_is_found(stand_in: StandIn, written: str) -> None:
    shop = stand_in.installed()
    number = an_order(stand_in, shop)["name"].lstrip("#")
    an_order(stand_in, shop)
    found = platform_of(shop).order_numbered(shop, written.format(number))
    assert isinstance(found, OrderSeen)
    assert found.order.number == f"#{number}"


@pytest.mark.parametrize("number", ["#999999", "#", "", "1 OR name:*", "99)"])
def test_a_number_that_the_store_does_not_have_is_none(stand_in: StandIn, number: str) -> None:
    shop = stand_in.installed()
    an_order(stand_in, shop)
    assert platform_of(shop).order_numbered(shop, number) is None


def test_a_search_that_finds_neighbours_is_not_believed(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether `name:` matches parts of a name is not published."""
    shop = stand_in.installed()
    names = [an_order(stand_in, shop)["name"] for _ in range(3)]
    asked: list[str] = []
    whole = history.execute

    def kind(shop: Shop, document: str, variables: dict[str, Any]) -> Any:
        if document == "orders_page":
            asked.append(variables["query"])
            variables = {**variables, "query": None}
        return whole(shop, document, variables)

    monkeypatch.setattr(history, "execute", kind)
    found = platform_of(shop).order_numbered(shop, names[1])
    assert isinstance(found, OrderSeen)
    assert found.order.number == names[1]
    assert platform_of(shop).order_numbered(shop, names[1][:-1]) is None
    assert asked == [f"name:'{names[1]}'", f"name:'{names[1][:-1]}'", f"name:'{names[1][1:-1]}'"]


def test_an_order_that_cannot_be_read_says_why(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = stand_in.installed()
    name = an_order(stand_in, shop)["name"]
    shop.currency = "KWD"
    found = platform_of(shop).order_numbered(shop, name)
    assert isinstance(found, Unreadable)
    assert found.why.endswith(".")


def test_from_the_angry_customers_mail_to_posted_points(stand_in: StandIn) -> None:
    """No webhook was heard: the number is asked for, the order stored and posted as if one had been."""
    shop = stand_in.installed()
    order = an_order(stand_in, shop)
    now = timezone.now()
    question = ask(shop=shop, number=order["name"], asked_by="staff 42", at=now)
    outbox.run_now(kind="orders.look_up", subject=str(question.pk), shop_id=shop.pk, now=now)
    healed = HealedOrder.objects.get(shop=shop)
    assert (healed.number, healed.was_missing, healed.points) == (order["name"], True, 45)
    assert StoredFact.objects.get(shop=shop, kind="order").external_id == str(order["id"])
    reconcile(shop=shop, now=timezone.now())
    assert HealedOrder.objects.filter(shop=shop).count() == 1
