"""The Shopify stand-in as the core sees it: its origins, its server side, and the verbs of the control API."""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from flask import Blueprint

from loyalty.sandbox.clock import iso, now, parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Link, Origin, Sandbox
from loyalty.sandbox.shopify import customers, orders, payloads, shops, subscriptions, tokens
from loyalty.sandbox.shopify.admin import admin_origin
from loyalty.sandbox.shopify.bulk import fail_left_over
from loyalty.sandbox.shopify.cdn import cdn_origin
from loyalty.sandbox.shopify.controls import controls_blueprint
from loyalty.sandbox.shopify.events import POLICY, Events
from loyalty.sandbox.shopify.history import write_history
from loyalty.sandbox.shopify.money import to_text
from loyalty.sandbox.shopify.server import server_blueprint
from loyalty.sandbox.shopify.signing import base64_host, query_signature, session_token
from loyalty.sandbox.shopify.storefront import storefront_origin
from loyalty.sandbox.store import Document


class ShopifyPlatform:
    """See loyalty.sandbox.platform.Platform for what each verb means."""

    name = "shopify"
    policy = POLICY

    def __init__(self) -> None:
        self.sandbox: Sandbox

    def attach(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        fail_left_over(sandbox.store)

    def origins(self) -> list[Origin]:
        # The storefronts' pattern is the widest and so comes last.
        return [cdn_origin(self.sandbox), admin_origin(self.sandbox, self), storefront_origin(self.sandbox, self)]

    def server(self) -> Blueprint:
        return server_blueprint(self.sandbox)

    def controls(self) -> Blueprint:
        return controls_blueprint(self.sandbox)

    def links(self) -> list[Link]:
        links = [Link("Admin and app market", self.sandbox.url("admin.shopify.localhost"))]
        for shop in self.sandbox.store.all("shopify.shop", ""):
            name = shop["name"]
            links.append(Link(f"{shop['title']}: storefront", self.sandbox.url(f"{name}.shopify.localhost")))
            links.append(Link(f"{shop['title']}: admin", self.sandbox.url("admin.shopify.localhost", f"/store/{name}")))
        return links

    def register_app(self, body: Document) -> Document:
        return shops.register_app(self.sandbox, body)

    def shops(self) -> list[Document]:
        return [self.describe(shop) for shop in self.sandbox.store.all("shopify.shop", "")]

    def describe(self, shop: Document) -> Document:
        installed = shops.installation(self.sandbox.store, shop)
        name, client_id = shop["name"], self.sandbox.app("shopify").get("client_id", "")
        return shop | {
            "storefront_url": self.sandbox.url(f"{name}.shopify.localhost"),
            "admin_url": self.sandbox.url("admin.shopify.localhost", f"/store/{name}"),
            "app_admin_url": self.sandbox.url("admin.shopify.localhost", f"/store/{name}/apps/{client_id}"),
            "server_url": self.sandbox.server_url(f"/shopify/{shop['domain']}"),
            "installed": installed is not None,
            "scopes": installed["scopes"] if installed else [],
        }

    def create_shop(self, body: Document) -> Document:
        return self.describe(shops.create_shop(self.sandbox.store, body))

    def shop(self, shop: str) -> Document:
        return shops.shop_of(self.sandbox.store, shop)

    def install(self, shop: str) -> Document:
        """The merchant presses Install; as the real one does it, nothing is sent: the first opening tells the app."""
        found = self.shop(shop)
        shops.grant(self.sandbox, found)
        return self.describe(found) | {"open_url": self.open_url(found)}

    def open_url(self, shop: Document, path: str = "", query: str = "") -> str:
        """The address the admin's frame loads, fresh: with a session token that lives a minute.

        Without a path it is the application URL; a path behind the app's place in the admin is one of the app's origin,
        as its menu's links are (unverified for an application URL that has a path itself).
        """
        app = self.sandbox.app("shopify")
        pairs = {
            "embedded": "1",
            "host": base64_host(shop["name"]),
            "id_token": session_token(app, shop["domain"]),
            "locale": shop["locale"],
            "session": uuid.uuid4().hex,
            "shop": shop["domain"],
            "timestamp": str(int(time.time())),
        }
        pairs["hmac"] = query_signature(app["client_secret"], pairs.items())
        base = urljoin(app["application_url"], f"/{path.lstrip('/')}") if path else app["application_url"]
        return f"{base}?{query + '&' if query else ''}{urlencode(pairs)}"

    def uninstall(self, shop: str) -> Document:
        """Tokens die at once; the app hears of it by a webhook."""
        found = self.shop(shop)
        store = self.sandbox.store
        with store.transaction():
            installed = shops.installation(store, found)
            if installed is None:
                raise SandboxError("the app is not installed in this shop", 409)
            installed["uninstalled_at"] = iso(now())
            store.put("shopify.installation", "", found["domain"], installed)
            tokens.revoke_all(store, found)
            subscriptions.end_all(store, found)
            Events(self.sandbox, found).uninstalled()
        return self.describe(found)

    def products(self, shop: str) -> list[Document]:
        found = self.shop(shop)
        return [
            product
            | {
                "variants": [
                    variant | {"price": to_text(variant["price_minor"], found["currency"])}
                    for variant in product["variants"]
                ]
            }
            for product in shops.products(self.sandbox.store, found)
        ]

    def customers(self, shop: str) -> list[Document]:
        found = self.shop(shop)
        return [_public(customer) for customer in self.sandbox.store.all("shopify.customer", found["domain"])]

    def create_customer(self, shop: str, body: Document) -> Document:
        found = self.shop(shop)
        with self.sandbox.store.transaction():
            made = customers.create_customer(self.sandbox.store, found, body)
            at = parse_time(body.get("at"))
            Events(self.sandbox, found).customer(made, "customers/create", at)
        return _public(made)

    def orders(self, shop: str, limit: int) -> list[Document]:
        found = self.shop(shop)
        rows = self.sandbox.store.all("shopify.order", found["domain"], newest_first=True, limit=limit)
        return [self._body(found, order) for order in rows]

    def order(self, shop: str, order_id: str) -> Document:
        found = self.shop(shop)
        return self._body(found, orders.get(self.sandbox.store, found, order_id))

    def _body(self, shop: Document, order: Document) -> Document:
        return payloads.order_body(self.sandbox.store, shop, order, data_level=2)

    def place_order(self, shop: str, body: Document) -> Document:
        found, store = self.shop(shop), self.sandbox.store
        at = parse_time(body.get("at"))
        with store.transaction():
            customer, email, made = orders.who_orders(store, found, body)
            order = orders.place(
                store,
                found,
                lines=orders.read_lines(store, found, body.get("lines")),
                customer=customer,
                email=email,
                code=str(body.get("code") or ""),
                at=at,
                test=bool(body.get("test", False)),
                source_name=str(body.get("source_name", "web")),
                use_credit=bool(body.get("use_credit", False)),
                attributes=body.get("attributes"),
            )
            self.announce(found, order, customer if made else None, paid=bool(body.get("pay", True)), at=at)
        return self._body(found, order)

    def announce(
        self, shop: Document, order: Document, new_customer: Document | None, *, paid: bool, at: datetime
    ) -> None:
        """What a checkout sends: the customer it made, the order, and its payment."""
        events = Events(self.sandbox, shop)
        if new_customer is not None:
            events.customer(new_customer, "customers/create", at)
        if paid:
            orders.mark_paid(self.sandbox.store, shop, order, at)
        events.order(order, "orders/create", *(["orders/paid"] if paid else []), "orders/updated", at=at)

    def pay(self, shop: str, order_id: str, body: Document) -> Document:
        found, store = self.shop(shop), self.sandbox.store
        at = parse_time(body.get("at"))
        with store.transaction():
            order = orders.mark_paid(store, found, orders.get(store, found, order_id), at)
            Events(self.sandbox, found).order(order, "orders/paid", "orders/updated", at=at)
        return self._body(found, order)

    def refund(self, shop: str, order_id: str, body: Document) -> Document:
        found, store = self.shop(shop), self.sandbox.store
        at = parse_time(body.get("at"))
        with store.transaction():
            order = orders.get(store, found, order_id)
            made = orders.refund(store, found, order, body, at)
            events = Events(self.sandbox, found)
            events.refund(order, made, at)
            events.order(order, "orders/updated", at=at)
        return self._body(found, order)

    def cancel(self, shop: str, order_id: str, body: Document) -> Document:
        found, store = self.shop(shop), self.sandbox.store
        at = parse_time(body.get("at"))
        with store.transaction():
            order = orders.get(store, found, order_id)
            made = orders.cancel(store, found, order, body, at)
            events = Events(self.sandbox, found)
            if made is not None:
                events.refund(order, made, at)
            events.order(order, "orders/cancelled", "orders/updated", at=at)
        return self._body(found, order)

    def history(self, shop: str, body: Document) -> dict[str, Any]:
        return write_history(self.sandbox, self.shop(shop), body)


def _public(customer: Document) -> Document:
    return {name: value for name, value in customer.items() if name != "password"}
