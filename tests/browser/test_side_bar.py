"""The app's navigation in the platform's own side bar: taken by App Bridge, or left where it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running
from tests.browser.pages import ShopifyStore

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


def opened(running: Running, context: BrowserContext, shop: str) -> ShopifyStore:
    running.control("POST", "/shopify/shops", {"name": shop, "title": "Bar Coffee", "currency": "USD"})

    class BarStore(ShopifyStore):
        host, name = f"{shop}.shopify.localhost", shop

    store = BarStore(running, context)
    store.install()
    store.open_app()
    return store


def test_the_admin_has_it_and_pages_change_without_a_load(running: Running, context: BrowserContext) -> None:
    store = opened(running, context, "bar")
    own = store.frame.get_by_role("navigation", name="Regulars")
    entries = store.admin.locator("#app-menu").get_by_role("link")
    expect(entries).to_have_text(["Program", "Members", "Orders", "Redemptions", "Widget", "Plan"])
    expect(own).to_be_hidden()
    app = next(frame for frame in store.admin.frames if frame.parent_frame is not None)
    app.evaluate("window.kept = true")
    for page, heading in (("Members", "Members"), ("Orders", "Orders"), ("Home", "Home"), ("Widget", "Widget")):
        store.go_to(page)
        expect(store.frame.get_by_role("heading", level=1)).to_have_text(heading)
        expect(store.way_to(page)).to_have_attribute("aria-current", "page")
    assert app.evaluate("window.kept"), "the frame was never loaded anew"


def test_where_app_bridge_takes_nothing_our_own_stays(running: Running, context: BrowserContext) -> None:
    context.add_init_script(
        "const define = customElements.define.bind(customElements);"
        "customElements.define = (name, ...rest) => name.endsWith('-nav') || define(name, ...rest);"
    )
    store = opened(running, context, "barless")
    own = store.frame.get_by_role("navigation", name="Regulars")
    own.get_by_role("link", name="Members").click()
    expect(store.frame.get_by_role("heading", level=1)).to_have_text("Members")
    expect(own.get_by_role("link", name="Members")).to_have_attribute("aria-current", "page")
