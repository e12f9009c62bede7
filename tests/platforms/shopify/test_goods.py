"""Products and collections of a store by the words of their titles."""

from __future__ import annotations

import pytest

from loyalty.models import Credential, Shop
from loyalty.platforms.base import Catalogue
from loyalty.platforms.registry import platform_of
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    return stand_in.installed(currency="EUR")


@pytest.mark.parametrize("typed", ["house", "HOUSE ble", "blend hou", 'house" OR title:*'])
def test_products_are_found_by_how_their_words_begin(shop: Shop, typed: str) -> None:
    found = platform_of(shop).goods_named(shop, "products", typed)
    assert found is not None
    assert [each.title for each in found] == (["House Blend"] if "OR" not in typed else [])
    assert all(each.id.isdigit() for each in found)


def test_collections_are_found_too(shop: Shop) -> None:
    found = platform_of(shop).goods_named(shop, "collections", "gi")
    assert found is not None
    assert [each.title for each in found] == ["Gifts"]


@pytest.mark.parametrize("part", ["products", "collections"])
def test_nothing_but_signs_asks_nothing(shop: Shop, part: Catalogue) -> None:
    assert platform_of(shop).goods_named(shop, part, "*:()\"'") == []


def test_a_store_that_did_not_grant_it_is_not_asked(shop: Shop) -> None:
    Credential.objects.filter(shop=shop).update(scopes="read_orders")
    assert platform_of(shop).goods_named(shop, "products", "house") is None
