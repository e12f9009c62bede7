"""What ecwid.js puts on the storefront's own pages: beside what a page has, and nothing where a page has other bones."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.storefront_widget.pretend import CONFIG, MEMBER, SHIFTS, WIDGET, Pretend

pytestmark = pytest.mark.browser

ECWID = """<script>
    localStorage["regulars:ecwid:1003"] = JSON.stringify({ token: "token-1", device: "1.a", until: 9e15 });
    const follows = () => ({ all: [], add(then) { this.all.push(then); }, fire(value) { this.all.forEach((then) => then(value)); } });
    window.Ecwid = { getOwnerId: () => 1003, openPage: () => {}, refreshConfig() {}, getStorefrontLang: () => "en",
        OnAPILoaded: { add: (then) => setTimeout(then, 0) }, OnSetProfile: follows(), OnCartChanged: follows(), OnOrderPlaced: follows(),
        OnPageLoaded: follows(), Customer: { get: (then) => then({ id: 1, email: "marta@example.com" }) },
        Cart: { get: (then) => then({ productsQuantity: 2 }), calculateTotal: (then) => then({ cart: { items: [{ quantity: 2, product: { id: 5, price: 15 } }] }, cost: { subtotal: 32, couponDiscount: 2, total: 35 } }) } };
</script>"""
STORE = """<div class="ec-store"><p class="product-details__product-price" itemprop="price" content="12.5">€12.50</p>
    <div class="details-product-purchase__controls"><input name="ec-qty" value="1"></div><div class="ec-cart__sidebar-inner"></div>
    <div class="ec-confirmation__steps"></div></div>"""


def storefront(page: Page, body: str = STORE) -> Pretend:
    pretend = Pretend(page, {"config": (200, CONFIG), "member": (200, MEMBER)}, head=ECWID)
    pretend.open(f'{body}<script src="{WIDGET}ecwid.js"></script>')
    expect(pretend.launcher).to_have_text("1,040 points")
    return pretend


def test_a_product_says_its_points_and_follows_option_and_quantity(page: Page) -> None:
    storefront(page)
    page.evaluate("Ecwid.OnPageLoaded.fire({ type: 'PRODUCT' })")
    said = page.locator(".details-product-purchase__controls + regulars-block [role=status]")
    expect(said).to_have_text("Earns 62 points")
    page.evaluate("document.querySelector('[itemprop=price]').setAttribute('content', '20')")
    expect(said).to_have_text("Earns 100 points")
    page.locator("input[name=ec-qty]").fill("3")
    expect(said).to_have_text("Earns 300 points")
    expect(page.locator(".rg-nudge")).to_contain_text("140 points expire")


def test_each_page_has_its_own_blocks_and_none_of_the_page_before(page: Page) -> None:
    storefront(page)
    page.evaluate("Ecwid.OnPageLoaded.fire({ type: 'CART' })")
    cart = page.locator("regulars-block[data-kind=cart]")
    expect(cart).to_contain_text("Earns 150 points")
    expect(cart.get_by_role("button", name="Redeem: €5 off")).to_be_visible()
    page.evaluate("Ecwid.OnPageLoaded.fire({ type: 'ORDER_CONFIRMATION' })")
    expect(page.locator("regulars-block[data-kind=order]")).to_contain_text("191 points are on their way")
    expect(cart).to_have_count(0)


def test_a_page_of_other_bones_is_left_as_it_is(page: Page) -> None:
    storefront(page, "<main>Another kind of store</main>")
    page.evaluate("Ecwid.OnPageLoaded.fire({ type: 'PRODUCT' })")
    page.wait_for_timeout(400)
    expect(page.locator("regulars-block")).to_have_count(0)


def test_what_comes_later_moves_nothing_of_the_page_that_the_platform_has_drawn(page: Page) -> None:
    """The platform draws a page and says so; ours has its room at once, and is filled when it is known who is there."""
    pretend = storefront(page, f"{SHIFTS}<main></main>")
    follows = "<p>What the shop says of it.</p><p>And more.</p>"
    for kind, said in (("PRODUCT", "Earns 62 points"), ("CART", "€5 off"), ("ORDER_CONFIRMATION", "191 points")):
        drawn = json.dumps(f"{STORE}{follows}")
        page.evaluate(
            f"document.querySelector('main').innerHTML = {drawn}; Ecwid.OnPageLoaded.fire({{ type: '{kind}' }}); shifts.length = 0"
        )
        expect(page.locator("regulars-block").first).to_contain_text(said)
        page.wait_for_timeout(150)
        assert page.evaluate("shifts") == [], kind
    expect(pretend.launcher).to_be_visible()
