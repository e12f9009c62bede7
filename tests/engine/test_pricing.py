"""What a slider takes, and where it stops."""

import pytest

from loyalty.engine.pricing import after_percents_minor, free_units, points_for, quote, whole_steps, worth_minor


@pytest.mark.parametrize(
    ("requested", "available", "order_minor", "more", "taken"),
    [
        (1000, 5000, 100_000, {}, 1000),
        (1000, 700, 100_000, {}, 700),
        (5000, 5000, 1250, {}, 1200),
        (5000, 5000, 10_000, {"maximum_percent": 20}, 2000),
        (300, 5000, 10_000, {"minimum_points": 301}, 0),
        (350, 5000, 10_000, {}, 300),
        (-5, 5000, 10_000, {}, 0),
        (100, 100, 100, {"conversion_points": 0}, 0),
    ],
)
def test_a_quote_never_passes_the_order_the_balance_or_the_request(requested, available, order_minor, more, taken):
    rate = {"conversion_points": 100, "conversion_minor": 100}
    assert quote(requested, available, order_minor, **{**rate, **more}) == taken


def test_rounding_never_gives_money_away():
    assert worth_minor(199, 100, 5) == 9
    assert points_for(101, 50) == 3
    assert whole_steps(10, 3) == 9
    assert free_units(8, 1, 3, 9) == 0
    assert after_percents_minor(999, [10, 50]) == [899, 449]
