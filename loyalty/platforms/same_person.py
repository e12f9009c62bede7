"""What an order says of a household besides names and mailboxes, in a form in which two orders of one say the same.
Past the services it is a keyed digest only."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty.platforms.reading import text

MAX_PART = 200
LEAST_DIGITS, COMPARED_DIGITS = 7, 8
"""A number may stand with its country's code or without; what follows is enough to tell two of one shop apart."""


def home(*, surname: object, street: object, postal_code: object, country: object) -> Iterator[str]:
    """Nothing where a part is missing: a street alone is many people's."""
    parts = [_bare(part) for part in (postal_code, street, surname)]
    if all(parts):
        yield ":".join(("home", _bare(country), *parts))


def phone(number: object) -> Iterator[str]:
    digits = "".join(sign for sign in text(number, max_length=64) if sign.isdecimal())
    if len(digits) >= LEAST_DIGITS:
        yield f"phone:{digits[-COMPARED_DIGITS:]}"


def _bare(part: object) -> str:
    return "".join(sign for sign in text(part, max_length=MAX_PART).casefold() if sign.isalnum())
