"""The Program pages with a draft of everything, a what-if that was answered and a version that is to come: axe, a
language that nobody speaks, and the narrowest phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from loyalty.models import Shop
from loyalty.services import trials
from loyalty.services.programs import begin_draft, pause, publish_draft, save_draft
from tests.browser import pseudo
from tests.browser.test_every_page import GREEK, faults, speak_greek
from tests.dashboard.conftest import Seen, bearer_of, fill
from tests.factories import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]

EVERYTHING: dict[str, Any] = {
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 5, "per_minor": 100, "scope": {"without_on_sale": True}},
        {"kind": "cashback", "id": "c", "percent": "2.5", "point_value_minor": 1, "caps": [{"per": "month", "points": 9}]},
        {"kind": "milestone", "id": "m", "steps": [{"orders": 3, "points": 100}, {"orders": 9, "rewards": ["amount-off"]}]},
        {"kind": "streak", "id": "s", "length": 3, "points": 9, "repeats": True},
        {"kind": "goal", "id": "g", "amount_minor": 50_000, "points": 9},
        {"kind": "activity", "id": "a", "activity": "sign_up", "points": 50},
        {"kind": "birthday", "id": "b", "points": 100},
        {"kind": "referral", "id": "r", "referrer_points": 250, "friend_rewards": ["amount-off"]},
        {"kind": "win_back", "id": "w", "days": 90, "points": 5, "scope": {"tiers": ["high"]}},
        {"kind": "exclude", "id": "x", "scope": {"minimum_order_minor": 10, "weekdays": [1, 2]}, "enabled": False},
    ],
    "tiers": [{"id": "low", "name": GREEK}, {"id": "high", "name": GREEK, "minimum": 5_000, "perks": [GREEK]}],
    "campaigns": [{"id": "d", "name": GREEK, "weekdays": [2], "rules": [{"kind": "multiplier", "id": "x2", "times": "2"}]}],
    "segments": [{"id": "seg", "name": GREEK, "order_count": [2, 9], "average_minor": [1_000, 10**12]}],
    "plans": [{"id": "p", "name": GREEK, "months": 12, "entry_points": 9}],
    "caps": [{"per": "day", "times": 9}],
    "exclusions": {"on_sale": True, "segments": ["seg"]},
    "policies": {"hold_days": 14, "expiry": "lot", "expiry_months": 12},
    "audience": {"kind": "pilot", "percent": 5, "holdout_percent": 10},
}  # fmt: skip


@pytest.fixture
def seen(transactional_db: None, settings: Settings) -> Seen:
    settings.ECWID_CLIENT_ID, settings.ECWID_SDK_URL = "regulars", "http://nowhere.localhost/sdk.js"
    found = fill(make_shop(platform="ecwid", currency="EUR", name="Ours"), members=2, orders=2)
    now = timezone.now()
    pause(shop=found.shop, earning=True, redeeming=True, at=now)
    draft = begin_draft(shop=found.shop, at=now)
    speak_greek(found)
    draft = save_draft(shop=found.shop, revision=draft.revision, part=EVERYTHING, at=now)
    trial = trials.begin(shop=found.shop, by="", at=now)
    while not trials.work(shop=found.shop, trial_id=trial.pk, at=now, seconds=60):
        pass
    return found


def addresses(seen: Seen) -> list[str]:
    program = reverse("dashboard:program")
    edits = [f"edit/rules/{rule['id']}/" for rule in EVERYTHING["rules"]]
    edits += [
        "edit/tiers/high/",
        "edit/campaigns/d/",
        "edit/segments/seg/",
        "edit/plans/p/",
        "edit/rewards/amount-off/",
    ]
    sets = [f"set/{part}/?field=on_sale" for part in ("policies", "exclusions", "audience", "caps")]
    others = ["", "publish/", "discard/", "pause/", "what-if/", "file/", f"try/?order={seen.order.pk}"]
    kinds = [f"add/{part}/" for part in ("rules", "rewards", "campaigns")]
    return [program + each for each in (*others, *kinds, *edits, *sets, "versions/?from=1&to=2")]


def test_every_state_of_the_program(
    browser: Browser, seen: Seen, live_server: LiveServer, axe: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    pseudo.speak(monkeypatch, settings)
    headers = {"Authorization": bearer_of(seen.shop)}
    context = browser.new_context(base_url=live_server.url, extra_http_headers=headers, reduced_motion="reduce")
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(live_server.url) else route.abort())  # fmt: skip
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 800})
    wrong = faults(page, addresses(seen), axe)
    context.close()
    assert wrong == {}


def test_what_is_to_come_is_told(seen: Seen, browser: Browser, live_server: LiveServer) -> None:
    publish_draft(shop=seen.shop, revision=1, at=timezone.now(), in_force_from=timezone.now() + timedelta(days=9))
    Shop.objects.filter(pk=seen.shop.pk).update(locale="en")
    context = browser.new_context(base_url=live_server.url, extra_http_headers={"Authorization": bearer_of(seen.shop)})
    page = context.new_page()
    page.goto(reverse("dashboard:program_versions"))
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("It goes live no more").wait_for()
    context.close()
