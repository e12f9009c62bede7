"""What worker processes of these tests do. Each runs in a fork of its own (nursery.py) and may be killed anywhere."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.management import call_command
from django.db import Error, close_old_connections, connection
from requests.adapters import HTTPAdapter

from loyalty.engine import checkpoint
from loyalty.models import InboxDelivery, Member, OutboxMessage, Shop
from loyalty.platforms.shopify import tokens
from loyalty.services.redemptions import give_back, redeem
from loyalty.worker import inbox, outbox, schedule
from tests.concurrency import deliveries
from tests.factories import assert_books, make_shop


def drain_inbox(*, now: str, die_at: int, batch: int) -> None:
    """Works until nothing is due; SIGKILL at moment `die_at`."""
    with _dying(at=die_at):
        while inbox.drain(now=datetime.fromisoformat(now), limit=batch):
            pass


def drain_outbox(*, now: str, die_at: int, platforms: Mapping[str, str]) -> None:
    """`platforms` are the settings that say where the platforms are."""
    for name, value in platforms.items():
        setattr(settings, name, value)
    with _dying(at=die_at):
        while outbox.drain_codes(now=datetime.fromisoformat(now)):
            pass


def fetch_token(*, shop: str, now: str, platforms: Mapping[str, str], die_at: int = 0) -> str:
    """What a worker does before it asks Shopify anything."""
    for name, value in platforms.items():
        setattr(settings, name, value)
    here = Shop.objects.get(external_id=shop)
    with _dying(at=die_at):
        return tokens.access_token(here, datetime.fromisoformat(now))


def keep_draining(*, now: str, batch: int, until: str) -> None:
    """Works as long as the file `until` is missing, and then until nothing is due."""
    end = Path(until)
    while True:
        is_over = end.exists()
        if not inbox.drain(now=datetime.fromisoformat(now), limit=batch):
            if is_over:
                return
            time.sleep(0.01)  # nothing came; the test goes on delivering


def keep_draining_as(*, engine: int, now: str, batch: int, until: str) -> None:
    """The same, by a release with another engine; on a clock that runs fast, so that what waits is asked again."""
    started, end = time.monotonic(), Path(until)
    with patch.object(checkpoint, "ENGINE", engine):
        while not end.exists():
            passed = timedelta(seconds=30 * (time.monotonic() - started))
            if not inbox.drain(now=datetime.fromisoformat(now) + passed, limit=batch):
                time.sleep(0.01)


def found(*, shop: str) -> None:
    """A fresh database with one shop, and nothing that asks its platform."""
    call_command("migrate", verbosity=0)
    founded = make_shop(at=datetime(2026, 1, 1, tzinfo=UTC))
    Shop.objects.filter(pk=founded.pk).update(external_id=shop)
    OutboxMessage.objects.filter(shop=founded).delete()


def post_orders(*, shop: str, orders: int, at: str) -> None:
    """As many paid orders of 45 by one customer."""
    when, owner = datetime.fromisoformat(at), deliveries.customer(7001, "alma@shopper.test")
    for number in range(1, orders + 1):
        record = deliveries.order(number, 45, owner, updated_at=when)
        deliveries.deliver(Shop.objects.get(external_id=shop), f"d-{number}", "orders/paid", record, at=when)


def work_until_done(*, batch: int) -> None:
    """The product's own loop, on a clock that runs 200 times as fast, so that leases and waits end soon."""
    settings.INBOX_BATCH = batch
    started, stop = time.monotonic(), threading.Event()

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=200 * (time.monotonic() - started))

    def watch() -> None:
        while not stop.wait(0.1):
            with suppress(Error):  # InterfaceError too: a connection that the server cut is no DatabaseError
                close_old_connections()
                if not InboxDelivery.objects.across_shops().filter(state="waiting").exists():
                    stop.set()

    threading.Thread(target=watch, daemon=True).start()
    with patch.object(schedule, "_clock", clock):
        schedule.run(stop)


def wait_for_some_done(*, at_least: int) -> None:
    deadline = time.monotonic() + 300
    while InboxDelivery.objects.across_shops().filter(state="done").count() < at_least:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def expect_balances(*, shop: str, kept: int, points: Mapping[str, int]) -> None:
    """That so many deliveries were kept, and what they make once they are all worked."""
    here = Shop.objects.get(external_id=shop)
    assert InboxDelivery.objects.filter(shop=here).count() == kept
    while inbox.drain(now=datetime.now(UTC) + timedelta(hours=2)):
        pass
    assert not InboxDelivery.objects.filter(shop=here).exclude(state="done").exists()
    assert dict(Member.objects.filter(shop=here).values_list("external_id", "available")) == points
    assert_books(here)


def write_for(*, shop: str, seconds: float, writer: int, into: str) -> None:
    """What one process of the embedded edition does, without a pause: takes deliveries and works them, redeems and
    gives back. Leaves in the file `into` how many orders it sent and how many redemptions stand."""
    here = Shop.objects.get(external_id=shop)
    now, ends = datetime(2026, 4, 1, tzinfo=UTC), time.monotonic() + seconds
    customer = 7000 + writer
    owner = deliveries.customer(customer, f"{customer}@shopper.test")
    orders = standing = 0
    while time.monotonic() < ends:
        orders += 1
        record = deliveries.order(writer * 1_000_000 + orders, 100, owner, updated_at=now)
        deliveries.deliver(here, f"d-{writer}-{orders}", "orders/paid", record, at=now)
        inbox.drain(now=now)
        member = Member.objects.filter(shop=here, external_id=str(customer), available__gte=500).first()
        if member is not None and orders % 7 == 0:
            key = f"{writer}-{orders}"
            taken = redeem(shop=here, member_id=member.pk, reward_id="amount-off", request_key=key, at=now)
            standing += 1
            if orders % 2:
                give_back(shop=here, number=taken.number, why="cancelled", at=now)
                standing -= 1
    Path(into).write_text(f"{orders} {standing}")


def rest(*, seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def expect_no_second_try() -> None:
    assert not InboxDelivery.objects.across_shops().filter(attempts__gt=1).exists()


@contextmanager
def _dying(*, at: int) -> Iterator[None]:
    """Moments are counted from 1: one before and one after every SQL statement and every call of a platform. Before a
    statement is also after the commit that came last, after one is also before the commit to come."""
    passed = 0

    def moment() -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any], *arguments: Any) -> Any:
        moment()
        answer = call(*arguments)
        moment()
        return answer

    send = HTTPAdapter.send

    def counted(self: HTTPAdapter, *arguments: Any, **more: Any) -> Any:
        return around(lambda: send(self, *arguments, **more))

    with connection.execute_wrapper(around), patch.object(HTTPAdapter, "send", counted):
        yield
