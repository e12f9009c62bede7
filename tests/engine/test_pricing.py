"""What a slider takes, and where it stops."""

import pytest

from loyalty.engine.pricing import (
    after_percents_minor,
    enough_to_use,
    free_product_points,
    free_units,
    percent_of_minor,
    points_for,
    quote,
    whole_steps,
    worth_minor,
)


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


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (worth_minor(100, 1, 3), 300),
        (worth_minor(100, 0, 3), 0),
        (worth_minor(100, -1, 3), 0),
        (points_for(100, 50), 2),
        (points_for(7, 1), 7),
        (points_for(7, 0), 0),
        (points_for(7, -1), 0),
        (whole_steps(9, 3), 9),
        (whole_steps(9, 1), 9),
        (whole_steps(-9, 3), 0),
        (whole_steps(9, 0), 0),
        (quote(300, 5000, 10_000, conversion_points=1, conversion_minor=0), 0),
        (quote(300, 5000, 10_000, conversion_points=1, conversion_minor=1), 300),
        (quote(300, 5000, 10_000, conversion_points=1, conversion_minor=1, minimum_points=300), 300),
        (quote(5000, 5000, 1001, conversion_points=10, conversion_minor=4, maximum_percent=50), 1250),
        (free_product_points(3, 1, 10), 30),
        (free_product_points(3, 2, 10), 20),
        (free_product_points(4, 2, 10), 20),
        (free_units(9, 1, 3, 9), 3),
        (free_units(8, 2, 5), 3),
        (free_units(8, 1, 1), 8),
        (free_units(8, 1, 0), 0),
        (free_units(0, 0, 1), 0),
        (percent_of_minor(150, 1), 2),
        (percent_of_minor(149, 1), 1),
        (enough_to_use(5, 5), True),
        (enough_to_use(4, 5), False),
    ],
)
def test_each_price_at_its_turning_points(found, expected):
    assert found == expected
    assert type(found) is type(expected)
