"""The program is changed, tried and published in the store's admin, and the next order earns by it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running
from tests.browser.pages import ShopifyStore, resize
from tests.browser.test_accessibility import SIZES, the_frame, violations

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


class RatedStore(ShopifyStore):
    host, name = "rated.shopify.localhost", "rated"


def test_a_rate_is_changed_tried_published_and_earned_by(running: Running, context: BrowserContext, axe: str) -> None:
    running.control("POST", "/shopify/shops", {"name": "rated", "title": "Rated Coffee", "currency": "USD"})
    store = RatedStore(running, context)
    store.install()
    expect(store.frame.get_by_role("heading", name="Home")).to_be_visible()
    store.sign_in()
    store.order("Hand Grinder", 1)
    store.expect_points(89)
    found: dict[str, list[str]] = {}

    def looked_at(name: str) -> None:
        found[name] = violations(the_frame(store.admin), axe)

    store.open_app()
    store.go_to("Program")
    expect(store.frame.get_by_role("heading", name="No draft")).to_be_visible()
    store.frame.get_by_role("link", name="1 point", exact=True).click()
    points = store.frame.get_by_role("textbox", name="Points", exact=True).first
    expect(points).to_be_focused()
    points.fill("3")
    expect(store.frame.get_by_text("earns 150 points and gives back 3.0%")).to_be_visible()
    expect(points).to_be_focused()
    looked_at("the form")
    points.press("Enter")
    expect(store.frame.get_by_role("heading", name="Draft 2", exact=True)).to_be_visible()
    expect(store.frame.locator("ins", has_text=re.compile("^3$")).first).to_be_visible()
    looked_at("the draft")

    store.frame.get_by_role("link", name="What if").click()
    store.frame.get_by_role("button", name="Try the draft on your orders").click()
    expect(store.frame.get_by_role("heading", name=re.compile("^It would have cost .* more"))).to_be_visible()
    looked_at("the answer")
    resize(store.admin, SIZES["phone"])
    looked_at("the answer on a phone")

    store.frame.get_by_role("link", name="Publish…").click()
    expect(store.frame.get_by_text("It touches 1 member")).to_be_visible()
    looked_at("before it is published")
    store.frame.get_by_role("button", name="Publish version 2").click()
    expect(store.frame.get_by_text("Version 2 is live.").first).to_be_visible()
    store.front.wait_for_timeout(1_000)  # stores date their orders in whole seconds
    store.order("Hand Grinder", 1)
    store.expect_points(89 + 3 * 89)
    assert {place: what for place, what in found.items() if what} == {}


def test_the_keyboard_alone_pauses_and_resumes(running: Running, context: BrowserContext) -> None:
    running.control("POST", "/shopify/shops", {"name": "rested", "title": "Rested Coffee", "currency": "USD"})

    class RestedStore(ShopifyStore):
        host, name = "rested.shopify.localhost", "rested"

    store = RestedStore(running, context)
    store.install()
    store.open_app()
    store.way_to("Program").focus()
    store.admin.keyboard.press("Enter")
    store.frame.get_by_role("link", name="Pause", exact=True).focus()
    store.admin.keyboard.press("Enter")
    earning = store.frame.get_by_role("checkbox", name=re.compile("^Earning is paused"))
    expect(earning).to_be_visible()
    earning.focus()
    store.admin.keyboard.press("Space")
    store.admin.keyboard.press("Enter")
    expect(store.frame.get_by_text("Earning is paused.")).to_be_visible()
    store.front.wait_for_timeout(1_000)  # as above: an order of the very second was placed before the pause
    store.sign_in()
    store.order("Home Espresso Machine", 1)
    store.frame.get_by_role("link", name="Resume").focus()
    store.admin.keyboard.press("Enter")
    expect(earning).to_be_checked()
    earning.focus()
    store.admin.keyboard.press("Space")
    store.admin.keyboard.press("Enter")
    expect(store.frame.get_by_text("Earning and redeeming go on.")).to_be_visible()
    store.front.wait_for_timeout(1_000)
    store.order("House Blend", 1)
    store.expect_points(9)
