"""What stands on the stores' own pages: points of a product and of the cart, codes in it, what a member should know, and
what an order brought; on both platforms' stand-ins."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Come

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
PRODUCT = {"shopify": "Tasting Box", "ecwid": "Field notebook, dotted"}
"""22.50 each, 5 points for every 1.00: 112 and a half, of three 337 and a half."""


def test_a_product_its_quantity_the_cart_and_the_order(come: Come, axe: str, platform: str) -> None:
    marta = come("marta")
    page = marta.page
    page.clock.install()
    marta.go()
    nudge = page.locator("regulars-widget .rg-nudge")
    expect(nudge.get_by_role("button")).to_be_visible()
    marta.look("a nudge", axe, page=True)
    told = nudge.inner_text()
    nudge.get_by_role("button").click()
    expect(nudge.filter(has_text=told)).to_have_count(0)

    page.get_by_role("link", name=PRODUCT[platform]).first.click()
    product = page.locator("regulars-block[data-kind=product]")
    expect(product).to_contain_text("Earns 112 points")
    page.get_by_label("Quantity").fill("3")
    expect(product).to_contain_text("Earns 337 points")
    marta.look("a product", axe, page=True)
    page.get_by_role("button", name="Add to cart").click()

    cart = page.locator("regulars-block[data-kind=cart]")
    expect(cart).to_contain_text("Earns 337 points")
    expect(cart.get_by_role("link", name="Use ").or_(cart.get_by_role("button", name="Show"))).to_be_visible()
    marta.look("the cart", axe, page=True)
    cart.get_by_role("button", name="See my points").click()
    marta.panel.get_by_role("button", name="Redeem: ").first.click()
    expect(marta.panel.get_by_role("button", name="Get my code")).to_be_visible()
    marta.press("Close")

    marta.check_out()
    if platform == "shopify":
        page.goto(page.url.replace("/orders/", "/account/orders/"))
    order = page.locator("regulars-block[data-kind=order]")
    expect(order).to_contain_text("points are on their way")
    for _ in range(3):
        page.wait_for_timeout(700)
        page.clock.fast_forward(5_000)
    expect(order).to_contain_text("1,537 points are on their way")
    marta.look("the order", axe, page=True)
    assert marta.wrong == {}


def test_a_page_of_the_program_for_guests(come: Come, axe: str, platform: str) -> None:
    """The merchant puts it into a page of the shop's own."""
    guest = come().go()
    expect(guest.launcher).to_be_visible()
    guest.page.evaluate(
        """(platform) => {
            const settings = document.querySelector("regulars-widget").dataset;
            const block = document.createElement("regulars-block");
            Object.assign(block.dataset, { kind: "page", platform, shop: settings.shop, ...(settings.proxy ? { proxy: settings.proxy } : {}) });
            document.querySelector("main").prepend(block);
        }""",
        platform,
    )
    page = guest.page.locator("regulars-block[data-kind=page]")
    expect(page.get_by_role("heading", level=2)).to_be_visible()
    expect(page).to_contain_text("5 points for every")
    guest.look("the page", axe, page=True)
    page.get_by_role("button", name="Join or sign in").click()
    guest.heading()
    assert guest.wrong == {}
