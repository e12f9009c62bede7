"""Statuses set by hand, any after any, while notices come late, twice and out of order: what stands in the end is what the
order is in the end, however it was heard."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from loyalty.models import LedgerEntry, Member, Shop
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.services.intake import record
from tests.platforms.ecwid.stand_in import StandIn, notice
from tests.platforms.ecwid.test_orders import EARNING, FULFILMENTS, PAYMENTS

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
STATUSES = [status for status in PAYMENTS if status != "SOMETHING_NEW"]


def now() -> datetime:
    return datetime.now(UTC)


def every_pair(dice: random.Random) -> list[str]:
    """A walk over all statuses that takes every step from one to another once (Hierholzer)."""
    left = {status: dice.sample(STATUSES, len(STATUSES)) for status in STATUSES}
    walk, stack = list[str](), [STATUSES[0]]
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            walk.append(stack.pop())
    return walk


def hear(shop: Shop, order_id: str, at: datetime) -> None:
    seen = notice(shop, "order.updated", at=at, data={"orderId": order_id})
    record(shop=shop, observations=seen, at=at)


def balance(shop: Shop) -> int:
    return sum(Member.objects.filter(shop=shop).values_list("available", flat=True))


@pytest.mark.parametrize("seed", range(4))
def test_every_step_from_any_status_to_any_converges(stand_in: StandIn, connected: Connect, seed: int) -> None:
    dice = random.Random(seed)
    walk = every_pair(dice)
    assert len(set(pairwise(walk))) == len(STATUSES) ** 2
    shop = connected(at=now() - timedelta(days=2))
    began = now() - timedelta(days=1)
    order = stand_in.order(shop, at=began.isoformat(), pay=False)
    heard = 0
    for minute, payment in enumerate(walk, 1):
        at = began + timedelta(minutes=minute)
        change = {"payment": payment, "fulfillment": dice.choice(FULFILMENTS), "at": at.isoformat()}
        stand_in.of(shop, f"/orders/{order['id']}/status", change)
        for _ in range(dice.choice((0, 0, 1, 2))):
            hear(shop, order["id"], at)
            heard += 1
    assert heard > 20
    stand_in.of(shop, f"/orders/{order['id']}/status", {"payment": dice.choice(["PAID", "CANCELLED"])})
    last = stand_in.of(shop, f"/orders/{order['id']}", method="GET")["paymentStatus"]
    seen = list(EcwidPlatform().orders_changed(shop, since=began))
    record(shop=shop, observations=seen, at=now())  # type: ignore[arg-type]
    assert balance(shop) == (45 if last in EARNING else 0)
    rows = LedgerEntry.objects.filter(shop=shop)
    assert sum(rows.values_list("points", flat=True)) == balance(shop)
    before = rows.count()
    for _ in range(3):
        hear(shop, order["id"], now())
    assert (rows.count(), balance(shop)) == (before, 45 if last in EARNING else 0)
