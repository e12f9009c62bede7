"""The door: what is signed is kept, what is not leaves no row."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django.fixtures import Settings

from loyalty.models import Credential, InboxDelivery, Shop
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
SECRET = "a-shared-secret-of-the-app"
CREATED = int(time.time()) // 86_400 * 86_400
"""When the events of these tests were: today, the same for every worker."""


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = SECRET
    settings.SHOPIFY_API_SECRET_OLD = "the-one-before"
    settings.ECWID_CLIENT_SECRET = SECRET


def shopify(
    client: Client,
    shop: str,
    body: bytes = b'{"id": 1}',
    *,
    secret: str = SECRET,
    environ: Mapping[str, Any] = MappingProxyType({}),
    **more: str,
) -> Any:
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": digest,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Webhook-Id": "w-1",
    }
    content_type = more.pop("content_type", "application/json")
    headers |= more
    return client.post("/shopify/webhooks", data=body, content_type=content_type, headers=headers, **environ)


def ecwid(
    client: Client,
    store: str,
    *,
    secret: str = SECRET,
    method: str = "post",
    event_id: str = "e-1",
    created: int = CREATED,
) -> Any:
    body = {
        "eventId": event_id,
        "eventCreated": created,
        "storeId": int(store),
        "entityId": 5,
        "eventType": "order.updated",
        "data": {"orderId": "XJ12H"},
    }
    message = f"{body['eventCreated']}.{event_id}".encode()
    digest = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    return getattr(client, method)(
        "/ecwid/webhooks?eventtype=order.updated",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-Ecwid-Webhook-Signature": digest},
    )


def rows() -> int:
    return InboxDelivery.objects.across_shops().count()


def test_a_signed_delivery_is_kept_as_it_came(client: Client) -> None:
    shop = make_shop()
    body = b'{"id": 1,\n "note": "\xc3\xa4"}'
    assert shopify(client, shop.external_id, body).status_code == 200
    row = InboxDelivery.objects.get(shop=shop)
    assert (bytes(row.body), row.topic, row.delivery_id, row.state) == (body, "orders/paid", "w-1", "waiting")


def test_the_second_delivery_of_the_same_id_is_answered_and_not_doubled(client: Client) -> None:
    shop = make_shop()
    assert [shopify(client, shop.external_id).status_code for _ in range(3)] == [200, 200, 200]
    assert rows() == 1


@pytest.mark.parametrize(("size", "answer", "kept"), [(9_500, 200, 1), (2_097_153, 413, 0)])
def test_a_body_that_a_proxy_passes_on_in_chunks_is_read_up_to_the_limit(
    client: Client, size: int, answer: int, kept: int
) -> None:
    """Without a length; servers that end the stream themselves say so (wsgi.input_terminated)."""
    body = b'{"id": 1}'.ljust(size)
    stream: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    assert shopify(client, make_shop().external_id, body, environ=stream).status_code == answer
    assert rows() == kept
    assert all(bytes(each.body) == body for each in InboxDelivery.objects.across_shops())


def test_the_secret_before_the_rotation_still_counts(client: Client) -> None:
    assert shopify(client, make_shop().external_id, secret="the-one-before").status_code == 200


def test_forged_unknown_and_strange_deliveries_are_refused_without_a_row(client: Client) -> None:
    shop = make_shop().external_id
    truncated = client.post(
        "/shopify/webhooks",
        data=b'{"id"',
        content_type="application/json",
        headers={
            "X-Shopify-Topic": "orders/paid",
            "X-Shopify-Shop-Domain": shop,
            "X-Shopify-Hmac-Sha256": base64.b64encode(
                hmac.new(SECRET.encode(), b'{"id": 1}', hashlib.sha256).digest()
            ).decode(),
        },
    )
    answers = {
        "forged": shopify(client, shop, secret="another").status_code,
        "unknown shop": shopify(client, "nobody.myshopify.com").status_code,
        "a name that is none": shopify(client, "evil.com/.myshopify.com").status_code,
        "no signature": shopify(client, shop, **{"X-Shopify-Hmac-Sha256": ""}).status_code,
        "strange letters": shopify(client, shop, **{"X-Shopify-Hmac-Sha256": "é"}).status_code,
        "truncated": truncated.status_code,
        "not JSON": shopify(client, shop, content_type="text/plain").status_code,
        "huge": shopify(client, shop, b" " * 3_000_000).status_code,
        "GET": client.get("/shopify/webhooks").status_code,
    }
    assert answers == {
        "forged": 401,
        "unknown shop": 401,
        "a name that is none": 401,
        "no signature": 401,
        "strange letters": 401,
        "truncated": 401,
        "not JSON": 415,
        "huge": 413,
        "GET": 405,
    }
    assert rows() == 0


def test_signed_but_unreadable_is_kept_for_the_merchant(client: Client) -> None:
    assert shopify(client, make_shop().external_id, b"\xff\xfe not json").status_code == 200
    assert rows() == 1


def test_ecwid_comes_by_post_and_by_put(client: Client) -> None:
    shop = make_shop(platform="ecwid")
    assert ecwid(client, shop.external_id).status_code == 200
    assert ecwid(client, shop.external_id, method="put", event_id="e-2").status_code == 200
    assert ecwid(client, shop.external_id, secret="another", event_id="e-3").status_code == 401
    assert ecwid(client, "999999", event_id="e-4").status_code == 401
    assert rows() == 2


def test_a_delivery_of_one_platform_is_nothing_at_the_others_door(client: Client) -> None:
    shop = make_shop(platform="ecwid")
    Shop.objects.filter(pk=shop.pk).update(external_id="halfmoon.myshopify.com")
    assert shopify(client, "halfmoon.myshopify.com").status_code == 401
    assert rows() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [DatabaseError, OperationalError, InterfaceError])
def test_without_a_database_the_sender_is_asked_to_come_again(client: Client, error: type[Exception]) -> None:
    shop = make_shop()
    with patch("loyalty.webhooks.receive", side_effect=error):
        assert shopify(client, shop.external_id).status_code == 503


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [InternalError, OperationalError, InterfaceError])
@pytest.mark.parametrize("asked", ["loyalty.webhooks.receive", "loyalty.platforms.ecwid.platform._own_secret"])
def test_a_connection_that_died_meanwhile_is_opened_anew_whatever_is_asked_first(
    client: Client, asked: str, error: type[Exception]
) -> None:
    """A read-only server (InternalError) after a failover counts as dead as well."""
    shop = make_shop(platform="ecwid")
    Credential.objects.filter(shop=shop).update(client_secret="the-secret-of-one-store")
    with patch(asked, side_effect=_once(error, asked)), patch("django.db.connection.close") as closed:
        assert ecwid(client, shop.external_id, secret="the-secret-of-one-store").status_code == 200
    assert closed.called
    assert rows() == 1


def _once(error: type[Exception], asked: str) -> Callable[..., Any]:
    """Fails the first time, and does what it is there for from then on."""
    works, failures = import_string(asked), iter([error])

    def ask(*args: Any, **named: Any) -> Any:
        for failure in failures:
            raise failure
        return works(*args, **named)

    return ask


def event(store: str, **changes: Any) -> dict[str, Any]:
    return {
        "eventId": "e-1",
        "eventCreated": CREATED,
        "storeId": int(store),
        "entityId": 5,
        "eventType": "order.updated",
        "data": {"orderId": "XJ12H"},
        **changes,
    }


TOUCHED: dict[str, Any] = {
    "another id": {"eventId": "e-2"},
    "another time": {"eventCreated": CREATED + 1},
    "a time as text": {"eventCreated": str(CREATED)},
    "a time with a fraction": {"eventCreated": float(CREATED)},
    "no id": {"eventId": None},
    "an id that moves the dot": {"eventId": f"{CREATED % 10}.e-1", "eventCreated": CREATED // 10},
    "a store that has no app": {"storeId": 999_999},
    "a store that is none": {"storeId": "../1"},
}


def to_ecwid(client: Client, body: bytes, signature: str) -> tuple[int, int]:
    headers = {"X-Ecwid-Webhook-Signature": signature}
    answer = client.post("/ecwid/webhooks", data=body, content_type="application/json", headers=headers)
    return answer.status_code, rows()


def ecwids(message: str, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("how", TOUCHED)
def test_an_event_of_ecwid_whose_signed_part_was_touched_leaves_no_row(client: Client, how: str) -> None:
    store = make_shop(platform="ecwid").external_id
    right = ecwids(f"{CREATED}.e-1")
    assert to_ecwid(client, json.dumps(event(store, **TOUCHED[how])).encode(), right) == (401, 0)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_an_event_of_ecwid_that_was_cut_off_leaves_no_row(client: Client, cut: int) -> None:
    store = make_shop(platform="ecwid").external_id
    body = json.dumps(event(store)).encode()
    assert to_ecwid(client, body[:-cut], ecwids(f"{CREATED}.e-1")) == (401, 0)


@pytest.mark.parametrize("signature", ["", "é", ecwids(f"{CREATED}.e-1", "another"), ecwids(f"{CREATED}.e-1", "")])
def test_an_event_of_ecwid_with_another_signature_leaves_no_row(client: Client, signature: str) -> None:
    store = make_shop(platform="ecwid").external_id
    assert to_ecwid(client, json.dumps(event(store)).encode(), signature) == (401, 0)


def test_a_secret_of_one_ecwid_store_speaks_for_no_other(client: Client) -> None:
    """A custom app's secret is its store's alone, and the store's number is not signed."""
    own, other = make_shop(platform="ecwid"), make_shop(platform="ecwid")
    Credential.objects.filter(shop=own).update(client_secret="the-secret-of-one-store")
    signature = ecwids(f"{CREATED}.e-1", "the-secret-of-one-store")
    assert to_ecwid(client, json.dumps(event(other.external_id)).encode(), signature) == (401, 0)
    assert to_ecwid(client, json.dumps(event(own.external_id)).encode(), signature) == (200, 1)


def test_an_event_of_ecwid_sent_again_under_invented_names_is_one_row_at_most(client: Client) -> None:
    """The name of the event is not signed: were it kept as it came, one signature could fill the table."""
    store = make_shop(platform="ecwid").external_id
    right = ecwids(f"{CREATED}.e-1")
    for number in range(20):
        to_ecwid(client, json.dumps(event(store, eventType=f"made.up{number}")).encode(), right)
    assert rows() == 1


@pytest.mark.parametrize("days", [-4, -400, 3])
def test_an_event_of_long_ago_or_of_a_day_to_come_was_captured_somewhere(client: Client, days: int) -> None:
    """Ecwid repeats a delivery for a day; its signature would hold for ever."""
    shop = make_shop(platform="ecwid")
    answer = ecwid(client, shop.external_id, created=CREATED + days * 86_400)
    assert (answer.status_code, answer.json()["error"]) == (401, "old_event")
    assert ecwid(client, shop.external_id, created=CREATED - 86_400).status_code == 200
    assert InboxDelivery.objects.filter(shop=shop).count() == 1
