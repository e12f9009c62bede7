"""The blocks on the shop's own pages, in Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.storefront_widget.pretend import MADE, MEMBER, WIDGET, Pretend, shopify_tag

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCRIPT = f'<script type="module" src="{WIDGET}blocks.js"></script>'


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=os.environ["TEST_CHROMIUM"], args=FLAGS)
        yield browser.new_page(viewport={"width": 375, "height": 700}, locale="en-US")
        browser.close()


@pytest.fixture(autouse=True)
def fresh(page: Page) -> Iterator[None]:
    yield
    page.evaluate("sessionStorage.clear()")
    page.unroute_all(behavior="ignoreErrors")


def box(kind: str, customer: str = "7001", **data: str) -> str:
    named = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<regulars-block data-kind="{kind}" data-platform="shopify" data-shop="halfmoon.myshopify.com" data-proxy="/apps/loyalty" '
        f'data-customer-id="{customer}"{named}></regulars-block>'
    )


def test_a_products_points_follow_variant_and_quantity(page: Page) -> None:
    prices = json.dumps({"11": 1_450, "12": 4_200})
    form = (
        '<form action="/cart/add"><select name="id"><option value="11">Small<option value="12">Big</select>'
        '<input name="quantity" type="number" value="1"></form>'
    )
    pretend = Pretend(page)
    pretend.open(form + box("product", prices=prices, variant="11") + SCRIPT)
    said = page.locator("regulars-block [role=status]")
    expect(said).to_have_text("Earns 72 points")
    page.locator("select").select_option("12")
    expect(said).to_have_text("Earns 210 points")
    page.locator("input").fill("3")
    expect(said).to_have_text("Earns 630 points")


def test_the_page_tells_guests_and_members_what_there_is_and_opens_the_panel(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag() + box("page") + SCRIPT)
    block = page.locator("regulars-block")
    expect(block.get_by_role("heading", level=2)).to_have_text("Halfmoon Rewards")
    expect(block).to_contain_text("You have 1,040 points.")
    expect(block).to_contain_text("€5 off 500 points")
    block.get_by_role("button", name="See my points").click()
    expect(pretend.panel).to_be_visible()


def test_a_guest_is_asked_about_once_and_told_how_to_join(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("page", customer="") + box("cart", customer="") + SCRIPT)
    expect(page.get_by_role("button", name="Join or sign in")).to_be_visible()
    assert (len(pretend.calls("config")), pretend.calls("member")) == (1, [])
    expect(page.locator("regulars-block[data-kind=cart]")).to_be_empty()


def test_a_ready_code_goes_into_the_cart_with_one_press(page: Page) -> None:
    hurt = {**MADE, "apply_url": "javascript:alert(1)", "name": "<b>x</b>", "kind": "free_product"}
    pretend = Pretend(page, {"member": (200, {**MEMBER, "codes": [MADE, hurt]})})
    pretend.open(box("cart") + SCRIPT)
    links = page.locator("regulars-block a")
    expect(links).to_have_count(1)
    assert links.get_attribute("href") == MADE["apply_url"]
    expect(links).to_have_text("Use €5 off")


def test_without_an_answer_the_page_is_as_it_was(page: Page) -> None:
    Pretend(page, {"config": None}).open(box("page") + SCRIPT)
    page.wait_for_timeout(300)
    expect(page.locator("regulars-block")).to_be_empty()
