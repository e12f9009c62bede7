"""Presets in a shop's own size."""

from __future__ import annotations

import pytest

from loyalty.engine.presets import preset
from loyalty.engine.presets.fitting import back_percent, fitted, nice, points_for
from loyalty.engine.presets.shape import Setting
from loyalty.engine.program import parse_program, to_data
from loyalty.engine.simulate import point_worth

EUROS = Setting(currency="EUR", exponent=2, time_zone="Europe/Riga")
YEN = Setting(currency="JPY", exponent=0, time_zone="Asia/Tokyo")
DINARS = Setting(currency="KWD", exponent=3, time_zone="Asia/Kuwait")


@pytest.mark.parametrize(
    ("amount", "shop", "expected"),
    [
        (498, EUROS, 500),
        (30, EUROS, 25),
        (1, EUROS, 10),
        (7_400, EUROS, 5_000),
        (7_600, EUROS, 10_000),
        (21_000, EUROS, 20_000),
        (480, YEN, 500),
        (4_980, DINARS, 5_000),
    ],
)
def test_amounts_are_such_as_people_write_on_a_sign(amount: int, shop: Setting, expected: int) -> None:
    assert nice(amount, shop) == expected


@pytest.mark.parametrize(("margin", "percent"), [(None, 5), (58, 6), (40, 4), (3, 1), (95, 10)])
def test_a_tenth_of_the_margin_goes_back(margin: int | None, percent: int) -> None:
    assert back_percent(margin) == percent


@pytest.mark.parametrize("shop", [EUROS, YEN, DINARS])
@pytest.mark.parametrize("name", ["points", "vip-spend", "cashback", "milestones"])
@pytest.mark.parametrize("units", [1, 25, 400, 90_000])
def test_every_size_of_shop_gets_a_program_that_holds_together(shop: Setting, name: str, units: int) -> None:
    average = shop.money(units)
    program = fitted(preset(name).program(shop), shop, average_minor=average, margin_percent=50)
    assert parse_program(to_data(program)) == program
    minimums = [tier.minimum for tier in program.tiers]
    assert minimums == sorted(set(minimums)), "each tier asks more than the one below"


def test_what_goes_back_is_near_to_what_was_wanted() -> None:
    program = fitted(preset("points").program(EUROS), EUROS, average_minor=2_490, margin_percent=50)
    back = 5 * point_worth(program) / 100
    assert 0.04 <= back <= 0.06


def test_points_are_round_numbers() -> None:
    assert points_for(500, EUROS, 5) == 500
    assert points_for(500, EUROS, 6) == 400
    assert points_for(50, EUROS, 5) == 50
