"""Production without its broker: the door takes everything, Celery's worker and clock wait; when the broker comes back
they find in the tables what nobody could tell them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from loyalty.models import InboxDelivery, Member, OutboxMessage, Redemption, Shop
from loyalty.services.observations import Person
from loyalty.services.redemptions import redeem
from tests.concurrency import door
from tests.concurrency.deliveries import customer, order, wait_until_alone
from tests.concurrency.nursery import environment_here
from tests.factories import assert_books, make_member
from tests.harness.servers import Redis
from tests.platforms.shopify.conftest import SECRET
from tests.platforms.shopify.stand_in import StandIn

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]
ORDERS, START = 12, 3000
PLATFORMS = ("SANDBOX_URL", "SHOPIFY_SHOP_URL", "SHOPIFY_API_KEY", "SHOPIFY_API_SECRET")
DONE_SECONDS = 300


@pytest.fixture
def broker() -> Iterator[Redis]:
    """One that is down, at an address of its own."""
    server = Redis()
    server.start()
    server.kill()
    yield server
    server.stop()


@contextmanager
def celery(*command: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = (sys.executable, "-m", "celery", "-A", "config.celery", *command, "--loglevel", "CRITICAL")
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DONE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_all_done(shop: Shop) -> bool:
    return not any(
        queue.objects.filter(shop=shop, state="waiting").exists() for queue in (InboxDelivery, OutboxMessage)
    )


def test_what_came_while_the_broker_was_down_is_done_when_it_is_back(
    broker: Redis, stand_in: StandIn, tmp_path: Path
) -> None:
    shop = stand_in.installed(currency="EUR")
    OutboxMessage.objects.filter(shop=shop).delete()
    alma = stand_in.of(shop.external_id, "POST", "customers", {"email": "alma@shopper.test", "name": "Alma Berg"})
    who = Person(external_id=str(alma["id"]), email="alma@shopper.test", name="Alma Berg")
    member = make_member(shop, who, points=START, at=timezone.now())
    environment = {name: getattr(settings, name) for name in PLATFORMS}
    environment |= environment_here() | {"CELERY_BROKER_URL": broker.url(), "LOG_LEVEL": "CRITICAL"}
    now = timezone.now()
    own = {"processed_at": now.isoformat(), "created_at": now.isoformat()}
    own |= {"order_status_url": f"https://lamps.example/{shop.number}/orders/abc/authenticate?key=k"}
    with ExitStack() as running:
        port = running.enter_context(door.door(environment))
        workers = [
            running.enter_context(celery("worker", "--pool", "solo", environment=environment)),
            running.enter_context(celery("beat", "--schedule", str(tmp_path / "beat"), environment=environment)),
        ]
        for number in range(1, ORDERS + 1):
            record = order(number, 10, customer(alma["id"], who.email), updated_at=now, **own)
            sent = {"store": shop.external_id, "secret": SECRET, "delivery_id": f"w-{number}", "record": record}
            assert [door.deliver(port, **sent) for _ in range(2)] == [200, 200]
        taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=now)
        assert InboxDelivery.objects.filter(shop=shop, state="waiting").count() == ORDERS
        broker.start()
        wait_until(lambda: is_all_done(shop))
        assert [worker.poll() for worker in workers] == [None, None]
    wait_until_alone()
    assert Redemption.objects.get(shop=shop, number=taken.number).state == "ready"
    assert Member.objects.get(shop=shop, pk=member.pk).available == START + 10 * ORDERS - taken.points
    assert_books(shop)
