"""Access that lasts: the weekly renewal, stores of our own organization, and tokens of a store's own custom app."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Unauthorized
from loyalty.models import Credential, Shop
from loyalty.platforms.shopify import client, tokens
from loyalty.worker.schedule import keep_access
from tests.factories import make_shop
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET
from tests.platforms.shopify.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def kept(shop: Shop) -> Credential:
    return Credential.objects.get(shop=shop)


def last_renewed(shop: Shop, at: datetime) -> None:
    Credential.objects.filter(shop=shop).update(updated_at=at)


def custom_app(stand_in: StandIn, settings: Settings) -> str:
    """A store of the organization that our app belongs to, where it is installed."""
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_url": settings.APP_URL, "distribution": "custom"}
    stand_in.ask("PUT", "/_sandbox/shopify/app", {**app, "scopes": settings.SHOPIFY_SCOPES})
    domain = stand_in.store()
    stand_in.install(domain)
    return domain


def test_a_quiet_shop_is_renewed_every_week(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    before, now = kept(shop), timezone.now()
    assert keep_access(now=now) == 0
    last_renewed(shop, now - timedelta(days=7, minutes=1))
    assert keep_access(now=now) == 1
    after = kept(shop)
    assert after.refresh_token != before.refresh_token
    assert after.refresh_expires_at > before.refresh_expires_at
    assert client.execute(shop, "shop_profile")
    assert keep_access(now=now) == 0


def test_who_left_and_who_needs_no_renewal_is_left_alone(stand_in: StandIn) -> None:
    left, permanent = stand_in.installed(), make_shop()
    for shop in (left, permanent):
        last_renewed(shop, timezone.now() - timedelta(days=70))
    Shop.objects.filter(pk=left.pk).update(status=Shop.Status.UNINSTALLED)
    assert keep_access(now=timezone.now()) == 0


def test_one_dead_refresh_token_is_told_and_keeps_nobody_else_from_renewal(stand_in: StandIn) -> None:
    dead, living = stand_in.installed(), stand_in.installed()
    credential = kept(dead)
    credential.refresh_token = "shprt_unknown"
    credential.save()
    last_renewed(dead, timezone.now() - timedelta(days=9))
    last_renewed(living, timezone.now() - timedelta(days=8))
    before = kept(living).refresh_token
    assert keep_access(now=timezone.now()) == 2
    dead.refresh_from_db()
    assert dead.status == Shop.Status.NEEDS_REOPEN
    assert kept(living).refresh_token != before


def test_a_store_of_our_own_organization_is_connected_by_the_apps_id_and_secret(
    stand_in: StandIn, settings: Settings
) -> None:
    domain = custom_app(stand_in, settings)
    call_command("connect_shopify", domain, stdout=io.StringIO())
    shop = Shop.objects.get(external_id=domain)
    first = kept(shop)
    assert (first.refresh_token, shop.status) == ("", Shop.Status.ACTIVE)
    assert first.access_expires_at is not None
    assert client.execute(shop, "shop_profile")
    in_a_day = timezone.now() + timedelta(hours=23, minutes=58)
    assert tokens.access_token(shop, in_a_day) == kept(shop).access_token != first.access_token


def test_a_token_of_a_day_that_dies_early_is_got_again(stand_in: StandIn, settings: Settings) -> None:
    domain = custom_app(stand_in, settings)
    call_command("connect_shopify", domain, stdout=io.StringIO())
    shop = Shop.objects.get(external_id=domain)
    stand_in.of(domain, "POST", "expire-tokens", {})
    assert client.execute(shop, "shop_profile")


def test_a_store_of_another_organization_is_refused(stand_in: StandIn) -> None:
    domain = stand_in.store()
    stand_in.install(domain)
    with pytest.raises(CommandError, match="shop_not_permitted"):
        call_command("connect_shopify", domain, stdout=io.StringIO())
    assert not Shop.objects.exists()


def test_a_pasted_token_has_no_end_and_is_never_an_argument(
    stand_in: StandIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = custom_app(stand_in, settings)
    call_command("connect_shopify", domain, stdout=io.StringIO())
    pasted = kept(Shop.objects.get(external_id=domain)).access_token
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{pasted}\n"))
    told = io.StringIO()
    call_command("connect_shopify", domain, "--token", stdout=told)
    shop = Shop.objects.get(external_id=domain)
    assert pasted not in told.getvalue()
    assert (kept(shop).access_token, kept(shop).access_expires_at) == (pasted, None)
    assert client.execute(shop, "shop_profile")
    assert tokens.access_token(shop, timezone.now() + timedelta(days=4000)) == pasted


def test_a_permanent_token_that_is_rejected_asks_to_be_connected_again(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    credential = kept(shop)
    credential.access_token, credential.refresh_token, credential.access_expires_at = "shpat_gone", "", None
    credential.save()
    with pytest.raises(Unauthorized, match="connect_shopify"):
        client.execute(shop, "shop_profile")
    shop.refresh_from_db()
    assert shop.status == Shop.Status.NEEDS_REOPEN


@pytest.mark.parametrize("typed", ["{name}", "https://{name}.myshopify.com/admin", " {name}.MyShopify.com\n"])
def test_a_store_is_found_by_what_people_type(stand_in: StandIn, settings: Settings, typed: str) -> None:
    domain = custom_app(stand_in, settings)
    call_command("connect_shopify", typed.format(name=domain.partition(".")[0]), stdout=io.StringIO())
    assert Shop.objects.get().external_id == domain


@pytest.mark.parametrize(
    "domain", ["", "la mps", "lamps.example", "lamps_.myshopify.com", "https://evil.test/lamps.myshopify.com"]
)
def test_a_store_by_another_name_is_not_connected(domain: str) -> None:
    with pytest.raises(CommandError, match="permanent domain"):
        call_command("connect_shopify", domain)


@pytest.mark.parametrize("said", ["", "short", "with a space in it", "é" * 20, "x" * 600])
def test_what_is_no_token_is_not_sent_anywhere(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{said}\n"))
    with pytest.raises(CommandError, match="no access token"):
        call_command("connect_shopify", "lamps.myshopify.com", "--token")


def test_without_the_apps_secret_nothing_is_connected(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = ""
    with pytest.raises(CommandError, match="SHOPIFY_API_SECRET"):
        call_command("connect_shopify", "lamps.myshopify.com")
