"""What a merchant does on other days, in the admin of either platform, at a desk and on a phone: the widget's words, colour
and place reach the shop; a product gets points of its own, published, and the next order earns them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import ShopifyStore
from tests.browser.walks import EVERYWHERE, Make, Walk

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
SOLD = {True: ("Hand Grinder", 89), False: ("Leather folio, A5", 145)}
"""A product and what an order of it earns; by whether the store is Shopify's."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("make", "size"), EVERYWHERE)
def test_words_colour_place_and_points_of_a_product(
    running: Running, context: BrowserContext, watch: Watch, axe: str, make: Make, size: str
) -> None:
    store = make(running, context)
    walk = Walk(store, size, axe, watch)
    product, points = SOLD[isinstance(store, ShopifyStore)]
    store.install()
    store.sign_in()
    store.order(product, 1)
    store.expect_points(points)
    store.open_app()
    _the_widget(walk)
    _as_shoppers_see_it(walk, product, points)
    _points_of_a_product(walk, product)
    walk.end("daily")
    store.front.wait_for_timeout(1_000)  # stores date their orders in whole seconds
    store.order(product, 1)
    panel = store.expect_points(2 * points + 25)
    colour = panel.evaluate("panel => getComputedStyle(panel).getPropertyValue('--rg-accent')")
    assert colour.strip() == "#7a1f3d"


def _the_widget(walk: Walk) -> None:
    walk.go_to("Widget")
    walk.tick("Your own colour")
    walk.write("Colour", "#7a1f3d")
    walk.write("Above the panel", "The bean club")
    walk.write("On the button", "Beans")
    preview = walk.app.frame_locator("iframe.preview").locator("regulars-widget")
    expect(preview.get_by_role("button", name="Beans")).to_be_visible()
    walk.tick("Where lines begin")
    walk.write("From the bottom, in pixels", "far")
    walk.press_first("Save for shoppers")
    walk.is_refused("whole number")
    walk.look("a distance refused")
    walk.write("From the bottom, in pixels", "90")
    walk.write("From the side, in pixels", "40")
    walk.write("Pages without the button", "/products/*")
    walk.press_first("Save for shoppers")
    walk.reads("Saved. Shoppers see it within a minute.")
    walk.look("the widget's page")
    walk.press("Make a secret")
    walk.sees("Your new secret, shown this once")
    walk.look("a secret")


def _as_shoppers_see_it(walk: Walk, product: str, points: int) -> None:
    """On the side and at the distance that were chosen, and not where it is to hide. The answer about a member names the
    newest choices; others may see those of a minute ago."""
    front = walk.store.front
    walk.store.expect_points(points)
    button = front.locator("regulars-widget").get_by_role("button", include_hidden=True).first
    expect(button).to_have_css("bottom", "90px")
    expect(button).to_have_css("left", "40px")
    front.keyboard.press("Escape")
    front.get_by_role("link", name=product).first.click()
    expect(front.get_by_label("Quantity")).to_be_visible()
    expect(button).to_be_hidden()
    walk.return_to_admin()


def _points_of_a_product(walk: Walk, product: str) -> None:
    walk.go_to("Program")
    walk.follow("Single products", "Points of single products")
    walk.write("Paste rows", f'"{product}",many')
    walk.press("Take over into the draft")
    walk.sees("Not taken over")
    walk.forgive(422)
    walk.look("rows that can't be read")
    walk.write("Paste rows", f'"{product}",25')
    walk.press("Take over into the draft")
    expect(walk.app.get_by_role("button", name=re.compile("^Take the points of"))).to_be_visible()
    walk.look("products")
    walk.write("Search products that were sold lately", product[:4])
    walk.press("Search")
    walk.look("a product, found")
    walk.follow("Look at the draft", "Program")
    walk.follow("Publish draft 2…", "Publish draft 2?")
    walk.press("Publish version 2")
    walk.reads("Version 2 is live.")
