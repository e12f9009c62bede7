"""The database goes away like in a power cut, under a real server and under a worker in the middle of its work, and
comes back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.concurrency.nursery import ENDED, Nursery
from tests.harness.servers import Postgres, free_port
from tests.platforms.shopify.payloads import body, order

pytestmark = pytest.mark.postgres
SECRET = "a-shared-secret-of-the-app"
START_SECONDS = 30
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


@contextmanager
def door(environment: Mapping[str, str]) -> Iterator[int]:
    """The app as production serves it; its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    with subprocess.Popen([*command, "--log-level", "critical"], env={**os.environ, **environment}) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while knock(port, "GET", "/healthz") is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def knock(port: int, method: str, path: str, sent: bytes = b"", headers: Mapping[str, str] | None = None) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body=sent, headers=dict(headers or {}))
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def deliver(port: int, delivery_id: str) -> int | None:
    sent = body(order())
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(SECRET.encode(), sent, hashlib.sha256).digest()).decode(),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Webhook-Id": delivery_id,
    }
    return knock(port, "POST", "/shopify/webhooks", sent, headers)


def test_the_door_says_503_while_the_database_is_gone_and_loses_nothing_it_took(
    postgres: Postgres, environment: dict[str, str]
) -> None:
    with Nursery(environment) as nursery:
        assert nursery.run("found", shop=SHOP) == ENDED
        with door(environment) as port:
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
