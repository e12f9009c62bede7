"""How many webhooks a second the door takes in, beside what the database and a bare Django view do with the same row.

Everything happens in a database of its own on the server of DATABASE_URL, dropped afterwards. The sender shares the
machine with the servers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from loyalty.management import bare_door
from loyalty.management.ports import free_port
from loyalty.models import InboxDelivery, Shop
from loyalty.services.launching import launch
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.shops import install

SECRET = secrets.token_hex(16)
CONNECTIONS = 16
WORKERS, THREADS = 2, 8
START_SECONDS = 30.0
Request = Callable[[int], bytes]
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Figures:
    """Of one run: seconds of wall clock, latencies in seconds, and answers other than 200."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def a_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p95_seconds(self) -> float:
        return sorted(self.latencies)[int(0.95 * (len(self.latencies) - 1))]


@dataclass(frozen=True)
class Measured:
    door: Figures
    bare: Figures
    pgbench_a_second: float
    kept: int


def measure(*, seconds: float, body: bytes) -> Measured:
    """A third of the time each: pgbench, the bare view, the door."""
    if connection.vendor != "postgresql":
        raise CommandError("This compares with PostgreSQL: set DATABASE_URL to one, such as postgres://user@host/db.")
    share = seconds / 3
    with own_database() as url:
        shop = bench_shop()
        environment = {**os.environ, "DATABASE_URL": url, "SHOPIFY_API_SECRET": SECRET, "LOG_LEVEL": "ERROR"}
        environment |= {"APP_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "127.0.0.1"}
        environment |= {
            "SECRET_KEY": settings.SECRET_KEY or SECRET,
            "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        }
        rows = pgbench(url, shop, body, seconds=share)
        with served("loyalty.management.bare_door:application()", environment) as port:
            warm(port, _bare(shop, body))
            bare = knock(port, _bare(shop, body), seconds=share)
        with served("config.wsgi", environment) as port:
            warm(port, signed(shop, body))
            before = InboxDelivery.objects.filter(shop=shop).count()
            door = knock(port, signed(shop, body), seconds=share)
        return Measured(door, bare, rows, InboxDelivery.objects.filter(shop=shop).count() - before)


def warm(port: int, request: Request) -> None:
    """A worker loads most of itself with its first requests."""
    while len(knock(port, request, seconds=1).latencies) < 10 * CONNECTIONS:
        pass


def knock(port: int, request: Request, *, seconds: float) -> Figures:
    """CONNECTIONS senders, each with its next request as soon as it has its answer."""
    figures, answers = Figures(), selectors.DefaultSelector()
    sent_at: dict[int, float] = {}
    begun, number = time.perf_counter(), 0
    for number in range(CONNECTIONS):
        knocker = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
        answers.register(knocker, selectors.EVENT_READ, knocker)
        sent_at[knocker.fileno()] = time.perf_counter()
        knocker.sendall(request(number))
    while time.perf_counter() - begun < seconds:
        for key, _ in answers.select(timeout=1):
            knocker, number = key.data, number + 1
            figures.refused += read_answer(knocker) != 200
            now = time.perf_counter()
            figures.latencies.append(now - sent_at[key.fd])
            sent_at[key.fd] = now
            knocker.sendall(request(number))
    figures.seconds = time.perf_counter() - begun
    for key in list(answers.get_map().values()):
        read_answer(key.data)  # what is under way is counted in the database
        key.data.close()
    return figures


def read_answer(knocker: socket.socket) -> int:
    """Its status; the rest is read and forgotten."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = knocker.recv(65536)
        if not part:
            raise CommandError("The server closed a connection in the middle of an answer.")
        received += part
    head, _, rest = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    left = int(length[1]) - len(rest) if length else 0
    while left > 0:
        left -= len(knocker.recv(left))
    return int(head.split(b" ", 2)[1])


def _http(path: str, headers: dict[str, str], body: bytes) -> bytes:
    sent = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def signed(shop: Shop, body: bytes) -> Request:
    """As Shopify signs it; every request is another delivery."""
    digest = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    run = secrets.token_hex(8)
    headers = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": digest,
        "X-Shopify-Shop-Domain": shop.external_id,
    }
    return lambda number: _http("/shopify/webhooks", {**headers, "X-Shopify-Webhook-Id": f"{run}-{number}"}, body)


def _bare(shop: Shop, body: bytes) -> Request:
    whole = _http("/insert", {"X-Shop": str(shop.pk)}, body)
    return lambda number: whole


def pgbench(url: str, shop: Shop, body: bytes, *, seconds: float) -> float:
    """Rows a second of the same INSERT, each in a transaction of its own, by as many connections."""
    found = shutil.which("pgbench") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/pgbench")), None)
    if found is None:
        raise CommandError("pgbench is not installed; on Debian it comes with the package postgresql.")
    values = [str(shop.pk), "md5(random()::text || clock_timestamp()::text)", f"'\\x{body.hex()}'::bytea"]
    statement = " ".join(bare_door.INSERT.split()) % tuple(values)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement + ";\n")
        script.flush()
        command = [found, "-n", "-f", script.name, "-c", str(CONNECTIONS), "-j", "2", "-T", str(max(1, int(seconds)))]
        done = subprocess.run([*command, url], capture_output=True, text=True)
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    if tps is None:
        raise CommandError(f"pgbench said: {done.stderr[-500:]}")
    return float(tps[1])


@contextmanager
def own_database() -> Iterator[str]:
    """A fresh database beside the configured one; this process works in it meanwhile."""
    name, usual = f"regulars_bench_{os.getpid()}", connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        _use(name)
        call_command("migrate", verbosity=0)
        parts = urlsplit(os.environ["DATABASE_URL"])
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        _use(usual)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def bench_shop() -> Shop:
    store = StoreProfile(
        external_id="bench.myshopify.com",
        name="Bench",
        email="",
        currency="EUR",
        exponent=2,
        time_zone="UTC",
    )
    now = datetime.now(UTC)
    shop = install(platform="shopify", profile=store, grant=Grant(access_token=SECRET), at=now)
    launch(shop=shop, at=now)
    return shop


@contextmanager
def served(module: str, environment: dict[str, str]) -> Iterator[int]:
    """As the Procfile serves it, on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", module, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "error"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise CommandError("gunicorn did not start; what it said stands above.") from None
            time.sleep(0.1)
        else:
            return
