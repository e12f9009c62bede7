"""Controls of the Shopify stand-in alone, under /_sandbox/shopify (see the package's docstring)."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify

from loyalty.sandbox.clock import now
from loyalty.sandbox.control import json_body
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import customers, orders, subscriptions, tokens
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.server import ApiFaults
from loyalty.sandbox.shopify.shops import installation, shop_of
from loyalty.sandbox.shopify.signing import session_token

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")


def controls_blueprint(sandbox: Sandbox) -> Blueprint:
    controls = Blueprint("shopify_controls", __name__)
    store = sandbox.store

    @controls.post("/shops/<shop>/session-token")
    def new_session_token(shop: str) -> Response:
        found = shop_of(store, shop)
        return jsonify(token=session_token(sandbox.app("shopify"), found["domain"]))

    _trouble(controls, sandbox)
    _merchant(controls, sandbox)
    _theme(controls, sandbox)
    return controls


def _trouble(controls: Blueprint, sandbox: Sandbox) -> None:
    """What goes wrong between Shopify and the app."""
    store = sandbox.store

    @controls.post("/shops/<shop>/webhooks")
    def any_webhook(shop: str) -> Response:
        """Sign and send whatever is given: an object as `body`, or `text` that need not even be JSON."""
        found, body = shop_of(store, shop), json_body()
        if not body.get("topic") or ("body" in body) == ("text" in body):
            raise SandboxError("give a topic, and either body (JSON) or text")
        raw = str(body["text"]).encode() if "text" in body else json.dumps(body["body"]).encode()
        Events(sandbox, found).send_raw(str(body["topic"]), raw, now())
        return jsonify(sent=body["topic"])

    @controls.put("/shops/<shop>/api-faults")
    def api_faults(shop: str) -> Response:
        found = shop_of(store, shop)
        return jsonify(ApiFaults(sandbox).set(found, json_body()))

    @controls.post("/shops/<shop>/expire-tokens")
    def expire_tokens(shop: str) -> Response:
        return jsonify(expired=tokens.expire_access(store, shop_of(store, shop)))


def _merchant(controls: Blueprint, sandbox: Sandbox) -> None:
    """What a merchant or Shopify itself does to a shop."""
    store = sandbox.store

    @controls.post("/shops/<shop>/orders/<order_id>/customer")
    def change_customer(shop: str, order_id: str) -> Response:
        """An order is given to another customer, or to none."""
        found, number = shop_of(store, shop), json_body().get("customer")
        with store.transaction():
            order = orders.get(store, found, order_id)
            customer = customers.by_id(store, found, number) if number is not None else None
            if customer is None and number is not None:
                raise SandboxError(f"there is no customer {number}", 404)
            order["customer_id"] = customer["id"] if customer else None
            orders.touched(store, found, order, now())
            Events(sandbox, found).order(order, "orders/updated")
        return jsonify(order=order["id"], customer=order["customer_id"])

    @controls.post("/shops/<shop>/scopes")
    def change_scopes(shop: str) -> Response:
        """The merchant grants or revokes scopes; living tokens keep the scopes they were made with."""
        found = shop_of(store, shop)
        wanted = json_body().get("scopes")
        if not isinstance(wanted, list):
            raise SandboxError("scopes must be a list")
        with store.transaction():
            installed = installation(store, found)
            if installed is None:
                raise SandboxError("the app is not installed in this shop", 409)
            previous, installed["scopes"] = installed["scopes"], [str(scope) for scope in wanted]
            store.put("shopify.installation", "", found["domain"], installed)
            Events(sandbox, found).scopes_updated(previous, installed["scopes"])
        return jsonify(previous=previous, current=installed["scopes"])

    @controls.post("/shops/<shop>/compliance")
    def compliance(shop: str) -> Response:
        found, body = shop_of(store, shop), json_body()
        topic = body.get("topic")
        if topic not in COMPLIANCE:
            raise SandboxError(f"topic must be one of {', '.join(COMPLIANCE)}")
        customer = customers.by_id(store, found, body.get("customer", ""))
        if customer is None and topic != "shop/redact":
            raise SandboxError("this topic needs a customer's id")
        placed = store.find("shopify.order", found["domain"], str(customer["id"])) if customer else []
        Events(sandbox, found).compliance(topic, customer, [order["id"] for order in placed])
        return jsonify(sent=topic)

    @controls.post("/shops/<shop>/subscription")
    def subscription(shop: str) -> Response:
        """The merchant approves or declines the newest plan, or Shopify ends it: {"status": "ACTIVE"}."""
        found = shop_of(store, shop)
        return jsonify(subscriptions.decide(store, found, str(json_body().get("status")), Events(sandbox, found)))


def _theme(controls: Blueprint, sandbox: Sandbox) -> None:
    """What the merchant does in the theme editor, and which theme it is."""
    store = sandbox.store

    @controls.put("/shops/<shop>/theme")
    def theme(shop: str) -> Response:
        """How heavy the theme is: {"heavy": true|false}."""
        found = shop_of(store, shop)
        found["heavy_theme"] = bool(json_body().get("heavy"))
        store.put("shopify.shop", "", found["domain"], found)
        return jsonify(heavy=found["heavy_theme"])

    @controls.put("/shops/<shop>/embed")
    def embed(shop: str) -> Response:
        """The app embed's switch in the theme editor: {"enabled": true|false}."""
        found = shop_of(store, shop)
        installed = installation(store, found)
        if installed is None:
            raise SandboxError("the app is not installed in this shop", 409)
        installed["embed_enabled"] = bool(json_body().get("enabled"))
        store.put("shopify.installation", "", found["domain"], installed)
        return jsonify(enabled=installed["embed_enabled"])
