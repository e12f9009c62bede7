"""<shop>.shopify.localhost: the shop people buy in, with accounts, cart, checkout and the app's embed."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Origin, Sandbox
from loyalty.sandbox.shopify import cart, customers, orders
from loyalty.sandbox.shopify.catalog import COLLECTIONS
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.money import to_people
from loyalty.sandbox.shopify.proxy import add_proxy
from loyalty.sandbox.shopify.shops import installation, products, shop_of, variant_of
from loyalty.sandbox.shopify.theme_weight import theme_file
from loyalty.sandbox.shopify.ui_extensions import add_frames
from loyalty.sandbox.site import new_app
from loyalty.sandbox.store import Document

HOST = re.compile(r"(?P<shop>[a-z0-9][a-z0-9-]*)\.shopify\.localhost")

PEOPLE = 25


class Checkout(Protocol):
    """What the checkout needs of the platform."""

    def announce(
        self, shop: Document, order: Document, new_customer: Document | None, *, paid: bool, at: datetime
    ) -> None: ...


def storefront_origin(sandbox: Sandbox, platform: Checkout) -> Origin:
    app = new_app(sandbox, "storefront.shopify", "loyalty.sandbox.shopify")
    store = sandbox.store

    def current_shop() -> Document:
        return shop_of(store, request.environ["sandbox.host"]["shop"])

    def current_customer() -> Document | None:
        """Whoever logged in here; one cookie per origin, so never another shop's."""
        number = session.get("customer_id")
        return customers.by_id(store, current_shop(), number) if number else None

    @app.context_processor
    def common() -> dict[str, Any]:
        shop = current_shop()
        customer = current_customer()
        return {
            "shop": shop,
            "app": sandbox.app("shopify"),
            "installed": installation(store, shop),
            "customer": customer,
            "customer_name": customers.full_name(customer) if customer else "",
            "money": lambda minor: to_people(minor, shop["currency"]),
            "count": sum(cart.quantities().values()),
            "collections": COLLECTIONS,
        }

    shared = _Shared(sandbox, platform, current_shop, current_customer)
    _goods_pages(app, shared)
    _theme_pages(app)
    _cart_pages(app, shared)
    _account_pages(app, shared)
    _checkout_pages(app, shared)
    add_proxy(app, sandbox, current_shop, current_customer)
    add_frames(app, sandbox, current_shop, current_customer)

    @app.get("/admin/oauth/authorize")
    def authorize() -> AnyResponse:
        """Shopify sends a shop's own address for this on to the admin."""
        query = urlencode([*request.args.items(multi=True), ("shop", current_shop()["domain"])])
        return redirect(sandbox.url("admin.shopify.localhost", f"/admin/oauth/authorize?{query}"))

    @app.get("/admin/themes/current/editor")
    def theme_editor() -> AnyResponse:
        """A deep link switches an embed on in the editor; nothing is kept before the merchant's Save."""
        query = urlencode(list(request.args.items(multi=True)))
        return redirect(sandbox.url("admin.shopify.localhost", f"/store/{current_shop()['name']}/themes?{query}"))

    return Origin(HOST, app)


class _Shared:
    """What the groups of pages share."""

    def __init__(self, sandbox: Sandbox, platform: Checkout, shop: Any, customer: Any) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.platform = platform
        self.shop = shop
        self.customer = customer

    def priced(self) -> dict[str, Any]:
        customer = self.customer()
        # Like the real one, the cart of somebody who is not known yet shows a customer's own code as applied only at
        # the checkout, when the e-mail says who it is.
        return cart.priced(self.store, self.shop(), customer["id"] if customer else None, now())


def own_path(path: str, otherwise: str = "/") -> str:
    """A path of this origin; anything that could lead elsewhere becomes `otherwise`."""
    return path if re.fullmatch(r"/(?![/\\])[^\s\\]*", path) else otherwise


def remember(customer: Document) -> None:
    """Log in, for as long as the cookie lives."""
    session.permanent = True
    session["customer_id"] = customer["id"]


def _goods_pages(app: Flask, shared: _Shared) -> None:
    @app.get("/")
    @app.get("/collections/<handle>")
    def home(handle: str = "") -> str:
        if handle and handle not in COLLECTIONS:
            abort(404)
        rows = [row for row in products(shared.store, shared.shop()) if handle in ("", row["collection_handle"])]
        return render_template("store_home.html", rows=rows, title=COLLECTIONS.get(handle, "Roasted on Tuesdays"))

    @app.get("/products/<handle>")
    def product(handle: str) -> str:
        found = shared.store.find("shopify.product", shared.shop()["domain"], handle)
        if not found:
            abort(404)
        return render_template("store_product.html", product=found[0])


def _theme_pages(app: Flask) -> None:
    @app.get("/theme/<name>")
    def theme(name: str) -> Response:
        found = theme_file(name)
        if found is None:
            abort(404)
        body, kind = found
        answer = Response(body, mimetype=kind)
        answer.headers["Cache-Control"] = "public, max-age=60"
        if kind.startswith("text/") and "gzip" in request.headers.get("Accept-Encoding", ""):
            answer.set_data(gzip.compress(body, 6, mtime=0))
            answer.headers["Content-Encoding"] = "gzip"
        return answer


def _cart_pages(app: Flask, shared: _Shared) -> None:
    @app.get("/cart")
    def show_cart() -> str:
        return render_template("store_cart.html", cart=shared.priced())

    @app.post("/cart/add")
    def add() -> AnyResponse:
        variant = _number(request.form.get("id"))
        variant_of(shared.store, shared.shop(), variant)
        cart.put(variant, cart.quantities().get(str(variant), 0) + max(1, _number(request.form.get("quantity", 1))))
        return redirect("/cart")

    @app.post("/cart")
    def update() -> AnyResponse:
        for field, value in request.form.items():
            if field.startswith("quantity-"):
                cart.put(_number(field.removeprefix("quantity-")), _number(value))
        if "discount" in request.form:
            cart.set_code(request.form["discount"])
        return redirect("/checkout" if "checkout" in request.form else "/cart")

    @app.get("/discount/<code>")
    def discount(code: str) -> AnyResponse:
        cart.set_code(code)
        return redirect(own_path(request.args.get("redirect", "/")))

    _cart_api(app, shared)


def _cart_api(app: Flask, shared: _Shared) -> None:
    """Shopify's Ajax API, as far as a widget needs it."""

    def answer() -> Response:
        token = session.setdefault("cart_token", f"hWN{abs(hash(iso(now()))) % 10**16}")
        return jsonify(cart.as_json(shared.shop(), shared.priced(), token))

    @app.get("/cart.js")
    @app.get("/cart.json")
    def cart_js() -> Response:
        return answer()

    @app.post("/cart/add.js")
    def add_js() -> Response:
        body = _form_or_json()
        for item in body.get("items") or [body]:
            variant = _number(item.get("id"))
            variant_of(shared.store, shared.shop(), variant)
            cart.put(variant, cart.quantities().get(str(variant), 0) + max(1, _number(item.get("quantity", 1))))
        return answer()

    @app.post("/cart/update.js")
    def update_js() -> Response:
        body = _form_or_json()
        for variant, quantity in (body.get("updates") or {}).items():
            cart.put(_number(variant), _number(quantity))
        if "discount" in body:
            cart.set_code(str(body["discount"] or ""))
        if isinstance(body.get("attributes"), dict):
            cart.set_attributes(body["attributes"])
        return answer()

    @app.post("/cart/clear.js")
    def clear_js() -> Response:
        cart.empty()
        return answer()


def _account_pages(app: Flask, shared: _Shared) -> None:
    @app.get("/account/login")
    def login_page() -> str:
        to = request.args.get("return_url", "/account")
        return render_template("store_login.html", problem="", email="", to=to, people=_people(shared))

    @app.post("/account/login")
    def login() -> AnyResponse | tuple[str, int]:
        form = request.form
        to = own_path(form.get("return_url", "/account"), "/account")
        try:
            found = customers.log_in(shared.store, shared.shop(), form.get("email", ""), form.get("password", ""))
        except SandboxError as error:
            values = {"problem": error.message, "email": form.get("email", ""), "to": to, "people": _people(shared)}
            return render_template("store_login.html", **values), error.status
        remember(found)
        return redirect(to)

    @app.post("/account/be")
    def be_somebody() -> AnyResponse:
        """What no real shop has: be one of its customers without a password."""
        found = customers.by_id(shared.store, shared.shop(), _number(request.form.get("customer")))
        if found is None or found["state"] != "enabled":
            raise SandboxError("There is no such account.", 404)
        remember(found)
        return redirect(own_path(request.form.get("return_url", "/account"), "/account"))

    _register_pages(app, shared)

    @app.get("/account")
    def account() -> str | AnyResponse:
        customer = shared.customer()
        if customer is None:
            return redirect("/account/login")
        rows = shared.store.find("shopify.order", shared.shop()["domain"], str(customer["id"]))
        return render_template("store_account.html", rows=list(reversed(rows))[:50], orders=orders)

    @app.post("/account/logout")
    def logout() -> AnyResponse:
        session.pop("customer_id", None)
        return redirect("/")


def _people(shared: _Shared) -> list[tuple[Document, int]]:
    return customers.most_frequent(shared.store, shared.shop(), PEOPLE)


def _register_pages(app: Flask, shared: _Shared) -> None:
    @app.get("/account/register")
    def register_page() -> str:
        return render_template("store_register.html", problem="", form={})

    @app.post("/account/register")
    def register() -> AnyResponse | tuple[str, int]:
        form, shop = request.form, shared.shop()
        name = f"{form.get('first_name', '')} {form.get('last_name', '')}"
        try:
            with shared.store.transaction():
                made, new = customers.open_account(
                    shared.store, shop, form.get("email", "").strip().lower(), name, form.get("password", "")
                )
                topic = "customers/create" if new else "customers/update"
                Events(shared.sandbox, shop).customer(made, topic)
        except SandboxError as error:
            return render_template("store_register.html", problem=error.message, form=form), error.status
        remember(made)
        return redirect("/account")


def _checkout_pages(app: Flask, shared: _Shared) -> None:
    @app.get("/checkout")
    def checkout() -> str | AnyResponse:
        return _checkout_page(shared, "")

    @app.post("/checkout")
    def pay() -> AnyResponse | tuple[str, int]:
        if "apply" in request.form:
            cart.set_code(request.form.get("discount", ""))
            return redirect("/checkout")
        try:
            order = _place(shared)
        except SandboxError as error:
            answer = _checkout_page(shared, error.message)
            return (answer, 422) if isinstance(answer, str) else answer
        cart.empty()
        return redirect(f"/orders/{order['token']}")

    @app.get("/orders/<token>")
    def thanks(token: str) -> str:
        return _order_page(shared, token, "thank-you")

    @app.get("/orders/<token>/status")
    def status(token: str) -> str:
        """The order as the account that Shopify keeps shows it."""
        return _order_page(shared, token, "order-status")

    @app.get("/account/orders/<token>")
    def own_order(token: str) -> str:
        """The order as the account of the theme shows it, with the theme's blocks."""
        return _order_page(shared, token, "")


def _order_page(shared: _Shared, token: str, target: str) -> str:
    found = orders.by_token(shared.store, shared.shop(), token)
    if found is None:
        abort(404)
    return render_template("store_thanks.html", order=found, orders=orders, target=target)


def _checkout_page(shared: _Shared, problem: str) -> str | AnyResponse:
    priced = shared.priced()
    if not priced["lines"]:
        return redirect("/cart")
    return render_template("store_checkout.html", cart=priced, problem=problem, form=request.form)


def _place(shared: _Shared) -> Document:
    """Make the order of the cart; the code is judged with the customer that the e-mail belongs to."""
    form, shop, at = request.form, shared.shop(), now()
    customer = shared.customer()
    email = str(customer["email"]) if customer else form.get("email", "").strip().lower()
    if "@" not in email:
        raise SandboxError("Enter an e-mail address")
    payment = form.get("payment", "card")
    goods = cart.lines(shared.store, shop)
    with shared.store.transaction():
        made = False
        if customer is None:
            customer, made = customers.find_or_create(shared.store, shop, email, form.get("name", ""), iso(at))
        order = orders.place(
            shared.store,
            shop,
            lines=goods,
            customer=customer,
            email=email,
            code=form.get("discount", cart.code()).strip(),
            at=at,
            test=payment == "bogus",
            use_credit="credit" in form,
            attributes=cart.attributes(),
        )
        shared.platform.announce(shop, order, customer if made else None, paid=payment != "later", at=at)
    return order


def _number(value: Any) -> int:
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise SandboxError("Choose something the shop sells, and how many.", 422)
    return int(text)


def _form_or_json() -> Document:
    body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(body, dict):
        raise SandboxError("send a form or a JSON object", 422)
    return body
