"""Sentences and comparisons name products and collections as the store does, where that is known."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.models import GoodsTitle, Shop, StoredFact
from loyalty.platforms.base import Goods
from loyalty.services.catalogue import keep_titles
from loyalty.services.programs import publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.dashboard.test_goods import answering
from tests.dashboard.test_product_points import in_the_draft
from tests.factories import make_order, make_shop, place

pytestmark = pytest.mark.django_db
BASE = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}


def item(**scope: list[str]) -> dict[str, object]:
    return {"kind": "per_item", "id": "item", "points": 5, "scope": scope}


@pytest.fixture
def shop(db: None) -> Shop:
    """It has sold Thing 1 (p1)."""
    found = make_shop(platform="ecwid", at=BEGAN)
    place(found, make_order("1", at=BEGAN, prices=(1_000,)))
    return found


def test_a_product_is_called_as_it_was_sold_and_a_collection_as_it_was_found(ask: Ask, shop: Shop) -> None:
    rules = [BASE, item(products=["p1", "unknown"]), item(without_collections=["77"]) | {"id": "other"}]
    save_draft(shop=shop, revision=0, part={"rules": rules}, at=BEGAN)
    assert "everything but the collections 77" in words(ask("/dashboard/program/", shop))
    keep_titles(shop=shop, part="collections", titles={"77": "Teapots"})
    page = words(ask("/dashboard/program/", shop))
    assert "the products Thing 1, unknown" in page
    assert "everything but the collections Teapots" in page
    assert "Only these products" not in page
    publish = words(ask(reverse("dashboard:program_publish"), shop))
    assert publish.count("unknown") == 0, "a new thing is told by its name"


def test_a_comparison_of_versions_names_them_too(ask: Ask, shop: Shop) -> None:
    keep_titles(shop=shop, part="products", titles={"9": "Kettle"})
    for products in (["p1"], ["9"]):
        draft = save_draft(shop=shop, revision=0, part={"rules": [BASE, item(products=products)]}, at=timezone.now())
        publish_draft(shop=shop, revision=draft.revision, at=timezone.now())
    page = words(ask(reverse("dashboard:program_versions"), shop, **{"from": "2", "to": "3"}))
    assert "Thing 1 Kettle" in page


def test_a_product_and_a_collection_of_one_number_keep_their_own_titles(ask: Ask, shop: Shop) -> None:
    for part, title in (("products", "Kettle"), ("collections", "Teapots")):
        keep_titles(shop=shop, part=part, titles={"77": title})
    keep_titles(shop=shop, part="products", titles={"77": "Copper kettle", "": "", "x" * 65: "Too long an id"})
    assert dict(GoodsTitle.objects.filter(shop=shop).values_list("part", "title")) == {
        "products": "Copper kettle",
        "collections": "Teapots",
    }
    rules = [BASE, item(products=["77"]), item(collections=["77"]) | {"id": "other"}]
    save_draft(shop=shop, revision=0, part={"rules": rules}, at=BEGAN)
    page = words(ask("/dashboard/program/", shop))
    assert "the products Copper kettle" in page
    assert "the collections Teapots" in page


def test_what_a_search_found_is_known_from_then_on(ask: Ask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, [Goods("501", SCRIPT)])
    ask("/dashboard/program/goods/collections/", shop, q="tea")
    save_draft(shop=shop, revision=0, part={"rules": [BASE, item(collections=["501"])]}, at=BEGAN)
    page = ask("/dashboard/program/", shop)
    assert SCRIPT not in page.content.decode()
    assert "the collections &lt;script" in page.content.decode()


def test_single_products_are_listed_by_what_they_are_called(ask: Ask, shop: Shop) -> None:
    keep_titles(shop=shop, part="products", titles={"501": "Kettle"})
    ask("/dashboard/program/products/", shop, "post", rows="501,5")
    assert in_the_draft(shop) == {"501": 5}
    assert "Kettle" in words(ask("/dashboard/program/products/", shop))


def asked_of(ask: Ask, shop: Shop) -> tuple[str, list[str]]:
    """The Program page, and what was asked for it about goods and orders."""
    with CaptureQueriesContext(connection) as asked:
        page = words(ask("/dashboard/program/", shop))
    return page, [query["sql"] for query in asked if "goodstitle" in query["sql"] or "storedfact" in query["sql"]]


def test_what_no_order_names_is_looked_for_once_a_day(ask: Ask, shop: Shop) -> None:
    save_draft(shop=shop, revision=0, part={"rules": [BASE, item(products=["p1", "tea-77"])]}, at=BEGAN)
    first, _asked = asked_of(ask, shop)
    second, asked = asked_of(ask, shop)
    assert ["the products Thing 1, tea-77" in page for page in (first, second)] == [True, True]
    assert len(asked) == 1, "one indexed query"
    sold_since = make_order("2", at=timezone.now(), prices=(1_000,))
    line = msgspec.structs.replace(sold_since.lines[0], product_id="tea-77", title="Tea in a tin")
    place(shop, msgspec.structs.replace(sold_since, lines=(line,)))
    assert "Thing 1, tea-77" in asked_of(ask, shop)[0]
    GoodsTitle.objects.filter(shop=shop).update(looked_at=timezone.now() - timedelta(hours=25))
    assert "Thing 1, Tea in a tin" in asked_of(ask, shop)[0]
    assert len(asked_of(ask, shop)[1]) == 1


def test_what_a_search_found_is_not_looked_for_in_orders(ask: Ask, shop: Shop) -> None:
    """Nor taken back by orders that do not know it."""
    save_draft(shop=shop, revision=0, part={"rules": [BASE, item(products=["tea-77"])]}, at=BEGAN)
    asked_of(ask, shop)
    keep_titles(shop=shop, part="products", titles={"tea-77": "Kettle"})
    GoodsTitle.objects.filter(shop=shop).exclude(looked_at=None).update(looked_at=BEGAN)
    page, asked = asked_of(ask, shop)
    assert "the products Kettle" in page
    assert len(asked) == 1


def test_an_old_title_stays_where_the_newest_orders_know_none(ask: Ask, shop: Shop) -> None:
    save_draft(shop=shop, revision=0, part={"rules": [BASE, item(products=["p1"])]}, at=BEGAN)
    asked_of(ask, shop)
    StoredFact.objects.filter(shop=shop).delete()
    GoodsTitle.objects.filter(shop=shop).update(looked_at=BEGAN)
    assert "the products Thing 1" in asked_of(ask, shop)[0]
    assert "the products Thing 1" in asked_of(ask, shop)[0]


def test_a_program_that_names_no_goods_asks_for_no_titles(ask: Ask, shop: Shop) -> None:
    with CaptureQueriesContext(connection) as asked:
        ask("/dashboard/program/", shop)
    assert not [query for query in asked if "goodstitle" in query["sql"]]
