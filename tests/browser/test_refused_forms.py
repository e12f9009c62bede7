"""What a form is refused for is said in the reader's language, also where the engine or a service refuses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from loyalty.services.programs import begin_draft, save_draft
from tests.browser import pseudo
from tests.browser.test_every_page import TOO_WIDE, speak_greek
from tests.dashboard.conftest import Seen, bearer_of, fill
from tests.factories import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def seen(transactional_db: None, settings: Settings) -> Seen:
    settings.ECWID_CLIENT_ID, settings.ECWID_SDK_URL = "regulars", "http://nowhere.localhost/sdk.js"
    found = fill(make_shop(platform="ecwid", currency="EUR", name="Ours"))
    now = timezone.now()
    draft = begin_draft(shop=found.shop, at=now)
    tiers = [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 5_000}]
    save_draft(shop=found.shop, revision=draft.revision, part={"tiers": tiers}, at=now)
    speak_greek(found)
    return found


@pytest.fixture
def page(browser: Browser, seen: Seen, live_server: LiveServer) -> Iterator[Page]:
    headers = {"Authorization": bearer_of(seen.shop)}
    context = browser.new_context(base_url=live_server.url, extra_http_headers=headers, reduced_motion="reduce")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(live_server.url) else route.abort())  # fmt: skip
    yield context.new_page()
    context.close()


def test_a_refusal_is_said_in_the_language_of_the_page(
    page: Page, seen: Seen, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    pseudo.speak(monkeypatch, settings)
    page.set_viewport_size({"width": 320, "height": 800})
    program = reverse("dashboard:program")
    member = reverse("dashboard:member", args=[seen.member.pk])
    many = "\n".join(["a: {}"] * 3)
    for address, typed, template in (
        (f"{program}edit/tiers/high/", {"minimum": "0"}, "{tier} needs more than {before} ({minimum:,}); raise its minimum or reorder them."),
        (f"{program}edit/tiers/high/", {"revision": "0"}, "The draft was changed meanwhile. Look at it, then save again."),
        (f"{program}set/policies/", {"expiry": "lot", "expiry_months": "", "expiry_days": ""}, "Say after how many days, or after how many months, points expire."),
        (f"{program}file/", {"document": "{"}, "This is no JSON document: {problem}."),
        (f"{program}file/", {"document": '{"name": 5}'}, "Expected `{wanted}`, got `{found}`."),
        (f"{program}file/", {"document": many}, "This is no plain YAML document: {problem}."),
        (f"{member}notes/", {"text": ""}, "Write something first."),
        (f"{member}notes/", {"text": "ω" * 1_001}, "A note has at most {most:,} characters."),
        (reverse("dashboard:widget"), {"origins": "ω"}, "Write an address such as https://www.example.com, with nothing behind the name."),
    ):  # fmt: skip
        said = pseudo.refused(page, address, typed)
        assert pseudo.spoken(template).search(said), f"{address}: {said}"
        assert page.evaluate(TOO_WIDE) <= 0, address
