"""The pages of the stand-in pass axe: a demo of an accessible widget should not stand in an inaccessible shop."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.sandbox.shopify.conftest import CLIENT_ID, World

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
FIND = """axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], iframes: false}).then(
  found => found.violations.map(each => each.id + ' ' + each.nodes.map(node => node.target.join(' ')).join(', ')))"""


def test_no_page_of_shop_or_admin_breaks_a_rule(world: World, browser: Browser) -> None:
    if not AXE.is_file():
        pytest.fail("axe is not here: run 'npm install' in the project's folder, it brings axe-core.")
    marta = world.customer()
    world.discount(marta["id"])
    order = world.shop("/orders", {"customer": marta["id"], "lines": [{"sku": "TASTING-BOX-1", "quantity": 2}]})
    port = world.running.sandbox.port
    store, admin = f"http://halfmoon.shopify.localhost:{port}", f"http://admin.shopify.localhost:{port}"
    pages = [f"{store}{path}" for path in ("/", "/products/kenya-gakuyu", "/account/login", "/account/register")]
    pages += [f"{admin}/", f"{admin}/store/halfmoon/orders/{order['id']}", f"{admin}/store/halfmoon/apps/{CLIENT_ID}"]
    pages += [
        f"{admin}/store/halfmoon/{path}"
        for path in ("orders", "customers", "discounts", "themes", "apps", "app-store", "install")
    ]
    pages += [world.base, f"http://mail.localhost:{port}/", f"{store}/cart", f"{store}/checkout"]
    found = {}
    page = browser.new_page()
    for address in pages:
        page.goto(address)
        page.evaluate(AXE.read_text())
        found[address] = page.evaluate(FIND)
        if address.endswith("kenya-gakuyu"):
            page.get_by_role("button", name="Add to cart").click()
            page.wait_for_url("**/cart")
    page.context.close()
    assert {address: problems for address, problems in found.items() if problems} == {}
