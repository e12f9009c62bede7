"""The stand-in's control API, spoken from tests."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from loyalty.models import Redemption, Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.ecwid import oauth
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.services.launching import launch
from loyalty.services.observations import Observation

CLIENT_ID = "regulars-unit-tests"
CLIENT_SECRET = "unit-tests-client-secret-0001"
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)

_numbers = itertools.count(4001)


class StandIn:
    """`ask` is one call of the control API; everything else is a few of them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}{path}", json=body, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def of(self, store: str | Shop, path: str = "", body: Any = None, method: str = "POST") -> Any:
        number = store.external_id if isinstance(store, Shop) else store
        return self.ask(method, f"/_sandbox/ecwid/shops/{number}{path}", body)

    def new_store(self, **fields: Any) -> str:
        number = str(next(_numbers))
        self.ask("POST", "/_sandbox/ecwid/shops", {"id": number, **fields})
        return number

    def token(self, store: str) -> str:
        return str(self.of(store, "/token", {})["access_token"])

    def connected(self, at: datetime = AT, **fields: Any) -> Shop:
        """A store with the app and the default program."""
        store = self.new_store(**fields)
        shop = oauth.connect_pasted(store=store, token=self.token(store), client_secret="", at=at)
        launch(shop=shop, at=at)
        return shop

    def order(self, shop: Shop, **fields: Any) -> dict[str, Any]:
        body = {"lines": [{"sku": "NB-DOT", "quantity": 2}], "email": "noor@example.com", **fields}
        return dict(self.of(shop, "/orders", body))

    def faults(self, *faults: dict[str, Any]) -> None:
        self.ask("PUT", "/_sandbox/ecwid/api-faults", list(faults))

    def calls(self) -> list[tuple[str, int]]:
        """The newest first: ("GET /ecwid/api/v3/...", status)."""
        calls = self.ask("GET", "/_sandbox/ecwid/api-calls")
        return [(f"{call['method']} {call['path']}", call["status"]) for call in calls]

    def deliveries(self, shop: Shop, topic: str) -> list[dict[str, Any]]:
        query = f"?platform=ecwid&shop={shop.external_id}&topic={topic}"
        return list(self.ask("GET", f"/_sandbox/deliveries{query}"))


def notice(shop: Shop, topic: str, at: datetime = AT, **fields: Any) -> list[Observation]:
    """What the parser makes of an event; what it needs to know it asks the stand-in."""
    event = {"eventId": "e-1", "eventCreated": 1, "storeId": int(shop.external_id), "entityId": 1, "eventType": topic}
    return told(shop, event | fields, at)


def told(shop: Shop, event: Any, at: datetime = AT) -> list[Observation]:
    body = json.dumps(event).encode()
    delivery = Delivery(delivery_id="e-1", topic="", body=body, meta={}, received_at=at)
    return EcwidPlatform().parse(shop, delivery)


def redemption(shop: Shop, code: str = "HJKM-2346-TUVW", **changes: object) -> Redemption:
    """As the service makes one; never saved, because the platform only reads it."""
    fields = {
        "shop": shop,
        "number": uuid.uuid4(),
        "code": code,
        "value_minor": 500,
        "reward_data": {"kind": "amount_off", "minimum_order_minor": 0},
        "expires_at": datetime.now(UTC).replace(microsecond=0) + timedelta(days=30),
    }
    return Redemption(**(fields | changes))
