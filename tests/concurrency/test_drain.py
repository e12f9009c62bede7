"""Hundreds of orders, delivered several times in random order to four worker processes: the balances are what the
story says they are, whoever came first."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty.models import InboxDelivery, LedgerEntry, Member, Shop, StoredFact
from loyalty.services.replaying import replay
from loyalty.worker import inbox, schedule
from loyalty.worker.retry import LEASE_SECONDS
from tests.concurrency.deliveries import customer, deliver_all, guest, order, person, refund, wait_until_alone
from tests.concurrency.nursery import ENDED, KILLED, Nursery
from tests.concurrency.races import deadlocks
from tests.factories import assert_books, balance, make_order, make_shop, place

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
WORKERS = 4
BATCH = 12
WAIT_SECONDS = 1500
ORDERS = int(os.environ.get("REGULARS_ORDERS", "10000"))
"""How many eight workers share; 10,000 of them are some 63,000 deliveries."""
Delivery = tuple[str, Any]


@dataclass
class Story:
    """What happened, and what everybody has in the end: a euro is a point, counted here and nowhere else."""

    deliveries: list[Delivery] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)
    orders: int = 0


def tell(seed: int, *, orders: int, customers: int, times: Sequence[datetime], merges: int = 0) -> Story:
    """Every third customer is a guest until the account comes; a tenth of the orders goes over to somebody else. Of
    the other customers, the first `merges` pairs become one."""
    rng = random.Random(seed)
    story = Story(orders=orders)
    for number in range(customers):
        story.points[str(7000 + number)] = 0
        story.deliveries.append(("customers/create", person(7000 + number, f"c{number}@shopper.test")))
    for number in range(1, orders + 1):
        _order(story, rng, number, customers, rng.choice(times))
    for gone in range(7001, 7001 + 3 * merges, 3):
        gids = {"kept": f"gid://shopify/Customer/{gone + 1}", "deleted": f"gid://shopify/Customer/{gone}"}
        merge = {f"admin_graphql_api_customer_{which}_id": gid for which, gid in gids.items()}
        story.deliveries.append(("customers/merge", {**merge, "status": "completed"}))
        story.points[str(gone + 1)] += story.points[str(gone)]
        story.points[str(gone)] = 0
    return story


def _who(rng: random.Random, owner: int) -> dict[str, Any]:
    email = f"c{owner}@shopper.test"
    return guest(email) if owner % 3 == 0 and rng.random() < 0.7 else customer(7000 + owner, email)


def _order(story: Story, rng: random.Random, number: int, customers: int, at: datetime) -> None:
    euros, owner = rng.randrange(1, 200), rng.randrange(customers)

    def snapshot(minute: int, **changes: Any) -> Delivery:
        placed = {"processed_at": at.isoformat(), "created_at": at.isoformat()}
        updated_at = at + timedelta(minutes=minute)
        return "orders/updated", order(number, euros, _who(rng, owner), updated_at=updated_at, **placed, **changes)

    story.deliveries.append(snapshot(0, financial_status="pending"))
    if rng.random() < 0.1:
        return
    story.deliveries.append(snapshot(1))
    if rng.random() < 0.1:
        owner = rng.randrange(customers)
        story.deliveries.append(snapshot(2))
    back = rng.randrange(1, euros + 1) if rng.random() < 0.4 else 0
    if back:
        gone = refund(number, number, back, at=at + timedelta(minutes=3))
        story.deliveries.append(("refunds/create", gone))
        if rng.random() < 0.5:
            story.deliveries.append(snapshot(3, refunds=[gone], financial_status="partially_refunded"))
    story.points[str(7000 + owner)] += euros - back


def post_bag(story: Story, seed: int) -> list[tuple[str, str, Any]]:
    """Every delivery one to five times, some under the same id and some under a new one, in random order."""
    rng = random.Random(seed)
    bag = [
        (f"d{number}" if rng.random() < 0.5 else f"d{number}-{copy}", *delivery)
        for number, delivery in enumerate(story.deliveries)
        for copy in range(rng.randrange(1, 6))
    ]
    rng.shuffle(bag)
    return bag


def work_off(
    nursery: Nursery,
    shop: Shop,
    story: Story,
    folder: Path,
    clocks: list[datetime],
    *,
    batch: int = BATCH,
) -> None:
    """A worker process for every clock, while the deliveries come in; then the rest, as the sweeps find it later."""
    over = folder / "over"
    bag = post_bag(story, seed=7)
    deliver_all(shop, bag[: len(bag) // 2], at=BEFORE)
    workers = [nursery.start("keep_draining", now=clock.isoformat(), batch=batch, until=str(over)) for clock in clocks]
    deliver_all(shop, bag[len(bag) // 2 :], at=BEFORE)
    over.touch()
    assert [nursery.wait(worker, seconds=WAIT_SECONDS) for worker in workers] == [ENDED] * len(workers)
    wait_until_alone()
    later = NOW + timedelta(hours=1)
    while inbox.drain(now=later) or schedule.fold_due(now=later):
        pass


def assert_as_told(shop: Shop, story: Story) -> None:
    accounts = Member.objects.filter(shop=shop, external_id__isnull=False)
    assert dict(accounts.values_list("external_id", "available")) == dict(story.points)
    assert not InboxDelivery.objects.filter(shop=shop).exclude(state="done").exists()
    stored = StoredFact.objects.filter(shop=shop, kind="order")
    assert stored.count() == stored.values("external_id").distinct().count() == story.orders
    assert not stored.filter(member__external_id__isnull=True).exists()
    keys = LedgerEntry.objects.filter(shop=shop).values_list("member", "kind", "source", "part", "revision")
    assert len(keys) == len(set(keys))
    assert_books(shop)


def test_four_workers_and_hundreds_of_orders_in_random_order(nursery: Nursery, tmp_path: Path) -> None:
    shop = make_shop(at=BEFORE)
    story = tell(1, orders=300, customers=45, times=[NOW - timedelta(hours=hours) for hours in range(1, 1500)])
    before = deadlocks()
    work_off(nursery, shop, story, tmp_path, [NOW] * WORKERS)
    assert_as_told(shop, story)
    assert deadlocks() == before


def test_customers_who_become_one_while_their_orders_are_worked(nursery: Nursery, tmp_path: Path) -> None:
    shop = make_shop(at=BEFORE)
    times = [NOW - timedelta(hours=hours) for hours in range(1, 1500)]
    story = tell(5, orders=200, customers=30, times=times, merges=10)
    before = deadlocks()
    work_off(nursery, shop, story, tmp_path, [NOW] * WORKERS)
    assert_as_told(shop, story)
    assert Member.objects.filter(shop=shop, external_id__isnull=False, merged_into__isnull=False).count() == 10
    assert deadlocks() == before


@pytest.mark.load
def test_eight_workers_and_thousands_of_orders_in_random_order(nursery: Nursery, tmp_path: Path) -> None:
    shop = make_shop(at=BEFORE)
    story = tell(
        4, orders=ORDERS, customers=ORDERS // 5, times=[NOW - timedelta(hours=hours) for hours in range(1, 1500)]
    )
    before, started = deadlocks(), time.monotonic()
    work_off(nursery, shop, story, tmp_path, [NOW] * 8, batch=200)
    print(f"{InboxDelivery.objects.filter(shop=shop).count()} deliveries in {time.monotonic() - started:.0f} s")
    assert_as_told(shop, story)
    assert deadlocks() == before


def test_two_workers_whose_clocks_differ_by_five_seconds(nursery: Nursery, tmp_path: Path) -> None:
    """Orders of just these seconds: what has happened for one worker is yet to come for the other, and the refunds
    that follow are to come for both."""
    shop = make_shop(at=BEFORE)
    story = tell(2, orders=80, customers=9, times=[NOW + timedelta(seconds=second) for second in range(-2, 8)])
    before = deadlocks()
    work_off(nursery, shop, story, tmp_path, [NOW, NOW + timedelta(seconds=5)])
    assert_as_told(shop, story)
    assert deadlocks() == before


def test_a_slower_clock_takes_nothing_back() -> None:
    shop = make_shop(at=BEFORE)
    soon = make_order("1", at=NOW + timedelta(seconds=3), prices=(6000,))
    place(shop, soon, at=NOW + timedelta(seconds=5))
    place(shop, make_order("2", at=NOW - timedelta(days=1), prices=(1000,)), at=NOW)
    assert balance(shop) == 70
    assert list(LedgerEntry.objects.filter(shop=shop).order_by("pk").values_list("points", flat=True)) == [60, 10]


def test_generations_of_workers_that_are_killed_in_the_middle_of_each_others_work(nursery: Nursery) -> None:
    """Four at a time, each killed at a moment of its own; the next four come when the leases are over."""
    shop = make_shop(at=BEFORE)
    story = tell(3, orders=120, customers=20, times=[NOW - timedelta(hours=hours) for hours in range(1, 1500)])
    deliver_all(shop, post_bag(story, seed=3), at=BEFORE)
    before, rng, killed = deadlocks(), random.Random(3), 0
    for generation in range(1, 40):
        clock = (NOW + generation * timedelta(seconds=LEASE_SECONDS + 1)).isoformat()
        moments = [rng.randrange(20, 200) for _ in range(WORKERS)]
        workers = [nursery.start("drain_inbox", now=clock, die_at=moment, batch=BATCH) for moment in moments]
        ends = [nursery.wait(worker) for worker in workers]
        wait_until_alone()
        killed += ends.count(KILLED)
        if not InboxDelivery.objects.filter(shop=shop, state="waiting").exists():
            break
        assert set(ends) <= {KILLED, ENDED}
    assert killed > 2 * WORKERS
    assert deadlocks() == before
    # The few that were in hand at five deaths in a row are taken for the cause, and need a person's word.
    later = NOW + timedelta(days=1)
    replay(shop=shop, now=later)
    while inbox.drain(now=later):
        pass
    assert_as_told(shop, story)
