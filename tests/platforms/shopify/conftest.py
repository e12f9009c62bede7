"""The app as Shopify knows it in these tests, and a sandbox in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from loyalty.platforms.shopify import pace
from tests.platforms.own_sandbox import own_sandbox
from tests.platforms.shopify.stand_in import StandIn

CLIENT_ID = "c0ffee00c0ffee00c0ffee00c0ffee00"
SECRET = "shpss_0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def shopify_app(settings: Settings) -> None:
    settings.SHOPIFY_API_KEY = CLIENT_ID
    settings.SHOPIFY_API_SECRET = SECRET
    settings.SHOPIFY_API_SECRET_OLD = ""
    pace._buckets.clear()  # a store of the same name is another one in the next test


@pytest.fixture(scope="session")
def shopify_sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_sandbox(tmp_path_factory.mktemp("shopify-sandbox")) as url:
        yield url


@pytest.fixture
def stand_in(shopify_sandbox_url: str, settings: Settings, transactional_db: None) -> StandIn:
    """The stand-in with our app registered and our settings pointed at it; the network wants real transactions."""
    port = shopify_sandbox_url.rpartition(":")[2]
    settings.SANDBOX_URL = shopify_sandbox_url
    settings.SHOPIFY_SHOP_URL = f"{shopify_sandbox_url}/shopify/{{shop}}"
    settings.SHOPIFY_SHOP_ORIGIN = f"http://{{name}}.shopify.localhost:{port}"
    settings.SHOPIFY_ADMIN_URL = f"http://admin.shopify.localhost:{port}"
    settings.SHOPIFY_CDN_URL = f"http://cdn.shopify.localhost:{port}"
    settings.APP_URL = "http://127.0.0.1:9"
    sandbox = StandIn(shopify_sandbox_url)
    app = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "app_url": settings.APP_URL,
        "scopes": settings.SHOPIFY_SCOPES,
    }
    sandbox.ask("PUT", "/_sandbox/shopify/app", app)
    return sandbox
