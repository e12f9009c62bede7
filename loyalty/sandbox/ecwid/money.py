"""Money inside the stand-in is whole minor units; Ecwid's JSON carries it as numbers in the currency's units."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

LARGEST = Decimal(10) ** 12


def to_minor(value: object, precision: int) -> int:
    """Minor units of an amount given as JSON number or text. ValueError when it is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"not an amount: {value!r}")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"not an amount: {value!r}") from None
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValueError(f"not an amount: {value!r}")
    return int(amount.scaleb(precision).quantize(Decimal(1), ROUND_HALF_UP))


def number(minor: int, precision: int) -> int | float:
    """The JSON number Ecwid would send: 10 rather than 10.0, 9.09 as a float."""
    amount = Decimal(minor).scaleb(-precision)
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def part(minor: int, percent: Decimal) -> int:
    """The percentage of an amount, rounded half up to the minor unit."""
    return int((Decimal(minor) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def spread(total: int, weights: list[int]) -> list[int]:
    """Splits `total` over the weights so that the parts add up exactly (largest remainder first)."""
    whole = sum(weights)
    if whole <= 0:
        return [0 for _ in weights]
    parts = [total * weight // whole for weight in weights]
    left_over = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in left_over[: total - sum(parts)]:
        parts[index] += 1
    return parts


def formatted(minor: int, formats: dict[str, Any]) -> str:
    """The amount as a shop page prints it, by the profile's `formatsAndUnits`."""
    precision = int(formats["currencyPrecision"])
    text = f"{Decimal(minor).scaleb(-precision):,.{precision}f}"
    return f"{formats['currencyPrefix']}{text}{formats['currencySuffix']}"


def printer(formats: dict[str, Any]) -> Callable[[object], str]:
    """For pages: prints an amount of the REST API; what is no amount is shown as it is."""

    def money(value: object) -> str:
        try:
            return formatted(to_minor(value, int(formats["currencyPrecision"])), formats)
        except ValueError:
            return str(value)

    return money
