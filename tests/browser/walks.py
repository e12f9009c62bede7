"""A merchant's jobs, walked through in the admin of either platform, by mouse at a desk and by keyboard on a phone, and
looked over by axe at every step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import BrowserContext, FrameLocator, Locator, Response, expect

from tests.browser.conftest import Running, Watch
from tests.browser.hands import Keyboard, Mouse
from tests.browser.pages import EcwidStore, ShopifyStore, Store, looked_at, resize
from tests.browser.test_accessibility import SIZES, the_frame, violations

Make = Callable[[Running, BrowserContext], Store]
DEAR = {True: "Home Espresso Machine", False: "Typewriter, restored"}
"""520 points each where the program gives one a unit of money; by whether the store is Shopify's."""
HANDS = {"desktop": Mouse, "phone": Keyboard}
WALKED: dict[str, set[str]] = {
    "first run": {
        *("GET home", "GET start", "POST start", "GET questions", "POST questions", "GET launch", "POST launch"),
        *("GET start_widget", "GET goal"),
    },
    "daily": {
        *("GET widget", "POST widget", "POST widget_preview", "POST widget_secret"),
        *("GET product_points", "POST product_points"),
    },
    "program": {
        *("GET program", "GET program_add", "POST program_add", "GET program_edit", "POST program_edit"),
        *("POST program_change", "GET program_set", "POST program_set", "POST program_reads", "GET program_goods"),
        *("GET campaigns", "GET program_try", "POST program_try", "GET what_if", "POST what_if"),
        *("GET program_publish", "POST program_publish", "GET program_versions", "POST program_withdraw"),
        *(
            "POST program_back",
            "GET program_discard",
            "POST program_discard",
            "GET program_pause",
            "POST program_pause",
        ),
        *("GET program_translations", "POST program_translations", "GET program_file", "POST program_file"),
    },
    "desk": {
        *("GET orders", "GET order", "GET members", "GET member", "GET adjust", "POST adjust"),
        *(
            "GET notes",
            "POST notes",
            "POST note_delete",
            "GET tier_grant",
            "POST tier_grant",
            "POST tier_grant_end",
            "GET birthday",
            "POST birthday",
            "GET redemptions",
            "GET redemption_cancel",
            "POST redemption_cancel",
        ),
        *("GET todo", "GET todo_settle", "POST todo_settle", "POST todo_secret", "GET partner_codes"),
        *("GET partner_upload", "POST partner_upload", "GET plan", "POST plan", "GET store", "POST store"),
    },
    "mending": {
        *("GET comparisons", "POST comparisons", "GET comparison", "GET undone", "POST undone_replay"),
        *("POST undone_replay_all", "GET deliveries", "POST delivery_replay", "GET friends", "POST friend_settle"),
        *("GET privacy", "GET privacy_copy", "POST privacy_handed"),
    },
}
"""What is asked of the dashboard and answered, by walk; each sees to it at its end."""
SHOPIFY_ONLY = {"GET plan", "POST plan", "GET privacy", "GET privacy_copy", "POST privacy_handed"}
ECWID_ONLY = {"GET store", "POST store"}
TOO_QUICK = {"POST what_if_stop"}
"""The trial of a new shop is over before a hand could stop it."""

_numbers = itertools.count(7)


def new_shopify(running: Running, context: BrowserContext) -> Store:
    class New(ShopifyStore):
        name = f"first-{next(_numbers)}"
        host = f"{name}.shopify.localhost"

    running.control("POST", "/shopify/shops", {"name": New.name, "title": "First Coffee", "currency": "USD"})
    return New(running, context)


def new_ecwid(running: Running, context: BrowserContext) -> Store:
    class New(EcwidStore):
        store = str(2100 + next(_numbers))
        host = f"{store}.ecwid.localhost"

    running.control("POST", "/ecwid/shops", {"name": New.store, "title": "First Paper", "currency": "EUR"})
    return New(running, context)


EVERYWHERE = [
    pytest.param(make, size, id=f"{platform}-{size}-{hand}")
    for platform, make in (("shopify", new_shopify), ("ecwid", new_ecwid))
    for size, hand in (("desktop", "mouse"), ("phone", "keyboard"))
]


class Walk:
    """`app` is the app in the admin; what axe says is kept until `end`."""

    def __init__(self, store: Store, size: str, axe: str, watch: Watch) -> None:
        self.store, self.axe, self.watch = store, axe, watch
        self.hands = HANDS[size](store.admin)
        self.found: dict[str, list[str]] = {}
        self.walked: set[str] = set()
        store.admin.on("response", self._note)
        resize(store.admin, SIZES[size])

    def _note(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if path.startswith("/dashboard/") and response.status == 200:
            self.walked.add(f"{response.request.method} {resolve(path).url_name}")

    @property
    def app(self) -> FrameLocator:
        return self.store.frame

    def go_to(self, page: str) -> None:
        self.hands.press(self.store.way_to(page))
        self.sees(page)

    def follow(self, link: str | Locator, heading: str) -> None:
        """`heading` is of the page that it leads to."""
        self.hands.press(self.app.get_by_role("link", name=link, exact=True) if isinstance(link, str) else link)
        self.sees(heading)

    def press(self, button: str) -> None:
        self.hands.press(self.app.get_by_role("button", name=button, exact=True))

    def press_first(self, button: str) -> None:
        """Of several that do the same."""
        self.hands.press(self.app.get_by_role("button", name=button, exact=True).first)

    def return_to_admin(self) -> None:
        looked_at(self.store.admin)

    def unfold(self, summary: str) -> None:
        self.hands.press(self.app.locator("summary", has_text=summary))

    def write(self, label: str, text: str) -> None:
        self.hands.write(
            self.app.get_by_role("textbox", name=label).or_(self.app.get_by_label(label, exact=True)).first, text
        )

    def choose(self, label: str, option: str) -> None:
        self.hands.choose(self.app.get_by_label(label, exact=True), option)

    def tick(self, label: str) -> None:
        self.hands.tick(self.app.get_by_label(label))

    def sees(self, heading: str) -> None:
        expect(self.app.get_by_role("heading", name=heading, exact=True).first).to_be_visible()

    def reads(self, text: str) -> None:
        expect(self.app.get_by_text(text).first).to_be_visible()

    def is_refused(self, why: str) -> None:
        """The field says what to do, and has the focus."""
        self.reads(why)
        expect(self.app.locator("[aria-invalid=true]").first).to_be_focused()
        self.forgive(422)

    def forgive(self, status: int) -> None:
        """The browser's console calls every such answer an error, also the one that was to come."""
        self.watch.faults[:] = [fault for fault in self.watch.faults if f"status of {status}" not in fault]

    def look(self, state: str) -> None:
        self.found[state] = violations(the_frame(self.store.admin), self.axe)

    def end(self, walk: str) -> None:
        """Axe found nothing, and what WALKED says of this walk is true."""
        assert {state: what for state, what in self.found.items() if what} == {}
        away = ECWID_ONLY if isinstance(self.store, ShopifyStore) else SHOPIFY_ONLY
        missing = WALKED[walk] - away - self.walked
        assert not missing, f"not walked: {sorted(missing)}"


def fill_past(running: Running, store: Store, *, orders: int, customers: int) -> None:
    """Three months of orders before the app came."""
    now = datetime.now(UTC).replace(microsecond=0)
    period = {"from": (now - timedelta(days=90)).isoformat(), "to": (now - timedelta(hours=1)).isoformat()}
    amount = {"seed": 1, "orders": orders, "customers": customers, "webhooks": False}
    running.control("POST", f"{controls_of(store)}/history", {**period, **amount})


def controls_of(store: Store) -> str:
    """Where the sandbox is told what happens to this store."""
    if isinstance(store, ShopifyStore):
        return f"/shopify/shops/{store.name}.myshopify.com"
    return f"/ecwid/shops/{store.store}"  # type: ignore[attr-defined]
