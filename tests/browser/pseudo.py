"""A language that nobody speaks: every text through gettext comes out accented, longer and between brackets, so that
one that went past it stands out. Dates and numbers are Arabic's, and the data in these tests is Greek."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings

OPEN, CLOSE = "⟦", "⟧"
_ACCENTED = str.maketrans("aceilnorsuyzACEILNORSUYZ", "áçéîłñôŕšûýžÁÇÉÎŁÑÔŔŠÛÝŽ")
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w+\}|<[^>]+>|&\w+;)")
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
