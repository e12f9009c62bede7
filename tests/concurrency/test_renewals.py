"""Twenty processes whose shop's token runs out: one asks Shopify, and whoever is killed while asking holds nobody up."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from loyalty.models import Credential, Shop
from loyalty.platforms.shopify import tokens
from tests.concurrency.deliveries import wait_until_alone
from tests.concurrency.nursery import ENDED, KILLED, Nursery
from tests.factories import make_shop
from tests.platforms.faulty_server import FaultyServer
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WORKERS = 20
SLOWLY_SECONDS = 0.2
FEWEST_MOMENTS = 4


@pytest.fixture
def shopify() -> Iterator[FaultyServer]:
    """A token endpoint that takes its time; each answer is another pair."""
    numbers = count(1)

    def script(peer: socket.socket, _head: bytes) -> None:
        number = next(numbers)
        time.sleep(SLOWLY_SECONDS)
        pair = {"access_token": f"shpat_{number}", "refresh_token": f"shprt_{number}", "scope": "read_orders"}
        body = json.dumps({**pair, "expires_in": 3600, "refresh_token_expires_in": 7_776_000}).encode()
        peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    server = FaultyServer(script)
    yield server
    server.close()


def expiring(shop: Shop, *, left_seconds: int) -> datetime:
    now = timezone.now()
    Credential.objects.filter(shop=shop).update(
        access_expires_at=now + timedelta(seconds=left_seconds), refreshing_until=None
    )
    return now


def platforms_at(server: FaultyServer) -> dict[str, str]:
    return {
        "SANDBOX_URL": server.url,
        "SHOPIFY_SHOP_URL": server.url,
        "SHOPIFY_API_KEY": CLIENT_ID,
        "SHOPIFY_API_SECRET": SECRET,
    }


def shop_with_a_pair() -> Shop:
    shop = make_shop()
    kept = Credential.objects.get(shop=shop)
    kept.access_token, kept.refresh_token = "shpat_0", "shprt_0"
    kept.save()
    return shop


@pytest.mark.parametrize("left_seconds", [-10, 60])
def test_twenty_processes_at_expiry_ask_once(nursery: Nursery, shopify: FaultyServer, left_seconds: int) -> None:
    """With a minute left the others go on with the old token; with none they wait for the new one."""
    shop = shop_with_a_pair()
    now = expiring(shop, left_seconds=left_seconds)
    racer = {"shop": shop.external_id, "now": now.isoformat(), "platforms": platforms_at(shopify)}
    got = nursery.race("fetch_token", [racer] * WORKERS)
    assert len(shopify.requests) == 1
    assert "shpat_1" in got
    assert set(got) <= ({"shpat_1"} if left_seconds < 0 else {"shpat_0", "shpat_1"})
    kept = Credential.objects.get(shop=shop)
    assert (kept.access_token, kept.refresh_token, kept.refreshing_until) == ("shpat_1", "shprt_1", None)


def test_a_worker_killed_at_any_moment_of_a_renewal_leaves_access_to_the_next(
    nursery: Nursery, shopify: FaultyServer
) -> None:
    shop = shop_with_a_pair()
    for moment in count(1):
        now = expiring(shop, left_seconds=-10)
        job = {"shop": shop.external_id, "now": now.isoformat(), "platforms": platforms_at(shopify)}
        ended = nursery.run("fetch_token", die_at=moment, **job)
        wait_until_alone()
        later = (now + tokens.LEASE + timedelta(seconds=1)).isoformat()
        (got,) = nursery.race("fetch_token", [{**job, "now": later}])
        kept = Credential.objects.get(shop=shop)
        assert got == kept.access_token == kept.refresh_token.replace("shprt", "shpat"), moment
        shop.refresh_from_db()
        assert shop.status == Shop.Status.ACTIVE
        if ended == ENDED:
            break
        assert ended == KILLED
    assert moment > FEWEST_MOMENTS
