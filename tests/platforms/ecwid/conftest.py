"""A sandbox of these tests' own, in a process of its own: the app meets it over HTTP only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django.fixtures import Settings

from loyalty.models import Shop
from tests.platforms.ecwid.stand_in import CLIENT_ID, CLIENT_SECRET, StandIn
from tests.platforms.own_sandbox import own_sandbox


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_sandbox(tmp_path_factory.mktemp("ecwid-sandbox")) as url:
        yield url


@pytest.fixture
def stand_in(sandbox_url: str, settings: Settings) -> Iterator[StandIn]:
    """The stand-in with the app registered, our settings pointed at it, and its switches as they were."""
    port = sandbox_url.rpartition(":")[2]
    settings.SANDBOX_URL = sandbox_url
    settings.ECWID_API_URL = f"{sandbox_url}/ecwid/api/v3"
    settings.ECWID_OAUTH_URL = f"{sandbox_url}/ecwid/oauth"
    settings.ECWID_ADMIN_URL = f"http://my.ecwid.localhost:{port}"
    settings.ECWID_SDK_URL = f"http://cdn.ecwid.localhost:{port}/ecwid-sdk/js/1.3.0/ecwid-app.js"
    settings.ECWID_FRAME_ANCESTORS = [settings.ECWID_ADMIN_URL]
    settings.ECWID_STOREFRONT_ORIGIN = f"http://{{store}}.ecwid.localhost:{port}"
    settings.ECWID_CLIENT_ID = CLIENT_ID
    settings.ECWID_CLIENT_SECRET = CLIENT_SECRET
    settings.APP_URL = "http://127.0.0.1:9"
    sandbox = StandIn(sandbox_url)
    before = sandbox.ask("GET", "/_sandbox/ecwid/switches")
    sandbox.ask(
        "PUT",
        "/_sandbox/ecwid/app",
        {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_url": settings.APP_URL},
    )
    yield sandbox
    sandbox.ask("PUT", "/_sandbox/ecwid/switches", before)
    sandbox.ask("DELETE", "/_sandbox/ecwid/api-faults")


@pytest.fixture
def connected(stand_in: StandIn, transactional_db: None) -> Callable[..., Shop]:
    """Makes a store in the stand-in and connects it, as the merchant's key does."""
    return stand_in.connected
