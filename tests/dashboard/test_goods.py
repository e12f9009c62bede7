"""Goods by name: from the shop's orders and from its platform; a field of ids works without it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from loyalty.dashboard import goods
from loyalty.engine.errors import Unavailable
from loyalty.engine.facts import Line
from loyalty.models import Shop
from loyalty.platforms.base import Goods
from loyalty.services.programs import save_draft
from tests.dashboard.conftest import BEGAN, Ask, Seen, words
from tests.factories import make_order, place

pytestmark = pytest.mark.django_db
PATH = "/dashboard/program/goods/products/"
COLLECTIONS = "/dashboard/program/goods/collections/"


class Catalogue:
    """A platform that knows these goods, or fails."""

    def __init__(self, answer: Sequence[Goods] | Exception | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    def goods_named(self, shop: Shop, part: str, typed: str) -> Sequence[Goods] | None:
        self.asked.append((part, typed))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def known(ours: Seen) -> None:
    order = make_order("named", at=BEGAN, prices=(1_000,))
    lines = (Line(id="1", quantity=1, unit_price_minor=1_000, title="House Blend, 250 g", product_id="p77"),)
    place(ours.shop, type(order)(**{name: getattr(order, name) for name in order.__struct_fields__} | {"lines": lines}))


def answering(monkeypatch: pytest.MonkeyPatch, answer: Sequence[Goods] | Exception | None) -> Catalogue:
    catalogue = Catalogue(answer)
    monkeypatch.setattr(goods, "platform_of", lambda shop: catalogue)
    return catalogue


def test_orders_and_the_catalogue_answer_together(ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    known(ours)
    catalogue = answering(monkeypatch, [Goods("p7", "House Filter"), Goods("p77", "House Blend")])
    told = words(ask(PATH, ours.shop, q=" house \n"))
    assert catalogue.asked == [("products", "house")]
    assert told.index("House Blend, 250 g ( p77 )") > 0
    assert "House Filter ( p7 )" in told
    assert told.count("( p77 )") == 1


@pytest.mark.parametrize(
    ("answer", "why"), [(None, "catalogue can’t be asked"), (Unavailable("It is down."), "did not answer")]
)
def test_without_the_catalogue_the_orders_still_answer(
    ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch, answer: Exception | None, why: str
) -> None:
    known(ours)
    answering(monkeypatch, answer)
    told = words(ask(PATH, ours.shop, q="blend 250"))
    assert "House Blend, 250 g" in told
    assert why in told
    assert "These are from your orders." in told
    told = words(ask(PATH, ours.shop, q="teapot"))
    assert "Nothing in your orders has such a name. Your store" in told
    assert why in told
    collections = words(ask(COLLECTIONS, ours.shop, q="blend"))
    assert why in collections
    assert "your orders" not in collections, "they name no collections"
    assert "such a name" not in told.replace("Nothing in your orders has such a name.", "")
    assert "such a name" not in collections, "nobody was asked"


@pytest.mark.parametrize("part", ["products", "collections"])
def test_what_the_store_itself_does_not_know_is_said(
    ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    answering(monkeypatch, [])
    assert "Nothing has such a name." in words(ask(f"/dashboard/program/goods/{part}/", ours.shop, q="teapot"))


def test_too_little_asks_nobody_and_too_much_is_cut(ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = answering(monkeypatch, [])
    assert "Type two letters or more" in words(ask(PATH, ours.shop, q="h\x00"))
    assert catalogue.asked == []
    ask(PATH, ours.shop, q="x" * 5_000)
    assert catalogue.asked == [("products", "x" * 100)]
    assert ask("/dashboard/program/goods/orders/", ours.shop).status_code == 404


def test_a_shop_that_asks_too_often_hears_from_its_orders(
    ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goods, "ASKS", 2)
    catalogue = answering(monkeypatch, [])
    told = [words(ask(PATH, ours.shop, q="house")) for _ in range(3)]
    assert len(catalogue.asked) == 2
    assert "Wait a minute and search again." in told[-1]
    assert "did not answer" not in told[-1], "it was not asked"
    assert "your orders" in told[-1]
    collections = words(ask(COLLECTIONS, ours.shop, q="house"))
    assert "Wait a minute and search again." in collections
    assert "your orders" not in collections


def test_a_form_says_the_names_of_the_products_it_holds(ours: Seen, ask: Ask) -> None:
    known(ours)
    rule = {"kind": "per_item", "id": "x", "points": 5, "scope": {"products": ["p77", "unknown"]}}
    save_draft(shop=ours.shop, revision=0, part={"rules": [rule]}, at=BEGAN)
    told = words(ask("/dashboard/program/edit/rules/x/", ours.shop))
    assert "p77 : House Blend, 250 g" in told
    assert "Find by name" in told
