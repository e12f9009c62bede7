"""The pages of a shop that has launched nothing yet, which are closed once it has: axe, a language that nobody speaks, and
the narrowest phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from loyalty.dashboard.first_run_page import QUESTIONS
from loyalty.models import Shop
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.shops import install
from tests.browser import pseudo
from tests.browser.test_every_page import GREEK, faults
from tests.dashboard.conftest import bearer_of
from tests.factories import make_order, place

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]

REFUSED = (
    ("/dashboard/start/", {"margin": "200"}, "A whole number from 1 to %(most)s, or nothing."),
    (
        "/dashboard/start/questions/?question=rules",
        {"hold_days": "999"},
        "Give a whole number from %(least)s to %(most)s.",
    ),
    (
        "/dashboard/start/questions/?question=rules",
        {"revision": "99"},
        "The draft was changed meanwhile by {who}. Look at it, then save again.",
    ),
    (
        "/dashboard/start/launch/",
        {"revision": "99"},
        "The draft was changed meanwhile by {who}. Look at it, then save again.",
    ),
)
"""What is typed, and with which sentence it is refused."""


@pytest.fixture
def new_shop(transactional_db: None, settings: Settings) -> Shop:
    settings.ECWID_CLIENT_ID, settings.ECWID_SDK_URL = "regulars", "http://nowhere.localhost/sdk.js"
    now = timezone.now()
    profile = StoreProfile(
        external_id="4711", name=GREEK, email="", currency="EUR", exponent=2, time_zone="Europe/Riga", locale="ar"
    )
    shop = install(platform="ecwid", profile=profile, grant=Grant(access_token="t"), at=now - timedelta(days=1))
    for number in range(3):
        place(shop, make_order(str(number), at=now - timedelta(days=9 + number), prices=(2_490,), currency="EUR"))
    return shop


@pytest.mark.timeout(180)
def test_every_page_of_the_first_run(
    browser: Browser,
    new_shop: Shop,
    live_server: LiveServer,
    axe: str,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    pseudo.speak(monkeypatch, settings)
    headers = {"Authorization": bearer_of(new_shop)}
    context = browser.new_context(base_url=live_server.url, extra_http_headers=headers, reduced_motion="reduce")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(live_server.url) else route.abort())  # fmt: skip
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.request.post("/dashboard/start/", form={"goal": "second_orders", "margin": "58"}).ok
    questions = [f"/dashboard/start/questions/?question={name}" for name in QUESTIONS]
    wrong = faults(page, ["/dashboard/", "/dashboard/start/", *questions, "/dashboard/start/launch/"], axe)
    for address, typed, template in REFUSED:
        said = pseudo.refused(page, address, typed)
        assert pseudo.spoken(template).search(said), f"{address}: {said}"
    context.close()
    assert wrong == {}
