"""Whole numbers, and the numbers of forms, out of what comes from outside."""

from __future__ import annotations

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from django.utils.translation import gettext as _

from loyalty.engine.errors import Invalid

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


def number_in(text: str, locale: Locale, *, decimals: int, example: str = "1234.5") -> Decimal:
    """A number as people of this language write it. Raises Invalid, with the example written their way, for what could
    be read in two ways: where at most `decimals` stand behind the point, "1.000" is a thousand of another language. More
    of them that are not zero are the caller's to judge."""
    try:
        if len(text) > 24 or any(letter.isalpha() for letter in text):
            raise NumberFormatError(text)
        number = parse_decimal(text.replace("\N{MINUS SIGN}", "-"), locale=locale, strict=True)
        if (
            decimals < 3
            and number.is_finite()
            and number.as_tuple().exponent == -3
            and number == round(number, decimals)
        ):
            raise NumberFormatError(text)
    except (NumberFormatError, ValueError, ArithmeticError):
        shown = format_decimal(Decimal(example), "0.#", locale=locale)
        raise Invalid(_("Write a number such as %(example)s.") % {"example": shown}) from None
    if not number.is_finite():
        raise Invalid(_("Write a number such as %(example)s.") % {"example": "12"})
    return number
