"""The keyboard alone, on both platforms: every press is a key, and the focus can be seen wherever it goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Come
from tests.browser.widget.shopper import Shopper

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]

# Where the focus is, and whether somebody who sees would know.
FOCUS = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    name: at.getAttribute("aria-label") || (at.localName === "body" ? "" : at.textContent.trim()) || at.id,
    tag: at.localName,
    id: at.id,
    inside: !!at.closest("dialog"),
    ours: !!at.closest(".rg"),
    seen: at.localName === "h2" || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2),
    within: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight,
  };
}"""


class Hands:
    """Somebody without a mouse."""

    def __init__(self, shopper: Shopper) -> None:
        self.shopper, self.keys = shopper, shopper.page.keyboard

    def focus(self) -> dict[str, object]:
        found: dict[str, object] = self.shopper.page.evaluate(FOCUS)
        return found

    def to(self, name: str, key: str = "Tab") -> None:
        """Until `name` has the focus, which is seen at every stop of the panel. Beyond its last is the browser's own bar,
        which a page knows as its body."""
        passed: list[str] = []
        for _ in range(40):
            self.keys.press(key)
            at = self.focus()
            passed.append(str(at["name"]))
            assert at["seen"] or not at["ours"], f"the focus on {at} cannot be seen"
            assert at["within"] or not at["ours"], f"the focus on {at} is beside the screen"
            assert at["inside"] or at["tag"] == "body" or not self.shopper.panel.is_visible(), (
                f"{at} lies behind the panel"
            )
            if at["name"] == name:
                return
        raise AssertionError(f"no {name} in {passed}")

    def press(self, name: str, heading: str = "", key: str = "Tab") -> None:
        self.to(name, key)
        self.keys.press("Enter")
        if heading:
            self.shopper.heading(heading)
        self.stays()

    def stays(self) -> None:
        self.shopper.page.wait_for_timeout(50)
        assert self.focus()["inside"], f"the focus was lost to {self.focus()}"


@pytest.mark.parametrize("width", [1280, 375])
def test_the_main_job_without_a_mouse(come: Come, platform: str, width: int) -> None:
    marta = come("marta", viewport={"width": width, "height": 812}).go()
    hands = Hands(marta)
    expect(marta.launcher).to_contain_text("points")
    hands.to(marta.launcher.inner_text())
    hands.keys.press("Enter")
    marta.heading("Hello, Marta")
    hands.stays()
    hands.to("Rewards")
    for key, name in (
        ("ArrowRight", "Earn"),
        ("ArrowRight", "History"),
        ("ArrowLeft", "Earn"),
        ("ArrowLeft", "Rewards"),
    ):
        hands.keys.press(key)
        expect(marta.panel.get_by_role("tab", name=name)).to_be_focused()
        hands.stays()
    for view in ("Tiers", "Invite a friend", "My details", "Questions and terms"):
        hands.press(view, view)
        hands.press("Back", "Hello, Marta", "Shift+Tab")
    money = "$" if platform == "shopify" else "€"
    hands.press("Redeem: Points as money", "Points as money")
    hands.to("rg-points")
    hands.keys.press("Home")
    hands.press("Go on", f"{money}1 off")
    hands.press("Get my code")
    marta.panel.get_by_role("heading", name="is ready").wait_for()
    hands.stays()
    hands.press("Give it back")
    hands.press("Give it back", "Hello, Marta")
    hands.keys.press("Escape")
    expect(marta.panel).not_to_be_visible()
    expect(marta.launcher).to_be_focused()
    hands.keys.press("Space")
    marta.heading("Hello, Marta")
    hands.keys.press("Escape")
    expect(marta.launcher).to_be_focused()
