"""One story, told by two platforms: what the member reads in the end is the same, line by line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.engine.explain import text
from loyalty.engine.statement import Statement
from loyalty.models import Member, Redemption, Shop
from loyalty.platforms.ecwid import oauth
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import oauth as shopify_oauth
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.selectors.members import statement_of
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.services.observations import OrderSeen
from loyalty.services.redemptions import redeem
from loyalty.worker import outbox

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "noor@example.com"
NOW = datetime.now(UTC).replace(microsecond=0)
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
        answer = requests.request(method, f"{self.url}/_sandbox/{self.platform}{path}", json=body, timeout=30)
        assert answer.ok, f"{path}: {answer.text[:300]}"
        return answer.json()

    def connect(self) -> None:
        """Installed two hours ago, so that everything in the story earns."""
        name = "4242" if self.platform == "ecwid" else "same-story"
        made = self.ask("POST", "/shops", {"name": name, "currency": "EUR", "title": "Paper Heron", "timezone": "UTC"})
        self.name = str(made.get("id") or f"{name}.myshopify.com")
        if self.platform == "ecwid":
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

    def redeem(self) -> Redemption:
        taken = redeem(shop=self.shop, member_id=self.member.pk, reward_id="amount-off", request_key="k" * 9, at=NOW)
        while outbox.drain_codes(now=datetime.now(UTC)):
            pass
        taken.refresh_from_db()
        assert taken.state == Redemption.State.READY, taken.failure
        return taken


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("story-sandbox")
    command = [sys.executable, "-m", "loyalty.sandbox", "--port", "0", "--smtp-port", "0", "--data", str(folder)]
    environment = {**os.environ, "REGULARS_SANDBOX": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found, "The sandbox did not start."
            yield found.group()
        finally:
            process.terminate()


@pytest.fixture
def stores(sandbox_url: str, settings: Settings) -> list[Store]:
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
        more = {"scopes": settings.SHOPIFY_SCOPES} if store.platform == "shopify" else {}
        store.ask("PUT", "/app", app | more)
        store.connect()
    return made


def told(store: Store, statement: Statement) -> dict[str, Any]:
    """The statement without the platform's own names: what orders and redemptions are called, and when a second was."""
    numbers: dict[str, str] = {}

    def plain(said: str) -> str:
        return re.sub(
            r"(?<=Order )\S+?(?=[:,. ]|$)|#\w+", lambda found: numbers.setdefault(found[0], f"N{len(numbers)}"), said
        )

    movements = sorted(statement.movements, key=lambda each: (each.at, each.kind, each.points))
    return {
        "movements": [
            (
                each.kind,
                each.points,
                each.reason.message,
                re.sub(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", "CODE", plain(text(each.reason))),
            )
            for each in movements
        ],
        "nothing": sorted(each.reason.message for each in statement.nothing if "number" in each.reason.params),
        "available": statement.available,
        "pending": statement.pending_points,
        "debt": statement.debt,
        "spent": statement.spent,
        "totals": {kind: points for kind, points in statement.totals.items() if points},
    }


def compared(stores: list[Store]) -> dict[str, Any]:
    """What both say, if they say the same."""
    for store in stores:
        store.hear()
    first, second = (
        told(each, statement_of(shop=each.shop, member=each.member, as_of=NOW + timedelta(minutes=1)))
        for each in stores
    )
    assert first == second
    return first


def test_the_same_story_is_the_same_statement_on_both_platforms(stores: list[Store]) -> None:
    """Earned, unpaid, paid, redeemed, used, refunded in part, cancelled; compared after every chapter."""
    big = [store.order(("Typewriter", "520.00"), at=60) for store in stores]
    assert compared(stores)["available"] == 520

    late = [store.order(("Ink", "22.50"), ("Paper", "7.49"), at=50, pay=False) for store in stores]
    assert compared(stores)["available"] == 520
    for store, order in zip(stores, late, strict=True):
        store.then(order, "pay", at=ago(45))
    assert compared(stores)["available"] == 549

    codes = [store.redeem().code for store in stores]
    assert compared(stores)["available"] == 49
    used = [
        store.order(("Pen", "25.00"), ("Case", "20.00"), at=0, code=code)
        for store, code in zip(stores, codes, strict=True)
    ]
    chapter = compared(stores)
    assert (chapter["available"], chapter["spent"]) == (49 + 40, 500)

    for store, order in zip(stores, big, strict=True):
        store.then(order, "refund", amount="104.00", at=ago(30))
    assert compared(stores)["available"] == 49 + 40 - 104

    for store, order in zip(stores, late, strict=True):
        store.then(order, "cancel", at=ago(20))
    assert compared(stores)["available"] == 20 + 40 - 104

    for store, order in zip(stores, used, strict=True):
        store.then(order, "refund", amount="40.00", at=ago(-1))
    last = compared(stores)
    assert last["available"] == 20 - 104 + 500
