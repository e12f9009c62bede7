"""From when on two looks at one fact tell different stories."""

from __future__ import annotations

import msgspec
import pytest

from loyalty.engine.differences import first_difference
from loyalty.engine.facts import Adjustment
from tests.engine.factories import day, order, redemption, refund

BOUGHT = order("A", day(5), 1000, paid_at=day(6), refunds=(refund("r", day(9), 100),))
PROMISED = redemption("R", day(5), 100)
BY_HAND = Adjustment(id="a", at=day(5), points=1, actor="x", reason="y")


def changed(fact, **more):
    return msgspec.structs.replace(fact, **more)


@pytest.mark.parametrize(
    ("before", "after", "moments", "first"),
    [
        (BOUGHT, BOUGHT, ("paid",), None),
        (None, None, ("paid",), None),
        (None, BOUGHT, ("paid",), day(5)),
        (BOUGHT, None, ("paid",), day(5)),
        (BOUGHT, changed(BOUGHT, updated_at=day(20)), ("paid",), None),
        (BOUGHT, changed(BOUGHT, number="#1"), ("paid",), day(5)),
        (BOUGHT, changed(BOUGHT, cancelled_at=day(12)), ("paid",), day(12)),
        (changed(BOUGHT, cancelled_at=day(12)), changed(BOUGHT, cancelled_at=day(11)), ("paid",), day(11)),
        (BOUGHT, changed(BOUGHT, paid_at=day(7)), ("fulfilled",), day(6)),
        (BOUGHT, changed(BOUGHT, paid_at=day(7)), ("paid",), day(5)),
        (BOUGHT, changed(BOUGHT, paid_at=None), ("placed",), day(6)),
        (BOUGHT, changed(BOUGHT, fulfilled_at=day(8)), ("paid",), day(8)),
        (BOUGHT, changed(BOUGHT, fulfilled_at=day(8)), ("paid", "fulfilled"), day(5)),
        (BOUGHT, changed(BOUGHT, refunds=()), ("paid",), day(9)),
        (BOUGHT, changed(BOUGHT, refunds=(refund("r", day(10), 100),)), ("paid",), day(9)),
        (BOUGHT, changed(BOUGHT, refunds=(*BOUGHT.refunds, refund("s", day(15), 1))), ("paid",), day(15)),
        (PROMISED, changed(PROMISED, used_at=day(8)), (), day(8)),
        (PROMISED, changed(PROMISED, given_back_at=day(9), used_at=day(8)), (), day(8)),
        (changed(PROMISED, used_at=day(9)), changed(PROMISED, used_at=day(7)), (), day(7)),
        (PROMISED, changed(PROMISED, given_back_why="failed"), (), day(5)),
        (changed(PROMISED, used_at=day(9)), changed(PROMISED, used_at=day(9), points=5), (), day(5)),
        (BY_HAND, changed(BY_HAND, at=day(3)), (), day(3)),
        (changed(BY_HAND, at=day(3)), BY_HAND, (), day(3)),
    ],
)
def test_the_first_instant_that_differs(before, after, moments, first):
    assert first_difference(before, after, moments) == first
