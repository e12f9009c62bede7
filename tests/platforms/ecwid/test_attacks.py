"""Attacks from outside: every one fails, and nothing in the tables is another than before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.models import Credential, InboxDelivery, Member, Shop
from loyalty.platforms.ecwid.signature import sign
from loyalty.services.intake import record
from loyalty.worker import inbox, outbox
from tests.platforms.ecwid.stand_in import CLIENT_SECRET, StandIn, notice

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
NOISE = {"InboxDelivery", "RateCounter", "OAuthState", "EmailCode"}
"""What an attack may leave: the note of a delivery, counters, used nonces, codes that nobody read."""


def now() -> datetime:
    return datetime.now(UTC)


def tables() -> dict[str, list[dict[str, Any]]]:
    """Every row of ours that means anything."""
    models = [model for model in apps.get_app_config("loyalty").get_models() if model.__name__ not in NOISE]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


@pytest.fixture
def shops(stand_in: StandIn, connected: Connect) -> tuple[Shop, Shop]:
    """Two stores of one app, each with a member who has 45 points."""
    both = connected(at=now() - timedelta(hours=2)), connected(at=now() - timedelta(hours=2))
    for shop in both:
        order = stand_in.order(shop, at=(now() - timedelta(minutes=9)).isoformat())
        seen = notice(shop, "order.created", at=now(), data={"orderId": order["id"]})
        record(shop=shop, observations=seen, at=now())
        while outbox.drain(now=now()):
            pass
    return both


@pytest.fixture
def unchanged(shops: tuple[Shop, Shop]) -> Iterator[None]:
    before = tables()
    yield
    while inbox.drain(now=now()) or outbox.drain(now=now()):
        pass
    after = tables()
    assert [name for name in before if before[name] != after[name]] == []


def deliver(event: dict[str, Any], secret: str = CLIENT_SECRET, **headers: str) -> int:
    """A delivery whose signature is right for this secret: it covers the event's id and time alone."""
    signature = sign(event["eventCreated"], event["eventId"], secret)
    answer = Client().post(
        "/ecwid/webhooks",
        json.dumps(event),
        content_type="application/json",
        headers={"X-Ecwid-Webhook-Signature": signature, **headers},
    )
    return answer.status_code


def event(shop: Shop, kind: str, **more: Any) -> dict[str, Any]:
    created = int(now().timestamp())
    return {
        "eventId": f"captured-{kind}",
        "eventCreated": created,
        "storeId": int(shop.external_id),
        "entityId": 1,
        "eventType": kind,
        **more,
    }


def orders_of(stand_in: StandIn, shop: Shop) -> list[dict[str, Any]]:
    return list(stand_in.of(shop, "/orders", method="GET"))


@pytest.mark.parametrize(
    "kind",
    [
        "order.created",
        "order.updated",
        "order.deleted",
        "customer.deleted",
        "customer.personalDataRemovalRequest",
        "profile.personalDataRemovalRequest",
        "application.uninstalled",
        "application.subscriptionStatusChanged",
        "profile.updated",
    ],
)
def test_a_captured_signature_under_any_event_store_and_data(
    stand_in: StandIn, shops: tuple[Shop, Shop], unchanged: None, kind: str
) -> None:
    """The body is the attacker's: another store, another order, a customer to be forgotten, statuses that are not so."""
    mine, other = shops
    order = orders_of(stand_in, other)[0]
    customer = Member.objects.get(shop=other).external_id
    data = {"orderId": order["id"], "newPaymentStatus": "REFUNDED", "newSubscriptionStatus": "SUSPENDED"}
    for shop in shops:
        assert deliver(event(shop, kind, entityId=int(customer or 0), data=data)) == 200
    assert deliver(event(mine, kind, storeId=999_999_999)) == 401
    assert InboxDelivery.objects.across_shops().count() == 2


def test_the_secret_of_one_stores_own_app_speaks_for_no_other(
    shops: tuple[Shop, Shop], settings: Settings, unchanged: None
) -> None:
    mine, other = shops
    assert deliver(event(other, "order.created"), secret="of-my-own-custom-app-0001") == 401
    assert deliver(event(mine, "order.created"), secret="") == 401
    assert not InboxDelivery.objects.across_shops().exists()


def test_a_captured_address_of_the_admin_opens_nothing_once_its_key_is_dead(
    stand_in: StandIn, shops: tuple[Shop, Shop]
) -> None:
    shop = shops[0]
    opened = urlsplit(stand_in.of(shop, "/install")["open_url"])
    path = f"/ecwid/app?{opened.query}"
    assert Client().get(path).status_code == 200
    statuses = [Client().get(path).status_code for _ in range(12)]
    assert statuses[-1] == 429, "Again and again it is a captured address."
    stand_in.of(shop, "/uninstall")
    before = tables()
    payload = parse_qs(opened.query)["payload"][0]
    again = Client().get("/ecwid/app", {"payload": payload, "app_state": "x"})
    assert again.status_code in (401, 429)
    assert tables() == before


@pytest.mark.parametrize("token", ["foreign", "others", "invented"])
def test_a_plain_payload_with_another_key_opens_nothing(
    stand_in: StandIn, shops: tuple[Shop, Shop], unchanged: None, token: str
) -> None:
    """Another app's key for this very store, another store's key, one that nobody has."""
    mine, other = shops
    keys = {
        "foreign": lambda: stand_in.of(mine, "/foreign-token", {})["token"],
        "others": lambda: Credential.objects.get(shop=other).access_token,
        "invented": lambda: "secret_0123456789abcdef",
    }
    said = {"store_id": int(mine.external_id), "access_token": keys[token](), "lang": "en"}
    answer = Client().post("/ecwid/app", {"fragment": json.dumps(said).encode().hex()})
    assert answer.status_code == 401
    assert "secret_" not in answer.content.decode()


def test_another_apps_key_that_is_pasted_replaces_none(
    stand_in: StandIn, shops: tuple[Shop, Shop], unchanged: None
) -> None:
    foreign = stand_in.of(shops[0], "/foreign-token", {})["token"]
    form = {"way": "key", "store_id": shops[0].external_id, "access_token": foreign}
    answer = Client().post("/ecwid/connect", form)
    assert answer.status_code == 400
    assert foreign not in answer.content.decode()


def test_a_code_of_another_store_or_of_another_browser_connects_nothing(
    stand_in: StandIn, shops: tuple[Shop, Shop], unchanged: None
) -> None:
    mine, other = shops
    back = parse_qs(urlsplit(stand_in.of(mine, "/install")["redirect_url"]).query)
    swapped = {"code": back["code"][0], "store_id": other.external_id}
    asked = Client().get("/ecwid/callback", swapped | {"state": "of-another-browser"})
    assert "Connect store" in asked.content.decode(), "Nothing happens without a person's click."
    assert Client().post("/ecwid/callback", swapped).status_code == 409


def test_guessed_codes_sign_nobody_in(shops: tuple[Shop, Shop], settings: Settings) -> None:
    shop = shops[0]
    where = f"?shop=ecwid:{shop.external_id}"
    headers = {"X-Regulars": "1"}
    client = Client()
    asked = client.post(
        f"/widget/v1/code{where}", json.dumps({"email": "noor@example.com"}), "application/json", headers=headers
    )
    before = tables()
    body = {"challenge": asked.json()["challenge"]}
    for guess in range(8):
        answer = client.post(
            f"/widget/v1/session{where}",
            json.dumps(body | {"code": f"{guess:06d}"}),
            "application/json",
            headers=headers,
        )
        assert answer.status_code == 401
    other = f"?shop=ecwid:{shops[1].external_id}"
    answer = client.post(
        f"/widget/v1/session{other}", json.dumps(body | {"code": "000000"}), "application/json", headers=headers
    )
    assert answer.status_code == 401
    assert tables() == before
