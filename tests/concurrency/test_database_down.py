"""The database goes away like in a power cut, under a real server and under a worker in the middle of its work, and
comes back."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.concurrency import door
from tests.concurrency.nursery import ENDED, Nursery
from tests.harness.servers import Postgres
from tests.platforms.shopify.payloads import order

pytestmark = pytest.mark.postgres
SECRET = "a-shared-secret-of-the-app"
START_SECONDS = 120
SHOP = "halfmoon.myshopify.com"


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def environment(postgres: Postgres) -> dict[str, str]:
    return {
        "DATABASE_URL": postgres.url(),
        "SECRET_KEY": "tests-only-secret-key-of-no-worth-anywhere-at-all-really",
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
        "SHOPIFY_API_SECRET": SECRET,
    }


def revive(postgres: Postgres) -> None:
    """A server process that is slow to notice that its parent was killed holds the memory for a moment longer."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return postgres.start()
        except RuntimeError:
            assert time.monotonic() < deadline


def deliver(port: int, delivery_id: str) -> int | None:
    return door.deliver(port, store=SHOP, secret=SECRET, delivery_id=delivery_id, record=order())


def test_the_door_says_503_while_the_database_is_gone_and_loses_nothing_it_took(
    postgres: Postgres, environment: dict[str, str]
) -> None:
    with Nursery(environment) as nursery:
        assert nursery.run("found", shop=SHOP) == ENDED
        with door.door(environment) as port:
            assert [deliver(port, f"w-{number}") for number in range(6)] == [200] * 6
            postgres.kill()
            assert [deliver(port, f"w-{number}") for number in range(4, 12)] == [503] * 8
            revive(postgres)
            assert [deliver(port, f"w-{number}") for number in range(4, 12)] == [200] * 8
        assert nursery.run("expect_balances", shop=SHOP, kept=12, points={"7001": 45}) == ENDED


def test_a_worker_outlives_a_restart_of_the_database_in_the_middle_of_its_work(
    postgres: Postgres, environment: dict[str, str]
) -> None:
    now = datetime.now(UTC).isoformat()
    with Nursery(environment) as nursery:
        assert nursery.run("found", shop=SHOP) == ENDED
        assert nursery.run("post_orders", shop=SHOP, orders=160, at=now) == ENDED
        worker = nursery.start("work_until_done", batch=10)
        assert nursery.run("wait_for_some_done", at_least=20) == ENDED
        postgres.kill()
        revive(postgres)
        assert nursery.wait(worker) == ENDED
        assert nursery.run("expect_balances", shop=SHOP, kept=160, points={"7001": 160 * 45}) == ENDED
