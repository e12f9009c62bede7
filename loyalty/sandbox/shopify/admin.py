"""admin.shopify.localhost: the app market, the orders, and the frame the app lives in.

There is no login: whoever opens it is the merchant, and staff member 42.
"""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from loyalty.sandbox.clock import now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Origin, Sandbox
from loyalty.sandbox.shopify import customers, discounts, orders, shops, tokens
from loyalty.sandbox.shopify.cdn import STATIC
from loyalty.sandbox.shopify.money import to_people
from loyalty.sandbox.shopify.signing import base64_host, query_signature, session_token
from loyalty.sandbox.site import new_app
from loyalty.sandbox.store import Document

HOST = re.compile(r"admin\.shopify\.localhost")
PAGE_ROWS = 50


class Verbs(Protocol):
    """What the admin's buttons do; the platform has it."""

    def describe(self, shop: Document) -> Document: ...

    def install(self, shop: str) -> Document: ...

    def uninstall(self, shop: str) -> Document: ...

    def open_url(self, shop: Document, path: str = "", query: str = "") -> str: ...

    def pay(self, shop: str, order_id: str, body: Document) -> Document: ...

    def refund(self, shop: str, order_id: str, body: Document) -> Document: ...

    def cancel(self, shop: str, order_id: str, body: Document) -> Document: ...


def admin_origin(sandbox: Sandbox, verbs: Verbs) -> Origin:
    app = new_app(sandbox, "admin.shopify.localhost", "loyalty.sandbox.shopify")

    @app.context_processor
    def common() -> dict[str, Any]:
        return {"app": sandbox.app("shopify"), "money": to_people, "orders": orders, "full_name": customers.full_name}

    @app.get("/")
    def stores() -> str:
        found = [verbs.describe(shop) for shop in sandbox.store.all("shopify.shop", "")]
        return render_template("admin_stores.html", shops=found)

    @app.get("/assets/admin.js")
    def script() -> Response:
        return Response((STATIC / "admin.js").read_bytes(), mimetype="text/javascript")

    _order_pages(app, sandbox, verbs)
    _list_pages(app, sandbox)
    _install_pages(app, sandbox, verbs)
    _app_pages(app, sandbox, verbs)
    _oauth_pages(app, sandbox)
    return Origin(HOST, app)


def page(sandbox: Sandbox, template: str, name: str, **values: Any) -> str:
    """A page of one store's admin."""
    shop = shops.shop_of(sandbox.store, name)
    return render_template(template, shop=shop, installed=shops.installation(sandbox.store, shop), **values)


def _order_pages(app: Flask, sandbox: Sandbox, verbs: Verbs) -> None:
    store = sandbox.store

    @app.get("/store/<name>")
    def home(name: str) -> AnyResponse:
        return redirect(f"/store/{name}/orders")

    @app.get("/store/<name>/orders")
    def order_list(name: str) -> str:
        shop = shops.shop_of(store, name)
        number = max(1, request.args.get("page", 1, type=int))
        offset = (number - 1) * PAGE_ROWS
        rows = store.all("shopify.order", shop["domain"], newest_first=True, limit=PAGE_ROWS + 1, offset=offset)
        people = {row["customer_id"]: customers.by_id(store, shop, row["customer_id"]) for row in rows}
        more = len(rows) > PAGE_ROWS
        return page(sandbox, "admin_orders.html", name, rows=rows[:PAGE_ROWS], people=people, number=number, more=more)

    @app.get("/store/<name>/orders/<order_id>")
    def order_detail(name: str, order_id: str) -> str:
        shop = shops.shop_of(store, name)
        order = orders.get(store, shop, order_id)
        customer = customers.by_id(store, shop, order["customer_id"]) if order["customer_id"] else None
        return page(sandbox, "admin_order.html", name, order=order, customer=customer)

    @app.post("/store/<name>/orders/<order_id>/<verb>")
    def order_verb(name: str, order_id: str, verb: str) -> AnyResponse:
        acts = {"pay": verbs.pay, "refund": verbs.refund, "cancel": verbs.cancel}
        if verb not in acts:
            abort(404)
        acts[verb](name, order_id, _refund_form() if verb == "refund" else {})
        return redirect(f"/store/{name}/orders/{order_id}")


def _refund_form() -> Document:
    """The refund form: quantity-<line id> fields, and an amount that may be left empty."""
    lines = [
        {"line": field.removeprefix("quantity-"), "quantity": int(value)}
        for field, value in request.form.items()
        if field.startswith("quantity-") and value.isascii() and value.isdigit() and int(value) > 0
    ]
    amount = request.form.get("amount", "").strip()
    return {"lines": lines, "note": request.form.get("note", "")} | ({"amount": amount} if amount else {})


def _list_pages(app: Flask, sandbox: Sandbox) -> None:
    store = sandbox.store

    @app.get("/store/<name>/customers")
    def customer_list(name: str) -> str:
        shop = shops.shop_of(store, name)
        rows = store.all("shopify.customer", shop["domain"], newest_first=True, limit=200)
        return page(sandbox, "admin_customers.html", name, rows=rows)

    @app.get("/store/<name>/discounts")
    def discount_list(name: str) -> str:
        shop = shops.shop_of(store, name)
        rows = store.all("shopify.discount", shop["domain"], newest_first=True, limit=200)
        return page(sandbox, "admin_discounts.html", name, rows=rows, status=discounts.status)

    @app.get("/store/<name>/themes")
    def theme(name: str) -> str:
        client_id = sandbox.app("shopify").get("client_id")
        activates = request.args.get("activateAppId", "").partition("/")[0] == client_id
        return page(sandbox, "admin_theme.html", name, activates=activates)

    @app.get("/store/<name>/extensions")
    def extensions(name: str) -> Response:
        """What App Bridge's app.extensions() says, as documented: of a theme extension each block with its status."""
        installed = shops.installation(store, shops.shop_of(store, name))
        status = "active" if installed and installed["embed_enabled"] else "available"
        placed = [{"target": "body", "themeId": "gid://shopify/OnlineStoreTheme/1"}] if status == "active" else []
        embed = {"handle": "launcher", "name": "Launcher", "target": "body", "status": status, "activations": placed}
        return jsonify([{"handle": "regulars", "type": "theme_app_extension", "activations": [embed]}])

    @app.post("/store/<name>/themes")
    def switch_embed(name: str) -> AnyResponse:
        shop = shops.shop_of(store, name)
        installed = shops.installation(store, shop)
        if installed is None:
            raise SandboxError("Install the app first; its embed comes with it.", 409)
        installed["embed_enabled"] = request.form.get("embed") == "on"
        store.put("shopify.installation", "", shop["domain"], installed)
        return redirect(f"/store/{name}/themes")


def _install_pages(app: Flask, sandbox: Sandbox, verbs: Verbs) -> None:
    @app.get("/store/<name>/app-store")
    def market(name: str) -> str:
        return page(sandbox, "admin_market.html", name)

    @app.get("/store/<name>/install")
    def consent(name: str) -> str:
        return page(sandbox, "admin_install.html", name)

    @app.post("/store/<name>/install")
    def install(name: str) -> AnyResponse:
        verbs.install(name)
        return redirect(f"/store/{name}/apps/{sandbox.app('shopify')['client_id']}")

    @app.get("/store/<name>/apps")
    def apps(name: str) -> str:
        return page(sandbox, "admin_apps.html", name)

    @app.post("/store/<name>/uninstall")
    def uninstall(name: str) -> AnyResponse:
        verbs.uninstall(name)
        return redirect(f"/store/{name}/apps")


def _app_pages(app: Flask, sandbox: Sandbox, verbs: Verbs) -> None:
    @app.get("/store/<name>/apps/<client_id>")
    @app.get("/store/<name>/apps/<client_id>/")
    @app.get("/store/<name>/apps/<client_id>/<path:path>")
    def frame(name: str, client_id: str, path: str = "") -> str | AnyResponse:
        shop = shops.shop_of(sandbox.store, name)
        registered = sandbox.app("shopify")
        if client_id != registered.get("client_id"):
            abort(404)
        if shops.installation(sandbox.store, shop) is None:
            return redirect(f"/store/{name}/install")
        application = urlsplit(registered["application_url"])
        origin = f"{application.scheme}://{application.netloc}"
        base = f"/store/{name}/apps/{client_id}"
        src = verbs.open_url(shop, path, urlencode(list(request.args.items(multi=True))))
        return page(sandbox, "admin_app.html", name, src=src, origin=origin, home=application.path, base=base)

    @app.post("/store/<name>/session-token")
    def new_session_token(name: str) -> Response:
        shop = shops.shop_of(sandbox.store, name)
        if shops.installation(sandbox.store, shop) is None:
            raise SandboxError("the app is not installed", 403)
        return jsonify(token=session_token(sandbox.app("shopify"), shop["domain"]))


def _oauth_pages(app: Flask, sandbox: Sandbox) -> None:
    """The authorization code grant: a page to approve, then back to the app with hmac, state and code."""

    @app.get("/admin/oauth/authorize")
    def authorize() -> str:
        asked = _authorization(sandbox)
        return page(sandbox, "admin_authorize.html", asked["shop"]["name"], scopes=asked["scopes"])

    @app.post("/admin/oauth/authorize")
    def approve() -> AnyResponse:
        asked = _authorization(sandbox)
        shop, registered = asked["shop"], sandbox.app("shopify")
        with sandbox.store.transaction():
            installed = shops.grant(sandbox, shop)
            installed["scopes"] = asked["scopes"]
            sandbox.store.put("shopify.installation", "", shop["domain"], installed)
            code = tokens.new_code(sandbox.store, shop, asked["redirect_uri"])
        pairs = {
            "code": code,
            "host": base64_host(shop["name"]),
            "shop": shop["domain"],
            "state": request.args.get("state", ""),
            "timestamp": str(asked["timestamp"]),
        }
        pairs["hmac"] = query_signature(registered["client_secret"], pairs.items())
        return redirect(f"{asked['redirect_uri']}?{urlencode(pairs)}")


def _authorization(sandbox: Sandbox) -> dict[str, Any]:
    """The checked parameters of an authorization request; SandboxError as Shopify's "Oauth error" pages say it."""
    registered = sandbox.app("shopify")
    shop = shops.shop_of(sandbox.store, request.args.get("shop", ""))
    if not registered or request.args.get("client_id") != registered["client_id"]:
        raise SandboxError("Oauth error invalid_request: Could not find Shopify API application with that api_key")
    redirect_uri = request.args.get("redirect_uri", "")
    if redirect_uri not in registered["redirect_urls"]:
        raise SandboxError("Oauth error invalid_request: The redirect_uri is not whitelisted")
    wanted = [scope for scope in request.args.get("scope", "").split(",") if scope]
    return {
        "shop": shop,
        "redirect_uri": redirect_uri,
        "scopes": wanted or list(registered["scopes"]),
        "timestamp": int(now().timestamp()),
    }
