"""App Home, the patch page and the code grant, as a browser meets them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.models import Credential, OAuthState, Shop
from loyalty.services import shops
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def browser(stand_in: StandIn) -> Client:
    return Client(raise_request_exception=False)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def frame_ancestors(response: Any) -> list[str]:
    policy = response.headers["Content-Security-Policy"]
    return next(part.split()[1:] for part in policy.split(";") if part.split()[:1] == ["frame-ancestors"])


def expired_token(domain: str) -> str:
    seconds = int(timezone.now().timestamp()) - 600
    claims = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": seconds + 60,
        "nbf": seconds,
        "iat": seconds,
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_the_first_opening_installs_and_shows_the_dashboard(
    stand_in: StandIn, browser: Client, settings: Settings
) -> None:
    domain = stand_in.store()
    response = browser.get(path_of(stand_in.install(domain)))
    assert response.status_code == 200
    shop = Shop.objects.get(platform="shopify", external_id=domain)
    assert shop.status == Shop.Status.ACTIVE
    name = domain.removesuffix(".myshopify.com")
    assert frame_ancestors(response) == [settings.SHOPIFY_SHOP_ORIGIN.format(name=name), settings.SHOPIFY_ADMIN_URL]
    assert "X-Frame-Options" not in response.headers
    assert not response.cookies
    assert f'<{settings.SHOPIFY_CDN_URL}>; rel="preconnect"' in response.headers["Link"]
    page = response.content.decode()
    first = page.index("<script")  # App Bridge wants to be the first script of the head
    assert first < page.index("app-bridge.js") < page.index("</script>") < page.index("</head>")
    assert f'data-api-key="{CLIENT_ID}"' in page


def test_a_reinstall_lands_in_the_dashboard_again(stand_in: StandIn, browser: Client) -> None:
    domain = stand_in.store()
    browser.get(path_of(stand_in.install(domain)))
    shop = Shop.objects.get(external_id=domain)
    stand_in.of(domain, "POST", "uninstall", {})
    shops.uninstall(shop=shop, at=timezone.now())
    assert browser.get(path_of(stand_in.install(domain))).status_code == 200
    shop.refresh_from_db()
    assert shop.status == Shop.Status.ACTIVE
    assert Credential.objects.filter(shop=shop).exists()


@pytest.mark.parametrize("with_token", ["expired", "none", "empty"])
def test_without_a_living_token_a_document_goes_by_the_patch_page(
    stand_in: StandIn, browser: Client, with_token: str, settings: Settings
) -> None:
    domain = stand_in.store()
    query = {"shop": domain, "host": "YWRt", "embedded": "1"}
    if with_token != "none":
        query["id_token"] = expired_token(domain) if with_token == "expired" else ""
    response = browser.get("/shopify/", query)
    assert response.status_code == 302
    to = urlsplit(response.headers["Location"])
    assert to.path == "/shopify/patch"
    told = {name: values[0] for name, values in parse_qs(to.query).items()}
    assert "id_token" not in told
    back = urlsplit(told["shopify-reload"])
    assert back.path == "/shopify/"
    assert parse_qs(back.query)["shop"] == [domain]
    page = browser.get(f"{to.path}?{to.query}")
    assert page.status_code == 200
    assert f'src="{settings.SHOPIFY_CDN_URL}/shopifycloud/app-bridge.js"' in page.content.decode()
    assert settings.SHOPIFY_ADMIN_URL in frame_ancestors(page)
    round_again = browser.get(f"{told['shopify-reload']}&id_token={expired_token(domain)}")
    assert round_again.status_code == 401
    assert "clock" in round_again.content.decode()


def test_a_forged_token_is_no_reason_to_ask_for_another(stand_in: StandIn, browser: Client) -> None:
    domain = stand_in.store()
    forged = expired_token(domain)[:-4] + "AAAA"
    response = browser.get("/shopify/", {"shop": domain, "embedded": "1", "id_token": forged})
    assert response.status_code == 401
    assert not Shop.objects.exists()


@pytest.mark.parametrize(
    "shop", ["", "evil.example", "evil.example; script-src *", "a.myshopify.com\r\nX-Evil: 1", "a.myshopify.com/x"]
)
def test_what_is_no_store_never_gets_into_a_header(browser: Client, shop: str) -> None:
    for path in ("/shopify/", "/shopify/patch", "/shopify/install"):
        response = browser.get(path, {"shop": shop, "shopify-reload": "/shopify/"})
        assert response.status_code == 401
        assert frame_ancestors(response) == ["'none'"]
        assert "evil" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "reload",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:x",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\t\\evil.example",
        " //evil.example",
    ],
)
def test_the_patch_page_leads_nowhere_else(browser: Client, reload: str) -> None:
    response = browser.get("/shopify/patch", {"shop": "a.myshopify.com", "shopify-reload": reload})
    assert response.status_code == 400


def test_a_platform_that_is_down_is_said_on_the_page(stand_in: StandIn, browser: Client) -> None:
    domain = stand_in.store()
    url = stand_in.install(domain)
    stand_in.of(domain, "PUT", "api-faults", {"token_error": 1})
    response = browser.get(path_of(url))
    assert response.status_code == 503
    assert stand_in.url.partition("://")[2] not in response.content.decode()


def authorized(stand_in: StandIn, location: str) -> str:
    """The merchant approves on the store's own page; where Shopify then sends the browser."""
    asked = parse_qs(urlsplit(location).query)
    domain = OAuthState.objects.get(nonce=asked["state"][0]).store
    answer = requests.post(
        f"{stand_in.url}/admin/oauth/authorize",
        params={**{name: values[0] for name, values in asked.items()}, "shop": domain},
        headers={"Host": f"admin.shopify.localhost:{stand_in.address.port}"},
        allow_redirects=False,
        timeout=20,
    )
    return answer.headers["Location"]


def test_the_code_grant_installs_where_it_was_begun(stand_in: StandIn, browser: Client, settings: Settings) -> None:
    domain = stand_in.store()
    begun = browser.get("/shopify/install", {"shop": domain})
    assert begun.status_code == 302
    cookie = begun.cookies["installing"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/shopify/callback")
    back = path_of(authorized(stand_in, begun.headers["Location"]))
    stranger = Client().get(back)
    assert stranger.status_code == 401
    finished = browser.get(back)
    assert finished.status_code == 302
    name = domain.removesuffix(".myshopify.com")
    assert finished.headers["Location"] == f"{settings.SHOPIFY_ADMIN_URL}/store/{name}/apps/{CLIENT_ID}"
    assert Shop.objects.get().external_id == domain
    assert browser.get(back).status_code == 401


def test_a_callback_that_was_changed_or_is_late_installs_nothing(stand_in: StandIn, browser: Client) -> None:
    domain = stand_in.store()
    begun = browser.get("/shopify/install", {"shop": domain})
    back = path_of(authorized(stand_in, begun.headers["Location"]))
    assert browser.get(back.replace("code=", "code=0")).status_code == 401
    assert browser.get(back.replace("hmac=", "hmac=0")).status_code == 401
    OAuthState.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert browser.get(back).status_code == 401
    assert browser.get("/shopify/callback", {"error": "access_denied"}).status_code == 400
    assert not Shop.objects.exists()


def test_shopifys_own_signed_install_request_begins_the_code_grant(stand_in: StandIn, browser: Client) -> None:
    domain = stand_in.store()
    response = browser.get("/shopify/", {"shop": domain, "timestamp": "1", "hmac": "00"})
    assert response.status_code == 401
    signed = signed_query({"shop": domain, "timestamp": str(int(timezone.now().timestamp()))})
    response = browser.get(f"/shopify/?{signed}")
    assert response.status_code == 302
    assert "/admin/oauth/authorize?" in response.headers["Location"]


def signed_query(pairs: dict[str, str]) -> str:
    message = "&".join(f"{key}={value}" for key, value in sorted(pairs.items()))
    signature = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    return urlencode({**pairs, "hmac": signature})
