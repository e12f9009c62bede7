"""The app as production serves it, in a process of its own, and webhooks knocking at it as Shopify sends them."""

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
from typing import Any

from loyalty.management.ports import free_port
from tests.platforms.shopify.payloads import body

START_SECONDS = 120


@contextmanager
def door(environment: Mapping[str, str]) -> Iterator[int]:
    """Its port."""
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
    """The status, or None where nobody is at home."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=sent, headers=dict(headers or {}))
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def deliver(port: int, *, store: str, secret: str, delivery_id: str, record: Any) -> int | None:
    sent = body(record)
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(secret.encode(), sent, hashlib.sha256).digest()).decode(),
        "X-Shopify-Shop-Domain": store,
        "X-Shopify-Webhook-Id": delivery_id,
    }
    return knock(port, "POST", "/shopify/webhooks", sent, headers)
