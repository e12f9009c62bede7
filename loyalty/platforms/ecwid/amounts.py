"""Ecwid's amounts are JSON numbers that went through binary floats: 27.05 may arrive as 27.049999999999997."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from loyalty.engine.errors import Invalid
from loyalty.platforms.money import exponent_of, minor

_NOISE = Decimal("0.000001")
"""What a float may be off by. More is no noise: it is a fraction of a cent that somebody meant, and rounding it would
make points out of an amount that nobody paid; such an order is shown to the merchant instead."""


def amount_minor(value: Any, currency: str, what: str) -> int:
    """The amount in minor units; missing is 0. Raises Invalid for what is no number, is negative, or has more decimals
    than the currency, beyond a millionth of its unit."""
    if value is None:
        return 0
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
            raise Invalid(f"it came as {type(value).__name__}")
        exact = Decimal(str(value)[:41].strip())
        if exact.is_finite() and abs(exact) < 10**15:
            rounded = exact.quantize(Decimal(1).scaleb(-exponent_of(currency)), ROUND_HALF_UP)
            exact = rounded if abs(rounded - exact) <= _NOISE else exact
        result = minor(exact, currency)
    except InvalidOperation:
        raise Invalid(f"{what} cannot be read: {str(value)[:40]!r} is not an amount.") from None
    except Invalid as error:
        raise Invalid(f"{what} cannot be read: {error.message}") from None
    if result < 0:
        raise Invalid(f"{what} is negative ({value}); an amount is zero or more.")
    return result


def as_number(amount: int, exponent: int) -> int | float:
    """Minor units as the JSON number that Ecwid takes. A float prints the shortest text that reads back to it, so up
    to 15 digits arrive exactly."""
    value = Decimal(amount).scaleb(-exponent)
    return int(value) if value == value.to_integral_value() else float(value)
