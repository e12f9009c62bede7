"""The embedded edition under four processes that write without a pause: they wait for each other, and nobody is told
that the database is locked."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.concurrency.nursery import ENDED, Nursery

pytestmark = pytest.mark.load
SHOP = "halfmoon.myshopify.com"
WRITERS = 4
SECONDS = 60


def test_four_processes_write_without_a_locked_database(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'regulars.sqlite3'}",
        "SECRET_KEY": "tests-only-secret-key-of-no-worth-anywhere-at-all-really",
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(32)).decode(),
    }
    told = [tmp_path / f"writer-{writer}" for writer in range(WRITERS)]
    with Nursery(environment) as nursery:
        assert nursery.run("found", shop=SHOP) == ENDED
        writers = [
            nursery.start("write_for", shop=SHOP, seconds=SECONDS, writer=writer, into=str(told[writer]))
            for writer in range(WRITERS)
        ]
        assert [nursery.wait(writer) for writer in writers] == [ENDED] * WRITERS
        counts = [tuple(map(int, file.read_text().split())) for file in told]
        points = {str(7000 + n): orders * 100 - standing * 500 for n, (orders, standing) in enumerate(counts)}
        kept = sum(orders for orders, _ in counts)
        assert min(orders for orders, _ in counts) > 10
        assert nursery.run("expect_no_second_try") == ENDED
        assert nursery.run("expect_balances", shop=SHOP, kept=kept, points=points) == ENDED
