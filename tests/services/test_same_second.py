"""Platforms date to the second. Two snapshots of one order from one second: the later is kept, whichever comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from loyalty.engine.facts import Order, decode
from loyalty.models import StoredFact
from loyalty.services.intake import record
from tests.factories import ALICE, T0, assert_books, balance, make_order, make_shop, refund_of, seen

pytestmark = pytest.mark.django_db
AT = T0 + timedelta(days=1)
PAID = make_order("1", at=AT, prices=(6000,))


def paid(**changes: Any) -> Order:
    return msgspec.structs.replace(PAID, **changes)


HALF, REST = (refund_of(PAID, 0, 3000, at=AT, refund_id=name) for name in ("half", "rest"))
ONE_AFTER_THE_OTHER = {
    "paid": (make_order("1", at=AT, prices=(6000,), paid=False), PAID, 60),
    "cancelled": (PAID, paid(cancelled_at=AT), 0),
    "fulfilled": (PAID, paid(fulfilled_at=AT), 60),
    "refunded": (PAID, paid(refunds=(HALF,)), 30),
    "refunded again": (paid(refunds=(HALF,)), paid(refunds=(HALF, REST)), 0),
    "cancelled after it was fulfilled": (paid(fulfilled_at=AT), paid(fulfilled_at=AT, cancelled_at=AT), 0),
    "refunded after it was cancelled": (paid(cancelled_at=AT), paid(cancelled_at=AT, refunds=(HALF,)), 0),
}


@pytest.mark.parametrize("is_late_first", [False, True])
@pytest.mark.parametrize("digests", [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("what", ONE_AFTER_THE_OTHER)
def test_the_later_of_two_snapshots_of_one_second_is_kept(
    what: str, digests: tuple[str, str], is_late_first: bool
) -> None:
    early, late, points = ONE_AFTER_THE_OTHER[what]
    news = [seen(early, ALICE, digests[0]), seen(late, ALICE, digests[1])]
    shop = make_shop()
    for snapshot in reversed(news) if is_late_first else news:
        record(shop=shop, observations=[snapshot], at=AT + timedelta(hours=1))
    assert decode(StoredFact.objects.get(shop=shop, kind="order").body) == late
    assert balance(shop) == points
    assert_books(shop)
