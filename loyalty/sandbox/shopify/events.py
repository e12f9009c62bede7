"""What happens in a shop, said to the app: which topics, which body, which headers."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import payloads
from loyalty.sandbox.shopify.shops import TOPIC_SCOPES, gid, has_scope, installation, new_id
from loyalty.sandbox.shopify.signing import webhook_signature
from loyalty.sandbox.store import Document
from loyalty.sandbox.webhooks import RetryPolicy, Webhook

API_VERSION = "2026-10"

# Eight retries over four hours, exponentially; a connection within one second, the whole answer within five.
# The single waits are (unverified): they double and add up to four hours.
POLICY = RetryPolicy(
    signature_header="X-Shopify-Hmac-Sha256",
    delays_seconds=(56, 113, 226, 452, 903, 1807, 3614, 7229),
    timeout_seconds=5,
    connect_timeout_seconds=1,
    accepted=frozenset(range(200, 300)),
)


class Events:
    """Sends webhooks for one shop while the app is installed there with the scope that a topic needs."""

    def __init__(self, sandbox: Sandbox, shop: Document) -> None:
        self.sandbox = sandbox
        self.shop = shop
        self.app = sandbox.app("shopify")
        self.installed = installation(sandbox.store, shop)

    @property
    def data_level(self) -> int:
        return int(self.app.get("protected_customer_data", 2))

    def order(self, order: Document, *topics: str, at: datetime | None = None) -> None:
        """The same snapshot under each topic."""
        wanted = [topic for topic in topics if self._wants(topic)]
        if not wanted:
            return
        body = payloads.order_body(self.sandbox.store, self.shop, order, self.data_level)
        for topic in wanted:
            self.send(topic, body, at=at)

    def refund(self, order: Document, refund: Document, at: datetime | None = None) -> None:
        self.send("refunds/create", payloads.refund_body(self.shop, order, refund), at=at)

    def customer(self, customer: Document, topic: str, at: datetime | None = None) -> None:
        if self.data_level:
            self.send(topic, payloads.customer_body(self.shop, customer, self.data_level), at=at)

    def uninstalled(self) -> None:
        """Sent after the installation is gone, and only then."""
        self._send("app/uninstalled", payloads.shop_body(self.shop), now())

    def scopes_updated(self, previous: list[str], current: list[str]) -> None:
        body = {
            "id": (self.installed or {}).get("id"),
            "shop_id": gid("Shop", self.shop["id"]),
            "previous": previous,
            "current": current,
            "updated_at": iso(now()),
        }
        self.send("app/scopes_update", body)

    def compliance(self, topic: str, customer: Document | None, order_ids: list[int]) -> None:
        """The three mandatory topics; they reach an app that was uninstalled, too."""
        body: Document = {"shop_id": self.shop["id"], "shop_domain": self.shop["domain"]}
        if customer is not None and topic != "shop/redact":
            body["customer"] = {"id": customer["id"], "email": customer["email"], "phone": None}
        if topic == "customers/redact":
            body["orders_to_redact"] = order_ids
        if topic == "customers/data_request":
            body |= {"orders_requested": order_ids, "data_request": {"id": new_id(self.sandbox.store)}}
        self._send(topic, body, now())

    def send(self, topic: str, body: Any, at: datetime | None = None) -> None:
        if self._wants(topic):
            self._send(topic, body, at or now())

    def _wants(self, topic: str) -> bool:
        return (
            self.installed is not None
            and topic in self.app["topics"]
            and has_scope(self.installed["scopes"], TOPIC_SCOPES[topic])
        )

    def _send(self, topic: str, body: Any, at: datetime) -> None:
        self.send_raw(topic, json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), at)

    def send_raw(self, topic: str, raw: bytes, at: datetime) -> None:
        """Sign and queue any bytes, whether the app asked for the topic or not."""
        event = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            # The oldest secret that is not revoked signs, for up to an hour after a rotation.
            "X-Shopify-Hmac-Sha256": webhook_signature(self.app["client_secret_old"] or self.app["client_secret"], raw),
            "X-Shopify-Shop-Domain": self.shop["domain"],
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        url = self.app["webhook_url"]
        self.sandbox.deliveries.send(Webhook("shopify", self.shop["domain"], topic, event, url, headers, raw))
