"""Signatures: Shopify's published vectors hold, and whatever differs in one place does not."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.shopify.proxy import ProxyCaller, verify_proxy
from loyalty.platforms.shopify.shop_names import shop_domain
from loyalty.platforms.shopify.signatures import check_body, check_query

BODY_SIGNATURE = "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="
INSTALL = (
    "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
)
INSTALL_HMAC = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
INSTALL_TIME = datetime.fromtimestamp(1337178173, UTC)
PROXY = "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
LOGGED_IN = f"{PROXY}&logged_in_customer_id=1"
LOGGED_IN_SIGNATURE = "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
VISITOR_SIGNATURE = "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"
PROXY_TIME = datetime.fromtimestamp(1317327555, UTC)


@pytest.fixture(autouse=True)
def hush(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = "hush"


def signed_proxy(*pairs: tuple[str, str], secret: str = "hush") -> str:
    grouped: dict[str, list[str]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    message = "".join(sorted(f"{key}={','.join(values)}" for key, values in grouped.items()))
    signature = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return urlencode([*pairs, ("signature", signature)])


def test_the_published_webhook_vector_holds(settings: Settings) -> None:
    check_body(b'{"id":1}', BODY_SIGNATURE)
    settings.SHOPIFY_API_SECRET, settings.SHOPIFY_API_SECRET_OLD = "newer", "hush"
    check_body(b'{"id":1}', BODY_SIGNATURE)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b'{"id":2}', BODY_SIGNATURE),
        (b'{"id":1} ', BODY_SIGNATURE),
        (b'{"id":1}', ""),
        (b'{"id":1}', BODY_SIGNATURE.lower()),
        (b'{"id":1}', BODY_SIGNATURE + "="),
        (b'{"id":1}', "ünsigned"),
        (b'{"id":1}', "\udc80"),
    ],
)
def test_a_webhook_that_differs_is_refused(body: bytes, signature: str) -> None:
    with pytest.raises(Unauthorized):
        check_body(body, signature)


def test_an_empty_secret_signs_nothing(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = ""
    with pytest.raises(Unauthorized, match="not set"):
        check_body(b"", "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0=")


def test_the_published_install_vector_holds() -> None:
    query = check_query(f"{INSTALL}&hmac={INSTALL_HMAC}", INSTALL_TIME)
    assert (query["shop"], query["code"]) == ("some-shop.myshopify.com", "0907a61c0c8d55e99db179b68161bc00")
    assert check_query(f"hmac={INSTALL_HMAC}&signature=x&{INSTALL}", INSTALL_TIME)


@pytest.mark.parametrize("form", ["host=YWRt%3D%3D", "host=YWRt=="])
def test_a_value_may_be_signed_encoded_or_decoded(form: str) -> None:
    rest = "shop=a.myshopify.com&timestamp=1337178173"
    given = hmac.new(b"hush", f"{form}&{rest}".encode(), hashlib.sha256).hexdigest()
    assert check_query(f"{rest}&host=YWRt%3D%3D&hmac={given}", INSTALL_TIME)["host"] == "YWRt=="


@pytest.mark.parametrize(
    "raw",
    [
        INSTALL,
        f"{INSTALL}&hmac=",
        f"{INSTALL}&hmac=é",
        f"{INSTALL}&hmac=%C3%A9",
        f"{INSTALL}&hmac={INSTALL_HMAC.upper()}",
        f"{INSTALL}&hmac={INSTALL_HMAC}&hmac={INSTALL_HMAC}",
        f"{INSTALL}&shop=other.myshopify.com&hmac={INSTALL_HMAC}",
        f"{INSTALL}&extra=1&hmac={INSTALL_HMAC}",
        f"{INSTALL}&hmac={INSTALL_HMAC}&%ff=1",
        INSTALL.replace("some-shop", "other-shop") + f"&hmac={INSTALL_HMAC}",
        "&".join(f"k{number}=1" for number in range(60)),
        f"{INSTALL}&pad={'x' * 9000}&hmac={INSTALL_HMAC}",
        "",
    ],
)
def test_an_install_query_that_differs_is_refused(raw: str) -> None:
    with pytest.raises(Unauthorized):
        check_query(raw, INSTALL_TIME)


def test_a_signed_query_lives_ninety_seconds() -> None:
    for seconds, good in ((90, True), (-90, True), (91, False), (-91, False)):
        now = datetime.fromtimestamp(1337178173 + seconds, UTC)
        if good:
            assert check_query(f"{INSTALL}&hmac={INSTALL_HMAC}", now)
        else:
            with pytest.raises(Unauthorized, match="too old"):
                check_query(f"{INSTALL}&hmac={INSTALL_HMAC}", now)


def test_the_published_proxy_vectors_hold() -> None:
    caller = verify_proxy(f"{LOGGED_IN}&signature={LOGGED_IN_SIGNATURE}", PROXY_TIME)
    assert caller == ProxyCaller("shop-name.myshopify.com", "1", "/apps/awesome_reviews")
    visitor = f"{PROXY}&logged_in_customer_id=&signature={VISITOR_SIGNATURE}"
    assert verify_proxy(visitor, PROXY_TIME).customer_id == ""


GOOD = (
    ("shop", "halfmoon.myshopify.com"),
    ("logged_in_customer_id", "7001"),
    ("path_prefix", "/apps/loyalty"),
    ("timestamp", "1317327555"),
)


def test_a_proxied_request_of_ours_is_read() -> None:
    assert verify_proxy(signed_proxy(*GOOD, ("lang", "de")), PROXY_TIME).customer_id == "7001"


@pytest.mark.parametrize(
    "raw",
    [
        LOGGED_IN,
        f"{LOGGED_IN}&signature=",
        f"{LOGGED_IN}&signature=%C3%A9",
        f"{LOGGED_IN}&signature=é",
        f"{LOGGED_IN}&signature={VISITOR_SIGNATURE}",
        f"{LOGGED_IN}&signature={LOGGED_IN_SIGNATURE.upper()}",
        f"{LOGGED_IN}2&signature={LOGGED_IN_SIGNATURE}",
        f"{LOGGED_IN}&signature={LOGGED_IN_SIGNATURE}&signature={LOGGED_IN_SIGNATURE}",
        signed_proxy(*GOOD, ("shop", "other.myshopify.com")),
        signed_proxy(*GOOD, ("logged_in_customer_id", "7002")),
        signed_proxy(*GOOD[1:]),
        signed_proxy(*GOOD[:1], *GOOD[2:]),
        signed_proxy(*GOOD[:3], ("timestamp", "soon")),
        signed_proxy(*GOOD[:3], ("timestamp", "1317327000")),
        signed_proxy(*GOOD, secret="other"),
        signed_proxy(("shop", "halfmoon.example"), *GOOD[1:]),
        signed_proxy(*GOOD[:1], ("logged_in_customer_id", "7001x"), *GOOD[2:]),
    ],
)
def test_a_proxied_request_that_differs_is_refused(raw: str) -> None:
    with pytest.raises(Unauthorized):
        verify_proxy(raw, PROXY_TIME)


@pytest.mark.parametrize("name", ["Halfmoon.myshopify.com", "a.myshopify.com", "0-1.MYSHOPIFY.com"])
def test_a_store_is_named_in_lower_case(name: str) -> None:
    assert shop_domain(name) == name.lower()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "halfmoon",
        "-a.myshopify.com",
        "a.myshopify.com\n",
        "a.myshopify.com.evil.example",
        "a.b.myshopify.com",
        "a_b.myshopify.com",
        "evil.example;a.myshopify.com",
        "amyshopify.com",
        "\u212aelvin.myshopify.com",
        "a" * 64 + ".myshopify.com",
        "https://a.myshopify.com",
    ],
)
def test_what_is_no_store_is_refused(name: str) -> None:
    with pytest.raises(Unauthorized):
        shop_domain(name)
