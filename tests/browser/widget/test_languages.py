"""From right to left, and in a script without spaces between words: the same screens, on both platforms' stand-ins."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Come
from tests.browser.widget.shopper import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]
# As if the store were in this language: what stands in its pages' tag decides.
SPEAK = """async (tag) => {
  const widget = document.querySelector("regulars-widget"), panel = await widget.load();
  await panel.prepared;
  widget.dataset.locale = tag;
  sessionStorage.clear();
  panel.config = widget.config = undefined;
  await widget.settle();
  await panel.load();
}"""
GO = """async ([view, tab]) => {
  const panel = await document.querySelector("regulars-widget").load();
  if (tab) await panel.choose(view);
  else await panel.go(view, { redemption: panel.data.codes[0], reward: panel.data.rewards[0] });
}"""
VIEWS = ("tiers", "friend", "me", "me/leaving", "faq", "redeem/confirm", "redeem/working", "ready", "ready/giving")


def speaking(shopper: Shopper, tag: str) -> None:
    shopper.go()
    expect(shopper.launcher).to_be_visible()
    shopper.page.evaluate(SPEAK, tag)
    shopper.launcher.click()
    shopper.heading()


@pytest.mark.parametrize(("tag", "direction"), [("ar", "rtl"), ("th", "ltr")])
def test_every_view_in_another_script(come: Come, axe: str, tag: str, direction: str) -> None:
    guest, marta = come(), come("marta")
    speaking(guest, tag)
    guest.look("guest", axe)
    speaking(marta, tag)
    expect(marta.widget.locator(".rg")).to_have_attribute("dir", direction)
    expect(marta.widget.locator(".rg")).to_have_attribute("lang", tag)
    for tab in ("rewards", "earn", "history"):
        marta.page.evaluate(GO, [tab, True])
        expect(marta.panel.get_by_role("tab", selected=True)).to_have_attribute("id", f"rg-tab-{tab}")
        marta.look(tab, axe)
    for view in VIEWS:
        marta.page.evaluate(GO, [view, False])
        expect(marta.panel).to_have_attribute("data-view", view)
        expect(marta.panel.locator(".rg-busy")).to_have_count(0)
        marta.look(view, axe)
    assert {**guest.wrong, **marta.wrong} == {}


def test_the_arrow_that_points_to_the_next_tab_leads_there(come: Come) -> None:
    marta = come("marta")
    speaking(marta, "ar")
    first, second = marta.panel.get_by_role("tab").nth(0), marta.panel.get_by_role("tab").nth(1)
    left = "tab => tab.getBoundingClientRect().left"
    assert second.evaluate(left) < first.evaluate(left)
    first.focus()
    marta.page.keyboard.press("ArrowLeft")
    expect(second).to_be_focused()
