"""Answers that come in another order than they were asked for: what was asked or pressed last is what stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.storefront_widget.pretend import MEMBER, Answer, Held, Pretend, opened, plain_tag, shopify_tag

pytestmark = pytest.mark.browser
SIGNED_IN = "localStorage['regulars:ecwid:1003'] = JSON.stringify({ token: 'token-1', device: '1.a', until: 9e15 })"
PANEL = "document.querySelector('regulars-widget').load()"
ONE_FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def with_balance(points: int) -> Answer:
    return 200, {**MEMBER, "available": points}


def asked_twice(page: Page) -> tuple[Pretend, Held]:
    """The first question is held back; the second, asked as the panel opens, has its answer: 40 points."""
    pretend = Pretend(page, {"member": with_balance(40)})
    held = pretend.hold("**/member?*", times=1)
    with page.expect_request("**/member?*"):
        pretend.open(shopify_tag())
    pretend.launcher.click()
    expect(pretend.launcher).to_have_text("40 points")
    return pretend, held


def test_an_older_answer_takes_no_newer_ones_place(page: Page) -> None:
    pretend, held = asked_twice(page)
    pretend.answers["member"] = with_balance(1040)
    with page.expect_event("requestfinished", lambda request: "/member?" in request.url):
        held.release()
    page.evaluate(ONE_FRAME)
    expect(pretend.launcher).to_have_text("40 points")
    expect(pretend.panel.locator(".rg-balance")).to_have_text("40points")
    assert page.evaluate("sessionStorage['regulars:halfmoon.myshopify.com:7001']").count('"available":40') == 1


def test_an_older_question_that_fails_says_nothing_over_a_newer_answer(page: Page) -> None:
    pretend, held = asked_twice(page)
    pretend.answers["member"] = None
    with page.expect_event("requestfailed", lambda request: "/member?" in request.url):
        held.release()
    page.evaluate(ONE_FRAME)
    expect(pretend.panel).not_to_contain_text("No connection")
    expect(pretend.panel.get_by_role("button", name="Redeem: ")).to_be_enabled()


def test_whoever_has_signed_out_does_not_come_back_with_an_answer_that_was_under_way(page: Page) -> None:
    pretend = Pretend(page, {"session/end": (204, None)})
    held = pretend.hold("**/member?*", times=1)
    page.add_init_script(SIGNED_IN)
    with page.expect_request("**/member?*"):
        pretend.open(plain_tag())
    page.evaluate(f"{PANEL}.then((panel) => panel.leave())")
    with page.expect_event("requestfinished", lambda request: "/member?" in request.url):
        held.release()
    page.evaluate(ONE_FRAME)
    expect(pretend.launcher).to_have_text("Rewards")
    pretend.launcher.click()
    expect(pretend.panel).not_to_contain_text("1,040")
    kept = page.evaluate("JSON.stringify({ ...sessionStorage })")
    assert "Marta" not in kept


def test_of_two_views_that_were_pressed_the_later_one_is_shown(page: Page) -> None:
    pretend = opened(Pretend(page))
    held = pretend.hold("**/history.js*", times=1)
    with page.expect_request("**/history.js*"):
        pretend.panel.get_by_role("tab", name="History").click()
    pretend.panel.get_by_role("tab", name="Earn").click()
    expect(pretend.panel).to_contain_text("For every €1 you spend")
    with page.expect_event("requestfinished", lambda request: "/history.js" in request.url):
        held.release()
    page.evaluate(ONE_FRAME)
    expect(pretend.panel.get_by_role("tab", name="Earn")).to_have_attribute("aria-selected", "true")


def test_a_view_that_comes_after_the_panel_was_closed_is_not_what_it_opens_with(page: Page) -> None:
    pretend = Pretend(page)
    held = pretend.hold("**/redeem.js*", times=1)
    with page.expect_request("**/redeem.js*"):
        opened(pretend)
    pretend.press("Redeem: €5 off")
    pretend.press("Close")
    with page.expect_event("requestfinished", lambda request: "/redeem.js" in request.url):
        held.release()
    page.evaluate(ONE_FRAME)
    pretend.launcher.click()
    expect(pretend.panel.get_by_role("heading", level=2)).to_have_text("Hello, Marta")
