"""Days, months and amounts at their turning points."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from loyalty.engine.calendar import (
    add_months,
    bucket,
    follows,
    midnight,
    next_bucket,
    on_day,
    said,
    start_of_next_month,
    start_of_year,
    zone_of,
)
from loyalty.engine.contests import positions
from loyalty.engine.errors import Invalid
from loyalty.engine.liability import contract_liability_minor
from loyalty.engine.money import format_minor, parse_minor, rounded

BERLIN, KOLKATA = zone_of("Europe/Berlin"), zone_of("Asia/Kolkata")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "period", "name"),
    [
        ("2026-01-04T23:30", "day", "2026-01-05"),
        ("2026-01-04T23:30", "week", "2026-W02"),
        ("2027-01-01T12:00", "week", "2026-W53"),
        ("2026-01-31T23:00", "month", "2026-02"),
        ("2026-12-31T23:00", "year", "2027"),
        ("2026-12-31T23:00", "lifetime", ""),
        ("2026-12-31T23:00", "order", ""),
        ("2026-12-31T23:00", "event", ""),
    ],
)
def test_an_instant_lies_in_the_shops_own_day_week_month_and_year(instant, period, name):
    assert bucket(at(instant), period, BERLIN) == name


@pytest.mark.parametrize(
    ("period", "name", "following"),
    [
        ("day", "2026-02-28", "2026-03-01"),
        ("week", "2026-W53", "2027-W01"),
        ("week", "2026-W08", "2026-W09"),
        ("month", "2026-11", "2026-12"),
        ("month", "2026-12", "2027-01"),
        ("year", "2026", "2027"),
    ],
)
def test_each_period_is_followed_by_one_other(period, name, following):
    assert next_bucket(name, period) == following
    assert follows(following, name, period)
    assert not follows(name, name, period)


def test_months_end_where_they_end():
    assert add_months(at("2026-01-31T12:00"), 1, BERLIN) == at("2026-02-28T12:00")
    assert add_months(at("2026-11-30T12:00"), 3, BERLIN) == at("2027-02-28T12:00")
    assert add_months(at("2026-02-28T23:30"), 1, BERLIN) == at("2026-03-31T22:30")  # 1 March 00:30; summer time then
    assert add_months(at("2026-12-15T12:00"), -12, BERLIN) == at("2025-12-15T12:00")
    assert start_of_next_month(at("2026-03-10T12:34:56.789"), BERLIN) == at("2026-03-31T22:00")
    assert start_of_year(2026, BERLIN) == at("2025-12-31T23:00")
    assert start_of_year(2026, KOLKATA) == at("2025-12-31T18:30")
    assert midnight(date(2026, 7, 1), KOLKATA) == at("2026-06-30T18:30")
    assert on_day(2027, 2, 29, BERLIN) == at("2027-02-27T23:00")
    assert on_day(2028, 2, 29, BERLIN) == at("2028-02-28T23:00")
    assert start_of_year(2026, BERLIN).tzinfo is UTC


def test_an_instant_is_said_in_the_shops_time_or_in_utc():
    assert said(at("2026-01-02T23:30"), BERLIN) == "2026-01-03T00:30:00+01:00"
    elsewhere = at("2026-01-02T23:30").astimezone(timezone(timedelta(hours=5)))
    assert said(elsewhere, None) == "2026-01-02T23:30:00+00:00"
    assert zone_of("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("numerator", "floor", "half_up", "ceil"),
    [(14, 2, 2, 3), (15, 2, 3, 3), (16, 2, 3, 3), (12, 2, 2, 2), (-15, -3, -2, -2), (-16, -3, -3, -2), (0, 0, 0, 0)],
)
def test_sixths_are_rounded_as_asked(numerator, floor, half_up, ceil):
    found = [rounded(numerator, 6, how) for how in ("floor", "half_up", "ceil")]
    assert found == [floor, half_up, ceil]


@pytest.mark.parametrize(
    ("amount", "exponent", "minor"),
    [
        ("12.50", 2, 1250),
        (" 12.5 ", 2, 1250),
        (12.5, 2, 1250),
        (7, 2, 700),
        ("1E+2", 2, 10000),
        ("0.005", 2, 1),
        ("0.0049", 2, 0),
        ("-0.005", 2, -1),
        ("-3.20", 2, -320),
        (Decimal("1.2345"), 3, 1235),
        ("500", 0, 500),
        ("499.5", 0, 500),
        ("1000000000000000", 0, 10**15),
        ("0", 2, 0),
    ],
)
def test_a_platforms_amount_becomes_minor_units(amount, exponent, minor):
    assert parse_minor(amount, exponent) == minor


@pytest.mark.parametrize("amount", ["", "ten", "1,50", "1.2.3"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(Invalid) as refused:
        parse_minor(amount, 2)
    assert refused.value.message == f"{amount!r} is not an amount; send a number such as 12.50."


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1000000000000001", "-1e16"])
def test_what_is_no_finite_amount_of_a_sane_size_is_refused(amount):
    with pytest.raises(Invalid) as refused:
        parse_minor(amount, 2)
    assert refused.value.message == (
        f"{amount!r} is not an amount we can use; it must be finite and below 1,000,000,000,000,000."
    )


@pytest.mark.parametrize(
    ("minor", "currency", "exponent", "shown"),
    [
        (123450, "USD", 2, "$1,234.50"),
        (500, "JPY", 0, "¥500"),
        (1500, "KWD", 3, "1.500 KWD"),
        (-705, "EUR", 2, "-€7.05"),
        (-7, "SEK", 2, "-0.07 SEK"),
        (0, "EUR", 2, "€0.00"),
        (1234, "", 2, "12.34"),
    ],
)
def test_an_amount_is_shown_in_its_own_currency(minor, currency, exponent, shown):
    assert format_minor(minor, currency, exponent) == shown


def test_equal_points_share_a_place():
    assert positions([10, 30, 20, 20, 5]) == [4, 1, 2, 2, 5]
    assert positions([]) == []


def test_part_of_a_sale_is_owed_until_its_points_are_used():
    # 100.00 and 1,000 points of 0.01 at 95 %: 9.50 of 109.50 belongs to the points.
    assert contract_liability_minor(10_000, 1_000, 1, 95) == 868
    assert contract_liability_minor(0, 0, 1, 95) == 0
    assert contract_liability_minor(1, 1, 1, 100) == 1  # a half, rounded up
