"""How long a merchant waits for each page of a shop with a million movements, in a browser four times slower than this
machine's: largest contentful paint, layout shift, and the slowest of the presses that its pages invite to.

Everything happens in a database of its own on the server of DATABASE_URL, dropped afterwards; the browser shares the
machine with the server and the database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.urls import reverse

from loyalty.management.chromium import chromium, slow_page, vitals
from loyalty.management.door_bench import SECRET, own_database, served
from loyalty.management.large_shop import large_shop
from loyalty.models import Member, Redemption, Shop, StoredFact
from loyalty.services.partner_codes import upload
from loyalty.services.programs import save_draft
from loyalty.services.trials import begin, stop, work

CLIENT_ID = "bench"
SETTLED_MS = 400
VIEWPORT = {"width": 412, "height": 823}
CODES = 1_000
TRIAL_SECONDS = 20
TUESDAYS = {"kind": "multiplier", "id": "twice", "times": "2"}
DRAFT: dict[str, Any] = {
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 2, "per_minor": 100},
        {"kind": "activity", "id": "welcome", "activity": "sign_up", "points": 50},
    ],
    "tiers": [{"id": "friend", "name": "Friend"}, {"id": "insider", "name": "Insider", "minimum": 50_000}],
    "campaigns": [
        {"id": "tuesdays", "name": "Tuesdays", "weekdays": [2], "rules": [TUESDAYS]},
    ],
}
NAMES = (
    *("home", "members", "orders", "redemptions", "todo", "partner_codes", "program", "program_versions"),
    *("program_publish", "program_pause", "program_try", "what_if", "campaigns", "product_points", "widget"),
    *("comparisons", "undone", "deliveries", "privacy"),
)
Vitals = dict[str, float]


def measure(*, movements: int, on_movements: Callable[[int], None]) -> dict[str, Vitals]:
    """By page."""
    if connection.vendor != "postgresql":
        raise CommandError("This needs PostgreSQL: set DATABASE_URL to one, such as postgres://user@host/db.")
    with own_database() as url:
        now = datetime.now(UTC)
        shop = large_shop(movements=movements, now=now, on_movements=on_movements)
        _furnish(shop, now)
        environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
        environment |= {"SHOPIFY_API_KEY": CLIENT_ID, "SHOPIFY_API_SECRET": SECRET}
        environment |= {"APP_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "127.0.0.1"}
        environment |= {
            "SECRET_KEY": settings.SECRET_KEY or SECRET,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        }
        pages = dict(_pages(shop))
        connection.close()
        with served("config.wsgi", environment) as port, chromium() as browser:
            return {name: _visit(browser, f"http://127.0.0.1:{port}", path, shop) for name, path in pages.items()}


def _furnish(shop: Shop, now: datetime) -> None:
    """What some pages show beside the rows: a draft that changes several things, its what-if, partner's codes."""
    codes = "\n".join(f"CUP-{number:05}" for number in range(CODES))
    upload(shop=shop, reward_id="partner", text=codes, usable_until=None, at=now)
    save_draft(shop=shop, revision=0, part=DRAFT, at=now)
    trial = begin(shop=shop, by="bench", at=now)
    work(shop=shop, trial_id=trial.pk, at=now, seconds=TRIAL_SECONDS)
    stop(shop=shop, trial_id=trial.pk, at=now)


def _pages(shop: Shop) -> Iterator[tuple[str, str]]:
    for name in NAMES:
        yield name, reverse(f"dashboard:{name}")
    yield "program_form", reverse("dashboard:program_edit", args=["rules", "base"])
    yield "program_new_reward", reverse("dashboard:program_add", args=["rewards"]) + "?kind=free_product"
    yield "partner_upload", reverse("dashboard:partner_upload", args=["partner"])
    yield "orders_without_points", reverse("dashboard:orders") + "?show=without"
    yield "orders_searched", reverse("dashboard:orders") + "?q=x3c9x-3"
    yield "members_searched", reverse("dashboard:members") + "?q=x3c9x"
    yield "member", reverse("dashboard:member", args=[Member.objects.filter(shop=shop).order_by("-pk")[7].pk])
    order = StoredFact.objects.filter(shop=shop, kind="order").order_by("-pk")[7]
    yield "order", reverse("dashboard:order", args=[order.pk])
    waiting = Redemption.objects.filter(shop=shop, reward="by-hand").order_by("-pk")[7]
    yield "todo_settle", reverse("dashboard:todo_settle", args=[waiting.pk])


def _visit(browser: Any, origin: str, path: str, shop: Shop) -> Vitals:
    """Opened once so that the server's processes know the page, then measured in a browser that has nothing stored."""
    for _ in range(2):
        context = browser.new_context(viewport=VIEWPORT, extra_http_headers={"Authorization": _signed(shop)})
        context.route("**/*", lambda route: _ours_only(route, origin))
        page = slow_page(context)
        answer = page.goto(origin + path, wait_until="load")
        if answer.status != 200:
            raise CommandError(f"{path} answered {answer.status}.")
        page.wait_for_timeout(SETTLED_MS)
        loaded = vitals(page)
        _press(page)
        found = loaded | {"inp_ms": vitals(page)["inp_ms"]}
        context.close()
    return {name: round(value, 3) for name, value in found.items()}


def _signed(shop: Shop) -> str:
    """As App Bridge does, for a minute."""
    seconds, origin = int(time.time()), f"https://{shop.external_id}"
    claims = {"iss": f"{origin}/admin", "dest": origin, "aud": CLIENT_ID, "sub": "1", "jti": "a", "sid": "b"}
    times = {"iat": seconds, "nbf": seconds, "exp": seconds + 60}
    return f"Bearer {jwt.encode(claims | times, SECRET, algorithm='HS256')}"


def _ours_only(route: Any, origin: str) -> None:
    """The platform's script is the platform's affair."""
    if route.request.url.startswith(origin):
        route.continue_()
    else:
        route.abort()


def _press(page: Any) -> None:
    """What a merchant does there: opens a reason, types into the search, goes on to the next page."""
    for summary in page.locator("main details > summary:visible").all()[:3]:
        summary.click()
        page.wait_for_timeout(SETTLED_MS)
    search = page.locator("main input[type=search]:visible")
    if search.count():
        search.first.press_sequentially("ab")
    page.locator(".nav a[href]:visible").nth(1).click()
    page.wait_for_timeout(SETTLED_MS)
