"""What a merchant does on other days, in the admin of either platform, at a desk and on a phone: the widget's words and
colour reach the shop; a product gets points of its own, published, and the next order earns them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import Store, resize
from tests.browser.test_accessibility import SIZES, the_frame, violations
from tests.browser.test_first_run import new_ecwid, new_shopify

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


@pytest.mark.parametrize(
    ("make", "size", "product", "points"),
    [
        pytest.param(new_shopify, "phone", "Hand Grinder", 89, id="shopify-phone"),
        pytest.param(new_ecwid, "desktop", "Leather folio, A5", 145, id="ecwid-desktop"),
    ],
)
def test_words_colour_and_points_of_a_product(
    running: Running,
    context: BrowserContext,
    watch: Watch,
    axe: str,
    make: Callable[[Running, BrowserContext], Store],
    size: str,
    product: str,
    points: int,
) -> None:
    store = make(running, context)
    resize(store.admin, SIZES[size])
    store.install()
    store.sign_in()
    store.order(product, 1)
    store.expect_points(points)
    app, found = store.frame, {}
    store.open_app()

    store.go_to("Widget")
    app.get_by_label("Your own colour").check()
    app.get_by_label("Colour", exact=True).fill("#7a1f3d")
    app.get_by_label("Above the panel").fill("The bean club")
    app.get_by_role("button", name="Save for shoppers").first.click()
    expect(app.get_by_role("status").first).to_be_visible()
    found["widget"] = violations(the_frame(store.admin), axe)

    store.go_to("Program")
    app.get_by_role("link", name="Single products").click()
    app.get_by_label("Paste rows").fill(f'"{product}",many')
    app.get_by_role("button", name="Take over into the draft").click()
    expect(app.get_by_role("heading", name="Not taken over")).to_be_visible()
    watch.faults[:] = [fault for fault in watch.faults if "status of 422" not in fault]
    found["rows that can't be read"] = violations(the_frame(store.admin), axe)
    app.get_by_label("Paste rows").fill(f'"{product}",25')
    app.get_by_role("button", name="Take over into the draft").click()
    expect(app.get_by_role("button", name=re.compile("^Take the points of"))).to_be_visible()
    found["products"] = violations(the_frame(store.admin), axe)
    app.get_by_role("link", name="Look at the draft").click()
    app.get_by_role("link", name=re.compile("^Publish draft")).click()
    app.get_by_role("button", name=re.compile("^Publish version")).click()
    expect(app.get_by_text(re.compile("is live")).first).to_be_visible()
    store.front.wait_for_timeout(1_000)  # stores date their orders in whole seconds
    store.order(product, 1)
    panel = store.expect_points(2 * points + 25)
    colour = panel.evaluate("panel => getComputedStyle(panel).getPropertyValue('--rg-accent')")
    assert colour.strip() == "#7a1f3d"
    assert {place: what for place, what in found.items() if what} == {}
