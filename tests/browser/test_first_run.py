"""The first run in Chromium, on both platforms, at a desk and on a phone: from the goal to the widget, with an order that
earns by what was answered. axe finds nothing on any of its pages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import EcwidStore, ShopifyStore, Store, resize
from tests.browser.test_accessibility import SIZES, the_frame, violations

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]

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


@pytest.mark.parametrize(
    ("make", "size", "dear"),
    [
        pytest.param(new_shopify, "desktop", "Home Espresso Machine", id="shopify-desktop"),
        pytest.param(new_ecwid, "phone", "Typewriter, restored", id="ecwid-phone"),
    ],
)
def test_from_the_goal_to_an_order_that_earns(
    running: Running,
    context: BrowserContext,
    watch: Watch,
    axe: str,
    make: Callable[[Running, BrowserContext], Store],
    size: str,
    dear: str,
) -> None:
    store = make(running, context)
    resize(store.admin, SIZES[size])
    store.install_only()
    app, found = store.frame, {}

    expect(app.get_by_role("heading", name="What do you want more of?")).to_be_visible()
    found["goal"] = violations(the_frame(store.admin), axe)
    app.get_by_label("Larger orders").check()
    app.get_by_label("Your margin, in percent").fill("58")
    app.get_by_role("button", name="Next: four questions").click()

    expect(app.get_by_role("heading", name="Four questions, and your program is ready")).to_be_visible()
    points = app.get_by_label(re.compile("^Orders: .*points for every"))
    points.fill("0")
    app.get_by_role("button", name="Next: what points buy").click()
    expect(app.get_by_text("Give a whole number from 1")).to_be_visible()
    found["a wrong answer"] = violations(the_frame(store.admin), axe)
    watch.faults[:] = [fault for fault in watch.faults if "status of 422" not in fault]
    points.fill("1")
    app.get_by_label("Joining", exact=True).uncheck()
    app.get_by_role("button", name="Next: what points buy").click()
    expect(app.get_by_role("button", name="Next: how they redeem")).to_be_visible()
    _go_away_and_come_back(store, app)
    for button in ("Next: how they redeem", "Next: which rules hold", "Next: past orders"):
        found[button] = violations(the_frame(store.admin), axe)
        app.get_by_role("button", name=button).click()

    expect(app.get_by_role("heading", name="Do past orders count?")).to_be_visible()
    found["launch"] = violations(the_frame(store.admin), axe)
    app.get_by_role("button", name="Launch the program").click()
    expect(app.get_by_role("heading", name="Now the widget in your shop")).to_be_visible()
    if isinstance(store, ShopifyStore):
        _the_embed_is_off_and_then_on(running, store, app)
    found["widget"] = violations(the_frame(store.admin), axe)
    assert {place: what for place, what in found.items() if what} == {}

    store.sign_in()
    store.order(dear, 1)
    store.expect_points(520)
    store.open_app()
    expect(app.get_by_role("heading", name="Home", level=1)).to_be_visible()
    expect(app.get_by_role("heading", name="Does it do what you want?")).to_be_visible()


def _the_embed_is_off_and_then_on(running: Running, store: ShopifyStore, app: FrameLocator) -> None:
    """The page says what the theme shows, and its link leads to the editor with the embed switched on."""
    running.control("PUT", f"/shopify/shops/{store.name}/embed", {"enabled": False})
    store.go_to("Widget")
    app.get_by_label("On the button").fill("Beans")
    preview = app.frame_locator("iframe.preview").locator("regulars-widget")
    expect(preview.get_by_role("button", name="Beans")).to_be_visible()
    app.get_by_role("link", name="Put it into the shop’s pages").click()
    expect(app.get_by_text("It is off")).to_be_visible()
    link = app.get_by_role("link", name="Open the theme editor")
    store.front.goto(str(link.get_attribute("href")))
    expect(store.front.get_by_role("checkbox")).to_be_checked()
    store.front.get_by_role("button", name="Save").click()
    store.go_to("Widget")
    app.get_by_role("link", name="Put it into the shop’s pages").click()
    expect(app.get_by_text("It is on")).to_be_visible()


def _go_away_and_come_back(store: Store, app: FrameLocator) -> None:
    """What was answered is kept, and Home knows where to go on."""
    store.open_app()
    expect(app.get_by_role("heading", name="Question 2 of 4 is next")).to_be_visible()
    app.get_by_role("link", name="Go on").click()
    expect(app.get_by_role("button", name="Next: how they redeem")).to_be_visible()
