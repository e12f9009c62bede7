"""Orders of a person arrive while the person is forgotten: whoever is first, nobody's name is left."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from loyalty.models import InboxDelivery, Member, OutboxMessage, QueueState, Shop
from loyalty.services.observations import Subject
from loyalty.services.privacy import FORGET, redact
from loyalty.worker import inbox, outbox
from tests.concurrency import deliveries
from tests.concurrency.races import deadlocks, failures, race
from tests.dump import dump
from tests.factories import assert_books, make_shop

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 4, 1, tzinfo=UTC)
EMAIL, QUILL = "quillfeather@shopper.test", 8_800_123_456
ROUNDS = 6


def worker(until: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(until):
            inbox.drain(now=NOW, limit=3)

    return work


def forget(shop: Shop, subject: Subject) -> Callable[[], None]:
    def work() -> None:
        redact(shop=shop, subject=subject, request_id="r", at=NOW)

    return work


def settle() -> None:
    for step in range(1, 8):
        now = NOW + timedelta(minutes=10 * step)
        while inbox.drain(now=now) + outbox.drain(now=now, kinds=[FORGET]):
            pass


@pytest.mark.parametrize("known", [True, False])
def test_nobody_comes_back_through_a_race(known: bool) -> None:
    before = deadlocks()
    for each in range(ROUNDS):
        shop = make_shop()
        OutboxMessage.objects.filter(shop=shop).delete()
        who = deliveries.customer(QUILL, EMAIL)
        if known:
            first = deliveries.order(99, 50, who, updated_at=NOW - timedelta(days=1))
            deliveries.deliver(shop, "first", "orders/paid", first, at=NOW - timedelta(days=1))
            settle()
        for number in range(1, 13):
            owner = who if number % 3 else deliveries.guest(EMAIL)
            order = deliveries.order(100 + number, 50, owner, updated_at=NOW - timedelta(hours=1))
            deliveries.deliver(shop, f"d{number}", "orders/paid", order, at=NOW - timedelta(minutes=1))
        racers = [worker(4) for _ in range(6)]
        racers.insert(each % 6, forget(shop, Subject(customer_id=str(QUILL), email=EMAIL)))
        assert failures(race(racers)) == []
        settle()
        assert EMAIL not in dump().lower(), each
        assert not Member.objects.filter(shop=shop).exclude(name="", email="").exists()
        assert not InboxDelivery.objects.filter(shop=shop).exclude(state=QueueState.DONE).exists()
        assert_books(shop)
    call_command("verify_ledger", stdout=io.StringIO())
    assert deadlocks() == before
