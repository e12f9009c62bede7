"""Browsers for the widget's API: one on a storefront of our own token, one behind the platform's signing proxy."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from loyalty.models import OutboxMessage, Redemption, Shop
from loyalty.platforms import registry
from storefront_widget import reads
from tests.factories import make_shop
from tests.storefront_widget.pretend import SHOP

SECRET = "proxy-secret-of-the-tests"


@dataclass
class Issuer:
    """Stands in for a platform's API where codes are made: `answers` is an error to raise, or nothing."""

    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, shop: Shop, redemption: Redemption) -> str:
        self.asked.append(redemption.code)
        if self.error is not None:
            raise self.error
        return f"discount-{redemption.code}"


@pytest.fixture(autouse=True)
def early_in_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits count in windows of the clock: a test that began in the last second of one would see two."""
    now = timezone.now
    began = now()
    back = began - began.replace(minute=0, second=1, microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: now() - back)


@pytest.fixture(autouse=True)
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    made = Issuer()
    for name in ("shopify", "ecwid"):
        monkeypatch.setattr(registry.platform_named(name), "issue", made)
    monkeypatch.setattr(settings, "SHOPIFY_API_SECRET", SECRET)
    reads._counts.clear()
    return made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 375, "height": 700}, locale="en-US")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SHOP)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def shopify() -> Shop:
    return make_shop(platform="shopify")


@pytest.fixture
def ecwid() -> Shop:
    return make_shop(platform="ecwid")


def key_of(shop: Shop) -> str:
    return f"{shop.platform}:{shop.external_id}"


def signed_query(shop: Shop, customer_id: str = "", *, secret: str = SECRET, **more: str) -> str:
    """As the platform signs a proxied request: pairs sorted and joined by nothing."""
    pairs = {
        "shop": shop.external_id,
        "logged_in_customer_id": customer_id,
        "path_prefix": "/apps/loyalty",
        "timestamp": str(int(timezone.now().timestamp())),
        **more,
    }
    message = "".join(sorted(f"{name}={value}" for name, value in pairs.items()))
    pairs["signature"] = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return urlencode(pairs)


@dataclass
class Proxied:
    """A shopper's browser behind the platform's proxy."""

    shop: Shop
    customer_id: str = ""

    def get(self, path: str) -> HttpResponse:
        return Client().get(f"/shopify/proxy/{path}?{signed_query(self.shop, self.customer_id)}")

    def redeem(self, body: object = None, *, key: str = "key-00000001", **changes: Any) -> HttpResponse:
        headers = {"X-Regulars": "1", "Idempotency-Key": key, **changes.pop("headers", {})}
        return Client().post(
            f"/shopify/proxy/redeem?{signed_query(self.shop, self.customer_id)}",
            data=json.dumps(body if body is not None else {"reward": "amount-off"}),
            headers={name: value for name, value in headers.items() if value},
            **{"content_type": "application/json", **changes},
        )

    def cancel(self, number: str, **headers: str) -> HttpResponse:
        return Client().post(
            f"/shopify/proxy/redemptions/{number}/cancel?{signed_query(self.shop, self.customer_id)}",
            data="{}",
            content_type="application/json",
            headers={"X-Regulars": "1", **headers},
        )


@dataclass
class Storefront:
    """A shopper's browser on a storefront that talks to us directly."""

    shop: Shop
    token: str = ""
    address: str = "203.0.113.7"
    origin: str = "https://halfmoon.test"

    def _headers(self) -> dict[str, str]:
        headers = {"Origin": self.origin, "X-Regulars": "1"}
        return {**headers, "Authorization": f"Bearer {self.token}"} if self.token else headers

    def get(self, path: str, **headers: str) -> HttpResponse:
        return Client(REMOTE_ADDR=self.address).get(
            f"/widget/v1/{path}?shop={key_of(self.shop)}", headers={**self._headers(), **headers}
        )

    def post(self, path: str, body: object, **headers: str) -> HttpResponse:
        return Client(REMOTE_ADDR=self.address).post(
            f"/widget/v1/{path}?shop={key_of(self.shop)}",
            data=json.dumps(body),
            content_type="application/json",
            headers={**self._headers(), **headers},
        )

    def redeem(self, *, key: str = "key-00000001", reward: str = "amount-off") -> HttpResponse:
        return self.post("redeem", {"reward": reward}, **{"Idempotency-Key": key})

    def sign_in(self, email: str) -> dict[str, Any]:
        challenge = self.post("code", {"email": email}).json()["challenge"]
        code = mailed_code(self.shop)
        answer: dict[str, Any] = self.post("session", {"challenge": challenge, "code": code}).json()
        self.token = answer["token"]
        return answer


def mailed_code(shop: Shop) -> str:
    letter = json.loads(OutboxMessage.objects.filter(shop=shop, kind="mail").latest("pk").secret)
    return str(letter["text"][:6])
