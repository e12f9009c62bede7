"""Rules about collections on Shopify, whose orders do not say them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from loyalty.engine.earning import PerAmount
from loyalty.engine.facts import Order, decode
from loyalty.engine.program import parse_program, to_data
from loyalty.engine.scope import Scope
from loyalty.models import Member, OutboxMessage, ProductCollections, ProgramVersion, Shop, StoredFact
from loyalty.platforms.shopify import collections
from loyalty.platforms.shopify.orders import read_order
from loyalty.services.intake import record
from loyalty.services.observations import NothingToDo
from loyalty.worker.reconciliation import reconcile
from tests.factories import assert_books
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    found = stand_in.installed(currency="EUR")
    OutboxMessage.objects.filter(shop=found).delete()
    return found


@pytest.fixture
def product(stand_in: StandIn, shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = stand_in.of(shop.external_id, "GET", "products")[0]
    return found


def only_for(shop: Shop, collection: str) -> None:
    """One rule: a point per 1.00 spent on what is in this collection."""
    version = ProgramVersion.objects.get(shop=shop)
    rule = PerAmount(id="beans", points=1, per_minor=100, scope=Scope(collections=(collection,)))
    program = msgspec.structs.replace(parse_program(version.document), rules=(rule,))
    ProgramVersion.objects.filter(shop=shop).update(document=to_data(program))


def buy(stand_in: StandIn, shop: Shop, product: dict[str, Any], email: str = "alma@shopper.test") -> Any:
    lines = [
        {"variant": product["variants"][0]["id"], "quantity": 1},
        {"title": "Lamp", "price": "22.50", "quantity": 1},
    ]
    return stand_in.of(shop.external_id, "POST", "orders", {"lines": lines, "email": email})


def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    asked: list[list[str]] = []
    execute = collections.execute

    def counted(shop: Shop, name: str, variables: Any) -> Any:
        asked.append([gid.rpartition("/")[2] for gid in variables["ids"]])
        return execute(shop, name, variables)

    monkeypatch.setattr(collections, "execute", counted)
    return asked


def test_a_rule_about_a_collection_sees_what_is_in_it(stand_in: StandIn, shop: Shop, product: dict[str, Any]) -> None:
    only_for(shop, str(product["collections"][0]))
    buy(stand_in, shop, product)
    reconcile(shop=shop, now=timezone.now())
    member = Member.objects.get(shop=shop)
    assert member.available == product["variants"][0]["price_minor"] // 100 > 0
    assert_books(shop)


def test_a_product_is_asked_for_once_and_a_missing_one_too(
    shop: Shop, product: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_for(monkeypatch)
    number, now = str(product["id"]), timezone.now()
    for moment in (now, now + timedelta(hours=5)):
        known = collections._known(shop, {number, "404"}, moment)
        assert known == {number: tuple(map(str, product["collections"])), "404": ()}
    assert asked == [sorted([number, "404"])]
    collections._known(shop, {"404"}, now + timedelta(hours=7))
    assert asked[1:] == [["404"]]
    assert ProductCollections.objects.filter(shop=shop).count() == 2


def test_nobody_asks_where_no_program_names_a_collection(
    stand_in: StandIn, shop: Shop, product: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_for(monkeypatch)
    buy(stand_in, shop, product)
    reconcile(shop=shop, now=timezone.now())
    assert asked == []
    assert list(collections.in_collections(shop, [NothingToDo(why="x")], timezone.now())) == [NothingToDo(why="x")]


def test_what_was_seen_first_stays_whatever_the_merchant_rearranges(
    stand_in: StandIn, shop: Shop, product: dict[str, Any]
) -> None:
    only_for(shop, str(product["collections"][0]))
    order = buy(stand_in, shop, product)
    reconcile(shop=shop, now=timezone.now())
    before = Member.objects.get(shop=shop).available
    ProductCollections.objects.filter(shop=shop).update(collection_ids=["1"])
    back = {"lines": [{"line": 1, "quantity": 1}]}
    stand_in.of(shop.external_id, "POST", f"orders/{order['id']}/refund", back)
    again = read_order(stand_in.of(shop.external_id, "GET", f"orders/{order['id']}"), shop.currency)
    told = list(collections.in_collections(shop, [again], timezone.now()))
    record(shop=shop, observations=told, at=timezone.now())
    stored = decode(StoredFact.objects.get(shop=shop, kind="order").body)
    assert isinstance(stored, Order)
    assert len(stored.refunds) == 1
    assert stored.lines[0].collection_ids == tuple(map(str, product["collections"]))
    assert Member.objects.get(shop=shop).available == before
    assert_books(shop)
