"""The storefront of a store: shelf, cart, coupon box, checkout, confirmation, account."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from flask import Flask, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import coupons, customers, orders, sessions, shops
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.front_state import cart_json, customer_json, page_state
from loyalty.sandbox.ecwid.money import formatted, printer
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.site import new_app
from loyalty.sandbox.store import Document

Answer = TypeVar("Answer", bound=AnyResponse)

COOKIE = "ec_session"
MAX_CODE_CHARACTERS = 128


class Visit:
    """One request of a shopper: the store, the browser's session, and the pages' common parts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.shop = shops.get_shop(sandbox.store, request.environ["sandbox.host"]["store"])
        self.session = sessions.load(sandbox.store, self.shop, request.cookies.get(COOKIE, ""))
        self.lines = sessions.cart_lines(sandbox.store, self.shop, self.session)

    @property
    def customer(self) -> Document | None:
        number = self.session["customer_id"]
        return customers.get_customer(self.sandbox.store, self.shop, number) if number else None

    @property
    def email(self) -> str:
        customer = self.customer
        return str(customer["email"] if customer else self.session["checkout_email"])

    def quote(self) -> orders.Quote:
        cart = orders.CartOf(self.customer, self.session.get("extra_fields", {})) if self.lines else None
        return orders.quote(self.sandbox, self.shop, self.lines, self.session["code"], self.email, now(), cart=cart)

    def money(self, minor: int) -> str:
        return formatted(minor, shops.formats(self.shop))

    def print(self, value: object) -> str:
        """An amount of the REST API, as pages show it."""
        return printer(shops.formats(self.shop))(value)

    def page(self, template: str, kind: str, **values: Any) -> Response:
        """A page with the state that script.js reads; `kind` is Ecwid's page type."""
        quote = self.quote()
        state = page_state(self, kind, quote, {name: values[name] for name in ("productId", "order") if name in values})
        html = render_template(
            f"ecwid/{template}",
            visit=self,
            shop=self.shop,
            quote=quote,
            customer=self.customer,
            script_url=self.sandbox.url("app.ecwid.localhost", f"/script.js?{self.shop['id']}"),
            state=json.dumps(state).replace("<", "\\u003c"),
            **values,
        )
        return self.keep(make_response(html))

    def go(self, path: str) -> AnyResponse:
        return self.keep(redirect(path, 303))

    def keep(self, answer: Answer) -> Answer:
        sessions.save(self.sandbox.store, self.shop, self.session)
        answer.set_cookie(COOKIE, self.session["id"], max_age=30 * 86400, httponly=True, samesite="Lax")
        answer.headers["Cache-Control"] = "no-store"
        return answer


def storefront_app(sandbox: Sandbox) -> Flask:
    """The Flask app of `<store>.ecwid.localhost`."""
    app = new_app(sandbox, "storefront.ecwid.localhost", "loyalty.sandbox.ecwid")
    _shelf_routes(app, sandbox)
    _cart_routes(app, sandbox)
    _checkout_routes(app, sandbox)
    _account_routes(app, sandbox)
    return app


def _shelf_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/")
    @app.get("/products")
    def shelf() -> Response:
        visit = Visit(sandbox)
        groups: dict[str, list[Document]] = {}
        for product in shops.products(sandbox.store, visit.shop):
            groups.setdefault(product["category"], []).append(product)
        return visit.page("shelf.html", "CATEGORY", groups=groups)

    @app.get("/products/<product_id>")
    def product(product_id: str) -> Response:
        visit = Visit(sandbox)
        found = sandbox.store.get(shops.PRODUCT, str(visit.shop["id"]), product_id)
        if found is None:
            raise SandboxError("This product is not sold here.", 404)
        return visit.page("product.html", "PRODUCT", product=found, productId=found["id"])


def _cart_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/products/cart")
    def cart() -> Response:
        visit = Visit(sandbox)
        return visit.page("cart.html", "CART", coupon_box=coupons.any_active(sandbox.store, visit.shop, now()))

    @app.post("/products/cart/add")
    def add() -> AnyResponse:
        visit = Visit(sandbox)
        product = request.form.get("product", "")
        quantity = visit.session["cart"].get(product, 0) + _quantity(request.form.get("quantity", "1"))
        visit.session["cart"][product] = min(quantity, sessions.MAX_QUANTITY)
        return visit.go("/products/cart")

    @app.post("/products/cart/update")
    def update() -> AnyResponse:
        visit = Visit(sandbox)
        for product in list(visit.session["cart"]):
            if product in request.form:
                visit.session["cart"][product] = _quantity(request.form[product])
        visit.session["cart"] = {key: count for key, count in visit.session["cart"].items() if count > 0}
        return visit.go("/products/cart")

    @app.post("/products/cart/coupon")
    def coupon() -> AnyResponse:
        """One coupon per order: another one takes the place of the first."""
        visit = Visit(sandbox)
        before = visit.session["code"]
        visit.session["code"] = request.form.get("code", "").strip()[:MAX_CODE_CHARACTERS]
        if visit.session["code"] and (refusal := visit.quote().refusal):
            visit.session["code"] = before
            return visit.page("cart.html", "CART", coupon_box=True, coupon_error=refusal)
        return visit.go("/products/cart")

    @app.get("/_state")
    def state() -> Response:
        """What script.js asks for when it needs the cart and the shopper afresh."""
        visit = Visit(sandbox)
        body = {"cart": cart_json(visit, visit.quote()), "customer": customer_json(visit)}
        answer = make_response(json.dumps(body))
        answer.mimetype = "application/json"
        return visit.keep(answer)

    @app.post("/_fields")
    def cart_fields() -> AnyResponse:
        """What `Ecwid.refreshConfig` tells the cart."""
        visit = Visit(sandbox)
        visit.session["extra_fields"] = orders.clean_extra_fields(request.get_json(silent=True) or {})
        return visit.keep(make_response("", 204))

    @app.post("/_email")
    def cart_email() -> AnyResponse:
        visit = Visit(sandbox)
        visit.session["checkout_email"] = customers.clean_email(request.form.get("email"))
        return visit.keep(make_response("", 204))


def _checkout_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/products/checkout")
    def checkout() -> AnyResponse:
        visit = Visit(sandbox)
        return visit.page("checkout.html", "CHECKOUT_ADDRESS") if visit.lines else visit.go("/products/cart")

    @app.post("/products/checkout")
    def place() -> AnyResponse:
        visit = Visit(sandbox)
        if not visit.lines:
            return visit.go("/products/cart")
        try:
            order = orders.place(sandbox, visit.shop, _wish(visit))
        except SandboxError as error:
            return visit.page("checkout.html", "CHECKOUT_ADDRESS", problem=error.message)
        sessions.empty_cart(visit.session)
        visit.session["placed"].append({"id": order["id"], "seen": False})
        return visit.go(f"/products/checkout/done/{order['id']}")

    @app.get("/products/checkout/done/<order_id>")
    def done(order_id: str) -> Response:
        visit = Visit(sandbox)
        mine = [entry for entry in visit.session["placed"] if entry["id"] == order_id]
        if not mine:
            raise SandboxError("This browser placed no such order.", 404)
        order = orders.needed(sandbox, visit.shop, order_id)
        fresh = not mine[0]["seen"]
        mine[0]["seen"] = True
        return visit.page("done.html", "ORDER_CONFIRMATION", order=order, fresh=fresh)


def _wish(visit: Visit) -> orders.Placement:
    form, customer = request.form, visit.customer
    try:
        extra = json.loads(form.get("ec_extra_fields") or "{}")
    except ValueError:
        extra = {}
    email = customer["email"] if customer else customers.clean_email(form.get("email"))
    visit.session["checkout_email"] = email
    return orders.Placement(
        lines=visit.lines,
        email=email,
        name=form.get("name", "").strip()[:100],
        at=now().replace(microsecond=0),
        code=visit.session["code"],
        paid=form.get("payment") == "now",
        signed_in=customer is not None,
        extra_fields=extra if isinstance(extra, dict) else {},
        referer_id=form.get("ec_referer_id", ""),
    )


def _account_routes(app: Flask, sandbox: Sandbox) -> None:
    @app.get("/products/account")
    def account() -> Response:
        visit = Visit(sandbox)
        mine = [entry["id"] for entry in visit.session["placed"]]
        return visit.page("account.html", "ACCOUNT_SETTINGS", placed=mine)

    @app.post("/products/account/login")
    def login() -> AnyResponse:
        """Ecwid would mail a link; here the address is enough, and an unknown one opens an account."""
        visit = Visit(sandbox)
        email = customers.clean_email(request.form.get("email"))
        customer = customers.find_by_email(sandbox.store, visit.shop, email)
        if customer is None:
            name = request.form.get("name", "").strip()[:100] or email.partition("@")[0].title()
            customer = customers.create_customer(sandbox.store, visit.shop, email, name, now())
            emit(sandbox, visit.shop, "customer.created", customer["id"], {"customerEmail": email})
        visit.session["customer_id"] = customer["id"]
        return visit.go("/products/account")

    @app.post("/products/account/logout")
    def logout() -> AnyResponse:
        visit = Visit(sandbox)
        visit.session["customer_id"] = None
        visit.session["checkout_email"] = ""
        return visit.go("/products/account")


def _quantity(text: str) -> int:
    return min(int(text), sessions.MAX_QUANTITY) if text.isascii() and text.isdigit() and len(text) < 6 else 1
