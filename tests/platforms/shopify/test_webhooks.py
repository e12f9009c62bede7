"""What comes through the door: the signature first, either family of headers, and nothing believed beyond the body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.models import Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.registry import platform_named
from loyalty.platforms.shopify.parse import observations_of
from loyalty.services.observations import NothingToDo, ShopUninstalled
from tests.platforms.shopify.conftest import SECRET

BODY = b'{"id": 1}'
INSTALLED = datetime(2026, 3, 1, tzinfo=UTC)


def signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(prefix: str = "x-shopify-", **changes: str) -> dict[str, str]:
    told = {
        "topic": "orders/paid",
        "hmac-sha256": signature(),
        "shop-domain": "Lamps.myshopify.com",
        "api-version": "2026-10",
        "webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "triggered-at": "2026-03-10T09:30:00Z",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {f"{prefix}{name}": value for name, value in told.items()}


@pytest.mark.parametrize("prefix", ["x-shopify-", "shopify-"])
def test_both_families_of_headers_are_read(prefix: str) -> None:
    signed = platform_named("shopify").read_webhook(headers=headers(prefix), query={}, body=BODY)
    assert (signed.store, signed.topic) == ("lamps.myshopify.com", "orders/paid")
    assert signed.delivery_id == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert signed.meta == {"api_version": "2026-10", "triggered_at": "2026-03-10T09:30:00Z"}


def test_a_delivery_without_an_id_is_known_by_its_body() -> None:
    read = platform_named("shopify").read_webhook
    first = read(headers=headers(webhook_id=""), query={}, body=BODY)
    assert first.delivery_id == hashlib.sha256(BODY).hexdigest()
    assert read(headers=headers(webhook_id="ü" * 300), query={}, body=BODY).delivery_id == first.delivery_id


@pytest.mark.parametrize(
    "changes",
    [
        {"hmac_sha256": ""},
        {"hmac_sha256": "é"},
        {"hmac_sha256": signature(b"other")},
        {"hmac_sha256": signature(secret="other")},
        {"shop_domain": ""},
        {"shop_domain": "evil.example"},
        {"shop_domain": "lamps.myshopify.com\n"},
        {"topic": ""},
        {"topic": "x" * 100},
        {"topic": "orders paid"},
    ],
)
def test_what_is_not_signed_for_a_store_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        platform_named("shopify").read_webhook(headers=headers(**changes), query={}, body=BODY)


def test_without_headers_there_is_nothing() -> None:
    with pytest.raises(Unauthorized):
        platform_named("shopify").read_webhook(headers={}, query={}, body=b"")


def test_the_old_secret_signs_while_the_new_one_takes_over(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET, settings.SHOPIFY_API_SECRET_OLD = "shpss_new", SECRET
    assert platform_named("shopify").read_webhook(headers=headers(), query={}, body=BODY)


def uninstall(body: bytes, *, triggered_at: str, welcome: bool) -> object:
    shop = Shop(platform="shopify", external_id="lamps.myshopify.com", currency="EUR", installed_at=INSTALLED)
    delivery = Delivery(
        delivery_id="d",
        topic="app/uninstalled",
        body=body,
        meta={"triggered_at": triggered_at} if triggered_at else {},
        received_at=datetime(2026, 3, 5, tzinfo=UTC),
    )
    (found,) = observations_of(shop, delivery, lambda _: welcome)
    return found


STORE = b'{"id": 548380009, "domain": null, "myshopify_domain": null}'


def test_an_uninstall_counts_from_the_time_it_happened() -> None:
    found = uninstall(STORE, triggered_at="2026-03-04T10:00:00Z", welcome=False)
    assert found == ShopUninstalled(at=datetime(2026, 3, 4, 10, tzinfo=UTC))
    assert uninstall(STORE, triggered_at="", welcome=False) == ShopUninstalled(at=datetime(2026, 3, 5, tzinfo=UTC))


def test_an_old_uninstall_sent_again_changes_nothing() -> None:
    assert isinstance(uninstall(STORE, triggered_at="2026-02-28T10:00:00Z", welcome=False), NothingToDo)
    assert isinstance(uninstall(STORE, triggered_at="2026-03-04T10:00:00Z", welcome=True), NothingToDo)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "myshopify_domain": "other.myshopify.com"}',
        b'{"id": 1, "domain": "other.myshopify.com"}',
        b"[]",
        b"",
    ],
)
def test_an_uninstall_of_another_store_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        uninstall(body, triggered_at="2026-03-04T10:00:00Z", welcome=False)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        uninstall(STORE, triggered_at="lately", welcome=False)
