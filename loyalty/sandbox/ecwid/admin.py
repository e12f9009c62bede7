"""The merchant's side, my.ecwid.localhost: orders, customers, coupons, the app market, the app's tab, OAuth."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import apps, coupons, customers, installing, orders, orders_store, shops
from loyalty.sandbox.ecwid.authorize import authorize_routes
from loyalty.sandbox.ecwid.money import number, printer, to_minor
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.site import new_app
from loyalty.sandbox.store import Document

PAGE_SIZE = 50
SCOPE_WORDS = {
    "read_store_profile": "Read the store's profile",
    "update_store_profile": "Change the store's profile and keep app settings",
    "read_orders": "Read orders",
    "update_orders": "Change orders",
    "read_customers": "Read customers",
    "update_customers": "Change customers",
    "create_customers": "Create customers and customer groups",
    "read_discount_coupons": "Read discount coupons",
    "create_discount_coupons": "Create discount coupons",
    "update_discount_coupons": "Change and delete discount coupons",
    "customize_storefront": "Add a script to the storefront",
    "add_to_cp": "Add a page to the admin",
    "public_storefront": "Read public data of the storefront",
}


def admin_app(sandbox: Sandbox) -> Flask:
    """The Flask app of `my.ecwid.localhost`. Whoever opens a store's page is its owner: there are no passwords here."""
    app = new_app(sandbox, "my.ecwid.localhost", "loyalty.sandbox.ecwid")
    app.jinja_env.globals["scope_words"] = SCOPE_WORDS

    @app.get("/")
    def stores() -> str:
        return render_template("ecwid/stores.html", shops=shops.all_shops(sandbox.store))

    @app.get("/store/<store_id>")
    def home(store_id: str) -> AnyResponse:
        return redirect(f"/store/{store_id}/orders")

    _order_routes(app, sandbox)
    _other_routes(app, sandbox)
    _market_routes(app, sandbox)
    authorize_routes(app, sandbox)
    return app


def _page(sandbox: Sandbox, template: str, store_id: str, **values: Any) -> str:
    shop = shops.get_shop(sandbox.store, store_id)
    session["store"] = shop["id"]
    front = sandbox.url(f"{shop['id']}.ecwid.localhost")
    app, granted = sandbox.app(apps.APP), apps.installation(sandbox.store, shop)
    tab = bool(granted and "add_to_cp" in granted["scopes"])
    return render_template(
        f"ecwid/{template}",
        shop=shop,
        front=front,
        app=app,
        granted=granted,
        tab=tab,
        money=printer(shops.formats(shop)),
        **values,
    )


def _order_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/store/<store_id>/orders")
    def order_list(store_id: str) -> str:
        shop = shops.get_shop(sandbox.store, store_id)
        text = request.args.get("page", "1")
        page = max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1
        every = orders_store.Filters()
        total, found = orders_store.search(sandbox.store, shop, every, (page - 1) * PAGE_SIZE, PAGE_SIZE)
        more = total > page * PAGE_SIZE
        return _page(sandbox, "orders.html", store_id, orders=found, total=total, page=page, more=more)

    @app.get("/store/<store_id>/orders/<order_id>")
    def order_page(store_id: str, order_id: str) -> str:
        return _order_page(sandbox, store_id, order_id)

    @app.post("/store/<store_id>/orders/<order_id>/status")
    def set_status(store_id: str, order_id: str) -> AnyResponse:
        shop = shops.get_shop(sandbox.store, store_id)
        payment, fulfillment = request.form.get("payment", ""), request.form.get("fulfillment", "")
        orders.set_statuses(sandbox, shop, order_id, payment, fulfillment, now())
        return redirect(f"/store/{store_id}/orders/{order_id}", 303)

    @app.post("/store/<store_id>/orders/<order_id>/refund")
    def refund(store_id: str, order_id: str) -> AnyResponse:
        shop = shops.get_shop(sandbox.store, store_id)
        order = orders.needed(sandbox, shop, order_id)
        amount = _refund_amount(shop, order)
        orders.refund(sandbox, shop, order_id, amount, request.form.get("reason", "")[:200], now())
        return redirect(f"/store/{store_id}/orders/{order_id}", 303)

    @app.post("/store/<store_id>/orders/<order_id>/delete")
    def delete(store_id: str, order_id: str) -> AnyResponse:
        orders.delete(sandbox, shops.get_shop(sandbox.store, store_id), order_id, now())
        return redirect(f"/store/{store_id}/orders", 303)


def _order_page(sandbox: Sandbox, store_id: str, order_id: str) -> str:
    shop = shops.get_shop(sandbox.store, store_id)
    order = orders.needed(sandbox, shop, order_id)
    places = range(len(order["items"]))
    return _page(
        sandbox,
        "order.html",
        store_id,
        order=order,
        paid=[number(orders.line_paid_minor(shop, order, place), shop["precision"]) for place in places],
        payment_statuses=orders.PAYMENT_STATUSES,
        fulfillment_statuses=orders.FULFILLMENT_STATUSES,
    )


def _refund_amount(shop: Document, order: Document) -> int:
    """The typed amount, or what was paid for the ticked lines."""
    typed = request.form.get("amount", "").strip()
    if typed:
        try:
            return to_minor(typed.replace(",", "."), shop["precision"])
        except ValueError as error:
            raise SandboxError(str(error)) from None
    ticked = request.form.getlist("line")
    if not ticked:
        raise SandboxError("Tick the lines that come back, or type an amount.")
    wanted = [{"line": int(text)} for text in ticked if text.isascii() and text.isdigit()]
    return orders.lines_paid_minor(shop, order, wanted)


def _other_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/store/<store_id>/customers")
    def customer_list(store_id: str) -> str:
        shop = shops.get_shop(sandbox.store, store_id)
        everyone = sandbox.store.all(customers.CUSTOMER, str(shop["id"]), limit=200)
        shown = [customers.presented(sandbox.store, shop, customer) for customer in everyone]
        return _page(sandbox, "customers.html", store_id, customers=shown)

    @app.get("/store/<store_id>/coupons")
    def coupon_list(store_id: str) -> str:
        shop = shops.get_shop(sandbox.store, store_id)
        every = sandbox.store.all(coupons.COUPON, str(shop["id"]), limit=500)
        shown = [coupons.presented(coupon, now()) for coupon in reversed(every)]
        return _page(sandbox, "coupons.html", store_id, coupons=shown, types=coupons.TYPES, uses=coupons.USES)

    @app.post("/store/<store_id>/coupons")
    def create_coupon(store_id: str) -> AnyResponse:
        shop = shops.get_shop(sandbox.store, store_id)
        names = ("name", "code", "discountType", "discount", "totalLimit", "usesLimit", "expirationDate")
        fields: Document = {name: request.form[name].strip() for name in names if request.form.get(name, "").strip()}
        try:
            for name in ("discount", "totalLimit"):
                if name in fields:
                    fields[name] = number(to_minor(fields[name], shop["precision"]), shop["precision"])
            coupons.create_coupon(sandbox.store, shop, fields, now())
        except ValueError as error:
            raise SandboxError(str(error)) from None
        return redirect(f"/store/{store_id}/coupons", 303)


def _market_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/store/<store_id>/apps")
    def market(store_id: str) -> str:
        return _page(sandbox, "apps.html", store_id)

    @app.get("/store/<store_id>/apps/install")
    def consent(store_id: str) -> str:
        installing.needed_app(sandbox)
        return _page(sandbox, "install.html", store_id)

    @app.post("/store/<store_id>/apps/install")
    def install(store_id: str) -> AnyResponse:
        """Begins here at the market, so there is no state that the app could know."""
        return redirect(installing.market_redirect(sandbox, shops.get_shop(sandbox.store, store_id)), 303)

    @app.post("/store/<store_id>/apps/uninstall")
    def uninstall(store_id: str) -> AnyResponse:
        installing.uninstall(sandbox, shops.get_shop(sandbox.store, store_id))
        return redirect(f"/store/{store_id}/apps", 303)

    @app.get("/store/<store_id>/app")
    def app_page(store_id: str) -> str:
        shop = shops.get_shop(sandbox.store, store_id)
        frame = installing.open_url(sandbox, shop, request.args.get("app_state", "")[:500])
        return _page(sandbox, "app.html", store_id, frame=frame, client_id=sandbox.app(apps.APP)["client_id"])
