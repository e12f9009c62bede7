"""The first run in Chromium, on both platforms, at a desk and on a phone: from the goal to the widget, with an order that
earns by what was answered. axe finds nothing on any of its pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import ShopifyStore, looked_at
from tests.browser.walks import DEAR, EVERYWHERE, Make, Walk

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


@pytest.mark.parametrize(("make", "size"), EVERYWHERE)
def test_from_the_goal_to_an_order_that_earns(
    running: Running, context: BrowserContext, watch: Watch, axe: str, make: Make, size: str
) -> None:
    store = make(running, context)
    walk = Walk(store, size, axe, watch)
    store.install_only()
    _goal(walk)
    _questions(walk)
    _launch(walk)
    if isinstance(store, ShopifyStore):
        _the_embed_is_off_and_then_on(running, store, walk)
    else:
        walk.go_to("Widget")
        walk.follow("Put it into the shop’s pages", "Now the widget in your shop")
        walk.reads("paste this line into your site’s custom code")
    walk.look("the widget")

    store.sign_in()
    store.order(DEAR[isinstance(store, ShopifyStore)], 1)
    store.expect_points(520)
    store.open_app()
    walk.sees("Home")
    _another_figure(walk)
    walk.end("first run")


def _goal(walk: Walk) -> None:
    walk.sees("What do you want more of?")
    walk.look("goal")
    walk.tick("Larger orders")
    walk.write("Your margin, in percent", "58")
    walk.press("Next: four questions")


def _questions(walk: Walk) -> None:
    walk.sees("Four questions, and your program is ready")
    points = walk.app.get_by_label(re.compile("^Orders: .*points for every"))
    walk.hands.write(points, "0")
    walk.press("Next: what points buy")
    walk.is_refused("Give a whole number from 1")
    walk.look("a wrong answer")
    walk.hands.write(points, "1")
    walk.hands.tick(walk.app.get_by_label("Joining", exact=True))
    walk.press("Next: what points buy")
    expect(walk.app.get_by_role("button", name="Next: how they redeem")).to_be_visible()
    _go_away_and_come_back(walk)
    for button in ("Next: how they redeem", "Next: which rules hold", "Next: past orders"):
        walk.look(button)
        walk.press(button)


def _go_away_and_come_back(walk: Walk) -> None:
    """What was answered is kept, and Home knows where to go on."""
    walk.store.open_app()
    walk.sees("Question 2 of 4 is next")
    walk.follow("Go on", "Four questions, and your program is ready")
    expect(walk.app.get_by_role("button", name="Next: how they redeem")).to_be_visible()


def _launch(walk: Walk) -> None:
    walk.sees("Do past orders count?")
    walk.store.open_app()
    walk.sees("Only the launch is left")
    walk.follow("Go on", "Do past orders count?")
    walk.look("launch")
    walk.press("Launch the program")
    walk.sees("Now the widget in your shop")


def _another_figure(walk: Walk) -> None:
    walk.sees("Does it do what you want?")
    walk.sees("An average order Not enough data yet")
    walk.follow("Follow another figure", "What do you want of the program?")
    walk.tick("New customers")
    walk.look("another goal")
    walk.press("Follow this")
    walk.reads("Home follows it from now on.")
    walk.go_to("Home")
    walk.sees("New customers in 30 days Not enough data yet")
    walk.look("Home with another goal")


def _the_embed_is_off_and_then_on(running: Running, store: ShopifyStore, walk: Walk) -> None:
    """The page says what the theme shows, and its link leads to the editor with the embed switched on."""
    running.control("PUT", f"/shopify/shops/{store.name}/embed", {"enabled": False})
    walk.go_to("Widget")
    walk.write("On the button", "Beans")
    preview = walk.app.frame_locator("iframe.preview").locator("regulars-widget")
    expect(preview.get_by_role("button", name="Beans")).to_be_visible()
    walk.hands.press(store.admin.get_by_role("button", name="Discard"))
    walk.follow("Put it into the shop’s pages", "Now the widget in your shop")
    walk.reads("It is off")
    link = walk.app.get_by_role("link", name="Open the theme editor")
    looked_at(store.front).goto(str(link.get_attribute("href")))
    expect(store.front.get_by_role("checkbox")).to_be_checked()
    store.front.get_by_role("button", name="Save").click()
    walk.return_to_admin()
    walk.go_to("Widget")
    walk.follow("Put it into the shop’s pages", "Now the widget in your shop")
    walk.reads("It is on")
