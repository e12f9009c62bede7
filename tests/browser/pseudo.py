"""A language that nobody speaks: every text through gettext comes out accented, longer and between brackets, so that
one that went past it stands out. Dates and numbers are Arabic's, and the data in these tests is Greek."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

OPEN, CLOSE = "⟦", "⟧"
_ACCENTED = str.maketrans("aceilnorsuyzACEILNORSUYZ", "áçéîłñôŕšûýžÁÇÉÎŁÑÔŔŠÛÝŽ")
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w+(?::,|!r)?\}|<[^>]+>|&\w+;)")
"""What is filled in, and markup."""

# Text that people see or hear, with what stands inside brackets taken out; whatever still has two Latin letters in a
# row was not translated. What is not words (codes, addresses, the mark's name) says so with translate="no" or as code.
UNTRANSLATED = """() => {
  const found = [];
  const names = /Regulars|Shopify|Ecwid/g;
  const asis = "[translate=no], bdi, code, pre, script, style, template, [lang]:not(html)";
  let depth = 0;
  const look = (text, place) => {
    let outside = "";
    for (const letter of text) {
      if (letter === "⟧") depth -= 1;
      if (!depth) outside += letter;
      if (letter === "⟦") depth += 1;
    }
    if (/[A-Za-z]{2,}/.test(outside.replace(names, "")) && !place.closest(asis)) found.push(text.trim().slice(0, 120));
  };
  const walker = document.createTreeWalker(document.querySelector("#app"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) look(node.data, node.parentElement);
  for (const each of document.querySelectorAll("#app *"))
    for (const name of ["aria-label", "title", "placeholder", "alt"]) if (each.hasAttribute(name)) look(each.getAttribute(name), each);
  return [...new Set(found)];
}"""


def strange(message: str) -> str:
    """Half as long again, accented; what is filled in stays."""
    parts = _KEPT.split(message)
    parts[::2] = [part.translate(_ACCENTED) for part in parts[::2]]
    return f"{OPEN}{''.join(parts)}{' ····' * (len(message) // 10 + 1)}{CLOSE}"


def spoken(message: str) -> re.Pattern[str]:
    """The same with anything filled in."""
    pieces = _KEPT.split(strange(message))[::2]
    return re.compile(".*".join(map(re.escape, pieces)))


def speak(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """For the rest of the test, from right to left."""

    def ngettext(one: str, many: str, number: Any) -> str:
        return strange(one if number == 1 else many)

    speaking = {
        "gettext": strange,
        "pgettext": lambda _context, message: strange(message),
        "ngettext": ngettext,
        "npgettext": lambda _context, one, many, number: ngettext(one, many, number),
    }
    for name, function in speaking.items():
        monkeypatch.setattr(translation._trans, name, function, raising=False)
    settings.LANGUAGES_BIDI = ["en"]


# Types into the page's form that has these fields and sends it as it is, past what the browser itself would refuse.
_SEND = """typed => {
  const forms = [...document.querySelectorAll("#app form")];
  const form = forms.find((each) => Object.keys(typed).every((name) => each.elements.namedItem(name)));
  for (const [name, value] of Object.entries(typed)) {
    const field = form.elements.namedItem(name);
    if (field.type === "checkbox") field.checked = value !== "";
    else field.value = value;
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
_SAID = (
    """() => [...document.querySelectorAll("#app .error, #app [role=alert]")].map((each) => each.innerText).join(" ")"""
)


def refused(page: Page, address: str, typed: Mapping[str, str]) -> str:
    """What the page says of a form that is refused, once nothing on it is found that went past translation."""
    page.goto(address)
    with page.expect_navigation() as sent:
        page.evaluate(_SEND, dict(typed))
    answer = sent.value
    assert answer
    assert answer.status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY), f"{address}: {answer.status}"
    assert page.evaluate(UNTRANSLATED) == [], address
    said: str = page.evaluate(_SAID)
    return said
