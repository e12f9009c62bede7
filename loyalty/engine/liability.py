"""What outstanding points are worth in the books of the shop (IFRS 15: part of a sale is owed until they are used)."""

from __future__ import annotations

from loyalty.engine.money import rounded


def contract_liability_minor(sale_minor: int, points: int, point_value_minor: int, redeemed_percent: int) -> int:
    """The part of a sale that belongs to the points it gave: by the stand-alone prices of the goods and of the points
    that are expected to be redeemed; rounded to the nearest minor unit."""
    points_minor_hundredths = points * point_value_minor * redeemed_percent
    whole = 100 * sale_minor + points_minor_hundredths
    return rounded(sale_minor * points_minor_hundredths, whole, "half_up") if whole else 0
