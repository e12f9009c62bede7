"""Amounts are exact: no rounding, no guess, and a sentence for what is no amount."""

from __future__ import annotations

from decimal import Decimal

import pytest

from loyalty.engine.errors import Invalid
from loyalty.platforms.money import exponent_of, minor


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("12.50", "EUR", 1250),
        ("-0.01", "USD", -1),
        (7, "USD", 700),
        (Decimal("19.9"), "GBP", 1990),
        ("1250", "JPY", 1250),
        ("1250.00", "JPY", 1250),
        ("1.234", "KWD", 1234),
        ("1E+2", "EUR", 10000),
        ("0", "EUR", 0),
    ],
)
def test_an_amount_becomes_the_currencys_smallest_unit(
    amount: str | int | Decimal, currency: str, expected: int
) -> None:
    assert minor(amount, currency) == expected


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "abc",
        "NaN",
        "Infinity",
        "1e400",
        "9" * 41,
        "1_000",
        "12.345",
        "1e-9999999",
        True,
        None,
        1.5,
        "٣",
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(amount: object) -> None:
    with pytest.raises(Invalid, match="EUR"):
        minor(amount, "EUR")  # type: ignore[arg-type]


def test_decimals_follow_the_currency() -> None:
    assert [exponent_of(currency) for currency in ("JPY", "EUR", "KWD", "CLF")] == [
        0,
        2,
        3,
        4,
    ]
    with pytest.raises(Invalid, match="0"):
        minor("10.5", "JPY")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "EUR\n", "€"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(Invalid, match="currency code"):
        exponent_of(currency)
