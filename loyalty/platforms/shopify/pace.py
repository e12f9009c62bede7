"""Asking no faster than a store's bucket fills, by what its last answer said of it, so that a question that would be
thrown back is not sent; and a history leaves room for the questions for which a shopper waits.

Every process keeps its own account. Others draw from the same bucket, so it is an estimate: what Shopify throttles all
the same is waited out by the client.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

UNHURRIED = frozenset(
    {"bulk_run", "bulk_state", "customers_page", "order_lines", "order_refunds", "orders_page", "refund_lines"}
)
"""Documents of imports and comparisons: nobody waits for them at this moment."""
ROOM_FOR_SHOPPERS = 200.0
"""Points that unhurried questions leave in the bucket: some twenty codes."""
MAX_STORES = 1_000


@dataclass(slots=True)
class _Bucket:
    """`available` points at `at` (seconds of the monotonic clock), filled by `restore_rate` a second up to `maximum`.
    `costs` are what documents were said to cost."""

    maximum: float
    available: float
    restore_rate: float
    at: float
    costs: dict[str, float] = field(default_factory=dict)


_buckets: dict[str, _Bucket] = {}
_lock = Lock()


def wait_seconds(domain: str, name: str) -> float:
    """How long until the bucket should hold what the question cost last time; 0 where nothing is known."""
    with _lock:
        bucket = _buckets.get(domain)
        cost = bucket.costs.get(name) if bucket else None
        if bucket is None or cost is None:
            return 0.0
        needed = min(cost + (ROOM_FOR_SHOPPERS if name in UNHURRIED else 0.0), bucket.maximum)
        filled = bucket.available + bucket.restore_rate * (time.monotonic() - bucket.at)
        return max(0.0, (needed - filled) / bucket.restore_rate)


def note(domain: str, name: str, extensions: Any) -> None:
    """Reads `extensions.cost` of an answer. One that makes no sense is passed over."""
    try:
        cost = extensions["cost"]
        status: Mapping[str, Any] = cost["throttleStatus"]
        maximum, available, rate, asked = (
            float(value)
            for value in (
                status["maximumAvailable"],
                status["currentlyAvailable"],
                status["restoreRate"],
                cost["requestedQueryCost"],
            )
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return
    if not (0 < rate <= 1e6 and 0 < maximum <= 1e9 and 0 <= available <= maximum and 0 <= asked <= 1e9):
        return
    with _lock:
        bucket = _buckets.pop(domain, None)
        while len(_buckets) >= MAX_STORES:
            del _buckets[next(iter(_buckets))]
        costs = bucket.costs if bucket else {}
        _buckets[domain] = _Bucket(maximum, available, rate, time.monotonic(), {**costs, name: asked})
