"""Decimals of currencies (ISO 4217) and a platform's amounts as minor units. Both platforms count with these."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from loyalty.engine.errors import Invalid
from loyalty.engine.money import MAX_MINOR

_NO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_FOUR_DECIMALS = frozenset("CLF UYW".split())

_CURRENCY = re.compile(r"[A-Z]{3}")
_MAX_AMOUNT_LENGTH = 40


def exponent_of(currency: str) -> int:
    """How many decimals the currency has: JPY 0, EUR 2, KWD 3. Raises Invalid for what is no three-letter code."""
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise Invalid(f"{str(currency)[:20]!r} is not a currency code; it should be three capital letters such as EUR.")
    if currency in _NO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    return 4 if currency in _FOUR_DECIMALS else 2


def minor(amount: str | int | Decimal, currency: str) -> int:
    """The amount in the currency's smallest unit, exactly: "12.50" EUR is 1250, "1250" JPY is 1250.

    Never rounds. Raises Invalid for what is no number, is not finite, is absurdly large, or has more decimals than the
    currency (zeros at the end do not count)."""
    exponent = exponent_of(currency)
    if isinstance(amount, bool) or not isinstance(amount, (str, int, Decimal)):
        raise Invalid(f"An amount in {currency} came as {type(amount).__name__}; it should be a number such as 12.50.")
    text = str(amount).strip()
    if len(text) > _MAX_AMOUNT_LENGTH or not text.isascii() or "_" in text:
        raise Invalid(f"{text[:40]!r} is not an amount in {currency}; it should be a number such as 12.50.")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Invalid(f"{text!r} is not an amount in {currency}; it should be a number such as 12.50.") from None
    # An exact ratio of 1e-9999999 takes seconds, so such a number goes before it is counted.
    if not value.is_finite() or value.adjusted() > 15 or (value and value.adjusted() < -_MAX_AMOUNT_LENGTH):
        raise Invalid(
            f"{text!r} is not an amount in {currency} that we can use; it is too large, too fine or not finite."
        )
    numerator, denominator = value.as_integer_ratio()
    factor: int = 10**exponent
    scaled, rest = divmod(numerator * factor, denominator)
    if rest:
        raise Invalid(f"{text} has more decimals than {currency} has ({exponent}).")
    if abs(scaled) > MAX_MINOR:
        raise Invalid(f"{text} {currency} is larger than any order we can count.")
    return scaled
