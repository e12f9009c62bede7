"""Platforms date to the second, decisions to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.engine.facts import Line, Order, Redemption, Refund, RefundLine
from loyalty.engine.program import Version, default_program
from loyalty.engine.statement import fold

SECOND = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VERSIONS = [Version(number=1, in_force_from=SECOND - timedelta(days=9), program=default_program("EUR", 2, "UTC", "P"))]


def order(order_id: str, at: datetime, prices: tuple[int, ...], **changes: object) -> Order:
    lines = tuple(Line(id=f"{order_id}-{n}", quantity=1, unit_price_minor=price) for n, price in enumerate(prices))
    base = {"placed_at": at, "paid_at": at, "updated_at": at, "currency": "EUR", "exponent": 2, "lines": lines}
    return Order(id=order_id, **{**base, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("microseconds", [0, 1, 194_572, 999_999])
def test_a_refund_in_the_second_of_the_redemption_returns_its_points(microseconds: int) -> None:
    first = order("1", SECOND - timedelta(days=1), (52_000,))
    taken = Redemption(
        id="r", at=SECOND + timedelta(microseconds=microseconds), points=500, reward="amount-off", code="CODE"
    )
    back = Refund(
        id="b", at=SECOND, amount_minor=2_000, lines=(RefundLine(line_id="2-0", quantity=1, amount_minor=2_000),)
    )
    second = order("2", SECOND, (2_250, 2_250), order_discount_minor=500, discount_codes=("CODE",), refunds=(back,))
    statement = fold(VERSIONS, [first, taken, second], SECOND + timedelta(days=1))
    assert statement.available == 290
    assert len({movement.key for movement in statement.movements}) == len(statement.movements)


def test_a_cancellation_before_the_redemption_returns_all_of_it_once() -> None:
    first = order("1", SECOND - timedelta(days=1), (52_000,))
    taken = Redemption(id="r", at=SECOND + timedelta(seconds=30), points=500, reward="amount-off", code="CODE")
    second = order("2", SECOND, (4_500,), discount_codes=("code",), cancelled_at=SECOND + timedelta(seconds=5))
    assert fold(VERSIONS, [first, taken, second], SECOND + timedelta(days=1)).available == 520
