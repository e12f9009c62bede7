"""Signed bodies that are not what, or whose, their headers say: refused at the door, and no row written.

Shopify signs the body alone, so whoever has seen one may send it again under any topic and store."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client

from loyalty.engine.errors import Unauthorized
from loyalty.models import InboxDelivery, Shop
from loyalty.platforms.shopify.claims import Claims, claims_of
from tests.factories import make_shop
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.conftest import SECRET

pytestmark = pytest.mark.django_db
NUMBER = "5500"

BODIES: dict[str, dict[str, Any]] = {
    "order": p.order(),
    "refund": p.refund(),
    "customer": p.customer(),
    "shop": {"id": 5500, "myshopify_domain": "{shop}", "domain": None, "name": "Lamps"},
    "data_request": {"shop_id": 5500, "shop_domain": "{shop}", "customer": {"id": 1}, "data_request": {"id": 9}},
    "redaction": {"shop_id": 5500, "shop_domain": "{shop}", "customer": {"id": 1}, "orders_to_redact": [1]},
    "end": {"shop_id": 5500, "shop_domain": "{shop}"},
}
TOPICS = {
    "order": {"orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled"},
    "refund": {"refunds/create"},
    "customer": {"customers/create", "customers/update", "customers/enable", "customers/disable", "customers/delete"},
    "shop": {"shop/update", "app/uninstalled"},
    "data_request": {"customers/data_request"},
    "redaction": {"customers/redact"},
    "end": {"shop/redact"},
}
EVERY_TOPIC = sorted(set.union(*TOPICS.values()))
CROSSED = [(kind, topic) for kind in BODIES for topic in EVERY_TOPIC if topic not in TOPICS[kind]]


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    Shop.objects.filter(pk=made.pk).update(number=NUMBER)
    return made


def body_of(kind: str, shop: Shop, **changes: Any) -> bytes:
    return json.dumps({**BODIES[kind], **changes}).replace("{shop}", shop.external_id).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def send(shop: Shop, body: bytes, topic: str = "orders/paid", **headers: str) -> tuple[int, int]:
    """The answer, and how many rows there are."""
    told = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signed(body),
        "X-Shopify-Shop-Domain": shop.external_id,
        "X-Shopify-Webhook-Id": "w-1",
        **headers,
    }
    answer = Client().post("/shopify/webhooks", data=body, content_type="application/json", headers=told)
    return answer.status_code, InboxDelivery.objects.across_shops().count()


@pytest.mark.parametrize(("kind", "topic"), [(kind, topic) for kind in BODIES for topic in sorted(TOPICS[kind])])
def test_a_body_under_its_own_topic_is_kept(kind: str, topic: str, shop: Shop) -> None:
    assert send(shop, body_of(kind, shop), topic) == (200, 1)


@pytest.mark.parametrize(("kind", "topic"), CROSSED)
def test_a_body_under_another_topic_leaves_no_row(kind: str, topic: str, shop: Shop) -> None:
    assert send(shop, body_of(kind, shop), topic) == (401, 0)


@pytest.mark.parametrize("kind", ["order", "shop", "data_request", "redaction", "end"])
def test_a_body_under_another_stores_name_leaves_no_row(kind: str, shop: Shop) -> None:
    """Both stores have the app; the body says whose it is, by name or by number."""
    topic = sorted(TOPICS[kind])[0]
    unnumbered = make_shop()
    assert send(unnumbered, body_of(kind, shop), topic)[0] == (200 if kind == "order" else 401)
    InboxDelivery.objects.across_shops().delete()
    numbered = make_shop()
    Shop.objects.filter(pk=numbered.pk).update(number="5501")
    assert send(numbered, body_of(kind, shop), topic) == (401, 0)


def test_a_store_that_changed_its_permanent_name_is_known_by_its_number(shop: Shop) -> None:
    renamed = body_of(
        "order", shop, order_status_url="https://renamed.myshopify.com/5500/orders/abc/authenticate?key=k"
    )
    assert send(shop, renamed) == (200, 1)
    other = body_of("order", shop, order_status_url=f"https://{shop.external_id}/5501/orders/abc/authenticate?key=k")
    assert send(shop, other, **{"X-Shopify-Webhook-Id": "w-2"}) == (401, 1)


def test_where_no_number_is_known_the_name_decides() -> None:
    shop = make_shop()
    url = "https://{}/5500/orders/abc/authenticate?key=k"
    assert send(shop, body_of("order", shop, order_status_url=url.format("other.myshopify.com"))) == (401, 0)
    assert send(shop, body_of("order", shop, order_status_url=url.format("lamps.example"))) == (200, 1)


REENCODED = {
    "spaces": lambda body: json.dumps(json.loads(body), indent=1).encode(),
    "order of keys": lambda body: json.dumps(dict(reversed(json.loads(body).items()))).encode(),
    "escapes": lambda body: body.replace(b"Lamp", b"L\\u0061mp"),
    "a line more": lambda body: body + b"\n",
    "a mark in front": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "Windows lines": lambda body: body.replace(b", ", b",\r\n"),
    "zipped": gzip.compress,
    "cut off": lambda body: body[:-1],
    "half": lambda body: body[: len(body) // 2],
    "one bit": lambda body: bytes([body[0] ^ 1]) + body[1:],
    "twice": lambda body: body + body,
}


@pytest.mark.parametrize("how", REENCODED)
def test_a_body_that_was_touched_leaves_no_row(how: str, shop: Shop) -> None:
    body = body_of("order", shop)
    touched = REENCODED[how](body)
    assert touched != body
    assert send(shop, touched, **{"X-Shopify-Hmac-Sha256": signed(body)}) == (401, 0)


def forgeries(body: bytes) -> dict[str, str]:
    right = signed(body)
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256)
    return {
        "none": "",
        "another secret": signed(body, "another"),
        "no secret": signed(body, ""),
        "no key at all": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "SHA-1": base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha1).digest()).decode(),
        "hexadecimal": digest.hexdigest(),
        "for addresses": base64.urlsafe_b64encode(digest.digest()).decode().rstrip("="),
        "without its end": right[:-1],
        "with more": right + "A",
        "small letters": right.lower(),
        "two of them": f"{right}, {right}",
        "with a scheme": f"sha256={right}",
        "not of ASCII": "é" + right,
        "a zero": right + "\\x00",
    }


@pytest.mark.parametrize("how", forgeries(b""))
def test_a_signature_that_is_not_exactly_ours_leaves_no_row(how: str, shop: Shop) -> None:
    body = body_of("order", shop)
    assert send(shop, body, **{"X-Shopify-Hmac-Sha256": forgeries(body)[how]}) == (401, 0)


def test_of_two_families_of_headers_one_that_does_not_hold_is_not_saved_by_the_other(shop: Shop) -> None:
    body = body_of("order", shop)
    forged = {"X-Shopify-Hmac-Sha256": signed(body, "another"), "Shopify-Hmac-Sha256": signed(body)}
    assert send(shop, body, **forged) == (401, 0)


@pytest.mark.parametrize("number", range(3))
def test_the_same_delivery_again_is_one_row(number: int, shop: Shop) -> None:
    body = body_of("order", shop)
    assert [send(shop, body) for _ in range(number + 1)] == [(200, 1)] * (number + 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'{"id": 1',
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"admin_graphql_api_id": 7}',
    ],
)
def test_what_cannot_be_read_claims_nothing(body: bytes) -> None:
    assert claims_of(body, "orders/paid") == Claims()


@pytest.mark.parametrize(
    ("told", "claims"),
    [
        ({"order_status_url": "https://[::1/5500/orders/a"}, Claims()),
        ({"order_status_url": 7}, Claims()),
        ({"order_status_url": "https://lamps.example/5500/other/a"}, Claims()),
        ({"order_status_url": "https://LAMPS.myshopify.com/x"}, Claims("lamps.myshopify.com", "")),
        ({"shop_id": "gid://shopify/Shop/5500", "id": 3}, Claims("", "5500")),
        ({"shop_id": True}, Claims()),
        ({"shop_id": -1}, Claims()),
        ({"myshopify_domain": None, "id": 5500}, Claims("", "5500")),
    ],
)
def test_only_what_is_written_as_shopify_writes_it_is_a_claim(told: dict[str, Any], claims: Claims) -> None:
    assert claims_of(json.dumps(told).encode(), "app/uninstalled") == claims


def test_objects_that_we_do_not_read_are_no_reason_to_refuse() -> None:
    fulfilment = json.dumps({"admin_graphql_api_id": "gid://shopify/Fulfillment/1"}).encode()
    assert claims_of(fulfilment, "fulfillments/create") == Claims()
    for topic in ("customers_marketing_consent/update", "order_transactions/create"):
        kind = "Customer" if topic.startswith("customer") else "Order"
        assert claims_of(json.dumps({"admin_graphql_api_id": f"gid://shopify/{kind}/1"}).encode(), topic) == Claims()
    with pytest.raises(Unauthorized):
        claims_of(p.body(p.order()), "made/up")
