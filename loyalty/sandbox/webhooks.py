"""The delivery queue: webhooks leave here with a platform's own retries, and with faults where they are asked for.

A delivery's body, headers and URL are fixed when it is queued, as the platforms do it: a retry sends the same bytes.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests

from loyalty.sandbox.clock import now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

WORKERS = 4
KEPT_DELIVERIES = 20_000
ANSWER_EXCERPT_CHARACTERS = 500
FAULT_COUNTS = ("duplicate", "drop", "corrupt_signature")
FAULT_SECONDS = ("delay_seconds", "shuffle_seconds")

SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    platform TEXT NOT NULL, shop TEXT NOT NULL, topic TEXT NOT NULL, event TEXT NOT NULL,
    method TEXT NOT NULL, url TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
    state TEXT NOT NULL, due_at REAL NOT NULL, queued_at TEXT NOT NULL,
    attempts TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due_at);
CREATE INDEX IF NOT EXISTS delivery_shop ON delivery (platform, shop, id);
"""


@dataclass(frozen=True)
class RetryPolicy:
    """How one platform delivers. `delays_seconds[n]` is the wait after failed attempt n+1; after the last it gives up."""

    signature_header: str
    delays_seconds: tuple[float, ...]
    timeout_seconds: float
    connect_timeout_seconds: float
    accepted: frozenset[int]


@dataclass(frozen=True)
class Webhook:
    """One message to one endpoint. `event` names what happened, for the records; `body` is sent byte for byte."""

    platform: str
    shop: str
    topic: str
    event: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


class DeliveryQueue:
    """Queues webhooks in the store's database and sends them from its own threads between start() and stop()."""

    def __init__(self, store: Store, policies: Mapping[str, RetryPolicy]) -> None:
        self.store = store
        self.policies = policies
        self.time_scale = 1.0
        self._random = random.Random(20261121)
        self._wake = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        with store.lock:
            store.connection.executescript(SCHEMA)
            # What was on its way when the last process ended is simply sent again: delivery is at least once.
            store.connection.execute("UPDATE delivery SET state = 'pending' WHERE state = 'sending'")

    def start(self) -> None:
        self._threads = [
            threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True) for number in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)

    def send(self, webhook: Webhook) -> None:
        """Queue a webhook, once or as often as the faults in force say."""
        with self.store.transaction():
            faults = self._faults_for(webhook.platform, webhook.shop)
            if self._spend(faults, "drop"):
                self._insert(webhook, state="dropped", due_at=time.time(), note="dropped on demand")
                return
            corrupt = self._spend(faults, "corrupt_signature")
            copies = 2 if self._spend(faults, "duplicate") else 1
            for copy in range(copies):
                self._insert(
                    self._corrupted(webhook) if corrupt else webhook,
                    state="held" if faults.get("hold") else "pending",
                    due_at=self._due_at(faults),
                    note="signature corrupted on demand" if corrupt else "duplicate on demand" if copy else "",
                )
        self._notify()

    def redeliver(self, delivery_id: int, times: int = 1) -> None:
        """Send a delivery again with the same id, body and headers, at once."""
        with self.store.transaction() as connection:
            row = connection.execute(
                "SELECT platform, shop, topic, event, url, headers, body, method FROM delivery WHERE id = ?",
                (delivery_id,),
            ).fetchone()
            if row is None:
                raise SandboxError(f"there is no delivery {delivery_id}", 404)
            webhook = Webhook(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), row[6], row[7])
            for _ in range(times):
                self._insert(webhook, state="pending", due_at=time.time(), note=f"delivery {delivery_id} again")
        self._notify()

    def deliver_now(self, platform: str = "", shop: str = "") -> int:
        """Make everything that waits due at once: held, delayed and waiting for a retry."""
        with self.store.transaction() as connection:
            count = connection.execute(
                "UPDATE delivery SET state = 'pending', due_at = ? WHERE state IN ('pending', 'held') "
                "AND (? = '' OR platform = ?) AND (? = '' OR shop = ?)",
                (time.time(), platform, platform, shop, shop),
            ).rowcount
        self._notify()
        return count

    def drain(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until nothing is under way or due within a second; later retries and held ones do not count."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            with self.store.lock:
                waiting = self.store.connection.execute(
                    "SELECT count(*) FROM delivery WHERE state = 'sending' OR (state = 'pending' AND due_at <= ?)",
                    (time.time() + 1,),
                ).fetchone()[0]
            if waiting == 0:
                return True
            time.sleep(0.02)
        return False

    def deliveries(
        self, *, platform: str = "", shop: str = "", topic: str = "", state: str = "", limit: int = 100
    ) -> list[Document]:
        """Newest first, with every attempt and what was answered."""
        with self.store.lock:
            rows = self.store.connection.execute(
                "SELECT id, platform, shop, topic, event, url, headers, body, state, due_at, queued_at, attempts, note "
                "FROM delivery WHERE (? = '' OR platform = ?) AND (? = '' OR shop = ?) AND (? = '' OR topic = ?) "
                "AND (? = '' OR state = ?) ORDER BY id DESC LIMIT ?",
                (platform, platform, shop, shop, topic, topic, state, state, limit),
            ).fetchall()
        names = ("id", "platform", "shop", "topic", "event", "url", "headers", "body", "state", "due_at", "queued_at")
        found = []
        for row in rows:
            delivery = dict(zip(names, row[:11], strict=True))
            delivery["headers"] = json.loads(delivery["headers"])
            delivery["body"] = delivery["body"].decode("utf-8", "replace")
            found.append(delivery | {"attempts": json.loads(row[11]), "note": row[12]})
        return found

    def counts(self) -> dict[str, int]:
        with self.store.lock:
            rows = self.store.connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
        return {str(state): int(count) for state, count in rows}

    def set_faults(self, body: Document) -> Document:
        """Set faults for a platform, a shop or (neither named) for all; returns what is now in force there."""
        known = {"platform", "shop", "hold", "time_scale", *FAULT_COUNTS, *FAULT_SECONDS}
        if unknown := sorted(set(body) - known):
            raise SandboxError(f"unknown fault {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        for name in (*FAULT_COUNTS, *FAULT_SECONDS, "time_scale"):
            if name in body and (isinstance(body[name], bool) or not isinstance(body[name], int | float)):
                raise SandboxError(f"{name} must be a number")
        if "time_scale" in body:
            self.time_scale = float(body["time_scale"])
        owner = f"{body.get('platform', '')}/{body.get('shop', '')}"
        with self.store.transaction():
            faults = self.store.get("faults", "", owner) or {"scope": owner}
            faults |= {name: value for name, value in body.items() if name not in ("platform", "shop", "time_scale")}
            self.store.put("faults", "", owner, faults)
        return faults | {"time_scale": self.time_scale}

    def clear_faults(self) -> None:
        self.time_scale = 1.0
        self.store.delete("faults", "")

    def _faults_for(self, platform: str, shop: str) -> Document:
        """The narrowest faults that are set: this shop's, its platform's, or everybody's."""
        for owner in (f"{platform}/{shop}", f"/{shop}", f"{platform}/", "/"):
            faults = self.store.get("faults", "", owner)
            if faults is not None:
                return faults
        return {}

    def _spend(self, faults: Document, name: str) -> bool:
        """Whether a counted fault strikes now; uses up one of its count."""
        if int(faults.get(name, 0)) <= 0:
            return False
        faults[name] -= 1
        self.store.put("faults", "", str(faults["scope"]), faults)
        return True

    def _due_at(self, faults: Document) -> float:
        shuffle = self._random.uniform(0, float(faults.get("shuffle_seconds", 0)))
        return time.time() + float(faults.get("delay_seconds", 0)) + shuffle

    def _corrupted(self, webhook: Webhook) -> Webhook:
        header = self.policies[webhook.platform].signature_header
        signature = webhook.headers[header]
        wrong = ("A" if signature[:1] != "A" else "B") + signature[1:]
        headers = dict(webhook.headers) | {header: wrong}
        return replace(webhook, headers=headers)

    def _insert(self, webhook: Webhook, *, state: str, due_at: float, note: str) -> None:
        inserted = self.store.connection.execute(
            "INSERT INTO delivery (platform, shop, topic, event, method, url, headers, body, state, due_at, queued_at, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(webhook.platform, webhook.shop, webhook.topic, webhook.event, webhook.method, webhook.url),
                *(json.dumps(dict(webhook.headers)), webhook.body, state, due_at, now().isoformat(), note),
            ),
        )
        self._forget(int(inserted.lastrowid or 0))

    def _forget(self, newest: int) -> None:
        """Keep the records finite; only what is done with may go."""
        if newest % 1_000 == 0:
            self.store.connection.execute(
                "DELETE FROM delivery WHERE id < ? AND state IN ('delivered', 'failed', 'dropped')",
                (newest - KEPT_DELIVERIES,),
            )

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        session = requests.Session()
        session.trust_env = False
        while not self._stopping:
            claimed = self._claim()
            if claimed is None:
                with self._wake:
                    if not self._stopping:
                        self._wake.wait(timeout=0.1)
            else:
                self._attempt(session, *claimed)

    def _claim(self) -> tuple[int, str, str, str, dict[str, str], bytes, list[Any]] | None:
        with self.store.transaction() as connection:
            row = connection.execute(
                "UPDATE delivery SET state = 'sending' WHERE id = (SELECT id FROM delivery WHERE state = 'pending' "
                "AND due_at <= ? ORDER BY due_at, id LIMIT 1) "
                "RETURNING id, platform, method, url, headers, body, attempts",
                (time.time(),),
            ).fetchone()
        if row is None:
            return None
        return *row[:4], json.loads(row[4]), row[5], json.loads(row[6])

    def _attempt(
        self,
        session: requests.Session,
        delivery_id: int,
        platform: str,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes,
        attempts: list[Any],
    ) -> None:
        policy = self.policies[platform]
        begun = time.monotonic()
        attempt: Document = {"at": now().isoformat(), "status": None, "error": "", "answer": ""}
        try:
            answer = session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=(policy.connect_timeout_seconds, policy.timeout_seconds),
                allow_redirects=False,
            )
            attempt |= {"status": answer.status_code, "answer": answer.text[:ANSWER_EXCERPT_CHARACTERS]}
        except requests.RequestException as error:
            attempt["error"] = f"{type(error).__name__}: {error}"[:ANSWER_EXCERPT_CHARACTERS]
        attempt["seconds"] = round(time.monotonic() - begun, 3)
        attempts.append(attempt)
        state, due_at = self._after(policy, attempts)
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET state = ?, due_at = ?, attempts = ? WHERE id = ?",
                (state, due_at, json.dumps(attempts), delivery_id),
            )

    def _after(self, policy: RetryPolicy, attempts: list[Any]) -> tuple[str, float]:
        if attempts[-1]["status"] in policy.accepted:
            return "delivered", time.time()
        if len(attempts) > len(policy.delays_seconds):
            return "failed", time.time()
        return "pending", time.time() + policy.delays_seconds[len(attempts) - 1] * self.time_scale
