"""What points are worth and what things cost in points: quotes for sliders, free products, discounts on discounts."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.engine.money import rounded


def worth_minor(points: int, conversion_points: int, conversion_minor: int) -> int:
    """Money for points at `conversion_points` = `conversion_minor`, rounded down."""
    return points * conversion_minor // conversion_points if conversion_points > 0 else 0


def points_for(amount_minor: int, minor_per_point: int) -> int:
    """Points that pay for an amount, rounded up: a shop never gives money away by rounding."""
    return rounded(amount_minor, minor_per_point, "ceil") if minor_per_point > 0 else 0


def enough_to_use(available: int, minimum_points: int) -> bool:
    """May points be used at all with this balance?"""
    return available >= minimum_points


def whole_steps(points: int, step: int) -> int:
    """The largest multiple of `step` within `points`."""
    return max(0, points) // step * step if step > 0 else 0


def quote(
    requested: int,
    available: int,
    order_minor: int,
    *,
    conversion_points: int,
    conversion_minor: int,
    minimum_points: int = 0,
    maximum_percent: int = 100,
) -> int:
    """How many points a slider takes for an order: not more than asked for, than there are, or than `maximum_percent`
    of the order is worth; in whole steps; nothing below `minimum_points`."""
    if conversion_points <= 0 or conversion_minor <= 0:
        return 0
    payable_minor = order_minor * maximum_percent // 100
    most = payable_minor // conversion_minor * conversion_points
    points = whole_steps(min(requested, available, most), conversion_points)
    return points if enough_to_use(points, minimum_points) else 0


def free_product_points(quantity: int, reward_quantity: int, points: int) -> int:
    """The cost of `quantity` units of a reward that gives `reward_quantity` for `points`; a part costs as the whole."""
    return rounded(quantity, reward_quantity, "ceil") * points


def free_units(paid_units: int, points_per_unit: int, points: int, minimum_units: int = 0) -> int:
    """Free units that `paid_units` earn at `points` each; none below `minimum_units`."""
    return paid_units * points_per_unit // points if paid_units >= minimum_units and points > 0 else 0


def percent_of_minor(amount_minor: int, percent: int) -> int:
    """A percentage of an amount, rounded to the nearest minor unit."""
    return rounded(amount_minor * percent, 100, "half_up")


def after_percents_minor(amount_minor: int, percents: Sequence[int]) -> list[int]:
    """What is left after each of several percentage discounts, each taken from what the one before left."""
    left: list[int] = []
    for percent in percents:
        amount_minor -= percent_of_minor(amount_minor, percent)
        left.append(amount_minor)
    return left
