"""What only a browser can show: the storefront's JavaScript API and the SDK of the admin's frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.sandbox.ecwid.conftest import World

pytestmark = pytest.mark.browser

WIDGET = b"""
window.seen = [];
function keep(name) { return function (value) { seen.push([name, value]); }; }
Ecwid.OnAPILoaded.add(keep("api"));
Ecwid.OnPageLoaded.add(keep("page"));
Ecwid.OnSetProfile.add(keep("profile"));
Ecwid.OnCartChanged.add(keep("cart"));
Ecwid.OnOrderPlaced.add(keep("order"));
window.ec = window.ec || {};
ec.order = ec.order || {};
ec.order.extraFields = { loy_ref: { value: "ABC" } };
Ecwid.refreshConfig();
"""
TAB = """<!doctype html><title>Tab</title>
<script src="http://cdn.ecwid.localhost:{port}/ecwid-sdk/js/1.3.0/ecwid-app.js"></script>
<p id="payload"></p><button onclick="EcwidApp.openPage('coupons')">Coupons</button><div style="height: 900px"></div>
<script>
EcwidApp.init({{ app_id: "{client_id}", autoloadedflag: true, autoheight: true }});
document.getElementById("payload").textContent = typeof EcwidApp.getPayload() + " " + JSON.stringify(EcwidApp.getPayload());
</script>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context().new_page()
    yield page
    page.context.close()


def origin(world: World, name: str) -> str:
    return f"http://{name}.ecwid.localhost:{world.port}"


def test_scripts_follow_a_shopper_through_a_storefront_that_never_reloads(world: World, page: Page) -> None:
    world.app.pages["/widget/v1/ecwid.js"] = ("text/javascript", WIDGET)
    page.goto(origin(world, "1003"))
    page.wait_for_function("window.seen && seen.some(entry => entry[0] === 'page')")
    page.evaluate("window.sameDocument = true")
    page.get_by_role("link", name="Typewriter, restored").click()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Checkout").click()
    page.get_by_label("E-mail").fill("ada@mail.example")
    page.get_by_label("Name").fill("Ada Berg")
    page.get_by_role("button", name="Place order").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    number = page.locator("[data-order-id]").inner_text()
    names = [entry[0] for entry in page.evaluate("seen")]
    assert names[:3] == ["api", "profile", "page"]
    assert names.count("order") == 1
    assert "cart" in names
    assert page.evaluate("window.sameDocument")
    assert page.evaluate("Ecwid.formatCurrency(1234.5)") == "€1,234.50"
    assert page.evaluate("new Promise(done => Ecwid.Customer.get(done))") is None
    order = world.control("GET", f"/ecwid/shops/1003/orders/{number}")
    assert (order["total"], order["extraFields"]) == (520, {"loy_ref": "ABC"})


def test_the_frame_of_the_admin_grows_hides_the_payload_and_follows_open_page(world: World, page: Page) -> None:
    tab = TAB.format(port=world.port, client_id="regulars").encode()
    world.app.pages["/ecwid/app"] = ("text/html", tab)
    page.goto(f"{origin(world, 'my')}/store/1003/app")
    page.wait_for_selector('iframe[data-ready="ready"]')
    frame = page.frame_locator("iframe")
    assert frame.locator("#payload").inner_text().startswith("undefined")
    page.wait_for_function("parseInt(document.querySelector('iframe').style.height) > 900")
    frame.get_by_role("button", name="Coupons").click()
    page.wait_for_url("**/store/1003/coupons")
    world.control("PUT", "/ecwid/switches", {"payload_mode": "hex"})
    page.goto(f"{origin(world, 'my')}/store/1003/app")
    page.wait_for_selector('iframe[data-ready="ready"]')
    assert world.token() in page.frame_locator("iframe").locator("#payload").inner_text()


def test_an_app_with_another_id_is_not_let_in(world: World, page: Page) -> None:
    tab = TAB.format(port=world.port, client_id="somebody-else").encode()
    world.app.pages["/ecwid/app"] = ("text/html", tab)
    page.goto(f"{origin(world, 'my')}/store/1003/app")
    page.get_by_text("Something went wrong").wait_for(state="visible")
