"""The verbs of the control API, spoken by the Ecwid stand-in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from loyalty.sandbox.clock import now, parse_time
from loyalty.sandbox.ecwid import apps, customers, installing, orders, orders_store, shops
from loyalty.sandbox.ecwid.controls import controls_blueprint
from loyalty.sandbox.ecwid.events import POLICY, emit
from loyalty.sandbox.ecwid.history import fill
from loyalty.sandbox.ecwid.money import to_minor
from loyalty.sandbox.ecwid.origins import origins
from loyalty.sandbox.ecwid.rest import server_blueprint
from loyalty.sandbox.ecwid.rest_guard import Guard
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Link, Origin, Sandbox
from loyalty.sandbox.store import Document

CHANGES = ("extra_fields", "referer_id", "signed_in", "name", "customer_record", "webhooks")


class EcwidPlatform:
    """See loyalty.sandbox.platform.Platform; a shop is named by its store's number."""

    name = "ecwid"
    policy = POLICY

    def attach(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.guard = Guard(sandbox)

    def origins(self) -> list[Origin]:
        return origins(self.sandbox)

    def server(self) -> Blueprint:
        return server_blueprint(self.sandbox, self.guard)

    def controls(self) -> Blueprint:
        return controls_blueprint(self.sandbox, self.guard)

    def links(self) -> list[Link]:
        links = [Link("App market and admin", self.sandbox.url("my.ecwid.localhost"), "the merchant's side")]
        for shop in shops.all_shops(self.store):
            url = self.sandbox.url(f"{shop['id']}.ecwid.localhost")
            links.append(Link(f"{shop['title']} (store {shop['id']})", url, "the shopper's side"))
        return links

    def register_app(self, body: Document) -> Document:
        app = apps.registration(body)
        self.store.put("app", "", apps.APP, app)
        return {name: value for name, value in app.items() if name != "client_secret"}

    def shops(self) -> list[Document]:
        return [self._shown(shop) for shop in shops.all_shops(self.store)]

    def create_shop(self, body: Document) -> Document:
        return self._shown(shops.create_shop(self.store, body, now()))

    def install(self, shop: str) -> Document:
        """From the market. `redirect_url` is where the merchant's browser goes next; then the tab can be opened."""
        found = shops.get_shop(self.store, shop)
        redirect_url = installing.market_redirect(self.sandbox, found)
        return {"redirect_url": redirect_url, "open_url": installing.open_url(self.sandbox, found)}

    def uninstall(self, shop: str) -> Document:
        installing.uninstall(self.sandbox, shops.get_shop(self.store, shop))
        return {"installed": False}

    def products(self, shop: str) -> list[Document]:
        return shops.products(self.store, shops.get_shop(self.store, shop))

    def customers(self, shop: str) -> list[Document]:
        found = shops.get_shop(self.store, shop)
        return self.store.all(customers.CUSTOMER, str(found["id"]))

    def create_customer(self, shop: str, body: Document) -> Document:
        found = shops.get_shop(self.store, shop)
        at = parse_time(body.get("at"))
        customer = customers.create_customer(
            self.store, found, str(body.get("email") or ""), str(body.get("name") or ""), at
        )
        if body.get("webhooks", True):
            emit(self.sandbox, found, "customer.created", customer["id"], {"customerEmail": customer["email"]})
        return customer

    def orders(self, shop: str, limit: int) -> list[Document]:
        found = shops.get_shop(self.store, shop)
        return orders_store.search(self.store, found, orders_store.Filters(), 0, limit)[1]

    def order(self, shop: str, order_id: str) -> Document:
        return orders.needed(self.sandbox, shops.get_shop(self.store, shop), order_id)

    def place_order(self, shop: str, body: Document) -> Document:
        found = shops.get_shop(self.store, shop)
        wish = orders.Placement(
            lines=orders.lines_from(self.sandbox, found, body.get("lines")),
            email=self._email(found, body),
            at=parse_time(body.get("at")),
            code=str(body.get("code") or ""),
            paid=bool(body.get("pay", True)),
            discount_minor=_minor(found, body.get("discount", 0)),
            **{name: body[name] for name in CHANGES if name in body},
        )
        return orders.place(self.sandbox, found, wish)

    def pay(self, shop: str, order_id: str, body: Document) -> Document:
        found = shops.get_shop(self.store, shop)
        return orders.set_statuses(self.sandbox, found, order_id, "PAID", "", parse_time(body.get("at")))

    def cancel(self, shop: str, order_id: str, body: Document) -> Document:
        found = shops.get_shop(self.store, shop)
        at = parse_time(body.get("at"))
        return orders.set_statuses(self.sandbox, found, order_id, "CANCELLED", "WILL_NOT_DELIVER", at)

    def refund(self, shop: str, order_id: str, body: Document) -> Document:
        """`lines` come to an amount at what was paid for them; with neither lines nor amount all the rest goes back."""
        found = shops.get_shop(self.store, shop)
        order = orders.needed(self.sandbox, found, order_id)
        digits = found["precision"]
        if "amount" in body:
            amount = _minor(found, body["amount"])
        elif body.get("lines"):
            amount = orders.lines_paid_minor(found, order, body["lines"])
        else:
            amount = to_minor(order["total"], digits) - to_minor(order["refundedAmount"], digits)
        reason = str(body.get("reason") or "")
        return orders.refund(self.sandbox, found, order_id, amount, reason, parse_time(body.get("at")))

    def history(self, shop: str, body: Document) -> dict[str, Any]:
        return fill(self.sandbox, shops.get_shop(self.store, shop), body)

    def _email(self, shop: Document, body: Document) -> str:
        if not body.get("customer"):
            return str(body.get("email") or "")
        customer = customers.get_customer(self.store, shop, body["customer"])
        if customer is None:
            raise SandboxError(f"store {shop['id']} has no customer {body['customer']}", 404)
        return str(customer["email"])

    def _shown(self, shop: Document) -> Document:
        granted = apps.installation(self.store, shop)
        host = f"{shop['id']}.ecwid.localhost"
        return shop | {
            "installed": granted is not None,
            "scopes": granted["scopes"] if granted else [],
            "storefront_url": self.sandbox.url(host),
            "admin_url": self.sandbox.url("my.ecwid.localhost", f"/store/{shop['id']}/orders"),
            "app_url": self.sandbox.url("my.ecwid.localhost", f"/store/{shop['id']}/app"),
        }


def _minor(shop: Document, value: object) -> int:
    try:
        return to_minor(value, shop["precision"])
    except ValueError as error:
        raise SandboxError(str(error)) from None
