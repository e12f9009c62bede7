"""Numbers, money and days as a language writes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, parse_pattern

KEPT = 4096
"""A member's history says the same few amounts and days again and again, and each takes a tenth of a millisecond."""

_BUDDHIST_YEARS = 543


@lru_cache
def locale(tag: str) -> Locale:
    return Locale.parse(tag)


def plural(tag: str, count: int) -> str:
    """The CLDR category that a whole number takes: "one", "few", "other" ..."""
    return str(locale(tag).plural_form(abs(count)))


@lru_cache
def runs_from_right(tag: str) -> bool:
    return locale(tag).text_direction == "rtl"


@lru_cache(maxsize=KEPT)
def number(value: int | Decimal, tag: str) -> str:
    return format_decimal(value, locale=locale(tag))


def sentence(text: str, tag: str) -> str:
    """With the stop that the language ends a sentence with; Thai ends it with nothing."""
    return text + {"th": "", "ja": "。", "zh": "。"}.get(tag, ".")


def percent(value: int, tag: str) -> str:
    return format_percent(Decimal(value).scaleb(-2), locale=locale(tag))


@lru_cache(maxsize=KEPT)
def hundredths(value: int, tag: str) -> str:
    return format_decimal(Decimal(value).scaleb(-2), "#,##0.00", locale=locale(tag))


@lru_cache(maxsize=KEPT)
def money(amount_minor: int, currency: str, exponent: int, tag: str) -> str:
    """With the decimals of the shop's own exponent, whatever the language thinks of the currency."""
    pattern = parse_pattern(locale(tag).currency_formats["standard"])
    pattern.frac_prec = (exponent, exponent)
    amount = Decimal(amount_minor).scaleb(-exponent)
    return str(pattern.apply(amount, locale(tag), currency=currency, currency_digits=False)).strip()


@lru_cache(maxsize=KEPT)
def day(instant: str, tag: str) -> str:
    """The day in the zone the instant was written in. Thailand counts its years from the Buddha's death."""
    date = datetime.fromisoformat(instant).date()
    if tag == "th":
        return f"{format_date(date, 'd MMM', locale=locale(tag))} {date.year + _BUDDHIST_YEARS}"
    return format_date(date, locale=locale(tag))
