"""Amounts and rounding: integer minor units, exact quotients, one place that rounds."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

from loyalty.engine.errors import Invalid

Rounding = Literal["floor", "half_up", "ceil"]

MAX_MINOR = 10**15
"""No amount of one order is larger; more is a mistake or an attack."""

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "INR": "₹"}


def rounded(numerator: int, denominator: int, how: Rounding) -> int:
    """`numerator / denominator` as an integer; `denominator` > 0, `numerator` >= 0 or not: half_up rounds .5 up."""
    if how == "floor":
        return numerator // denominator
    if how == "ceil":
        return -(-numerator // denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def parse_minor(amount: str | int | float | Decimal, exponent: int) -> int:
    """Minor units of a platform's amount ("12.50", 12.5, "1E+2"); more decimals than the currency has are rounded
    half up. Raises Invalid for what is no finite number or absurdly large."""
    try:
        value = Decimal(str(amount).strip())
    except InvalidOperation:
        raise Invalid(
            "{amount} is not an amount; send a number such as 12.50.", params={"amount": repr(amount)}
        ) from None
    if not value.is_finite() or abs(value) > MAX_MINOR:
        raise Invalid(
            "{amount} is not an amount we can use; it must be finite and below 1,000,000,000,000,000.",
            params={"amount": repr(amount)},
        )
    numerator, denominator = value.as_integer_ratio()
    return rounded(abs(numerator) * 10**exponent, denominator, "half_up") * (1 if numerator >= 0 else -1)


def format_minor(amount_minor: int, currency: str, exponent: int) -> str:
    """English: "$1,234.50", "¥500", "1.500 KWD"."""
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    number = f"{whole:,}" + (f".{rest:0{exponent}d}" if exponent else "")
    symbol = SYMBOLS.get(currency)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency}".rstrip()
