"""App subscriptions: prepared by the app, approved or declined by the merchant, ended by an uninstall."""

from __future__ import annotations

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify.connections import Node
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.nodes import Api
from loyalty.sandbox.shopify.shops import gid, new_id
from loyalty.sandbox.store import Document, Store

ENDINGS = ("ACTIVE", "DECLINED", "CANCELLED", "FROZEN", "EXPIRED")


def app_subscription_create(
    api: Api, name: str, lineItems: list[Node], returnUrl: str, trialDays: int = 0, test: bool = False, **_: object
) -> Node:
    if api.sandbox.app("shopify")["distribution"] == "custom":
        error = {"field": None, "message": "Custom apps cannot use the Billing API."}
        return {"appSubscription": None, "confirmationUrl": None, "userErrors": [error]}
    made: Document = {
        "id": new_id(api.store),
        "name": name,
        "status": "PENDING",
        "test": bool(test),
        "return_url": returnUrl,
        "created_at": iso(now()),
    }
    _save(api.store, api.shop, made)
    url = api.sandbox.url("admin.shopify.localhost", f"/store/{api.shop['name']}/charges/{made['id']}/confirm")
    return {"appSubscription": _node(made), "confirmationUrl": url, "userErrors": []}


def active(api: Api) -> list[Node]:
    return [_node(row) for row in _all(api.store, api.shop) if row["status"] == "ACTIVE"]


def end_all(store: Store, shop: Document) -> None:
    """With the uninstall."""
    for row in _all(store, shop):
        if row["status"] in ("ACTIVE", "PENDING"):
            _save(store, shop, row | {"status": "CANCELLED"})


def decide(store: Store, shop: Document, status: str, events: Events) -> Document:
    """What becomes of the newest one; a plan that is approved takes the place of the one before."""
    if status not in ENDINGS:
        raise SandboxError(f"status must be one of {', '.join(ENDINGS)}")
    rows = _all(store, shop)
    if not rows:
        raise SandboxError("there is no subscription to decide on", 409)
    newest = max(rows, key=lambda row: row["id"])
    if status == "ACTIVE":
        for row in rows:
            if row["status"] == "ACTIVE":
                _save(store, shop, row | {"status": "CANCELLED"})
    newest |= {"status": status}
    _save(store, shop, newest)
    told = {"admin_graphql_api_id": gid("AppSubscription", newest["id"]), "name": newest["name"], "status": status}
    events.send("app_subscriptions/update", {"app_subscription": told})
    return newest


def _all(store: Store, shop: Document) -> list[Document]:
    return store.all("shopify.subscription", shop["domain"])


def _save(store: Store, shop: Document, row: Document) -> None:
    store.put("shopify.subscription", shop["domain"], row["id"], row, at=row["created_at"])


def _node(row: Document) -> Node:
    return {
        "__typename": "AppSubscription",
        "id": gid("AppSubscription", row["id"]),
        "name": row["name"],
        "status": row["status"],
        "test": row["test"],
    }
