"""An order of which the store told nobody, in Chromium: the merchant types its number and reads its points."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running
from tests.browser.pages import ShopifyStore

pytestmark = pytest.mark.browser


class ForgetfulStore(ShopifyStore):
    host, name = "forgetful.shopify.localhost", "forgetful"


def test_an_order_that_no_webhook_told_is_found_by_its_number(running: Running, context: BrowserContext) -> None:
    running.control("POST", "/shopify/shops", {"name": "forgetful", "title": "Forgetful Coffee", "currency": "USD"})
    store = ForgetfulStore(running, context)
    store.install()
    expect(store.frame.get_by_role("heading", name="Home")).to_be_visible()
    store.sign_in()
    running.control("PUT", "/faults", {"platform": "shopify", "shop": "forgetful.myshopify.com", "drop": 100})
    number = store.order("Home Espresso Machine", 1)
    other = store.order("House Blend", 1)

    store.open_app()
    store.go_to("Orders")
    store.frame.get_by_role("link", name="Compare with the store").click()
    store.frame.get_by_label("Order number").fill(number)
    store.frame.get_by_role("button", name="Ask the store").click()
    expect(store.frame.get_by_role("heading", name=f"Order {number} was missing")).to_be_visible()
    expect(store.frame.get_by_text("It is counted now: 520 points.")).to_be_visible()
    store.frame.get_by_role("link", name="Open the order").click()
    expect(store.frame.get_by_text("Counts for points").first).to_be_visible()

    store.go_to("Orders")
    store.frame.get_by_role("link", name="Compare with the store").click()
    store.frame.get_by_role("button", name="Compare the last day").click()
    expect(store.frame.get_by_role("heading", name="1 order the store never told us about")).to_be_visible()
    expect(store.frame.get_by_role("row", name=other)).to_contain_text("Was missing")
    store.expect_points(520 + 9)
