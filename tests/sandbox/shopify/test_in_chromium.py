"""App Bridge in a real frame: tokens for fetch and not for XMLHttpRequest, the patch page, the admin around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import jwt
import pytest
from playwright.sync_api import Browser, Page

from tests.sandbox.shopify.conftest import CLIENT_ID, SECRET, World

pytestmark = pytest.mark.browser

HTML = {"Content-Type": "text/html; charset=utf-8"}
HOME = """<!doctype html><html><head>
<script src="{cdn}/shopifycloud/app-bridge.js" data-api-key="{client_id}"></script>
<script src="{cdn}/shopifycloud/polaris.js"></script><title>Home</title></head><body>
<s-app-nav><s-link href="/shopify/" rel="home">Home</s-link><s-link href="/shopify/program">Program</s-link></s-app-nav>
<ui-save-bar id="unsaved"><button variant="primary" onclick="said.push('save')"></button><button onclick="said.push('discard')"></button>
</ui-save-bar><script>said = []</script><h1>Home</h1><a href="/shopify/members">Members</a></body></html>"""
PATCH = """<script data-api-key="{client_id}" src="{cdn}/shopifycloud/app-bridge.js"></script>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context().new_page()
    yield page
    page.context.close()


@pytest.fixture
def admin(world: World, page: Page) -> Page:
    """The admin with the app's home in its frame."""
    cdn = f"http://cdn.shopify.localhost:{world.running.sandbox.port}"
    for path, text in (("/shopify/", HOME), ("/shopify/members", HOME), ("/shopify/program", HOME), ("/patch", PATCH)):
        content = text.replace("{cdn}", cdn).replace("{client_id}", CLIENT_ID).encode()
        world.app.pages[path] = (200, HTML, content)
    page.goto(f"http://admin.shopify.localhost:{world.running.sandbox.port}/store/halfmoon/apps/{CLIENT_ID}")
    page.frame_locator("#app-frame").get_by_role("heading", name="Home").wait_for()
    return page


def seen(world: World, path: str) -> list[Mapping[str, str]]:
    return [entry["headers"] for entry in world.app.seen if entry["path"] == path]


def test_fetch_carries_a_fresh_token_and_xhr_and_strangers_do_not(world: World, admin: Page) -> None:
    frame = admin.frames[1]
    frame.evaluate("fetch('/api/a', {method: 'POST', body: 'x'}).then(answer => answer.text())")
    frame.evaluate(
        """new Promise(done => { const ask = new XMLHttpRequest(); ask.onload = done; ask.open('GET', '/api/b');
        ask.send(); }).then(() => 1)"""
    )
    frame.evaluate(f"fetch('{world.base}/', {{mode: 'no-cors'}}).then(() => 1)")
    token = seen(world, "/api/a")[0]["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience=CLIENT_ID)
    assert claims["exp"] - claims["iat"] == 60
    assert "Authorization" not in seen(world, "/api/b")[0]
    assert [entry["body"] for entry in world.app.seen if entry["path"] == "/api/a"] == [b"x"]


def test_a_401_that_asks_for_it_is_tried_once_more_with_a_fresh_token(world: World, admin: Page) -> None:
    world.app.pages["/api/stale"] = (401, {"X-Shopify-Retry-Invalid-Session-Request": "1"}, b"")
    world.app.pages["/api/no"] = (401, {}, b"")
    frame = admin.frames[1]
    assert frame.evaluate("fetch('/api/stale').then(answer => answer.status)") == 401
    assert frame.evaluate("fetch('/api/no').then(answer => answer.status)") == 401
    tokens = [headers["Authorization"] for headers in seen(world, "/api/stale")]
    assert len(tokens) == 2
    assert tokens[0] != tokens[1]
    assert len(seen(world, "/api/no")) == 1


def test_the_patch_page_reloads_with_a_token(world: World, admin: Page) -> None:
    frame = admin.frames[1]
    frame.goto(f"{world.app.url}/patch?shop=halfmoon.myshopify.com&shopify-reload=%2Fshopify%2Fmembers%3Ftab%3D2")
    frame.wait_for_url(re.compile(r"/shopify/members\?tab=2&id_token=."))
    admin.wait_for_url(re.compile(rf"/apps/{CLIENT_ID}/shopify/members\?tab=2$"))


def test_the_admin_shows_the_apps_menu_its_toasts_and_its_place(world: World, admin: Page) -> None:
    admin.frames[1].get_by_role("link", name="Members").click()
    admin.wait_for_url(f"**/apps/{CLIENT_ID}/shopify/members")
    admin.frames[1].evaluate("shopify.toast.show('Saved')")
    admin.get_by_role("status").get_by_text("Saved").wait_for()
    admin.get_by_role("navigation").get_by_role("link", name="Program").click()
    admin.wait_for_url(f"**/apps/{CLIENT_ID}/shopify/program")
    assert admin.frame_locator("#app-frame").locator("s-app-nav").is_hidden()


def test_a_shown_save_bar_keeps_the_merchant_on_the_page_and_presses_the_apps_buttons(
    world: World, admin: Page
) -> None:
    frame, bar = admin.frames[1], admin.get_by_role("region", name="Unsaved changes")
    assert bar.is_hidden()
    frame.evaluate("shopify.saveBar.leaveConfirmation()")
    frame.evaluate("shopify.saveBar.show('unsaved')")
    bar.wait_for()
    place = admin.url
    admin.get_by_role("navigation").get_by_role("link", name="Program").click()
    admin.get_by_role("navigation").get_by_role("link", name="Customers").click()
    frame.get_by_role("link", name="Members").click()
    bar.get_by_text("Save or discard first.").wait_for()
    asked = "Promise.race([shopify.saveBar.leaveConfirmation(), new Promise(done => setTimeout(done, 300, 'stays'))])"
    assert frame.evaluate(asked) == "stays"
    assert (admin.url, frame.evaluate("location.pathname")) == (place, "/shopify/")
    for button in ("Save", "Discard"):
        bar.get_by_role("button", name=button).click()
    frame.wait_for_function("said.join() === 'save,discard'")
    frame.evaluate("shopify.saveBar.hide('unsaved')")
    bar.wait_for(state="hidden")
    frame.get_by_role("link", name="Members").click()
    frame.wait_for_url("**/shopify/members")
    assert "not found" in frame.evaluate("shopify.saveBar.show('other').catch(error => error.message)")


def test_only_the_framed_app_gets_a_token(world: World, admin: Page) -> None:
    """A page beside the frame, on another origin, asks and is not answered."""
    asked = admin.evaluate(
        """() => new Promise(done => { addEventListener('message', event => event.data.appBridgeAnswer && done('answered'));
        window.postMessage({appBridge: true, type: 'idToken', id: 1}, '*'); setTimeout(() => done('silence'), 300); })"""
    )
    assert asked == "silence"
    outside = admin.context.new_page()
    outside.goto(f"{world.app.url}/shopify/")
    failed = outside.evaluate("shopify.idToken().catch(error => error.message)")
    assert "not inside the admin" in failed


def test_a_shopper_buys_with_the_keyboard_of_a_browser(world: World, page: Page) -> None:
    world.app.pages["/widget/v1/loader.js"] = (
        200,
        {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"},
        b"window.embed = 1;",
    )
    page.goto(f"http://halfmoon.shopify.localhost:{world.running.sandbox.port}/")
    page.wait_for_function("window.embed === 1")
    page.get_by_role("link", name="Tasting Box").click()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("button", name="Check out").click()
    page.get_by_label("E-mail").fill("ada@mail.example")
    page.get_by_role("button", name="Pay $22.50").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert world.shop("/orders", method="GET")[0]["total_price"] == "22.50"
