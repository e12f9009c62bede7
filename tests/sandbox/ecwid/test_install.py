"""Installing: from the market, by OAuth from the app, as a native app; and what is refused."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.sandbox.ecwid.conftest import SECRET, World

MY = "my.ecwid.localhost"


def trade(world: World, grant: str, **changes: str) -> requests.Response:
    form = {
        "client_id": "regulars",
        "client_secret": SECRET,
        "code": grant,
        "redirect_uri": f"{world.app.url}/ecwid/callback",
        "grant_type": "authorization_code",
    }
    return requests.post(f"{world.base}/ecwid/oauth/token/1003", data=form | changes, timeout=60)


def install(world: World) -> dict[str, str]:
    answer = world.control("POST", "/ecwid/shops/1003/install")
    query = parse_qs(urlsplit(answer["redirect_url"]).query)
    return {name: values[0] for name, values in query.items()}


def test_an_install_from_the_market_ends_at_the_callback_without_state(empty: World) -> None:
    browser = requests.Session()
    answer = empty.page(MY, "POST", "/store/1003/apps/install", browser)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{empty.app.url}/ecwid/callback"
    assert set(parse_qs(target.query)) == {"code", "store_id"}


def test_the_code_buys_a_token_that_opens_the_profile(empty: World) -> None:
    given = install(empty)
    answer = trade(empty, given["code"]).json()
    assert answer["store_id"] == 1003
    assert "read_orders" in answer["scope"].split()
    assert answer["public_token"].startswith("public_")
    profile = empty.rest("GET", "/profile", answer["access_token"]).json()
    assert profile["generalInfo"]["storeId"] == 1003
    assert profile["formatsAndUnits"]["currency"] == "EUR"


def test_a_code_that_is_used_twice_disables_the_token(empty: World) -> None:
    code = install(empty)["code"]
    token = trade(empty, code).json()["access_token"]
    assert trade(empty, code).status_code == 400
    refused = empty.rest("GET", "/profile", token)
    assert (refused.status_code, refused.content) == (403, b"")


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": "wrong"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"grant_type": "refresh_token"},
        {"code": "made-up"},
        {"client_id": "other"},
    ],
)
def test_a_wrong_field_buys_no_token(empty: World, change: dict[str, str]) -> None:
    assert trade(empty, install(empty)["code"], **change).status_code in (400, 401)


def test_a_code_dies_after_its_minutes(empty: World) -> None:
    empty.control("PUT", "/ecwid/switches", {"code_ttl_seconds": 0})
    assert trade(empty, install(empty)["code"]).status_code == 400


def test_the_token_endpoint_wants_a_form_and_the_store_in_its_path(empty: World) -> None:
    code = install(empty)["code"]
    assert requests.post(f"{empty.base}/ecwid/oauth/token/1003", json={"code": code}, timeout=60).status_code == 400
    assert requests.post(f"{empty.base}/ecwid/oauth/token", data={"code": code}, timeout=60).status_code == 400


def authorize(world: World, **changes: str) -> requests.Response:
    asked = {
        "client_id": "regulars",
        "redirect_uri": f"{world.app.url}/ecwid/callback",
        "response_type": "code",
        "scope": "read_store_profile read_orders",
        "state": "mine",
    }
    asked = {name: value for name, value in (asked | changes).items() if value}
    browser = requests.Session()
    page = world.page(MY, "GET", "/api/oauth/authorize", browser, params=asked)
    if page.status_code != 200:
        return page
    decision = {"store": "1003", "decision": "allow"} | asked
    return world.page(MY, "POST", "/api/oauth/authorize", browser, data=decision)


def test_oauth_that_the_app_began_brings_its_state_back_or_not(empty: World) -> None:
    assert "state=mine" in authorize(empty).headers["Location"]
    empty.control("PUT", "/ecwid/switches", {"state_echo": False})
    assert "state" not in authorize(empty).headers["Location"]


def test_only_the_granted_scopes_are_in_the_token(empty: World) -> None:
    query = parse_qs(urlsplit(authorize(empty).headers["Location"]).query)
    token = trade(empty, query["code"][0]).json()
    assert token["scope"] == "read_orders read_store_profile"
    assert "public_token" not in token
    refused = empty.rest("GET", "/customers", token["access_token"])
    assert refused.status_code == 403
    assert refused.json()["errorCode"] == "INSUFFICIENT_APP_SCOPE"


@pytest.mark.parametrize(
    "change",
    [
        {"scope": "read_orders charge"},
        {"scope": ""},
        {"client_id": "other"},
        {"response_type": "token"},
        {"redirect_uri": "https://elsewhere.example/ecwid/callback"},
    ],
)
def test_a_wrong_authorize_request_ends_on_a_page_and_is_sent_nowhere(empty: World, change: dict[str, str]) -> None:
    answer = authorize(empty, **change)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_denial_says_so(empty: World) -> None:
    form = {
        "client_id": "regulars",
        "redirect_uri": f"{empty.app.url}/ecwid/callback",
        "response_type": "code",
        "scope": "read_orders",
        "decision": "deny",
    }
    answer = empty.page(MY, "POST", "/api/oauth/authorize", requests.Session(), data=form)
    assert answer.headers["Location"] == f"{empty.app.url}/ecwid/callback?error=access_denied"


def test_uninstalling_revokes_the_token_and_tells_the_app(world: World) -> None:
    token = world.token()
    world.control("POST", "/ecwid/shops/1003/uninstall")
    assert world.rest("GET", "/profile", token).status_code == 403
    world.drain()
    event = world.app.events("application.uninstalled")[0]
    assert event["entityId"] == "1003"
    world.control("POST", "/ecwid/shops/1003/install")
    assert world.token() != token
    world.drain()
    assert len(world.app.events("application.installed")) == 2


def test_the_tab_carries_an_encrypted_payload(world: World) -> None:
    url = world.control("POST", "/ecwid/shops/1003/install")["open_url"]
    query = parse_qs(urlsplit(url).query)
    raw = base64.urlsafe_b64decode(query["payload"][0])
    decryptor = Cipher(algorithms.AES(SECRET.encode()[:16]), modes.CBC(raw[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    plain = json.loads(unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize())
    assert plain["store_id"] == 1003
    assert plain["access_token"] == world.token()
    assert "cache-killer" in query


def test_the_tab_can_carry_the_hex_form_instead(world: World) -> None:
    world.control("PUT", "/ecwid/switches", {"payload_mode": "hex"})
    url = world.control("POST", "/ecwid/shops/1003/install")["open_url"]
    plain = json.loads(bytes.fromhex(urlsplit(url).fragment))
    assert plain["access_token"] == world.token()
    assert urlsplit(url).query == ""


def test_the_admin_frames_the_app(world: World) -> None:
    page = world.page(MY, "GET", "/store/1003/app", requests.Session())
    assert page.status_code == 200
    assert f'src="{world.app.url}/ecwid/app?payload=' in page.text


def test_a_custom_app_has_a_token_to_paste_without_oauth(empty: World) -> None:
    token = empty.control("POST", "/ecwid/shops/1003/token", {"scopes": ["read_orders"]})["access_token"]
    assert empty.rest("GET", "/orders", token).status_code == 200
