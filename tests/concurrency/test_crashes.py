"""A worker that SIGKILL ends at its first, second, third ... moment, until a run gets through: whatever it had done by
then, the next worker brings the books to where they belong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from loyalty.models import InboxDelivery, LedgerEntry, Member, Shop, StoredFact
from loyalty.worker import inbox
from loyalty.worker.retry import LEASE_SECONDS
from tests.concurrency.deliveries import customer, deliver, guest, order, person, refund, wait_until_alone
from tests.concurrency.nursery import ENDED, KILLED, Nursery
from tests.factories import assert_books, make_shop

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=LEASE_SECONDS + 1)
FEWEST_MOMENTS = 40
"""A drain of this backlog has more; a counter that stopped early would prove nothing."""


def backlog() -> Shop:
    """Alma orders for 60 and gets 20 back; Berta orders 30 as a guest and then gets an account; one delivery is no
    order at all."""
    shop = make_shop(at=BEFORE)
    day = datetime(2026, 3, 12, tzinfo=UTC)
    alma = customer(7001, "alma@shopper.test")
    sent = [
        ("refunds/create", refund(1, 501, 20, at=day + timedelta(hours=1))),
        ("orders/create", order(501, 60, alma, updated_at=day, financial_status="pending")),
        ("orders/paid", order(502, 30, guest("berta@shopper.test"), updated_at=day)),
        ("orders/paid", {}),
        ("orders/paid", order(501, 60, alma, updated_at=day + timedelta(minutes=1))),
        ("customers/create", person(7002, "berta@shopper.test")),
    ]
    for number, (topic, record) in enumerate(sent):
        deliver(shop, f"w-{number}", topic, record, at=NOW)
    return shop


def assert_nothing_lost_nothing_doubled(shop: Shop) -> None:
    assert dict(Member.objects.filter(shop=shop).values_list("external_id", "available")) == {
        "7001": 40,
        "7002": 30,
        None: 0,  # the guest that Berta was
    }
    rows = LedgerEntry.objects.filter(shop=shop).values_list("member__external_id", "kind", "points", "revision")
    assert sorted(rows) == [("7001", "earned", 60, 0), ("7001", "reversed", -20, 0), ("7002", "earned", 30, 0)]
    facts = StoredFact.objects.filter(shop=shop).values_list("member__external_id", "kind")
    assert sorted(facts) == [("7001", "order"), ("7001", "refund"), ("7002", "order")]
    states = InboxDelivery.objects.filter(shop=shop).order_by("delivery_id").values_list("state", flat=True)
    assert list(states) == ["done", "done", "done", "dead", "done", "done"]
    assert_books(shop)


def test_a_drain_that_is_killed_at_any_moment_loses_and_doubles_nothing(nursery: Nursery) -> None:
    for moment in count(1):
        shop = backlog()
        ended = nursery.run("drain_inbox", now=NOW.isoformat(), die_at=moment, batch=100)
        wait_until_alone()
        while inbox.drain(now=LATER):
            pass
        assert_nothing_lost_nothing_doubled(shop)
        if ended == ENDED:
            break
        assert ended == KILLED
    assert moment > FEWEST_MOMENTS
