"""axe finds nothing: every page of the dashboard and every view of the widget, desktop and phone. The README's pictures
are taken here, of the same pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.browser.conftest import Running
from tests.browser.pages import EMAIL, PASSWORD, ShopifyStore, resize

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
Shoot = Callable[[Page, str], None]
SIZES = {"desktop": 1280, "phone": 375}


class FilledStore(ShopifyStore):
    """The demo's own store, with three months behind it, and Marta as a new customer."""

    host, name = "halfmoon.shopify.localhost", "halfmoon"


@pytest.fixture(scope="session")
def marta_is_known() -> list[bool]:
    """Empty until her account and her first orders exist."""
    return []


@pytest.fixture
def store(running: Running, context: BrowserContext, marta_is_known: list[bool]) -> ShopifyStore:
    found = FilledStore(running, context)
    if marta_is_known:
        found.front.goto(running.at(found.host, "/account/login"))
        found.front.get_by_label("E-mail").fill(EMAIL)
        found.front.get_by_label("Password").fill(PASSWORD)
        found.front.get_by_role("button", name="Log in").click()
        return found
    found.sign_in()
    found.order("Home Espresso Machine", 1)
    found.order("House Blend", 3)
    found.order("Gift card", 1)
    found.expect_points(548)
    marta_is_known.append(True)
    return found


def violations(place: Page | Frame, axe: str) -> list[str]:
    """What axe has to say, one line each, over everything it can judge."""
    if not place.evaluate("() => 'axe' in window"):
        place.evaluate(axe)
    found: dict[str, Any] = place.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def the_frame(page: Page) -> Frame:
    """The app's frame; the admin's own address may name the same page."""
    return next(frame for frame in page.frames if frame.parent_frame is not None)


@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_the_dashboard(store: ShopifyStore, axe: str, shoot: Shoot, size: str) -> None:
    resize(store.admin, SIZES[size])
    store.open_app()
    found = {}
    expect(store.frame.get_by_role("heading", name="Home")).to_be_visible()
    found["Home"] = violations(the_frame(store.admin), axe)
    if size == "desktop":
        shoot(store.admin, "home")
    for name in ("Members", "Orders", "Redemptions", "Program"):
        store.go_to(name)
        expect(store.frame.get_by_role("heading", name=name, level=1)).to_be_visible()
        found[name] = violations(the_frame(store.admin), axe)
    store.go_to("Orders")
    expect(store.frame.get_by_role("heading", name="Orders", level=1)).to_be_visible()
    store.frame.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(store.frame.get_by_text("Counts for points").first).to_be_visible()
    found["one order"] = violations(the_frame(store.admin), axe)
    store.go_to("Orders")
    store.frame.get_by_role("link", name="Compare with the store").click()
    expect(store.frame.get_by_role("heading", name="Compared with the store")).to_be_visible()
    store.frame.get_by_label("Order number").fill("#999999")
    store.frame.get_by_role("button", name="Ask the store").click()
    expect(store.frame.get_by_role("heading", name="The store does not know #999999")).to_be_visible()
    found["an unknown number"] = violations(the_frame(store.admin), axe)
    store.frame.get_by_role("link", name="Compared with the store").click()
    expect(store.frame.get_by_role("link", name="The store does not know #999999").first).to_be_visible()
    found["comparisons"] = violations(the_frame(store.admin), axe)
    store.go_to("Members")
    store.frame.get_by_role("searchbox").fill(EMAIL)
    store.frame.get_by_role("searchbox").press("Enter")
    store.frame.get_by_role("link", name="Marta").first.click()
    expect(store.frame.get_by_role("heading", name="Marta")).to_be_visible()
    for why in store.frame.get_by_text("Why", exact=True).all()[:2]:
        why.click()
    if size == "desktop":
        shoot(store.admin, "member")
    found["one member"] = violations(the_frame(store.admin), axe)
    assert {place: what for place, what in found.items() if what} == {}


@pytest.mark.parametrize("size", SIZES)
def test_every_view_of_the_widget(store: ShopifyStore, axe: str, shoot: Shoot, size: str) -> None:
    resize(store.front, SIZES[size])
    panel = store.open_panel()
    found = {"rewards": violations(store.front, axe)}
    for tab in ("Earn", "History"):
        panel.get_by_role("tab", name=tab).or_(panel.get_by_role("button", name=tab)).first.click()
        expect(panel).to_be_visible()
        found[tab] = violations(store.front, axe)
    panel.get_by_role("tab", name="Rewards").or_(panel.get_by_role("button", name="Rewards")).first.click()
    if size == "phone":
        shoot(store.front, "widget")
    panel.get_by_role("button", name="Redeem").first.click()
    expect(panel.get_by_role("button", name="Get my code")).to_be_visible()
    found["confirm"] = violations(store.front, axe)
    assert {place: what for place, what in found.items() if what} == {}


def test_the_guests_panel_and_the_keyboard(running: Running, store: ShopifyStore, axe: str) -> None:
    guest = store.front.context.browser.new_context().new_page()  # type: ignore[union-attr]
    guest.goto(running.at(FilledStore.host))
    launcher = guest.locator("regulars-widget").get_by_role("button").first
    launcher.focus()
    guest.keyboard.press("Enter")
    panel = guest.locator("regulars-widget").get_by_role("dialog")
    expect(panel).to_be_visible()
    assert violations(guest, axe) == []
    guest.keyboard.press("Escape")
    expect(panel).not_to_be_visible()
    expect(launcher).to_be_focused()
    guest.context.close()
