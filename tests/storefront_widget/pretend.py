"""A storefront in a browser without any network: our modules are the real ones, the API's answers are set per test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request, Route, expect

from storefront_widget.assets import assets

SHOP = "https://halfmoon.test"
APP = "https://rewards.test"
WIDGET = f"{APP}/widget/v1/"

CONFIG = {
    "shop": {"name": "Halfmoon", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Riga", "locale": "en"},
    "earn": [{"id": "base", "kind": "per_amount", "name": "", "points": 5, "per_minor": 100}],
    "rewards": [
        {
            "id": "amount-off",
            "name": "Amount off",
            "kind": "amount_off",
            "points": 500,
            "value_minor": 500,
            "percent": 0,
            "minimum_order_minor": 2000,
            "maximum_percent": 100,
            "least_points": 500,
            "valid_days": 90,
            "description": "",
        }
    ],
    "look": {"theme": "light", "light": {}, "dark": {}},
    "languages": ["en"],
}
MADE = {
    "id": "00000000-0000-4000-8000-000000000001",
    "reward": "amount-off",
    "name": "Amount off",
    "kind": "amount_off",
    "percent": 0,
    "points": 500,
    "value_minor": 500,
    "state": "ready",
    "code": "HM4T-9XKE-W7QP",
    "apply_url": f"{SHOP}/discount/HM4T-9XKE-W7QP?redirect=/cart",
    "in_cart": False,
    "link": "",
    "description": "",
    "expires_at": "2027-02-15T10:00:00+00:00",
    "cancellable": True,
}
MEMBER = {
    "member": {"name": "Marta", "known": True},
    "as_of": "2026-11-21T10:00:00+00:00",
    "available": 1040,
    "worth_minor": 1040,
    "pending_points": 191,
    "pending": [{"points": 191, "until": "2026-11-28T10:00:00+00:00", "text": "Order #31042: 191 points"}],
    "expiring": {"points": 140, "at": "2026-11-30T10:00:00+00:00"},
    "rewards": [{**CONFIG["rewards"][0], "missing": 0, "obstacle": ""}],  # type: ignore[dict-item, index]
    "nudges": [{"id": "expire-2026-11-30", "kind": "points_expire", "text": "140 points expire on November 30."}],
    "codes": [],
    "history": [
        {
            "at": "2026-11-14T10:00:00+00:00",
            "points": 191,
            "kind": "earned",
            "message": "earned.order",
            "params": {"number": "#31042"},
            "text": "Order #31042: 191 points",
            "details": ["Counts for points: €26.90"],
        }
    ],
}
PROBLEM = {"type": "about:blank", "title": "", "status": 0, "code": "", "detail": "A sentence."}

SHIFTS = """<script>window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { if (!entry.hadRecentInput)
    shifts.push([entry.value, ...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 200))]); })).observe({ type: "layout-shift", buffered: true });</script>"""
"""Into a page: what moved of it without a touch, in `shifts`."""

Answer = tuple[int, Any]
Answerer = Callable[[Request], "Answer | None"]


def estimate(request: Request) -> Answer:
    """Five points for a whole euro."""
    asked = request.post_data_json
    sums = [line["price_minor"] * line["quantity"] - line.get("off_minor", 0) for line in asked["lines"]]
    return 200, {"points": 5 * (sum(sums) - asked["off_minor"]) // 100, "least": False}


def problem(status: int, code: str, detail: str = "A sentence.") -> Answer:
    return status, {**PROBLEM, "status": status, "code": code, "detail": detail}


class Held:
    """Requests that get no answer until they are released: all of them, or as many as `times` says."""

    def __init__(self, page: Page, pattern: str, times: int | None = None) -> None:
        self._waiting: list[Route] = []
        self._is_over = False
        page.route(pattern, self._take, times=times)

    def release(self) -> None:
        self._is_over = True
        for route in self._waiting:
            route.fallback()

    def _take(self, route: Route) -> None:
        if self._is_over:
            route.fallback()
        else:
            self._waiting.append(route)


@dataclass
class Pretend:
    """`answers` by path after /apps/loyalty/ or /widget/v1/; None in place of an answer is a lost connection."""

    page: Page
    answers: dict[str, Answer | Answerer | None] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    body: str = "<h1>Roasted on Tuesdays</h1>"
    head: str = ""
    policy: str = ""
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = {
            "config": (200, CONFIG),
            "member": (200, MEMBER),
            "redeem": (200, MADE),
            "estimate": estimate,
            **self.answers,
        }
        self.page.route("**/*", self._fulfil)

    def open(self, tag: str) -> None:
        self.body += tag
        self.page.goto(f"{SHOP}/")

    def calls(self, path: str) -> list[Request]:
        return [request for request in self.asked if _path(request) == path]

    def hold(self, pattern: str, times: int | None = None) -> Held:
        return Held(self.page, pattern, times)

    def _fulfil(self, route: Route) -> None:
        request = route.request
        parts = urlsplit(request.url)
        path = _path(request)
        if request.url.partition("?")[0] == f"{SHOP}/":
            html = f"<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title>{self.head}<body>{self.body}"
            headers = {"Content-Security-Policy": self.policy} if self.policy else {}
            route.fulfill(body=html, content_type="text/html", headers=headers)
        elif path in assets():
            headers = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(body=assets()[path].body, content_type="text/javascript", headers=headers)
        elif f"{parts.scheme}://{parts.netloc}" in (SHOP, APP):
            self._answer(route, path)
        else:
            self.foreign.append(request.url)
            route.abort()

    def _answer(self, route: Route, path: str) -> None:
        headers = {
            "Access-Control-Allow-Origin": SHOP,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Regulars",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        if route.request.method == "OPTIONS":
            route.fulfill(status=204, headers=headers)
            return
        self.asked.append(route.request)
        answer = self.answers.get(path, problem(404, "not_found"))
        if callable(answer):
            answer = answer(route.request)
        if answer is None:
            route.abort("internetdisconnected")
            return
        body = "" if answer[1] is None else json.dumps(answer[1])
        route.fulfill(status=answer[0], body=body, content_type="application/json", headers=headers)

    @property
    def launcher(self) -> Locator:
        return self.page.locator("regulars-widget .rg-launch")

    @property
    def panel(self) -> Locator:
        return self.page.locator("regulars-widget dialog")

    def press(self, name: str) -> None:
        self.panel.get_by_role("button", name=name, exact=True).click()


def shopify_tag(customer: str = "7001", extra: str = "") -> str:
    return (
        f'<script type="module" src="{WIDGET}loader.js" data-shop="halfmoon.myshopify.com" data-platform="shopify" '
        f'data-proxy="/apps/loyalty" data-customer-id="{customer}" {extra}></script>'
    )


def plain_tag() -> str:
    return f'<script type="module" src="{WIDGET}loader.js" data-shop="ecwid:1003" data-platform="ecwid"></script>'


def opened(pretend: Pretend, tag: str = "") -> Pretend:
    pretend.open(tag or shopify_tag())
    pretend.launcher.click()
    expect(pretend.panel.get_by_role("heading", level=2)).to_be_visible()
    return pretend


def _path(request: Request) -> str:
    path = urlsplit(request.url).path
    return path.removeprefix("/apps/loyalty/").removeprefix("/widget/v1/")
