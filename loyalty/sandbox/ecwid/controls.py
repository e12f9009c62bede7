"""Controls of the Ecwid stand-in alone, under /_sandbox/ecwid; the common ones are the core's.

GET|PUT /switches                                     see switches.py
PUT     /shops/{id}                                   {"suspended", "paid_plan", "features", "shipping", "tax_percent",
                                                       "prices_include_tax", "title", "order_prefix"}: any of them
POST    /shops/{id}/orders/{order}/status             {"payment"?, "fulfillment"?, "at"?}: any status after any other
PATCH   /shops/{id}/orders/{order}                    fields of the REST order, written as they are, with order.updated
DELETE  /shops/{id}/orders/{order}                    order.deleted
PATCH   /shops/{id}/customers/{customer}              {"email", "customerGroupId", ...}; DELETE removes the customer
GET     /shops/{id}/coupons                           POST {"name", "code", ...} as the merchant makes one
GET     /shops/{id}/installation                      token, scopes, payload address (for tests)
POST    /shops/{id}/token                             {"scopes"}: a merchant's custom app, to be pasted
POST    /shops/{id}/foreign-token                     {"scopes"}: a token of somebody else's app
POST    /shops/{id}/subscription                      {"status": "TRIAL" | "ACTIVE" | "SUSPENDED"}, with its event
POST    /shops/{id}/events                            {"type", "entity_id"?, "data"?}: any webhook
GET|PUT|DELETE /api-faults                            [{"times", "status"?, "path"?, "method"?, "when"?: "before" |
                                                      "after" (it is done, the answer is lost), "delay_seconds"?,
                                                      "retry_after"?}]
GET     /api-calls                                    the newest calls of the REST API; DELETE forgets them
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.clock import now, parse_time
from loyalty.sandbox.control import json_body
from loyalty.sandbox.ecwid import apps, coupons, installing, orders, shops
from loyalty.sandbox.ecwid.dates import unix
from loyalty.sandbox.ecwid.events import SCOPES, emit
from loyalty.sandbox.ecwid.money import to_minor
from loyalty.sandbox.ecwid.rest_customers import change_customer, delete_customer
from loyalty.sandbox.ecwid.rest_guard import ApiError, Guard
from loyalty.sandbox.ecwid.switches import set_switches, switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

PLAIN = {"suspended": bool, "paid_plan": bool, "features": list, "prices_include_tax": bool, "title": str}
FAULT_FIELDS = {"times", "status", "path", "method", "when", "delay_seconds", "retry_after"}


def controls_blueprint(sandbox: Sandbox, guard: Guard) -> Blueprint:
    """All of the above."""
    controls = Blueprint("ecwid_controls", __name__)
    controls.register_error_handler(ApiError, lambda error: error.response())

    @controls.route("/switches", methods=["GET", "PUT"])
    def all_switches() -> Response:
        changed = set_switches(sandbox.store, json_body()) if request.method == "PUT" else switches(sandbox.store)
        return jsonify(changed)

    _shop_controls(controls, sandbox)
    _order_controls(controls, sandbox)
    _token_controls(controls, sandbox)
    _api_controls(controls, guard)
    return controls


def _shop_controls(controls: Blueprint, sandbox: Sandbox) -> None:
    @controls.put("/shops/<shop_id>")
    def change_shop(shop_id: str) -> Response:
        shop = _changed(shops.get_shop(sandbox.store, shop_id), json_body())
        shops.save_shop(sandbox.store, shop)
        emit(sandbox, shop, "profile.updated", shop["id"])
        return jsonify(shop)

    @controls.route("/shops/<shop_id>/customers/<customer_id>", methods=["PATCH", "DELETE"])
    def customer(shop_id: str, customer_id: str) -> Response:
        shop = shops.get_shop(sandbox.store, shop_id)
        if request.method == "DELETE":
            delete_customer(sandbox, shop, customer_id)
            return jsonify(deleted=customer_id)
        return jsonify(change_customer(sandbox, shop, customer_id, json_body()))

    @controls.route("/shops/<shop_id>/coupons", methods=["GET", "POST"])
    def merchant_coupons(shop_id: str) -> Response:
        shop = shops.get_shop(sandbox.store, shop_id)
        if request.method == "GET":
            every = sandbox.store.all(coupons.COUPON, str(shop["id"]))
            return jsonify([coupons.presented(coupon, now()) for coupon in every])
        try:
            return jsonify(coupons.create_coupon(sandbox.store, shop, json_body(), now()))
        except ValueError as error:
            raise SandboxError(str(error)) from None

    @controls.post("/shops/<shop_id>/events")
    def event(shop_id: str) -> Response:
        shop, body = shops.get_shop(sandbox.store, shop_id), json_body()
        name = str(body.get("type") or "")
        if name.partition(".")[0] not in SCOPES:
            raise SandboxError(f"type begins with one of {', '.join(SCOPES)}")
        emit(sandbox, shop, name, body.get("entity_id") or shop["id"], body.get("data"))
        return jsonify(sent=name)


def _changed(shop: Document, body: Document) -> Document:
    """The store with the fields of a PUT; SandboxError for a value it cannot take."""
    for name, kind in PLAIN.items():
        if name in body:
            if not isinstance(body[name], kind):
                raise SandboxError(f"{name} must be of type {kind.__name__}")
            shop[name] = body[name]
    try:
        if "shipping" in body:
            shop["shipping_minor"] = to_minor(body["shipping"], shop["precision"])
        if "tax_percent" in body:
            to_minor(body["tax_percent"], 4)
            shop["tax_percent"] = str(body["tax_percent"])
    except ValueError as error:
        raise SandboxError(str(error)) from None
    shop["order_prefix"] = str(body.get("order_prefix", shop["order_prefix"]))
    return shop


def _order_controls(controls: Blueprint, sandbox: Sandbox) -> None:
    @controls.post("/shops/<shop_id>/orders/<order_id>/status")
    def status(shop_id: str, order_id: str) -> Response:
        shop, body = shops.get_shop(sandbox.store, shop_id), json_body()
        payment, fulfillment = str(body.get("payment") or ""), str(body.get("fulfillment") or "")
        at = parse_time(body.get("at"))
        return jsonify(orders.set_statuses(sandbox, shop, order_id, payment, fulfillment, at))

    @controls.patch("/shops/<shop_id>/orders/<order_id>")
    def patch_order(shop_id: str, order_id: str) -> Response:
        body = json_body()
        if "id" in body:
            raise SandboxError("an order keeps its id")
        if "updateDate" in body and "updateTimestamp" not in body:
            body["updateTimestamp"] = unix(parse_time(str(body["updateDate"]).replace(" +", "+"), name="updateDate"))
        return jsonify(orders.change(sandbox, shops.get_shop(sandbox.store, shop_id), order_id, body, now()))

    @controls.delete("/shops/<shop_id>/orders/<order_id>")
    def delete_order(shop_id: str, order_id: str) -> Response:
        orders.delete(sandbox, shops.get_shop(sandbox.store, shop_id), order_id, now())
        return jsonify(deleted=order_id)


def _token_controls(controls: Blueprint, sandbox: Sandbox) -> None:
    @controls.get("/shops/<shop_id>/installation")
    def installation(shop_id: str) -> Response:
        shop = shops.get_shop(sandbox.store, shop_id)
        granted = apps.installation(sandbox.store, shop)
        if granted is None:
            raise SandboxError(f"the app is not installed in store {shop_id}", 404)
        return jsonify(granted)

    @controls.post("/shops/<shop_id>/subscription")
    def subscription(shop_id: str) -> Response:
        shop, wanted = shops.get_shop(sandbox.store, shop_id), json_body().get("status")
        granted = apps.installation(sandbox.store, shop)
        if granted is None or wanted not in apps.SUBSCRIPTIONS:
            raise SandboxError(f"an installed app's status is one of {', '.join(apps.SUBSCRIPTIONS)}")
        data = {"oldSubscriptionStatus": granted["status"], "newSubscriptionStatus": wanted}
        sandbox.store.put(apps.INSTALLATION, str(shop["id"]), apps.APP, granted | {"status": wanted})
        emit(sandbox, shop, "application.subscriptionStatusChanged", str(shop["id"]), data)
        return jsonify(status=wanted)

    @controls.post("/shops/<shop_id>/token")
    def custom_token(shop_id: str) -> Response:
        shop, app = shops.get_shop(sandbox.store, shop_id), installing.needed_app(sandbox)
        granted = apps.install(sandbox.store, shop, app, json_body().get("scopes") or app["scopes"], now())
        return jsonify(apps.token_response(shop, granted))

    @controls.post("/shops/<shop_id>/foreign-token")
    def foreign_token(shop_id: str) -> Response:
        shop = shops.get_shop(sandbox.store, shop_id)
        scopes = json_body().get("scopes") or list(apps.DEFAULT_SCOPES)
        return jsonify(apps.new_token(sandbox.store, shop, "somebody-elses-app", scopes, now()))


def _api_controls(controls: Blueprint, guard: Guard) -> None:
    @controls.route("/api-faults", methods=["GET", "PUT", "DELETE"])
    def api_faults() -> Response:
        if request.method == "PUT":
            wanted = request.get_json(force=True, silent=True)
            guard.faults[:] = [_fault(entry) for entry in (wanted if isinstance(wanted, list) else [wanted])]
        if request.method == "DELETE":
            guard.faults.clear()
        return jsonify(guard.faults)

    @controls.route("/api-calls", methods=["GET", "DELETE"])
    def api_calls() -> Response:
        if request.method == "DELETE":
            guard.calls.clear()
        return jsonify(list(guard.calls)[::-1])


def _fault(entry: object) -> Document:
    if not isinstance(entry, dict) or set(entry) - FAULT_FIELDS or not isinstance(entry.get("times", 1), int):
        raise SandboxError(f"a fault is an object of {', '.join(sorted(FAULT_FIELDS))}")
    return {"times": 1, **entry}
