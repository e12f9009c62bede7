"""UI extensions on the shop's own pages, as Shopify runs them: in a place of their own that has no origin, with the global
`shopify`, its elements, and a token that our server never sees before the app does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, render_template

from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import orders
from loyalty.sandbox.shopify.money import decimals
from loyalty.sandbox.shopify.signing import customer_token
from loyalty.sandbox.store import Document

DEPLOYED = Path(__file__).parents[3] / "storefront_widget/shopify/extensions/regulars-order/src"
"""What Shopify's command line would bundle and keep; it reads the app's source too."""
TARGETS = {"thank-you": "orderConfirmation", "order-status": "order"}


def add_modules(cdn: Flask, sandbox: Sandbox) -> None:
    @cdn.get("/extensions/regulars-order/<name>")
    def module(name: str) -> Response:
        if name == "server.js":
            address = str(sandbox.app("shopify").get("app_url", "")).rstrip("/")
            body = f'export const SERVER = "{address}";\n'.encode()
        elif name in {path.name for path in DEPLOYED.glob("*.js")}:
            body = (DEPLOYED / name).read_bytes()
        else:
            abort(404)
        return Response(body, mimetype="text/javascript", headers={"Access-Control-Allow-Origin": "*"})


def add_frames(app: Flask, sandbox: Sandbox, shop: Any, customer: Any) -> None:
    @app.get("/orders/<token>/extension/<target>")
    def frame(token: str, target: str) -> str:
        order = orders.by_token(sandbox.store, shop(), token)
        if order is None or target not in TARGETS:
            abort(404)
        return render_template(
            "store_extension.html",
            scripts=sandbox.url("cdn.shopify.localhost", "").rstrip("/"),
            target=target,
            given=_given(sandbox, shop(), customer(), order, target),
        )


def _given(sandbox: Sandbox, shop: Document, customer: Document | None, order: Document, target: str) -> Document:
    """What the global `shopify` says, as documented for checkout and customer account extensions."""
    return {
        "token": customer_token(sandbox.app("shopify"), shop["domain"], customer["id"] if customer else None),
        "shop": {"myshopifyDomain": shop["domain"], "storefrontUrl": sandbox.url(f"{shop['name']}.shopify.localhost")},
        "language": shop["locale"],
        "place": TARGETS[target],
        "order": str(order["id"]),
        "placed_at": order["created_at"],
        "lines": [_line(line, shop["currency"]) for line in order["lines"]],
        "off": _money(order["discount"]["amount_minor"] if order.get("discount") else 0, shop["currency"]),
    }


def _line(line: Document, currency: str) -> Document:
    product = {"id": f"gid://shopify/Product/{line['product_id']}", "vendor": line["vendor"] or ""}
    return {
        "quantity": line["quantity"],
        "cost": {"totalAmount": _money(line["price_minor"] * line["quantity"] - line["discount_minor"], currency)},
        "merchandise": {
            "id": f"gid://shopify/ProductVariant/{line['variant_id']}",
            "product": product,
            "requiresShipping": not line["gift_card"],
        },
    }


def _money(minor: int, currency: str) -> Document:
    return {"amount": minor / 10 ** decimals(currency), "currencyCode": currency}
