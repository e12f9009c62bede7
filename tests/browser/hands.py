"""Two ways of working with the app's pages: the mouse, and the keyboard alone."""

from __future__ import annotations

from abc import ABC, abstractmethod

from playwright.sync_api import Frame, Locator, Page, expect

FARTHEST = 250
"""More presses than any page has things to stop at."""

LOOK = """element => [element, element.parentElement, element.nextElementSibling]
    .filter(Boolean).map(each => getComputedStyle(each)).map(style => [style.outline, style.boxShadow].join())"""
IS_FOCUSED = "element => element === document.activeElement"
COMES_BEFORE = """element => {
    const here = document.activeElement;
    return Boolean(here && here !== document.body && here.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING);
}"""
HOLDS_THE_FOCUS = """() => document.activeElement && document.activeElement !== document.body
    && !document.querySelector("#app [aria-busy=true]")"""

TWO_FRAMES_DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


class Hands(ABC):
    """What is done to a control of the app, which must be the only one its locator finds."""

    def __init__(self, admin: Page) -> None:
        self.admin = admin

    def _frame(self) -> Frame:
        return next(frame for frame in self.admin.frames if frame.parent_frame is not None)

    @abstractmethod
    def press(self, control: Locator) -> None:
        """A link or a button."""

    @abstractmethod
    def tick(self, control: Locator) -> None:
        """A radio button, or a checkbox to be changed: on where it is off, off where it is on."""

    @abstractmethod
    def write(self, field: Locator, text: str) -> None:
        """In the place of what stands there; a day as 2026-05-17, a moment as 2026-05-17T09:30."""

    @abstractmethod
    def choose(self, field: Locator, option: str) -> None:
        """By the text of the option."""


class Mouse(Hands):
    def press(self, control: Locator) -> None:
        """When all lies where it will: an admin makes our frame as tall as its new page a moment after it has changed,
        which no hand is quick enough to come before."""
        expect(control).to_be_visible()
        for place in (self._frame(), self.admin):
            place.evaluate(TWO_FRAMES_DRAWN)
        control.click()

    def tick(self, control: Locator) -> None:
        control.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def choose(self, field: Locator, option: str) -> None:
        field.select_option(label=option)


class Keyboard(Hands):
    """Tab, Shift and Tab, arrows, Enter and Space. What gets the focus must look otherwise than without it, and no
    change of the page may lose it: whoever does not see the page would begin at its top again."""

    def press(self, control: Locator) -> None:
        self._reach(control)
        self.admin.keyboard.press("Enter")

    def tick(self, control: Locator) -> None:
        if control.get_attribute("type") == "radio":
            self._move_in_group(control)
        else:
            self._reach(control)
            self.admin.keyboard.press("Space")

    def write(self, field: Locator, text: str) -> None:
        self._reach(field)
        if field.get_attribute("type") in ("date", "datetime-local"):
            self._type_moment(field, text)
            return
        if field.get_attribute("type") == "color":
            field.fill(text)  # typed into the browser's own chooser, which is no part of the page
            return
        self.admin.keyboard.press("ControlOrMeta+a")
        self.admin.keyboard.press("Delete")
        self.admin.keyboard.insert_text(text)

    def choose(self, field: Locator, option: str) -> None:
        self._reach(field)
        self.admin.keyboard.type(option)
        chosen = field.evaluate("select => select.selectedOptions[0].label")
        assert chosen == option, f"typing {option!r} chose {chosen!r}"

    def _reach(self, control: Locator) -> None:
        expect(control).to_be_visible()
        self._expect_a_place()
        before, keys = control.evaluate(LOOK), "Shift+Tab" if control.evaluate(COMES_BEFORE) else "Tab"
        for _press in range(FARTHEST):
            if control.evaluate(IS_FOCUSED):
                break
            self.admin.keyboard.press(keys)
        assert control.evaluate(IS_FOCUSED), f"no key leads to {control}"
        assert _press == 0 or control.evaluate(LOOK) != before, f"nobody sees that {control} has the focus"

    def _expect_a_place(self) -> None:
        """A document that was just opened has no focus yet; after that there is always one."""
        frame = self._frame()
        if frame.evaluate("() => document.hasFocus()"):
            frame.wait_for_function(HOLDS_THE_FOCUS)

    def _move_in_group(self, radio: Locator) -> None:
        """Tab stops at the group's chosen one, or at its first; the arrows go on from there."""
        group = radio.locator(f"xpath=ancestor::form//input[@name='{radio.get_attribute('name')}']")
        chosen = group.evaluate_all("radios => radios.findIndex(radio => radio.checked)")
        self._reach(group.nth(max(chosen, 0)))
        for _press in range(FARTHEST):
            if radio.evaluate(IS_FOCUSED):
                break
            self.admin.keyboard.press("ArrowDown")
        if not radio.is_checked():
            self.admin.keyboard.press("Space")

    def _type_moment(self, field: Locator, text: str) -> None:
        """The parts of Chromium's field in the order of en-US: month, day, year, then the time."""
        day, _t, time = text.partition("T")
        year, month, date = day.split("-")
        self.admin.keyboard.type(f"{month}{date}{year}")
        if time:
            hour, minute = (int(part) for part in time.split(":"))
            self.admin.keyboard.press("Tab")
            self.admin.keyboard.type(f"{hour % 12 or 12:02}{minute:02}{'PM' if hour >= 12 else 'AM'}")
        expect(field).to_have_value(text)
