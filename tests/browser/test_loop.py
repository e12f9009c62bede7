"""The main job, in Chromium, on both platforms: install, an order earns points, the shopper redeems, a refund follows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running
from tests.browser.pages import EcwidStore, ShopifyStore, Store

pytestmark = pytest.mark.browser


def make_shopify(running: Running, context: BrowserContext) -> Store:
    running.control("POST", "/shopify/shops", {"name": ShopifyStore.name, "title": "Loop Coffee", "currency": "USD"})
    return ShopifyStore(running, context)


def make_ecwid(running: Running, context: BrowserContext) -> Store:
    running.control("POST", "/ecwid/shops", {"name": EcwidStore.store, "title": "Loop Paper", "currency": "EUR"})
    return EcwidStore(running, context)


PLATFORMS = [
    pytest.param(make_shopify, "Home Espresso Machine", "Tasting Box", id="shopify"),
    pytest.param(make_ecwid, "Typewriter, restored", "Field notebook, dotted", id="ecwid"),
]


@pytest.mark.parametrize(("make", "dear", "cheap"), PLATFORMS)
def test_the_main_job(
    running: Running,
    context: BrowserContext,
    make: Callable[[Running, BrowserContext], Store],
    dear: str,
    cheap: str,
) -> None:
    store = make(running, context)
    store.install()
    expect(store.frame.get_by_role("heading", name="Home")).to_be_visible()

    store.sign_in()
    first = store.order(dear, 1)
    store.expect_points(520)
    _the_merchant_reads_why(store, first)

    code = _redeem(store)
    store.expect_points(20)
    second = store.order(cheap, 2, code)
    expect(store.front.get_by_role("main")).to_contain_text("40.00")
    store.expect_points(60)

    store.refund_one(second)
    store.expect_points(290)

    store.uninstall()
    store.install()
    expect(store.frame.get_by_role("heading", name="Home")).to_be_visible()
    store.expect_points(290)


def _the_merchant_reads_why(store: Store, number: str) -> None:
    store.open_app()
    store.go_to("Orders")
    row = store.frame.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text("520")
    row.get_by_role("link").first.click()
    expect(store.frame.get_by_text("Counts for points").first).to_be_visible()


def _redeem(store: Store) -> str:
    panel = store.expect_points(520)
    panel.get_by_role("button", name="Redeem").first.click()
    expect(panel).to_contain_text("500")
    panel.get_by_role("button", name="Get my code").click()
    code = panel.get_by_text(re.compile(r"^[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}$"))
    expect(code).to_be_visible()
    return code.inner_text()
