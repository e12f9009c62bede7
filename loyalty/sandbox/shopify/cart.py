"""A shopper's cart: kept in the session cookie, priced from the shop's goods at each look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import session

from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify import discounts, gift_cards, orders, store_credit
from loyalty.sandbox.shopify.shops import variant_of
from loyalty.sandbox.store import Document, Store

MAX_LINES = 50
MAX_QUANTITY = 999


def quantities() -> dict[str, int]:
    """Variant id -> quantity, in the order they were put in."""
    return dict(session.get("cart", {}))


def put(variant_id: int, quantity: int) -> None:
    """Set a variant's quantity; 0 takes it out."""
    cart = quantities()
    if not 0 <= quantity <= MAX_QUANTITY or len(cart) >= MAX_LINES:
        raise SandboxError(f"A cart holds up to {MAX_LINES} goods, {MAX_QUANTITY} of each.")
    if quantity:
        cart[str(variant_id)] = quantity
    else:
        cart.pop(str(variant_id), None)
    session.permanent = True
    session["cart"] = cart


def empty() -> None:
    session.pop("cart", None)
    session.pop("code", None)
    session.pop("cart_attributes", None)


def code() -> str:
    return str(session.get("code", ""))


def set_attributes(changes: Mapping[str, Any]) -> None:
    """As Shopify merges them: an empty value takes one away."""
    kept = {**attributes(), **{str(name)[:255]: str(value)[:255] for name, value in changes.items()}}
    session["cart_attributes"] = {name: value for name, value in kept.items() if value}


def attributes() -> dict[str, str]:
    return dict(session.get("cart_attributes", {}))


def set_code(text: str) -> None:
    session["code"] = text.strip()[:255]


def lines(store: Store, shop: Document) -> list[Document]:
    """The cart as an order's lines; goods that are gone are left out."""
    found = []
    for variant_id, quantity in quantities().items():
        try:
            product, variant = variant_of(store, shop, int(variant_id))
        except SandboxError:
            continue
        found.append(orders.catalog_line(product, variant, quantity))
    return found


def priced(store: Store, shop: Document, customer_id: int | None, at: datetime) -> dict[str, Any]:
    """Lines with subtotal, what the code takes off or why it does not, shipping, what a gift card pays and the total, in
    minor units; beside it the customer's store credit."""
    goods = lines(store, shop)
    subtotal = sum(line["price_minor"] * line["quantity"] for line in goods)
    shipping = shop["shipping_minor"] if goods else 0
    off, problem, card = 0, "", gift_cards.by_code(store, shop, code())
    if code() and goods and card is None:
        discount = discounts.by_code(store, shop, code())
        try:
            discounts.check(discount, customer_id=customer_id, lines=goods, currency=shop["currency"], at=at)
            off = discounts.amount_off(discount or {}, goods)
            shipping = 0 if discount and discount.get("shipping") else shipping
        except SandboxError as error:
            problem = error.message
    total = subtotal - off + shipping
    by_card = min(int(card["balance_minor"]), total) if card and not card["deactivated_at"] else 0
    return {
        "lines": goods,
        "count": sum(line["quantity"] for line in goods),
        "subtotal": subtotal,
        "code": code(),
        "off": off,
        "problem": problem,
        "shipping": shipping,
        "by_card": by_card,
        "credit": store_credit.balance_minor(store, shop, customer_id) if customer_id else 0,
        "total": total - by_card,
    }


def as_json(shop: Document, cart: dict[str, Any], token: str) -> Document:
    """The Ajax API's cart; its amounts are cents whatever the currency."""
    applied = [{"code": cart["code"], "applicable": not cart["problem"]}] if cart["code"] else []
    return {
        "token": token,
        "note": None,
        "attributes": attributes(),
        "original_total_price": cart["subtotal"],
        "total_price": cart["subtotal"] - cart["off"],
        "total_discount": cart["off"],
        "total_weight": 0,
        "item_count": cart["count"],
        "items": [
            {
                "id": line["variant_id"],
                "key": f"{line['variant_id']}:{line['sku']}",
                "variant_id": line["variant_id"],
                "product_id": line["product_id"],
                "title": f"{line['title']} - {line['variant_title']}",
                "product_title": line["title"],
                "variant_title": line["variant_title"],
                "quantity": line["quantity"],
                "price": line["price_minor"],
                "line_price": line["price_minor"] * line["quantity"],
                "sku": line["sku"],
                "vendor": line["vendor"],
                "gift_card": line["gift_card"],
            }
            for line in cart["lines"]
        ],
        "requires_shipping": any(not line["gift_card"] for line in cart["lines"]),
        "currency": shop["currency"],
        "discount_codes": applied,
        "cart_level_discount_applications": [],
    }
