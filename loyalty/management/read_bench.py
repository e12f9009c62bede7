"""How fast a shopper's widget is answered: the member's own call beside a bare Django view that asks one question, and
the public one, kept, beside a static file. All of them in turns on the same machine, in one run.

Everything happens in a database of its own on the server of DATABASE_URL, dropped afterwards. The sender shares the
machine with the servers."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
import selectors
import socket
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from loyalty.engine.facts import Line, Order
from loyalty.management.door_bench import (
    CONNECTIONS,
    SECRET,
    Figures,
    Request,
    bench_shop,
    knock,
    own_database,
    read_answer,
    served,
    warm,
)
from loyalty.models import Shop
from loyalty.services.intake import record
from loyalty.services.observations import OrderSeen, Person, rank_of

MEMBERS = 200
NEWCOMERS = 100
"""Others, whose looks are never at hand: of a member one answer is kept, in the languages that were asked for last."""

FIRST_CUSTOMER = 7000
ORDERS_A_MEMBER = 10
ROUNDS = 3
STATIC = "/static/dashboard/pages.css"


@dataclass(frozen=True)
class Read:
    """Of each kind the best of its rounds, all rounds having taken turns. `member` is asked again and again, as page views
    ask, and each answer is made anew once a minute; `first` is never at hand and made anew each time. `half` and `bare_half`
    are the member's call and the bare view, each at half its rate: of each the middle round by its p95, for a machine that
    stands still for a moment spoils one; `worst_half` says what it spoils."""

    member: Figures
    first: Figures
    bare: Figures
    config: Figures
    static: Figures
    half: Figures
    worst_half: Figures
    bare_half: Figures


def measure(*, seconds: float) -> Read:
    """`seconds` in all, after the servers have warmed up."""
    if connection.vendor != "postgresql":
        raise CommandError("This compares with PostgreSQL: set DATABASE_URL to one, such as postgres://user@host/db.")
    share = seconds / (7 * ROUNDS)
    with own_database() as url, ExitStack() as servers:
        shop = bench_shop()
        _people(shop)
        environment = {**os.environ, "DATABASE_URL": url, "SHOPIFY_API_SECRET": SECRET, "LOG_LEVEL": "ERROR"}
        environment |= {"APP_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "127.0.0.1"}
        environment |= {
            "SECRET_KEY": settings.SECRET_KEY or SECRET,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        }
        house = servers.enter_context(served("config.wsgi", environment))
        bare = servers.enter_context(served("loyalty.management.bare_view:application()", environment))
        config = f"/widget/v1/config?shop=shopify:{shop.external_id}&lang=en&v={_version(house, shop)}"
        kinds: dict[str, tuple[int, Request]] = {
            "bare": (bare, lambda number: _get(f"/member/{shop.pk}/{_customer(number)}")),
            "member": (house, lambda number: _get(f"/shopify/proxy/member?{signed_query(shop, _customer(number))}")),
            "first": (house, lambda number: _first(shop, number)),
            "config": (house, lambda number: _get(config)),
            "static": (house, lambda number: _get(STATIC)),
        }
        for port, request in kinds.values():
            warm(port, request)
        found: dict[str, list[Figures]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, (port, request) in kinds.items():
                found[name].append(knock(port, request, seconds=share))
        best = {name: max(rounds, key=lambda each: each.a_second) for name, rounds in found.items()}
        halves: dict[str, list[Figures]] = {"bare": [], "member": []}
        for _ in range(ROUNDS):
            for name, rounds in halves.items():
                port, request = kinds[name]
                # Answers are kept for a minute at most: what ran out meanwhile is made anew before the round.
                warm(port, request)
                rounds.append(paced(port, request, seconds=share, a_second=best[name].a_second / 2))
        bare_half, half = (sorted(rounds, key=lambda each: each.p95_seconds) for rounds in halves.values())
        return Read(**best, half=half[ROUNDS // 2], worst_half=half[-1], bare_half=bare_half[ROUNDS // 2])


def paced(port: int, request: Request, *, seconds: float, a_second: float) -> Figures:
    """Requests begin at a fixed rate, whether or not the one before has its answer; waiting for a free connection is
    part of the latency."""
    figures, answers = Figures(), selectors.DefaultSelector()
    free = deque(socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS))
    began_at: dict[int, float] = {}
    begun = time.perf_counter()
    for number in itertools.count():
        due = begun + number / a_second
        if due - begun > seconds:
            break
        while not free or (wait := due - time.perf_counter()) > 0:
            for key, _ in answers.select(timeout=max(0.0, wait) if free else 1):
                knocker = key.data
                figures.refused += read_answer(knocker) != 200
                figures.latencies.append(time.perf_counter() - began_at[key.fd])
                answers.unregister(knocker)
                free.append(knocker)
        knocker = free.popleft()
        began_at[knocker.fileno()] = due
        answers.register(knocker, selectors.EVENT_READ, knocker)
        knocker.sendall(request(number))
    figures.seconds = time.perf_counter() - begun
    for knocker in [*free, *(key.data for key in answers.get_map().values())]:
        knocker.close()
    return figures


def signed_query(shop: Shop, customer_id: str) -> str:
    """As the platform signs a proxied request. Each is signed once a second: what the sender works, the servers lack."""
    return _signed(shop.external_id, customer_id, int(time.time()))


@lru_cache(maxsize=4 * MEMBERS)
def _signed(shop_domain: str, customer_id: str, timestamp: int) -> str:
    pairs = {
        "shop": shop_domain,
        "logged_in_customer_id": customer_id,
        "path_prefix": "/apps/loyalty",
        "timestamp": str(timestamp),
    }
    message = "".join(sorted(f"{name}={value}" for name, value in pairs.items()))
    return urlencode({**pairs, "signature": hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()})


def _first(shop: Shop, number: int) -> bytes:
    """Other languages than anybody asked for before."""
    newcomer = str(FIRST_CUSTOMER + MEMBERS + number % NEWCOMERS)
    return _get(f"/shopify/proxy/member?{signed_query(shop, newcomer)}", f"en, x{time.perf_counter_ns()};q=0.1")


def _version(port: int, shop: Shop) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as asked:
        asked.sendall(_get(f"/widget/v1/config?shop=shopify:{shop.external_id}&lang=en"))
        head = asked.recv(65536).decode("latin-1").lower()
    return head.partition('etag: "')[2].partition('"')[0]


def _customer(number: int) -> str:
    return str(FIRST_CUSTOMER + number % MEMBERS)


def _get(path: str, languages: str = "en") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: {languages}\r\n\r\n".encode()


def _people(shop: Shop) -> None:
    now = datetime.now(UTC)
    for number in range(MEMBERS + NEWCOMERS):
        person = Person(
            external_id=str(FIRST_CUSTOMER + number), email=f"shopper{number}@shopper.test", name=f"Shopper {number}"
        )
        seen = [_order(f"{number}-{each}", now + timedelta(milliseconds=each)) for each in range(ORDERS_A_MEMBER)]
        record(
            shop=shop,
            observations=[OrderSeen(order=order, person=person, rank=rank_of(order, "")) for order in seen],
            at=now + timedelta(seconds=1),
        )


def _order(order_id: str, at: datetime) -> Order:
    lines = tuple(
        Line(id=f"{order_id}-{index}", quantity=1, unit_price_minor=2_000, title="Thing", product_id=f"p{index}")
        for index in range(3)
    )
    return Order(
        id=order_id,
        number=f"#{order_id}",
        placed_at=at,
        paid_at=at,
        updated_at=at,
        currency="EUR",
        exponent=2,
        lines=lines,
        total_minor=6_000,
    )
