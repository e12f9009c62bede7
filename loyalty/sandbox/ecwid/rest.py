"""The server side under /ecwid: the REST API, the token endpoint, the storefront's own customer call."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.ecwid import apps, customers, sessions
from loyalty.sandbox.ecwid.installing import needed_app
from loyalty.sandbox.ecwid.rest_customers import customer_routes, group_routes
from loyalty.sandbox.ecwid.rest_guard import ApiError, Guard, json_object
from loyalty.sandbox.ecwid.rest_orders import order_routes
from loyalty.sandbox.ecwid.rest_store import coupon_routes, profile_routes, promotion_routes, storage_routes
from loyalty.sandbox.ecwid.shops import SHOP
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

FORM = "application/x-www-form-urlencoded"


def server_blueprint(sandbox: Sandbox, guard: Guard) -> Blueprint:
    """Everything a server asks of Ecwid; mounted under /ecwid on the bare host."""
    server = Blueprint("ecwid_server", __name__)
    api = Blueprint("ecwid_rest", __name__, url_prefix="/api/v3/<store_id>")
    guard.attach(api)
    for routes in (
        order_routes,
        customer_routes,
        group_routes,
        coupon_routes,
        promotion_routes,
        profile_routes,
        storage_routes,
    ):
        routes(api, guard)
    server.register_blueprint(api)

    @server.post("/oauth/token/<store_id>")
    @server.post("/api/oauth/token/<store_id>")
    def token(store_id: str) -> Response:
        return _token(sandbox, store_id)

    @server.route("/oauth/token", methods=["GET", "POST"])
    @server.route("/api/oauth/token", methods=["GET", "POST"])
    def old_token() -> Response:
        return _oauth_error("invalid_request", "the address needs the store's id")

    @server.post("/storefront/api/v1/<store_id>/customer")
    def storefront_customer(store_id: str) -> Response:
        return _storefront_customer(sandbox, store_id)

    server.register_error_handler(ApiError, lambda error: error.response())
    return server


def _token(sandbox: Sandbox, store_id: str) -> Response:
    form, app = request.form, needed_app(sandbox)
    shop = sandbox.store.get(SHOP, "", store_id)
    if request.mimetype != FORM:
        return _oauth_error("invalid_request", f"send {FORM}")
    if shop is None:
        return _oauth_error("invalid_request", "there is no such store")
    if form.get("grant_type") != "authorization_code":
        return _oauth_error("unsupported_grant_type", "grant_type must be authorization_code")
    if form.get("client_id") != app["client_id"] or form.get("client_secret") != app["client_secret"]:
        return _oauth_error("invalid_client", "client_id or client_secret is wrong", 401)
    try:
        granted = apps.trade_code(sandbox.store, shop, app, form.get("code", ""), form.get("redirect_uri", ""))
    except SandboxError as error:
        return _oauth_error(error.message, "the code is wrong, used or too old, or redirect_uri is another one")
    return jsonify(apps.token_response(shop, granted))


def _oauth_error(code: str, description: str, status: int = 400) -> Response:
    response = jsonify(error=code, error_description=description)
    response.status_code = status
    return response


def _storefront_customer(sandbox: Sandbox, store_id: str) -> Response:
    """The undocumented call that a storefront makes with its session token (unverified)."""
    shop = sandbox.store.get(SHOP, "", store_id)
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    json_object()
    if shop is None or not switches(sandbox.store)["session_token"] or scheme.lower() != "bearer":
        raise ApiError(401)
    session = sessions.of_token(sandbox.store, shop, value)
    customer = customers.get_customer(sandbox.store, shop, session["customer_id"]) if session else None
    if customer is None:
        raise ApiError(401)
    return jsonify(_as_storefront(customer))


def _as_storefront(customer: Document) -> Document:
    return {
        "billingPerson": customer["billingPerson"],
        "shippingPersons": [],
        "customerGroup": {"id": customer["customerGroupId"], "name": customer["customerGroupName"]},
        "email": customer["email"],
        "id": customer["id"],
        "name": customer["name"],
        "isTaxExempt": False,
        "isAcceptedMarketing": customer["acceptMarketing"],
        "favoriteProductIds": [],
    }
