"""The pages where a store comes in: what opens them, what does not, and what they never say."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core import signing
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.dashboard.ecwid_entry import TICKET_SALT, TICKET_SECONDS
from loyalty.models import Credential, OAuthState, OutboxMessage, Shop
from tests.platforms.ecwid.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def words(response: object) -> str:
    """What a reader sees, and a reader of the title; addresses and attributes are not words."""
    page = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S))


def token_of(page: object) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())  # type: ignore[attr-defined]
    assert found
    return found.group(1)


def opened(stand_in: StandIn, store: str) -> str:
    return str(urlsplit(stand_in.of(store, "/install")["open_url"]).query)


def hex_of(stand_in: StandIn, store: str) -> str:
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"payload_mode": "hex"})
    return str(urlsplit(stand_in.of(store, "/install")["open_url"]).fragment)


# The page in the admin


def test_a_payload_installs_the_store_and_shows_its_dashboard(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store(title="Paper Heron")
    page = browser.get(f"/ecwid/app?{opened(stand_in, store)}")
    assert page.status_code == 200
    shop = Shop.objects.get()
    assert (shop.external_id, shop.name) == (store, "Paper Heron")
    assert OutboxMessage.objects.filter(shop=shop, kind="history.import").count() == 1
    assert 'name="regulars-bearer"' in page.content.decode()
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "X-Frame-Options" not in page.headers
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors http://my.ecwid.localhost:" in policy
    assert page.cookies == {}


def test_the_payload_and_its_token_are_nowhere_in_the_page(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    query = opened(stand_in, store)
    answer = browser.get(f"/ecwid/app?{query}")
    page = answer.content.decode()
    assert parse_qs(query)["payload"][0] not in page
    assert (dict(answer.wsgi_request.GET), answer.wsgi_request.META["QUERY_STRING"]) == ({}, "")
    assert Credential.objects.get(shop=Shop.objects.get()).access_token not in page


def test_the_bearer_of_the_page_opens_this_shop_and_no_other(stand_in: StandIn, browser: Client) -> None:
    browser.get(f"/ecwid/app?{opened(stand_in, stand_in.new_store(title='The other one'))}")
    page = browser.get(f"/ecwid/app?{opened(stand_in, stand_in.new_store(title='Paper Heron'))}").content.decode()
    found = re.search(r'name="regulars-bearer" content="([^"]+)"', page)
    assert found
    home = browser.get("/dashboard/", headers={"Authorization": f"Bearer {found.group(1)}"})
    assert home.status_code == 200
    assert "The other one" not in home.content.decode()


@pytest.mark.parametrize("payload", ["AAAA", "x" * 5000, "%00", "ü", "MDEyMzQ1Njc4OWFiY2RlZuQ6aHLq19k2eNthDig01lA="])
def test_a_forged_payload_opens_nothing(stand_in: StandIn, browser: Client, payload: str) -> None:
    page = browser.get(f"/ecwid/app?{urlencode({'payload': payload})}")
    assert page.status_code == 401
    assert not Shop.objects.exists()


def test_a_captured_address_is_worth_nothing_after_the_uninstall(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    query = opened(stand_in, store)
    assert browser.get(f"/ecwid/app?{query}").status_code == 200
    stand_in.of(store, "/uninstall")
    assert browser.get(f"/ecwid/app?{query}").status_code == 401


def test_a_captured_address_cannot_be_used_to_flood_the_platform(stand_in: StandIn, browser: Client) -> None:
    query = opened(stand_in, stand_in.new_store())
    assert {browser.get(f"/ecwid/app?{query}").status_code for _ in range(22)} == {200, 429}


def test_an_outage_is_said_and_tried_again_later(stand_in: StandIn, browser: Client) -> None:
    query = opened(stand_in, stand_in.new_store())
    stand_in.faults({"status": 503, "path": "profile"})
    assert browser.get(f"/ecwid/app?{query}").status_code == 503
    assert browser.get(f"/ecwid/app?{query}").status_code == 200


def test_without_a_payload_a_script_reads_the_fragment_and_nothing_is_inline(
    stand_in: StandIn, browser: Client
) -> None:
    page = browser.get("/ecwid/app")
    text = page.content.decode()
    assert page.status_code == 200
    assert "opening.js" in text
    assert "ecwid-app.js" in text
    assert all(not inside.strip() for inside in re.findall(r"<script[^>]*>(.*?)</script>", text, flags=re.S))
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    assert "X-Frame-Options" not in page.headers


def test_a_fragment_opens_the_store_that_was_connected_with_its_token(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    fragment = hex_of(stand_in, store)
    refused = browser.post("/ecwid/app", {"fragment": fragment})
    assert refused.status_code == 401
    assert not Shop.objects.exists()
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"payload_mode": "encrypted"})
    browser.get(f"/ecwid/app?{opened(stand_in, store)}")
    page = browser.post("/ecwid/app", {"fragment": fragment})
    assert page.status_code == 200
    assert 'name="regulars-bearer"' in page.content.decode()


def test_another_apps_token_in_a_fragment_opens_nothing(stand_in: StandIn, connected: Connect, browser: Client) -> None:
    shop = connected()
    foreign = stand_in.of(shop, "/foreign-token", {})["token"]
    text = f'{{"store_id": {shop.external_id}, "access_token": "{foreign}"}}'
    page = browser.post("/ecwid/app", {"fragment": text.encode().hex()})
    assert page.status_code == 401
    assert "regulars-bearer" not in page.content.decode()


@pytest.mark.parametrize("body", [{}, {"fragment": ""}, {"fragment": "zz"}, {"fragment": "7b" * 9000}])
def test_a_fragment_that_is_none_is_bad_input(stand_in: StandIn, browser: Client, body: dict[str, str]) -> None:
    assert browser.post("/ecwid/app", body).status_code == 400


@pytest.mark.parametrize("ticket", ["x", "x:y:z", "eyJzaG9wIjoxfQ:1x:AAAA"])
def test_a_forged_ticket_opens_nothing(stand_in: StandIn, browser: Client, ticket: str) -> None:
    assert browser.post("/ecwid/app", {"ticket": ticket}).status_code == 401


def test_a_ticket_opens_the_dashboard_for_ten_minutes(
    stand_in: StandIn, connected: Connect, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connected()
    fresh = signing.dumps({"shop": shop.pk}, salt=TICKET_SALT)
    with monkeypatch.context() as earlier:
        earlier.setattr("django.core.signing.time.time", lambda: time.time_ns() / 10**9 - TICKET_SECONDS - 1)
        old = signing.dumps({"shop": shop.pk}, salt=TICKET_SALT)
    assert browser.post("/ecwid/app", {"ticket": fresh}).status_code == 200
    assert browser.post("/ecwid/app", {"ticket": old}).status_code == 401
    assert browser.post("/ecwid/app", {"ticket": signing.dumps({"shop": shop.pk}, salt="embedded")}).status_code == 401
    stand_in.of(shop, "/uninstall")
    Shop.objects.update(status=Shop.Status.UNINSTALLED)
    assert browser.post("/ecwid/app", {"ticket": fresh}).status_code == 401


# Connecting by permission


def begun(browser: Client) -> str:
    page = browser.get("/ecwid/connect")
    answer = browser.post("/ecwid/connect", {"way": "permission", "csrfmiddlewaretoken": token_of(page)})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def allowed(stand_in: StandIn, store: str) -> dict[str, str]:
    """The callback's query as the admin sends it after the merchant's yes, without a state."""
    query = parse_qs(urlsplit(stand_in.of(store, "/install")["redirect_url"]).query)
    return {name: values[0] for name, values in query.items()}


def test_what_this_browser_began_is_connected_at_once(stand_in: StandIn, browser: Client, settings: Settings) -> None:
    location = begun(browser)
    asked = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{settings.ECWID_ADMIN_URL}/api/oauth/authorize?")
    assert asked["client_id"] == [settings.ECWID_CLIENT_ID]
    store = stand_in.new_store(title="Paper Heron")
    query = {**allowed(stand_in, store), "state": asked["state"][0]}
    page = browser.get(f"/ecwid/callback?{urlencode(query)}")
    assert page.status_code == 200
    assert "Paper Heron is connected" in words(page)
    assert Shop.objects.get().external_id == store
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.content.decode())
    assert ticket
    dashboard = browser.post("/ecwid/app", {"ticket": ticket.group(1)})
    assert 'name="regulars-bearer"' in dashboard.content.decode()


def test_what_began_elsewhere_connects_nothing_before_a_person_says_so(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    query = allowed(stand_in, store)
    page = browser.get(f"/ecwid/callback?{urlencode(query)}")
    assert f"Connect store {store}?" in words(page)
    assert not Shop.objects.exists()
    assert browser.post("/ecwid/callback", query).status_code == 403
    answer = browser.post("/ecwid/callback", {**query, "csrfmiddlewaretoken": token_of(page)})
    assert answer.status_code == 200
    assert Shop.objects.get().external_id == store


def test_a_state_from_another_browser_asks_for_the_click_too(stand_in: StandIn, browser: Client) -> None:
    state = parse_qs(urlsplit(begun(Client())).query)["state"][0]
    query = {**allowed(stand_in, stand_in.new_store()), "state": state}
    page = browser.get(f"/ecwid/callback?{urlencode(query)}")
    assert "Connect store" in words(page)
    assert not Shop.objects.exists()
    assert OAuthState.objects.filter(nonce=state).exists()


def test_a_double_click_does_not_send_the_code_twice(stand_in: StandIn, browser: Client) -> None:
    query = allowed(stand_in, stand_in.new_store())
    form = {**query, "csrfmiddlewaretoken": token_of(browser.get(f"/ecwid/callback?{urlencode(query)}"))}
    assert browser.post("/ecwid/callback", form).status_code == 200
    assert browser.post("/ecwid/callback", form).status_code == 409
    token = Credential.objects.get(shop=Shop.objects.get()).access_token
    assert stand_in.of(query["store_id"], "/installation", method="GET")["token"] == token


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"error": "access_denied"},
        {"code": "x"},
        {"code": "x", "store_id": "../1003"},
        {"code": "x", "store_id": "<script>"},
        {"store_id": "1003", "code": "", "state": "x" * 5000},
    ],
)
def test_a_callback_with_less_than_a_code_and_a_store_connects_nothing(
    stand_in: StandIn, browser: Client, query: dict[str, str]
) -> None:
    page = browser.get(f"/ecwid/callback?{urlencode(query)}")
    assert page.status_code in (200, 400)
    assert "<script>" not in page.content.decode()
    assert not Shop.objects.exists()


def test_without_a_registered_app_only_the_key_is_offered(browser: Client, settings: Settings) -> None:
    settings.ECWID_CLIENT_ID = settings.ECWID_CLIENT_SECRET = ""
    page = browser.get("/ecwid/connect")
    assert "Ask for permission" not in words(page)
    assert "Connect with this key" in words(page)


# Connecting with a key


def pasted(browser: Client, **fields: str) -> object:
    form = {"way": "key", "csrfmiddlewaretoken": token_of(browser.get("/ecwid/connect")), **fields}
    return browser.post("/ecwid/connect", form)


def test_a_pasted_key_connects_its_store_and_brings_its_own_webhook_secret(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    secret = "the-custom-apps-own-client-secret"
    page = pasted(browser, store_id=f" {store} ", access_token=stand_in.token(store), client_secret=secret)
    assert "is connected" in words(page)
    assert Credential.objects.get(shop=Shop.objects.get()).client_secret == secret


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"store_id": "1003"},
        {"store_id": "abc", "access_token": "secret_0123456789"},
        {"store_id": "999999", "access_token": "secret_0123456789"},
        {"store_id": "1003", "access_token": "secret_0123456789", "client_secret": "short"},
    ],
)
def test_a_wrong_key_is_said_and_never_put_back_into_the_page(
    stand_in: StandIn, browser: Client, fields: dict[str, str]
) -> None:
    page = pasted(browser, **fields)
    assert page.status_code == 400  # type: ignore[attr-defined]
    assert "Not connected" in words(page)
    assert "secret_0123456789" not in page.content.decode()  # type: ignore[attr-defined]
    assert not Shop.objects.exists()


def test_keys_can_be_tried_fifteen_times_a_minute(stand_in: StandIn, browser: Client) -> None:
    statuses = {pasted(browser, store_id="abc").status_code for _ in range(32)}  # type: ignore[attr-defined]
    assert statuses == {400, 429}


def test_a_form_without_its_token_is_refused(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store()
    form = {"way": "key", "store_id": store, "access_token": stand_in.token(store)}
    assert browser.post("/ecwid/connect", form).status_code == 403
    assert not Shop.objects.exists()


# All of them


def test_no_page_names_the_platform_and_none_that_connects_can_be_framed(stand_in: StandIn, browser: Client) -> None:
    store = stand_in.new_store(title="Paper Heron")
    query = allowed(stand_in, store)
    pages = {
        "app": browser.get("/ecwid/app"),
        "refused": browser.get("/ecwid/app?payload=AAAA"),
        "connect": browser.get("/ecwid/connect"),
        "wrong": pasted(browser, store_id="x"),
        "confirm": browser.get(f"/ecwid/callback?{urlencode(query)}"),
        "denied": browser.get("/ecwid/callback?error=access_denied"),
        "connected": pasted(browser, store_id=store, access_token=stand_in.token(store)),
    }
    for name, page in pages.items():
        assert not re.search("ecwid|lightspeed", words(page), flags=re.I), name
        referrer = "no-referrer" if name in ("app", "refused") else "strict-origin"
        assert page.headers["Referrer-Policy"] == referrer, name  # type: ignore[attr-defined]
        assert page.headers["Cache-Control"] == "private, no-store", name  # type: ignore[attr-defined]
        if name not in ("app", "refused"):
            assert page.headers["X-Frame-Options"] == "DENY", name  # type: ignore[attr-defined]
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], name  # type: ignore[attr-defined]


def test_no_log_line_holds_a_payload_a_code_or_a_token(
    stand_in: StandIn, browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    store = stand_in.new_store()
    query, key = allowed(stand_in, store), stand_in.token(store)
    payload = parse_qs(opened(stand_in, store))["payload"][0]
    browser.get(f"/ecwid/callback?{urlencode(query)}")
    browser.get(f"/ecwid/app?{urlencode({'payload': payload + 'AAAA'})}")
    browser.get(f"/ecwid/app?{urlencode({'payload': payload})}")
    pasted(browser, store_id=store, access_token=key + "x")
    for line in caplog.messages:
        assert not any(secret in line for secret in (payload, query["code"], key))
