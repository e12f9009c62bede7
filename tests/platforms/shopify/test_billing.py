"""Plans through Shopify: off by default, approved and declined on Shopify's own page, gone with an uninstall."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.dashboard.access import embedded_token
from loyalty.engine.errors import Invalid, Refused
from loyalty.models import Shop, Subscription
from loyalty.platforms.base import Delivery
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import billing
from loyalty.services import shops
from loyalty.services.observations import NothingToDo
from tests.platforms.shopify.conftest import CLIENT_ID
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def shop(stand_in: StandIn, settings: Settings) -> Shop:
    settings.SHOPIFY_BILLING_PLANS = ["Starter 9.00 USD monthly 14", "Whole year 90 USD yearly"]
    return stand_in.installed()


def page(shop: Shop, **posted: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {stand_in_token(shop)}"}
    client = Client()
    address = "/dashboard/plan/"
    found: HttpResponse = (
        client.post(address, posted, headers=headers) if posted else client.get(address, headers=headers)
    )
    return found


def stand_in_token(shop: Shop) -> str:
    return embedded_token(shop)


def decide(stand_in: StandIn, shop: Shop, status: str) -> None:
    """On Shopify's page; then its notice comes, with a body that nobody believes."""
    stand_in.of(shop.external_id, "POST", "subscription", {"status": status})
    notice = Delivery(
        delivery_id=status,
        topic="app_subscriptions/update",
        body=b'{"app_subscription": {"name": "Free for ever", "status": "ACTIVE"}}',
        meta={},
        received_at=timezone.now(),
    )
    (seen,) = platform_of(shop).parse(shop, notice)
    assert isinstance(seen, NothingToDo)


def kept(shop: Shop) -> tuple[str, str]:
    found = Subscription.objects.get(shop=shop)
    return found.plan, found.status


def test_without_plans_there_is_no_page_and_no_question(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    assert page(shop).status_code == 404
    assert page(shop, plan="Starter").status_code == 404
    assert billing.look(shop) == "Nothing is charged here."
    assert not Subscription.objects.filter(shop=shop).exists()


def test_the_page_asks_the_database_seldom(stand_in: StandIn, shop: Shop) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert page(shop).status_code == 200
    assert len(queries) <= 12


def test_a_plan_is_chosen_confirmed_with_shopify_and_holds(stand_in: StandIn, shop: Shop) -> None:
    first = page(shop).content.decode()
    assert "You have no plan" in first
    assert "9.00 USD every 30 days, 14 days to try it" in first
    chosen = page(shop, plan="Starter").content.decode()
    assert 'target="_top"' in chosen
    assert "/charges/" in chosen
    assert kept(shop) == ("", "")
    decide(stand_in, shop, "ACTIVE")
    assert kept(shop) == ("Starter", "active")
    assert "You have Starter" in page(shop).content.decode()


def test_a_plan_that_was_declined_is_none_and_may_be_chosen_again(stand_in: StandIn, shop: Shop) -> None:
    page(shop, plan="Starter")
    decide(stand_in, shop, "DECLINED")
    assert kept(shop) == ("", "")
    page(shop, plan="Whole year")
    decide(stand_in, shop, "ACTIVE")
    assert kept(shop) == ("Whole year", "active")


def test_another_plan_takes_its_place(stand_in: StandIn, shop: Shop) -> None:
    for name in ("Starter", "Whole year"):
        page(shop, plan=name)
        decide(stand_in, shop, "ACTIVE")
    assert kept(shop) == ("Whole year", "active")


def test_an_uninstall_ends_the_plan_and_a_reinstall_starts_without(stand_in: StandIn, shop: Shop) -> None:
    page(shop, plan="Starter")
    decide(stand_in, shop, "ACTIVE")
    stand_in.of(shop.external_id, "POST", "uninstall", {})
    shops.uninstall(shop=shop, at=timezone.now())
    stand_in.install(shop.external_id)
    back = stand_in.open(shop.external_id)
    assert "You have no plan" in page(back).content.decode()
    assert kept(back) == ("", "")


def test_a_custom_app_is_told_that_it_may_not_charge(stand_in: StandIn, shop: Shop, settings: Settings) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": settings.SHOPIFY_API_SECRET, "app_url": settings.APP_URL}
    stand_in.ask("PUT", "/_sandbox/shopify/app", {**app, "scopes": settings.SHOPIFY_SCOPES, "distribution": "custom"})
    with pytest.raises(Refused, match="Custom apps"):
        billing.choose(shop, "Starter")
    answer = page(shop, plan="Starter")
    assert answer.status_code == 409
    assert "Custom apps cannot use the Billing API." in answer.content.decode()


def test_a_plan_that_nobody_offers_is_not_found(shop: Shop) -> None:
    assert page(shop, plan="Free for ever").status_code == 404


@pytest.mark.parametrize("entry", ["Starter", "Starter 9 dollars monthly", "Starter 0 USD monthly", "9.00 USD monthly"])
def test_a_plan_in_the_settings_that_is_none_is_named(entry: str, settings: Settings) -> None:
    settings.SHOPIFY_BILLING_PLANS = [entry]
    with pytest.raises(Invalid, match="SHOPIFY_BILLING_PLANS"):
        billing.plans()
