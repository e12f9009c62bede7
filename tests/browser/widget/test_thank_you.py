"""From the checkout to the note beside the order, on the stand-in's own pages: our extension as Shopify gets it, in a frame
without an origin, and the app behind it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.widget.conftest import Come
from tests.browser.widget.shopper import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
AXE = """axe.run(document, { rules: Object.fromEntries(["landmark-one-main", "page-has-heading-one", "region"].map((id) => [id, { enabled: false }])) })
  .then(({ violations }) => violations.map(({ id }) => id))"""
"""Without what only a whole page can have."""


@pytest.fixture
def platform() -> str:
    return "shopify"


def bought(shopper: Shopper, quantity: str = "1") -> Page:
    page = shopper.go().page
    page.get_by_role("link", name="Tasting Box").first.click()
    page.get_by_label("Quantity").fill(quantity)
    page.get_by_role("button", name="Add to cart").click()
    return page


def note_of(page: Page) -> FrameLocator:
    return page.frame_locator("#extension")


def looked_at(page: Page, axe: str) -> None:
    """axe in the frame, and no line of it beside a phone's screen or cut off."""
    frame = page.frames[-1]
    frame.evaluate(axe)
    assert frame.evaluate(AXE) == []
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 812})
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.locator("#extension")).to_be_visible()
        frame.wait_for_function("document.documentElement.offsetHeight <= innerHeight")


def test_a_member_hears_at_once_what_the_order_brings_and_then_from_when(come: Come, axe: str) -> None:
    rita = come("rita")  # the orders of the others are counted elsewhere
    page = bought(rita, "3")
    rita.check_out()
    note = note_of(page)
    expect(note.get_by_role("heading")).to_have_text("This order brings 337 points")
    held = re.compile(r"From \w+ \d+, \d{4}\s*337\s*You have")
    expect(note.get_by_role("status")).to_contain_text(held, timeout=60_000)
    looked_at(page, axe)
    page.goto(f"{page.url}/status")
    expect(note.get_by_role("heading")).to_have_text("This order brings 337 points")
    note.get_by_role("link", name="See my points").click()
    expect(rita.panel).to_be_visible()
    expect(page).to_have_url(rita.at("/"))


def test_a_guest_hears_what_joining_would_keep(come: Come, axe: str) -> None:
    guest = come()
    page = bought(guest)
    page.get_by_role("button", name="Check out").click()
    page.get_by_label("E-mail").fill("somebody@states.test")
    page.get_by_role("button", name="Pay").click()
    note = note_of(page)
    expect(note.get_by_role("heading")).to_have_text("Join and keep what this order brings: 112 points")
    expect(note.get_by_role("link", name="Join or sign in")).to_be_visible()
    expect(note.locator("body")).not_to_contain_text("You have")
    looked_at(page, axe)


def test_where_the_app_does_not_answer_the_page_stays_as_it_is(come: Come) -> None:
    rita = come("rita")  # the orders of the others are counted elsewhere
    page = bought(rita)
    with page.expect_event("requestfailed", lambda request: "extension/order" in request.url):
        page.route("**/widget/v1/extension/**", lambda route: route.abort())
        rita.check_out()
    expect(note_of(page).locator("body")).to_have_text("")
