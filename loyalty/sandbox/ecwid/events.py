"""Webhooks: the envelope, the signature over `eventCreated.eventId`, and who is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from datetime import datetime
from urllib.parse import urlencode

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid.apps import APP, installation
from loyalty.sandbox.ecwid.dates import unix
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document
from loyalty.sandbox.webhooks import RetryPolicy, Webhook

SIGNATURE_HEADER = "X-Ecwid-Webhook-Signature"
QUARTER_HOUR_SECONDS = 900.0
# 15, 30 and 45 minutes, then every hour until 24 hours have passed; ecwid.com: "How to process webhooks".
RETRIES = (QUARTER_HOUR_SECONDS, 2 * QUARTER_HOUR_SECONDS, 3 * QUARTER_HOUR_SECONDS, *(3600.0 for _ in range(23)))
POLICY = RetryPolicy(
    signature_header=SIGNATURE_HEADER,
    delays_seconds=RETRIES,
    timeout_seconds=10.0,
    connect_timeout_seconds=3.0,
    accepted=frozenset({200, 201, 202, 204, 209}),
)
SCOPES = {
    "order": "read_orders",
    "unfinished_order": "read_orders",
    "customer": "read_customers",
    "customer_group": "read_customers",
    "discount_coupon": "read_discount_coupons",
    "profile": "read_store_profile",
    "application": "read_store_profile",
}


def signature(event_created: int, event_id: str, client_secret: str) -> str:
    """base64(HMAC-SHA256(client secret, "eventCreated.eventId")); the body is not covered."""
    message = f"{event_created}.{event_id}".encode()
    return base64.b64encode(hmac.new(client_secret.encode(), message, hashlib.sha256).digest()).decode("ascii")


def emit(
    sandbox: Sandbox,
    shop: Document,
    event_type: str,
    entity_id: int | str,
    data: Document | None = None,
    *,
    at: datetime | None = None,
    scopes: tuple[str, ...] | None = None,
) -> None:
    """Tells the app, when it is installed with the scope that the event needs.

    `scopes` stands in for the installation's, where that is gone already (application.uninstalled).
    """
    app = sandbox.app(APP)
    installed = installation(sandbox.store, shop)
    granted = scopes if scopes is not None else tuple(installed["scopes"]) if installed else ()
    if not app.get("webhook_url") or SCOPES[event_type.partition(".")[0]] not in granted:
        return
    setting = switches(sandbox.store)
    name = _snake(event_type) if setting["event_spelling"] == "snake" else event_type
    created = unix(at or now())
    event: Document = {
        "eventId": str(uuid.uuid4()),
        "eventCreated": created,
        "storeId": shop["id"],
        "entityId": entity_id,
        "eventType": name,
    }
    if data is not None:
        event["data"] = data
    url = app["webhook_url"]
    sandbox.deliveries.send(
        Webhook(
            platform=APP,
            shop=str(shop["id"]),
            topic=name,
            event=event["eventId"],
            url=f"{url}{'&' if '?' in url else '?'}{urlencode({'eventtype': name})}",
            headers={
                "Content-Type": "application/json; charset=UTF-8",
                "User-Agent": "ecwid-webhooks-stand-in",
                SIGNATURE_HEADER: signature(created, event["eventId"], app["client_secret"]),
            },
            body=json.dumps(event, separators=(",", ":")).encode(),
            method=setting["webhook_method"],
        )
    )


def _snake(event_type: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match.group(1).lower(), event_type)
