"""Word that something of the store changed: whatever it claims, Shopify is asked."""

from __future__ import annotations

import pytest
from django.utils import timezone

from loyalty.engine.errors import Unavailable
from loyalty.models import Credential, Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.registry import platform_of
from loyalty.services.observations import NothingToDo
from tests.platforms.shopify.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
LIE = b'{"id": 1, "name": "Bought by nobody", "currency": "USD", "current": ["write_everything"]}'


def told(shop: Shop, topic: str) -> str:
    word = Delivery(delivery_id="d", topic=topic, body=LIE, meta={}, received_at=timezone.now())
    (seen,) = platform_of(shop).parse(shop, word)
    assert isinstance(seen, NothingToDo)
    return seen.why


def test_a_stores_new_settings_are_read_from_the_store(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    name = shop.name
    Shop.objects.filter(pk=shop.pk).update(name="Before", time_zone="UTC")
    assert "read again" in told(shop, "shop/update")
    shop.refresh_from_db()
    assert (shop.name, shop.status) == (name, Shop.Status.ACTIVE)


def test_a_store_that_changed_its_currency_is_told_why_nothing_is_counted(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    counted = shop.currency
    Shop.objects.filter(pk=shop.pk).update(currency="SEK")
    shop.refresh_from_db()
    told(shop, "shop/update")
    shop.refresh_from_db()
    assert shop.status == Shop.Status.SUSPENDED
    assert "SEK" in shop.trouble
    Shop.objects.filter(pk=shop.pk).update(currency=counted)
    shop.refresh_from_db()
    told(shop, "shop/update")
    shop.refresh_from_db()
    assert (shop.status, shop.trouble) == (Shop.Status.ACTIVE, "")


def test_permissions_are_read_from_the_installation(stand_in: StandIn) -> None:
    domain = stand_in.store()
    stand_in.install(domain)
    stand_in.of(domain, "POST", "scopes", {"scopes": ["read_orders", "write_discounts"]})
    shop = stand_in.open(domain)
    Credential.objects.filter(shop=shop).update(scopes="")
    assert "read again" in told(shop, "app/scopes_update")
    assert Credential.objects.get(shop=shop).scopes == "read_orders write_discounts"


@pytest.mark.parametrize("topic", ["shop/update", "app/scopes_update"])
def test_who_has_no_access_is_told_so_and_who_is_down_is_asked_again(stand_in: StandIn, topic: str) -> None:
    shop = stand_in.installed()
    stand_in.of(shop.external_id, "PUT", "api-faults", {"server_error": 1})
    with pytest.raises(Unavailable):
        told(shop, topic)
    Credential.objects.filter(shop=shop).delete()
    assert "open the app once" in told(shop, topic)
