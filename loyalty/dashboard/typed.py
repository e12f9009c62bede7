"""Whole numbers, and the numbers of forms, out of what comes from outside."""

from __future__ import annotations

import re

MOST_DIGITS = 19
FORM_KEY = re.compile(r"[0-9a-f-]{36}")
"""The number that a form was served with: whoever presses twice sends it twice, and is taken once."""


def whole(text: str, most: int, least: int = 0) -> int | None:
    """The number from `least` to `most`, or None. Only 0 to 9 are digits (isdigit() takes a superscript for one, which
    int() does not), and no number of zeros before it makes it a long one (int() refuses those)."""
    digits = text.lstrip("0") or text[:1]
    if not (text.isascii() and text.isdigit() and len(digits) <= MOST_DIGITS):
        return None
    number = int(digits)
    return number if least <= number <= most else None
