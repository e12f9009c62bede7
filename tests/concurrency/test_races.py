"""Many at once: one outcome."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from loyalty.models import Member, Redemption, Shop
from loyalty.services.intake import record
from loyalty.services.observations import OrderSeen
from loyalty.services.orders import TryAgain
from tests.concurrency.nursery import Nursery
from tests.concurrency.races import race
from tests.factories import ALICE, BOB, T0, assert_books, balance, make_member, make_order, make_shop, refund_of, seen

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=30)


def ask(shop: Shop, member: Member, keys: list[str]) -> list[dict[str, Any]]:
    return [{"shop": shop.pk, "member": member.pk, "key": key, "at": NOW.isoformat()} for key in keys]


def test_fifty_racers_for_the_last_points_one_wins(nursery: Nursery) -> None:
    shop = make_shop()
    member = make_member(shop, points=600)
    told = nursery.race("clients.take", ask(shop, member, [str(number) for number in range(50)]))
    assert told.count("not_enough_points") == 49
    assert {str(Redemption.objects.get(shop=shop).number)} == {*told} - {"not_enough_points"}
    assert balance(shop) == 100
    assert_books(shop)


def test_twenty_calls_with_one_key_are_one_redemption(nursery: Nursery) -> None:
    shop = make_shop()
    member = make_member(shop, points=5000)
    told = nursery.race("clients.take", ask(shop, member, ["the-key"] * 20))
    assert {str(Redemption.objects.get(shop=shop).number)} == {*told}
    assert balance(shop) == 4500
    assert_books(shop)


def _stories() -> list[OrderSeen]:
    """Sixty orders, each seen several times: unpaid, paid, partly refunded, some changing hands."""
    story = []
    for number in range(60):
        at = T0 + timedelta(hours=number)
        person = ALICE if number % 2 else BOB
        order = make_order(str(number), at=at, prices=(1000, 3000), paid=False)
        paid = make_order(str(number), at=at, prices=(1000, 3000), updated_at=at + timedelta(minutes=1))
        refund = refund_of(paid, 0, 1000, at=at + timedelta(minutes=5), refund_id=f"r{number}")
        refunded = make_order(
            str(number), at=at, prices=(1000, 3000), refunds=(refund,), updated_at=at + timedelta(minutes=5)
        )
        last = BOB if number % 10 == 1 else person
        story += [seen(order, person), seen(paid, person), seen(refunded, last)]
    return story


def _deliver(shop: Shop, snapshots: list[OrderSeen]) -> None:
    for start in range(0, len(snapshots), 7):
        while True:
            try:
                record(shop=shop, observations=snapshots[start : start + 7], at=NOW)
                break
            except TryAgain:
                continue


def test_eight_workers_with_every_delivery_in_their_own_order_agree() -> None:
    shop = make_shop()
    workers = []
    for seed in range(8):
        snapshots = _stories()
        random.Random(seed).shuffle(snapshots)
        workers.append(lambda mine=snapshots: _deliver(shop, mine))
    results = race(workers)
    assert not [result for result in results if isinstance(result, Exception)]
    # Every order leaves 30 points; of 60, the six numbered 1, 11, ... 51 went from Alice to Bob.
    assert (balance(shop), balance(shop, BOB)) == (24 * 30, 36 * 30)
    assert Member.objects.filter(shop=shop).count() == 2
    assert_books(shop)
