"""One store of each platform, driven by what the two stand-ins have in common."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.models import Member, Redemption, Shop
from loyalty.platforms.ecwid import oauth
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import oauth as shopify_oauth
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.services.observations import OrderSeen
from loyalty.services.redemptions import redeem
from loyalty.worker import outbox
from tests.platforms.own_sandbox import own_sandbox

MONEY_SCOPES = ("write_gift_cards", "read_store_credit_accounts", "write_store_credit_account_transactions")
EMAIL = "noor@example.com"
NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = itertools.count()
APPS = {
    "shopify": ("c0ffee00c0ffee00c0ffee00c0ffee00", "shpss_0123456789abcdef0123456789abcdef"),
    "ecwid": ("regulars-same-story", "same-story-client-secret-0001"),
}


def ago(minutes: int) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


class Store:
    """One store of one platform, driven by what the two stand-ins have in common."""

    def __init__(self, url: str, platform: str) -> None:
        self.url, self.platform = url, platform

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{self.platform}{path}", json=body, timeout=60)
        assert answer.ok, f"{path}: {answer.text[:300]}"
        return answer.json()

    def connect(self, shipping_minor: int) -> None:
        """Installed two hours ago, so that everything in the story earns."""
        number = next(_numbers)
        name = str(4242 + number) if self.platform == "ecwid" else f"same-story-{number}"
        wanted: dict[str, Any] = {"name": name, "currency": "EUR", "title": "Paper Heron", "timezone": "UTC"}
        if self.platform == "shopify":
            wanted["shipping_minor"] = shipping_minor
        made = self.ask("POST", "/shops", wanted)
        self.name = str(made.get("id") or f"{name}.myshopify.com")
        if self.platform == "ecwid":
            self.ask("PUT", f"/shops/{self.name}", {"shipping": shipping_minor / 100})
            token = self.ask("POST", f"/shops/{self.name}/token", {})["access_token"]
            oauth.connect_pasted(store=self.name, token=token, client_secret="", at=NOW - timedelta(hours=2))
        else:
            self.name = f"{name}.myshopify.com"
            self.ask("POST", f"/shops/{self.name}/install", {})
            session = self.ask("POST", f"/shops/{self.name}/session-token", {})["token"]
            shopify_oauth.open_shop(decode_session_token(session, timezone.now()), NOW - timedelta(hours=2))
        launch(shop=self.shop, at=NOW - timedelta(hours=2))

    @property
    def shop(self) -> Shop:
        return Shop.objects.get(platform=self.platform, external_id=self.name)

    @property
    def member(self) -> Member:
        return Member.objects.get(shop=self.shop, email=EMAIL, merged_into=None)

    def order(self, *lines: tuple[str, str], at: int, **more: Any) -> str:
        wanted = [{"title": title, "price": price} for title, price in lines]
        body = {"lines": wanted, "email": EMAIL, "at": ago(at), **more}
        return str(self.ask("POST", f"/shops/{self.name}/orders", body)["id"])

    def then(self, order: str, what: str, **body: Any) -> None:
        self.ask("POST", f"/shops/{self.name}/orders/{order}/{what}", body)

    def hear(self) -> None:
        """Everything that the store knows, as the import reads it."""
        seen = list(platform_of(self.shop).history(self.shop))
        for each in sorted(seen, key=lambda one: isinstance(one, OrderSeen)):
            record(shop=self.shop, observations=[each], at=NOW)  # type: ignore[list-item]

    def redeem(self, reward: str = "amount-off", points: int | None = None) -> Redemption:
        taken = redeem(
            shop=self.shop, member_id=self.member.pk, reward_id=reward, request_key="k" * 9, at=NOW, points=points
        )
        while outbox.drain_codes(now=datetime.now(UTC)):
            pass
        taken.refresh_from_db()
        return taken


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_sandbox(tmp_path_factory.mktemp("story-sandbox")) as url:
        yield url


@pytest.fixture
def shipping_minor() -> int:
    """What an order's shipping costs."""
    return 0


@pytest.fixture
def stores(sandbox_url: str, settings: Settings, shipping_minor: int) -> list[Store]:
    settings.SANDBOX_URL = sandbox_url
    settings.APP_URL = "http://127.0.0.1:9"
    settings.SHOPIFY_SHOP_URL = f"{sandbox_url}/shopify/{{shop}}"
    settings.ECWID_API_URL = f"{sandbox_url}/ecwid/api/v3"
    settings.SHOPIFY_API_KEY, settings.SHOPIFY_API_SECRET = APPS["shopify"]
    settings.ECWID_CLIENT_ID, settings.ECWID_CLIENT_SECRET = APPS["ecwid"]
    settings.SHOPIFY_API_SECRET_OLD = ""
    made = [Store(sandbox_url, platform) for platform in APPS]
    for store in made:
        client_id, secret = APPS[store.platform]
        app = {"client_id": client_id, "client_secret": secret, "app_url": settings.APP_URL}
        more = {"scopes": [*settings.SHOPIFY_SCOPES, *MONEY_SCOPES]} if store.platform == "shopify" else {}
        store.ask("PUT", "/app", app | more)
        store.connect(shipping_minor)
    return made
