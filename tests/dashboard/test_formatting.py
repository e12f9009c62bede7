"""Numbers, money and days as a shop writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from loyalty.dashboard.formatting import Format, format_for
from loyalty.models import Shop

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def written(locale: str = "en", zone: str = "UTC", currency: str = "USD", exponent: int = 2) -> Format:
    return Format(Locale.parse(locale), ZoneInfo(zone), currency, exponent)


@pytest.mark.parametrize(
    ("locale", "currency", "exponent", "minor", "shown"),
    [
        ("en", "USD", 2, -123_456, "−$1,234.56"),
        ("en", "JPY", 0, 5_000, "¥5,000"),
        ("en", "KWD", 3, 1_500, "KWD 1.500"),
        ("en", "HUF", 2, 5, "HUF 0.05"),
        ("de", "EUR", 2, 123_456, "1.234,56 €"),
        ("ja", "USD", 2, 0, "$0.00"),
    ],
)
def test_money_has_the_decimals_that_the_platform_gave(
    locale: str, currency: str, exponent: int, minor: int, shown: str
) -> None:
    money = written(locale, currency=currency, exponent=exponent).money(minor)
    assert money.replace("\xa0", " ") == shown


def test_round_amounts_may_be_short_and_others_never_are() -> None:
    assert written().money_short(500) == "$5"
    assert written().money_short(550) == "$5.50"
    assert written(currency="JPY", exponent=0).money_short(500) == "¥500"


def test_a_movement_has_its_sign() -> None:
    assert [written().signed(points) for points in (1_040, 0, -3_850)] == ["+1,040", "0", "−3,850"]
    assert written().hundredths(-40) == "−0.40"


def test_a_day_is_the_shops_own_and_has_its_year_where_that_matters() -> None:
    night = datetime(2026, 11, 14, 23, 30, tzinfo=UTC)
    assert written().day(night, NOW) == "Nov 14"
    assert written(zone="Europe/Riga").day(night, NOW) == "Nov 15"
    assert written().day(night - timedelta(days=365), NOW) == "Nov 14, 2025"


@pytest.mark.parametrize(
    ("locale", "zone"), [("", ""), ("xx-YY", "Nowhere/Here"), ("en_US.UTF-8", "../etc"), ("-", "\x00")]
)
def test_a_shop_with_an_unknown_locale_or_zone_is_written_in_english_and_utc(locale: str, zone: str) -> None:
    fmt = format_for(Shop(locale=locale, time_zone=zone, currency="USD", exponent=2))
    assert fmt.money(100) == "$1.00"
    assert fmt.day(NOW, NOW) == "Nov 21"
