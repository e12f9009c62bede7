"""A backlog and a burst: nothing slows down with what is behind it, nothing is turned away, nothing is lost."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from loyalty.management import door_bench
from loyalty.models import InboxDelivery, Member, Shop
from loyalty.worker import inbox
from tests.concurrency.deliveries import customer, order
from tests.concurrency.door import door
from tests.concurrency.nursery import ENDED, Nursery, environment_here
from tests.factories import assert_books, make_shop
from tests.platforms.shopify.payloads import body

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.load,
    pytest.mark.timeout(1800),
    pytest.mark.django_db(transaction=True),
]
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
BACKLOG = int(os.environ.get("REGULARS_BACKLOG", "6000"))
"""100,000 on demand."""
BURST_SECONDS = float(os.environ.get("REGULARS_BURST_SECONDS", "30"))
POISONED = 100
"""One in so many cannot be recorded."""


def backlog(shop: Shop) -> Iterator[InboxDelivery]:
    """Orders of 10 points each, every one of somebody new, so that a tenth has the work of another; one in a hundred
    names a product twice, which no fact may."""
    for number in range(1, BACKLOG + 1):
        owner = customer(7000 + number, f"c{number}@shopper.test")
        at = (NOW - timedelta(days=30) + timedelta(seconds=number)).isoformat()
        record = order(number, 10, owner, updated_at=NOW, processed_at=at, created_at=at)
        if number % POISONED == POISONED // 2:
            record["line_items"] = [*record["line_items"], *record["line_items"]]
        yield InboxDelivery(
            shop=shop,
            delivery_id=f"d{number}",
            topic="orders/paid",
            body=json.dumps(record).encode(),
            due_at=NOW,
            received_at=NOW,
        )


def test_a_backlog_with_poison_in_it_costs_its_last_tenth_what_its_first_did() -> None:
    """The rate is printed, not asserted: a machine may be busy. Statements are counted, and what claims the next batch
    reads only what waits, however much lies behind it."""
    shop = make_shop(at=NOW - timedelta(days=90))
    InboxDelivery.objects.bulk_create(backlog(shop), batch_size=2000)
    statements, seconds, taken = [0] * 10, [], 0
    for tenth in range(1, 11):
        begun = time.monotonic()

        def counted(execute: Callable[..., object], *asked: object, tenth: int = tenth) -> object:
            statements[tenth - 1] += 1
            return execute(*asked)

        with connection.execute_wrapper(counted):
            while taken < BACKLOG * tenth // 10 and (count := inbox.drain(now=NOW, limit=200)):
                taken += count
        seconds.append(time.monotonic() - begun)
    print(f"{taken} deliveries; seconds a tenth: {' '.join(f'{each:.1f}' for each in seconds)}")
    rows = InboxDelivery.objects.filter(shop=shop)
    assert rows.filter(state="dead").count() == BACKLOG // POISONED
    assert rows.filter(state="done").count() == BACKLOG - BACKLOG // POISONED
    points = sum(Member.objects.filter(shop=shop).values_list("available", flat=True))
    assert points == 10 * (BACKLOG - BACKLOG // POISONED)
    assert statements[-1] <= 1.1 * statements[0]
    waiting = InboxDelivery.objects.across_shops().filter(state="waiting", due_at__lte=NOW)
    assert "inbox_waiting" in waiting.order_by("due_at", "id")[:200].explain()


def test_a_burst_of_ten_times_what_the_workers_can_do_is_taken_in_whole(nursery: Nursery, tmp_path: Path) -> None:
    shop = make_shop(at=NOW - timedelta(days=90))
    record = order(1, 45, customer(7001, "alma@shopper.test"), updated_at=NOW)
    environment = {**environment_here(), "SHOPIFY_API_SECRET": door_bench.SECRET}
    over = tmp_path / "over"
    worker = nursery.start(
        "keep_draining", now=(datetime.now(UTC) + timedelta(hours=1)).isoformat(), batch=20, until=str(over)
    )
    with door(environment) as port:
        found = door_bench.knock(port, door_bench.signed(shop, body(record)), seconds=BURST_SECONDS)
    rows = InboxDelivery.objects.filter(shop=shop)
    taken, worked = rows.count(), rows.filter(state="done").count()
    print(f"{found.a_second:.0f} a second, p95 {found.p95_seconds * 1e3:.0f} ms; {worked} of {taken} worked meanwhile")
    assert found.refused == 0
    # What was under way when the burst ended was taken in as well.
    assert len(found.latencies) <= taken <= len(found.latencies) + door_bench.CONNECTIONS
    over.touch()
    assert nursery.wait(worker) == ENDED
    while inbox.drain(now=datetime.now(UTC) + timedelta(hours=1), limit=500):
        pass
    assert set(rows.values_list("state", flat=True)) == {"done"}
    assert Member.objects.get(shop=shop).available == 45
    assert_books(shop)
