"""What a merchant does with orders, members and redemptions, on both platforms: at a desk by mouse on the one, on a phone
by keyboard alone on the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import ShopifyStore
from tests.browser.walks import DEAR, EVERYWHERE, Make, Walk, controls_of, fill_past

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("make", "size"), EVERYWHERE)
def test_the_desks_jobs(
    running: Running, context: BrowserContext, watch: Watch, axe: str, make: Make, size: str
) -> None:
    store = make(running, context)
    walk = Walk(store, size, axe, watch)
    fill_past(running, store, orders=20, customers=4)
    store.install("all")
    _rewards_that_need_a_hand(walk)
    walk.store.front.wait_for_timeout(1_000)  # stores date their orders in whole seconds
    store.sign_in()
    number = store.order(DEAR[isinstance(store, ShopifyStore)], 1)
    store.expect_points(520)
    _take(walk, "Get my code", 0)
    _orders(walk, number)
    _a_member(walk)
    _a_code_taken_back(walk)
    for _time in range(2):
        _take(walk, "Redeem", 1)
    _something_to_do(walk)
    _codes_of_a_partner(walk)
    if isinstance(store, ShopifyStore):
        _a_plan(running, walk)
    else:
        _the_stores_own_choices(walk)
    walk.end("desk")


def _rewards_that_need_a_hand(walk: Walk) -> None:
    walk.go_to("Program")
    own, partner = "Something of your own", "A partner’s code"
    for kind, name in ((own, "A tasting"), (own, "A letter"), (partner, "Cinema")):
        walk.follow("Add a reward", "Add a reward")
        walk.follow(kind, kind)
        walk.write("Name", name)
        walk.write("Costs", "100")
        if name == "Cinema":
            walk.write("How the code is used", "Show it at the box office.")
        if name == "A letter":
            walk.write("Your server", "https://shop.example/letters")
            walk.press("Save in the draft")
            walk.is_refused("can't be given back: untick this")
            walk.look("a reward refused")
            walk.tick("A member may give it back for the points")
        walk.press("Save in the draft")
        walk.sees("Draft 2")
    walk.follow("Add a tier", "Tier")
    walk.write("Name", "Insiders")
    walk.write("From", "90000")
    walk.press("Save in the draft")
    walk.sees("Draft 2")
    walk.follow("Publish draft 2…", "Publish draft 2?")
    walk.press("Publish version 2")
    walk.reads("Version 2 is live.")


def _take(walk: Walk, button: str, place: int) -> None:
    """The shopper redeems the reward at that place; then the merchant looks again."""
    panel = walk.store.open_panel()
    panel.get_by_role("button", name="Redeem").nth(place).click()
    expect(panel.get_by_role("button", name="Not now")).to_be_visible()
    panel.get_by_role("button", name=button).click()
    expect(panel.get_by_text(re.compile("is ready$"))).to_be_visible()
    walk.store.open_app()
    walk.sees("Home")


def _orders(walk: Walk, number: str) -> None:
    walk.look("Home, running")
    walk.go_to("Orders")
    walk.write("Search orders", number)
    walk.press("Search")
    walk.follow(walk.app.get_by_role("row").get_by_role("link", name=number), f"Order {number}")
    walk.reads("Why this many points?")
    walk.go_to("Orders")
    walk.follow("Without points", "Orders")
    expect(walk.app.get_by_role("link", name="Without points")).to_have_attribute("aria-current", "true")
    walk.look("orders without points")


def _a_member(walk: Walk) -> None:
    walk.go_to("Members")
    walk.write("Search members", "marta")
    walk.press("Search")
    walk.follow("Marta O.", "Marta O.")
    walk.hands.press(walk.app.locator("summary", has_text=re.compile("^\\s*Order")).first)
    walk.reads("Judged by version 2")
    walk.look("a member, with why")
    walk.follow("Adjust points", "Adjust points")
    walk.write("Points", "250")
    walk.press("Adjust points")
    walk.is_refused("reason")
    walk.look("an adjustment refused")
    walk.write("Reason", "A late parcel")
    walk.press("Adjust points")
    walk.reads("got 250 points")
    walk.follow(walk.app.locator("a[href$='birthday/']").first, "Birthday")
    walk.choose("Month", "May")
    walk.choose("Day", "17")
    walk.press("Save")
    walk.reads("is May 17.")
    _a_note(walk)
    _a_tier_granted(walk)


def _a_note(walk: Walk) -> None:
    walk.follow("Write a note", "Notes")
    walk.write("A new note", "Likes a dark roast")
    walk.press("Write it down")
    walk.reads("Written down.")
    walk.look("a note")
    walk.press("Delete")
    walk.reads("Deleted. What it said is in the field")
    walk.follow("Marta O.", "Marta O.")


def _a_tier_granted(walk: Walk) -> None:
    walk.follow("Grant a tier", "Grant a tier")
    walk.choose("Tier", "Insiders")
    walk.press("Grant a tier")
    walk.is_refused("Say why, for whoever looks later.")
    walk.look("a grant refused")
    walk.write("Reason", "She opened the shop with us")
    walk.press("Grant a tier")
    walk.reads("has Insiders.")
    walk.follow("Grant a tier", "Grant a tier")
    walk.look("a tier granted")
    walk.hands.press(walk.app.get_by_role("button", name=re.compile("^Take back")))
    walk.reads("It is taken back.")


def _a_code_taken_back(walk: Walk) -> None:
    walk.go_to("Redemptions")
    walk.follow(walk.app.get_by_role("link", name=re.compile("^Take back")), "Take this code back?")
    walk.look("a code to take back")
    walk.press("Take back")
    walk.reads("The code is taken back: 500 points")
    walk.look("redemptions")


def _something_to_do(walk: Walk) -> None:
    walk.go_to("Redemptions")
    walk.follow("To do", "To do")
    walk.look("something to do")
    walk.follow(walk.app.get_by_role("link", name="A tasting").first, "A tasting")
    walk.press("Could not be done")
    walk.is_refused("why")
    walk.look("undone without a word")
    walk.write("A word for the member", "The cellar is under water")
    walk.press("Could not be done")
    walk.reads("100 points are back with Marta O.")
    walk.follow(walk.app.get_by_role("link", name="A tasting").first, "A tasting")
    walk.write("A word for the member", "Friday at six, in the shop")
    walk.press("Mark as done")
    walk.sees("Nothing waits for you")
    walk.press("Make the secret")
    walk.reads("It is shown this once")
    walk.look("a secret for the shop's own server")


def _codes_of_a_partner(walk: Walk) -> None:
    walk.go_to("Redemptions")
    walk.follow("Partner codes", "Partner codes")
    walk.follow(walk.app.get_by_role("link", name=re.compile("^Add codes")), "Add codes")
    walk.press("Add codes")
    walk.reads("There are no codes in it.")
    walk.look("no codes")
    walk.forgive(422)
    walk.write("Or paste them", "FILM-1\nFILM-2")
    walk.press("Add codes")
    walk.reads("2 left")
    walk.look("codes of a partner")


def _the_stores_own_choices(walk: Walk) -> None:
    walk.go_to("Store")
    walk.look("the store's own choices")
    walk.tick("Custom status 1 means paid")
    walk.press("Save")
    walk.reads("Saved.")
    walk.look("the store's own choices, saved")


def _a_plan(running: Running, walk: Walk) -> None:
    """Shopify's own page, where the merchant approves the price, is the control's."""
    walk.go_to("Plan")
    walk.look("no plan yet")
    walk.press("Choose Starter")
    walk.sees("Confirm it with Shopify")
    expect(walk.app.get_by_role("link", name="Go to Shopify")).to_have_attribute("target", "_top")
    walk.look("a plan to confirm")
    running.control("POST", f"{controls_of(walk.store)}/subscription", {"status": "ACTIVE"})
    walk.store.open_app()
    walk.sees("Home")
    walk.go_to("Plan")
    walk.sees("You have Starter")
    walk.look("a plan")
