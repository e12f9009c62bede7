"""The token endpoint: what it gives, and what it refuses."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests

from loyalty.sandbox.shopify.signing import proxy_signature, query_signature, webhook_signature
from tests.sandbox.shopify.conftest import CLIENT_ID, DOMAIN, OFFLINE, SECRET, World

pytestmark = pytest.mark.once

SHOP_NAME = "{shop { name }}"


def test_signatures_are_those_of_the_documentation() -> None:
    callback = {
        "code": "0907a61c0c8d55e99db179b68161bc00",
        "shop": "some-shop.myshopify.com",
        "state": "0.6784241404160823",
        "timestamp": "1337178173",
    }
    expected = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
    assert query_signature("hush", callback.items()) == expected
    assert webhook_signature("hush", b'{"id":1}') == "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="
    proxied = [
        ("extra", "1"),
        ("extra", "2"),
        ("shop", "shop-name.myshopify.com"),
        ("logged_in_customer_id", "1"),
        ("path_prefix", "/apps/awesome_reviews"),
        ("timestamp", "1317327555"),
    ]
    expected = "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    assert proxy_signature("hush", proxied) == expected


def test_an_opened_app_carries_a_token_for_a_minute_and_a_signed_query(world: World) -> None:
    url = world.shop("/install")["open_url"]
    query = dict(parse_qsl(urlsplit(url).query))
    assert {"shop", "host", "embedded", "id_token", "hmac", "locale", "session", "timestamp"} == set(query)
    claims = jwt.decode(query["id_token"], SECRET, algorithms=["HS256"], audience=CLIENT_ID)
    assert claims["exp"] - claims["iat"] == 60
    assert claims["dest"] == f"https://{DOMAIN}"
    assert claims["iss"] == f"https://{DOMAIN}/admin"
    assert query.pop("hmac") == query_signature(SECRET, query.items())


def test_an_exchange_gives_an_expiring_token_that_opens_the_api(world: World) -> None:
    given = world.exchange()
    assert given.status_code == 200
    answer = given.json()
    assert answer["expires_in"] == 3600
    assert answer["refresh_token_expires_in"] == 7_776_000
    assert "write_discounts" in answer["scope"].split(",")
    said = world.post_graphql(answer["access_token"], SHOP_NAME)
    assert said.json()["data"]["shop"]["name"] == "Halfmoon Coffee"


def forged(**changes: Any) -> str:
    moment = int(time.time())
    claims = {
        "iss": f"https://{DOMAIN}/admin",
        "dest": f"https://{DOMAIN}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": moment + 60,
        "nbf": moment,
        "iat": moment,
    }
    return jwt.encode(claims | changes, changes.pop("key", SECRET), algorithm="HS256")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 30},
        {"aud": "another-client"},
        {"dest": "https://another.myshopify.com"},
        {"key": "another-secret-that-is-long-enough-too"},
    ],
)
def test_a_session_token_that_is_not_fresh_and_ours_is_refused(world: World, changes: dict[str, Any]) -> None:
    given = world.exchange(subject_token=forged(**changes))
    assert given.status_code == 400
    assert given.json()["error"] == "invalid_subject_token"


def test_a_wrong_secret_and_a_foreign_client_are_refused(world: World) -> None:
    assert world.exchange(client_secret="wrong").json()["error"] == "invalid_client"
    assert world.exchange(client_id="wrong").json()["error"] == "invalid_client"
    assert world.exchange(client_secret="späßchen").json()["error"] == "invalid_client"
    assert world.token_request(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_shop_without_the_app_gives_no_token(bare: World) -> None:
    assert bare.exchange().json()["error"] == "invalid_client"


def test_a_token_that_never_expires_is_refused_to_a_public_app_and_can_be_migrated(world: World) -> None:
    given = world.exchange(expiring="0").json()
    assert "refresh_token" not in given
    assert world.post_graphql(given["access_token"], SHOP_NAME).status_code == 403
    migrated = world.exchange(subject_token=given["access_token"], subject_token_type=OFFLINE).json()
    assert world.post_graphql(migrated["access_token"], SHOP_NAME).status_code == 200
    assert world.post_graphql(given["access_token"], SHOP_NAME).status_code == 401


def test_a_refresh_token_may_be_tried_again_until_its_successor_is_used(world: World) -> None:
    first = world.exchange().json()["refresh_token"]
    second = world.refresh(first).json()["refresh_token"]
    retried = world.refresh(first)
    assert retried.status_code == 200
    assert retried.json()["refresh_token"] not in (first, second)
    assert world.refresh(second).status_code == 200
    refused = world.refresh(first)
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


def test_an_expired_access_token_is_refused_and_its_refresh_token_helps(world: World) -> None:
    given = world.exchange().json()
    assert world.shop("/expire-tokens")["expired"] == 1
    assert world.post_graphql(given["access_token"], SHOP_NAME).status_code == 401
    renewed = world.refresh(given["refresh_token"]).json()
    assert world.post_graphql(renewed["access_token"], SHOP_NAME).status_code == 200


def test_uninstalling_ends_every_token_and_installing_again_does_not_revive_them(world: World) -> None:
    given = world.exchange().json()
    world.shop("/uninstall")
    assert world.post_graphql(given["access_token"], SHOP_NAME).status_code == 401
    world.shop("/install")
    assert world.post_graphql(given["access_token"], SHOP_NAME).status_code == 401
    assert world.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.exchange().status_code == 200


def test_the_code_grant_asks_comes_back_signed_and_its_code_works_once(bare: World) -> None:
    back = f"{bare.app.url}/shopify/callback"
    query = f"client_id={CLIENT_ID}&scope=read_orders,write_discounts&redirect_uri={back}&state=abc"
    sent_on = bare.visitor("halfmoon").get(f"/admin/oauth/authorize?{query}")
    assert urlsplit(sent_on.headers["Location"]).hostname == "admin.shopify.localhost"
    path = urlsplit(sent_on.headers["Location"])
    merchant = bare.visitor("admin")
    assert "read orders" in merchant.get(f"{path.path}?{path.query}").text
    returned = merchant.post(f"{path.path}?{path.query}").headers["Location"]
    assert returned.startswith(back)
    pairs = dict(parse_qsl(urlsplit(returned).query))
    assert pairs["state"] == "abc"
    assert pairs.pop("hmac") == query_signature(SECRET, pairs.items())
    given = bare.token_request(code=pairs["code"], expiring="1")
    assert given.json()["scope"] == "read_orders,write_discounts"
    assert bare.token_request(code=pairs["code"], expiring="1").json()["error"] == "invalid_request"


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"redirect_uri": "https://evil.example/"}, {"shop": "nobody"}])
def test_the_code_grant_refuses_what_is_not_registered(bare: World, change: dict[str, str]) -> None:
    asked = {"client_id": CLIENT_ID, "redirect_uri": f"{bare.app.url}/shopify/callback", "shop": DOMAIN} | change
    answer = bare.visitor("admin").get("/admin/oauth/authorize", params=asked)
    assert answer.status_code in (400, 404)
    assert "Location" not in answer.headers


def test_the_api_wants_a_token_and_its_own_version(world: World) -> None:
    assert world.post_graphql("shpat_guess", SHOP_NAME).status_code == 401
    token = world.exchange().json()["access_token"]
    url = f"{world.base}/shopify/{DOMAIN}/admin/api/2019-04/graphql.json"
    old = requests.post(url, json={"query": SHOP_NAME}, headers={"X-Shopify-Access-Token": token}, timeout=60)
    assert old.status_code == 404
