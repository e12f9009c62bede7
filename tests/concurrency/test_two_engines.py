"""Two releases at once, as in every rolling update: their processes share one queue and one ledger."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty.engine.checkpoint import ENGINE
from loyalty.models import Checkpoint, InboxDelivery, Member
from tests.concurrency.deliveries import customer, deliver, order, wait_until_alone
from tests.concurrency.nursery import ENDED, Nursery
from tests.factories import assert_books, make_shop

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
ORDERS, CUSTOMERS = 240, 12


def test_an_older_engine_leaves_the_newer_ones_members_to_it_and_nothing_is_lost(
    nursery: Nursery, tmp_path: Path
) -> None:
    shop = make_shop(at=NOW - timedelta(days=90))
    over = tmp_path / "over"

    def send(numbers: range) -> None:
        for number in numbers:
            owner = customer(7000 + number % CUSTOMERS, f"c{number % CUSTOMERS}@shopper.test")
            at = (NOW - timedelta(days=60, minutes=-number)).isoformat()
            record = order(number, 10, owner, updated_at=NOW, processed_at=at, created_at=at)
            deliver(shop, f"d{number}", "orders/paid", record, at=NOW - timedelta(hours=1))

    send(range(1, ORDERS // 2))
    workers = [
        nursery.start("keep_draining_as", engine=version, now=NOW.isoformat(), batch=7, until=str(over))
        for version in (ENGINE, ENGINE + 1, ENGINE, ENGINE + 1)
    ]
    send(range(ORDERS // 2, ORDERS + 1))
    deadline = time.monotonic() + 300
    while InboxDelivery.objects.filter(shop=shop).exclude(state="done").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    over.touch()
    assert [nursery.wait(worker) for worker in workers] == [ENDED] * len(workers)
    wait_until_alone()
    members = Member.objects.filter(shop=shop)
    assert set(InboxDelivery.objects.filter(shop=shop).values_list("state", flat=True)) == {"done"}
    assert set(members.values_list("available", flat=True)) == {10 * ORDERS // CUSTOMERS}
    assert set(members.values_list("engine", flat=True)) <= {ENGINE, ENGINE + 1}
    assert members.filter(engine=ENGINE + 1).exists()
    for kept in Checkpoint.objects.filter(shop=shop).select_related("member"):
        assert kept.engine == kept.member.engine
    assert_books(shop)
