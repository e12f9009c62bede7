"""Every state of the widget on both platforms' stand-ins, on four screens: axe finds nothing, nothing is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Running, Watch
from tests.browser.widget.conftest import Come
from tests.browser.widget.shopper import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


def test_a_guest_reads_what_there_is_and_how_to_join(come: Come, axe: str, platform: str) -> None:
    guest = come().open()
    expect(guest.panel).to_contain_text("For every")
    guest.look("guest", axe)
    guest.press("Questions and terms")
    expect(guest.panel).to_contain_text("Points cannot be sold.")
    guest.press("Do you roast on Mondays?")
    expect(guest.panel).to_contain_text("On Tuesdays.")
    guest.look("terms", axe)
    guest.press("Back")
    if platform == "shopify":
        guest.panel.get_by_role("link", name="I have an account").click()
        expect(guest.page).to_have_url(guest.at("/account/login?return_url=%2F"))
    else:
        guest.press("See my points")
        _signs_in_by_mail(guest, axe)
    assert guest.wrong == {}


def _signs_in_by_mail(guest: Shopper, axe: str) -> None:
    guest.look("e-mail", axe)
    email = guest.panel.get_by_label("E-mail")
    expect(email).to_be_focused()
    email.fill("olga")
    email.press("Enter")
    expect(guest.panel.get_by_role("alert")).to_contain_text("Enter an e-mail address")
    guest.look("a wrong e-mail", axe)
    email.fill("olga@states.test")
    email.press("Enter")
    digits = guest.panel.get_by_label("Six digits")
    digits.fill("000000")
    digits.press("Enter")
    expect(guest.panel.get_by_role("alert")).to_contain_text("This code is not right")
    guest.look("a wrong code", axe)
    digits.fill(guest.mailed_code("olga@states.test"))
    digits.press("Enter")
    guest.heading("Hello, Olga")


def test_a_member_walks_through_every_view(come: Come, axe: str) -> None:
    marta = come("marta").open()
    marta.heading("Hello, Marta")
    marta.look("home", axe)
    marta.tab("Earn")
    expect(marta.panel.get_by_label("Do you have a code?")).to_be_visible()
    marta.look("earn", axe)
    marta.tab("History")
    marta.panel.get_by_role("button", expanded=False).first.click()
    expect(marta.panel.locator(".rg-why")).to_be_visible()
    marta.look("history", axe)
    for view in ("Tiers", "Invite a friend", "My details", "Questions and terms"):
        marta.press(view)
        marta.heading(view)
        marta.look(view, axe)
        marta.press("Back")
    marta.press("My details")
    marta.press("Leave the program")
    marta.look("leaving", axe)
    marta.press("Stay")
    marta.heading("My details")
    assert marta.wrong == {}


def test_what_a_member_tells_is_kept(come: Come, axe: str) -> None:
    olga = come("olga").open()
    olga.tab("Earn")
    olga.panel.get_by_role("button", name="I did this: Follow us").click()
    expect(olga.panel.locator("li", has_text="Follow us")).to_contain_text("Came on")
    code = olga.panel.get_by_label("Do you have a code?")
    code.fill("WRONG")
    code.press("Enter")
    expect(olga.panel.get_by_role("alert")).to_be_visible()
    expect(code).to_have_value("WRONG")
    olga.look("a wrong code of an event", axe)
    olga.press("My details")
    olga.panel.get_by_label("Month").select_option("10")
    olga.panel.get_by_label("Day").select_option("7")
    olga.press("Save my birthday")
    expect(olga.panel).to_contain_text("October 7")
    with olga.page.expect_response(lambda answer: "/notifications" in answer.url):
        olga.panel.get_by_label("News of the program").check()
    olga.look("details that are kept", axe)
    olga.open().press("My details")
    expect(olga.panel.get_by_label("News of the program")).to_be_checked()
    expect(olga.panel).to_contain_text("October 7")
    assert olga.wrong == {}


def test_a_code_that_is_made_used_and_given_back(come: Come, axe: str, watch: Watch) -> None:
    marta = come("marta").open()
    reward = marta.panel.get_by_role("button", name="Redeem: ").first
    reward.click()
    expect(marta.panel.get_by_role("button", name="Get my code")).to_be_visible()
    marta.look("confirm", axe)
    marta.lose_connection(True)
    marta.press("Get my code")
    marta.panel.get_by_role("heading", name="This did not work").wait_for()
    marta.look("no connection", axe)
    marta.lose_connection(False)
    marta.press("Try again")
    marta.panel.get_by_role("heading", name="is ready").wait_for()
    marta.look("ready", axe)
    marta.press("Give it back")
    marta.look("giving back", axe)
    marta.press("Give it back")
    marta.heading("Hello, Marta")
    marta.panel.get_by_role("button", name="Redeem: Points as money").click()
    marta.panel.get_by_label("Points to use").press("Home")
    marta.look("slide", axe)
    marta.press("Go on")
    expect(marta.panel).to_contain_text("−100")
    marta.press("Not now")
    marta.panel.get_by_role("button", name="Redeem: Cupping for two").click()
    expect(marta.panel).to_contain_text("Cupping for two for")
    expect(marta.panel).not_to_contain_text("For one order")
    marta.press("Redeem")
    expect(marta.panel).to_contain_text("Every first Friday.")
    expect(marta.panel.get_by_role("button", name="Go to cart")).to_have_count(0)
    marta.look("what the shop does by hand", axe)
    assert marta.wrong == {}


def test_a_slow_shop_and_one_that_refuses(come: Come, axe: str, running: Running, platform: str) -> None:
    marta = come("marta").open()
    _trouble(running, marta, slow=True)
    marta.panel.get_by_role("button", name="Redeem: ").first.click()
    marta.press("Get my code")
    marta.panel.get_by_role("heading", name="Your code is on its way").wait_for()
    marta.look("on its way", axe)
    marta.panel.get_by_role("heading", name="is ready").wait_for()
    marta.press("Back to rewards")
    _trouble(running, marta, refuse=True)
    marta.panel.get_by_role("button", name="Redeem: ").first.click()
    marta.press("Get my code")
    marta.panel.get_by_role("heading", name="The code could not be made").wait_for()
    marta.look("refused", axe)
    _trouble(running, marta)
    marta.press("Try again")
    marta.panel.get_by_role("heading", name="is ready").wait_for()
    assert marta.wrong == {}


def _trouble(running: Running, who: Shopper, *, slow: bool = False, refuse: bool = False) -> None:
    if who.platform == "shopify":
        faults = {"slow_seconds": 3} if slow else {"frozen": 1} if refuse else {}
        running.control("PUT", f"/shopify/shops/{who.store}/api-faults", faults)
    else:
        fault: dict[str, object] = {"path": "discount_coupons", "method": "POST", "times": 1}
        running.control("PUT", "/ecwid/api-faults", {**fault, **({"delay_seconds": 3} if slow else {"status": 400})})
        if not slow and not refuse:
            running.control("DELETE", "/ecwid/api-faults")


@pytest.mark.parametrize("name", ["pia", "nils"])
def test_a_member_with_nothing_and_one_with_too_little(come: Come, axe: str, name: str) -> None:
    member = come(name).open()
    expect(member.panel.get_by_text("to go", exact=False).first).to_be_visible()
    expect(member.panel.get_by_role("button", name="Redeem: ")).to_have_count(0)
    member.look("rewards", axe)
    member.tab("History")
    member.look("history", axe)
    assert member.wrong == {}


def test_a_program_that_is_paused(come: Come, axe: str) -> None:
    marta = come("marta", "paused").open()
    expect(marta.panel).to_contain_text("Rewards are paused. Your points stay yours.")
    for each in marta.panel.get_by_role("button", name="Redeem: ").all():
        expect(each).to_be_disabled()
    marta.look("redeeming is paused", axe)
    marta.tab("Earn")
    expect(marta.panel).to_contain_text("Points are paused at the moment.")
    marta.look("earning is paused", axe)
    assert marta.wrong == {}


def test_a_store_without_a_program_promises_nothing(come: Come) -> None:
    guest = come("", "bare").go()
    expect(guest.widget).to_have_count(1)
    guest.page.wait_for_function("document.querySelector('regulars-widget').config")
    expect(guest.launcher).to_be_hidden()
    for block in guest.page.locator("regulars-block").all():
        expect(block).to_be_empty()


def test_a_lost_connection_and_a_session_that_ended(come: Come, axe: str, platform: str) -> None:
    marta = come("marta").open()
    marta.lose_connection(True)
    marta.reload_panel()
    expect(marta.panel).to_contain_text("No connection. This is how it stood at")
    marta.look("offline", axe)
    marta.lose_connection(False)
    marta.press("Retry")
    expect(marta.panel).not_to_contain_text("No connection.")
    marta.end_session()
    marta.reload_panel()
    expect(marta.panel).to_contain_text("You have been signed out. Sign in to redeem.")
    marta.look("signed out", axe)
    marta.press("Sign in")
    if platform == "shopify":
        expect(marta.page).to_have_url(marta.at("/account/login?return_url=%2F"))
    else:
        expect(marta.panel.get_by_label("E-mail")).to_be_focused()
    assert marta.wrong == {}
