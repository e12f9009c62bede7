"""What a merchant does on the Program page and the pages behind it, on both platforms: at a desk by mouse on the one, on
a phone by keyboard alone on the other."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import ShopifyStore
from tests.browser.walks import EVERYWHERE, Make, Walk, fill_past

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
ON_THE_SHELF = {True: "Espresso", False: "notebook"}
"""By whether the store is Shopify's."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("make", "size"), EVERYWHERE)
def test_the_programs_jobs(
    running: Running, context: BrowserContext, watch: Watch, axe: str, make: Make, size: str
) -> None:
    store = make(running, context)
    walk = Walk(store, size, axe, watch)
    fill_past(running, store, orders=30, customers=5)
    store.install("all")
    _rules(walk)
    _a_reward_and_a_tier(walk)
    _a_campaign_on_the_calendar(walk)
    _policies(walk)
    _tried_on_orders(walk)
    _what_if(walk)
    _in_another_language(walk)
    _published_at_a_time_and_taken_back(walk)
    _published_now(walk)
    _compared_and_gone_back(walk)
    _a_pilot(walk)
    _paused_and_resumed(walk)
    _out_and_in_as_a_file(walk)
    walk.end("program")


def _rules(walk: Walk) -> None:
    walk.go_to("Program")
    walk.follow("Add a way", "Add a way")
    walk.look("kinds of rules")
    walk.follow("A birthday", "A birthday")
    walk.write("Points", "many")
    walk.press("Save in the draft")
    walk.is_refused("Write a number such as 120.")
    walk.look("a rule refused")
    walk.write("Points", "120")
    walk.press("Save in the draft")
    walk.sees("Draft 2")
    walk.look("a rule in the draft")
    _a_product_found_by_name(walk)


def _a_product_found_by_name(walk: Walk) -> None:
    """Found, put into the field of ids, and taken out of it again."""
    walk.follow("1 point", "Points for spending")
    walk.unfold("Which goods")
    walk.write("Find by name · Only these products", ON_THE_SHELF[isinstance(walk.store, ShopifyStore)])
    walk.hands.press(walk.app.locator(".goods").get_by_role("button").first)
    expect(walk.app.get_by_label("Only these products", exact=True)).not_to_have_value("")
    walk.look("a product found")
    walk.hands.write(walk.app.get_by_label("Only these products", exact=True), "")
    walk.write("Points", "2")
    walk.press("Save in the draft")
    walk.sees("Draft 2")


def _a_reward_and_a_tier(walk: Walk) -> None:
    walk.follow("Add a reward", "Add a reward")
    walk.look("kinds of rewards")
    walk.follow("Free shipping", "Free shipping")
    walk.write("Name", "Post on us")
    walk.write("Costs", "300")
    walk.press("Save in the draft")
    walk.follow(walk.app.get_by_role("table").get_by_role("link", name="Post on us"), "Post on us")
    walk.press("Switch off")
    walk.sees("Draft 2")
    walk.follow("Add a tier", "Tier")
    walk.write("Name", "Insiders")
    walk.write("From", "200")
    walk.write("Perks in words", "Returns within 60 days")
    walk.press("Save in the draft")
    walk.sees("Draft 2")
    walk.look("a tier in the draft")


def _a_campaign_on_the_calendar(walk: Walk) -> None:
    today = datetime.now(UTC).date()
    walk.follow("On a calendar", "Campaigns")
    walk.follow("Add a campaign", "Add a campaign")
    walk.follow("More points", "Campaign")
    walk.write("Name", "Double week")
    walk.write("From", str(today))
    walk.write("To", str(today + timedelta(days=6)))
    walk.look("a campaign's form")
    walk.press("Save in the draft")
    walk.sees("Draft 2")
    walk.follow("On a calendar", "Campaigns")
    expect(walk.app.get_by_role("link", name="Double week").first).to_be_visible()
    walk.look("the calendar")


def _policies(walk: Walk) -> None:
    walk.go_to("Program")
    walk.follow("Change policies", "Policies")
    walk.write("Can be spent after", "3660000")
    walk.press("Save in the draft")
    walk.is_refused("Write 3,660 or less.")
    walk.write("Can be spent after", "14")
    walk.press("Save in the draft")
    walk.sees("Draft 2")


def _tried_on_orders(walk: Walk) -> None:
    walk.follow("Try an order", "Try an order")
    walk.press("Judge it")
    expect(walk.app.get_by_role("row", name=re.compile("^Points "))).to_be_visible()
    walk.look("an order of the shop's, tried")
    walk.write("Price", "80")
    walk.press("Try it")
    walk.sees("Order of your own")
    walk.look("a typed order, tried")


def _what_if(walk: Walk) -> None:
    walk.go_to("Program")
    walk.follow("What if", "What if the draft had been live?")
    walk.look("nothing tried yet")
    walk.press("Try the draft on your orders")
    expect(walk.app.get_by_role("heading", name="Who moves tier")).to_be_visible()
    walk.look("what would have been")


def _in_another_language(walk: Walk) -> None:
    walk.go_to("Program")
    walk.follow("Translations", "Translations")
    german = walk.app.get_by_role("navigation", name="Language").get_by_role("link", name="Deutsch")
    walk.hands.press(german)
    expect(german).to_have_attribute("aria-current", "true")
    walk.write("Post on us Missing", "Versand geht auf uns")
    walk.press("Save in the draft")
    walk.reads("Saved in the draft.")
    expect(walk.app.get_by_label("Post on us", exact=True)).to_have_value("Versand geht auf uns")
    walk.look("texts in another language")
    walk.follow("Look at the draft", "Program")


def _published_at_a_time_and_taken_back(walk: Walk) -> None:
    walk.follow("Publish draft 2…", "Publish draft 2?")
    walk.tick("At a time")
    walk.write("Goes live", "2020-01-01T09:00")
    walk.press("Publish version 2")
    walk.is_refused("in the past")
    walk.look("a time that is over")
    walk.write("Goes live", f"{datetime.now(UTC).date() + timedelta(days=3)}T09:00")
    walk.press("Publish version 2")
    walk.reads("Version 2 goes live on")
    walk.look("a version that is to come")
    walk.follow("Take it back", "Versions")
    walk.press("Take it back 2")
    walk.reads("It goes live no more")
    walk.look("a version taken back")


def _published_now(walk: Walk) -> None:
    walk.follow("Publish draft 2…", "Publish draft 2?")
    walk.press("Publish version 2")
    walk.reads("Version 2 is live.")
    walk.look("published")


def _compared_and_gone_back(walk: Walk) -> None:
    walk.follow("All versions, compare, go back", "Versions")
    walk.press("Compare")
    walk.sees("From version 1 to version 2")
    walk.look("two versions")
    walk.press("Go back to it 1")
    walk.reads("The draft says what version 1 said.")
    walk.follow("Discard the draft", "Discard draft 3?")
    walk.look("a draft to discard")
    walk.press("Discard")
    walk.sees("No draft")


def _a_pilot(walk: Walk) -> None:
    walk.follow("Pilot and holdout", "Who takes part")
    walk.choose("The program is for", "a pilot: whoever is named below")
    walk.write("And of all customers", "25")
    walk.write("Held out", "10")
    walk.press("Save in the draft")
    walk.reads("A pilot for 25 % of all customers, by lot. 10 % stay held out.")


def _paused_and_resumed(walk: Walk) -> None:
    for tick, then in (("Pause", "Earning is paused."), ("Resume", "Earning and redeeming go on.")):
        walk.follow(tick, "Pause and resume")
        walk.tick("Earning is paused")
        walk.press("Save")
        walk.reads(then)
        walk.look(then)


def _out_and_in_as_a_file(walk: Walk) -> None:
    walk.follow("Export or import a file", "Program as a file")
    document = json.loads(walk.app.get_by_label("The file’s text").input_value())
    walk.write("Or its text", "{")
    walk.press("Import into the draft")
    walk.is_refused("This is no JSON document")
    walk.look("a file refused")
    walk.write("Or its text", json.dumps({**document, "name": "The bean club"}))
    walk.press("Import into the draft")
    walk.reads("The file is in the draft.")
    expect(walk.app.get_by_role("complementary", name="Draft")).to_contain_text("The bean club")
