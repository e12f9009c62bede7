"""Amounts: whole minor units inside, Shopify's decimal strings outside."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.sandbox.errors import SandboxError

DECIMALS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3, "JOD": 3, "OMR": 3}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$"}


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def to_minor(text: Any, currency: str, *, name: str = "amount") -> int:
    """A decimal string or number to minor units; SandboxError for what is no amount or is finer than the currency."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        raise SandboxError(f"{name} must be a decimal such as 12.50, not {text!r}") from None
    scaled = amount.scaleb(decimals(currency))
    if not amount.is_finite() or scaled != scaled.to_integral_value():
        raise SandboxError(f"{name} {text!r} has more decimals than {currency}")
    return int(scaled)


def to_text(minor: int, currency: str) -> str:
    """As webhooks write it: "12.50", for JPY "1200"."""
    return str(Decimal(minor).scaleb(-decimals(currency)))


def to_graphql(minor: int, currency: str) -> str:
    """As the Admin GraphQL writes it: no superfluous zeros, but one decimal always ("12.5", "40.0")."""
    text = f"{Decimal(minor).scaleb(-decimals(currency)):f}"
    if "." not in text:
        return f"{text}.0"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def to_people(minor: int, currency: str) -> str:
    sign = "−" if minor < 0 else ""
    amount = f"{Decimal(abs(minor)).scaleb(-decimals(currency)):,f}"
    return f"{sign}{SYMBOLS[currency]}{amount}" if currency in SYMBOLS else f"{sign}{amount} {currency}"


def share(total: int, part: int, whole: int) -> int:
    """`part` of `whole` of a total, rounded half up; exact in sum when taken as differences of running parts."""
    return (2 * total * part + whole) // (2 * whole) if whole else 0


def spread(total: int, weights: list[int]) -> list[int]:
    """Spread a total over weights so that the shares add up to it exactly."""
    everything, shares, running, given = sum(weights), [], 0, 0
    for weight in weights:
        running += weight
        upto = share(total, running, everything)
        shares.append(upto - given)
        given = upto
    return shares
