"""Discount codes for goods or for shipping: made through the Admin API, checked at the cart and the checkout."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.sandbox.clock import iso, now, parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify.money import to_people
from loyalty.sandbox.store import Document, Store


def by_code(store: Store, shop: Document, code: str) -> Document | None:
    """Codes are the same in upper and lower case."""
    found = store.find("shopify.discount", shop["domain"], code.strip().casefold()) if code.strip() else []
    return found[0] if found else None


def by_id(store: Store, shop: Document, discount_id: int) -> Document | None:
    return store.get("shopify.discount", shop["domain"], discount_id)


def save(store: Store, shop: Document, discount: Document) -> None:
    key = discount["code"].casefold()
    store.put("shopify.discount", shop["domain"], discount["id"], discount, key=key, at=discount["created_at"])


def status(discount: Document, at: datetime | None = None) -> str:
    moment = iso(at or now())
    if discount["ends_at"] and discount["ends_at"] <= moment:
        return "EXPIRED"
    return "SCHEDULED" if discount["starts_at"] > moment else "ACTIVE"


def check(
    discount: Document | None, *, customer_id: int | None, lines: list[Document], currency: str, at: datetime
) -> None:
    """Whether a code may be used for these lines now; SandboxError says why not, as the checkout says it."""
    if discount is None or status(discount, at) == "SCHEDULED":
        raise SandboxError("Enter a valid discount code")
    if status(discount, at) == "EXPIRED":
        raise SandboxError("This discount code has expired")
    if discount["usage_limit"] is not None and discount["used"] >= discount["usage_limit"]:
        raise SandboxError("This discount code has reached its usage limit")
    if discount["customer_ids"] is not None and customer_id not in discount["customer_ids"]:
        raise SandboxError("This discount code isn't valid for this customer")
    if discount["once_per_customer"] and customer_id in discount["used_by"]:
        raise SandboxError("You have used this discount code already")
    subtotal = sum(line["price_minor"] * line["quantity"] for line in entitled(discount, lines))
    if subtotal == 0:
        raise SandboxError("This discount code isn't valid for the items in your cart")
    if discount["minimum_subtotal_minor"] and subtotal < discount["minimum_subtotal_minor"]:
        raise SandboxError(f"Spend {to_people(discount['minimum_subtotal_minor'], currency)} to use this discount code")
    if discount["minimum_quantity"] and sum(line["quantity"] for line in lines) < discount["minimum_quantity"]:
        raise SandboxError(f"Add {discount['minimum_quantity']} items to use this discount code")


def entitled(discount: Document, lines: list[Document]) -> list[Document]:
    """The lines a code takes money off: gift cards never, else what its products and collections name."""
    wanted = discount["products"]
    goods = [line for line in lines if not line["gift_card"]]
    return goods if wanted is None else [line for line in goods if line["product_id"] in wanted]


def amount_off(discount: Document, lines: list[Document]) -> int:
    """Minor units off the goods; never more than the lines cost, and none for shipping."""
    subtotal = sum(line["price_minor"] * line["quantity"] for line in entitled(discount, lines))
    if discount["percent_of_million"] is not None:
        return int((subtotal * int(discount["percent_of_million"]) + 500_000) // 1_000_000)
    return int(min(discount["amount_minor"], subtotal))


def note_use(store: Store, shop: Document, discount: Document, customer_id: int | None) -> None:
    """Counted when the order is made, never given back: neither a refund nor a cancellation frees a code."""
    discount["used"] += 1
    if customer_id is not None:
        discount["used_by"].append(customer_id)
    save(store, shop, discount)


def deactivate(store: Store, shop: Document, discount: Document, at: Any = None) -> None:
    """A deactivated code is one that ended now."""
    discount["ends_at"] = iso(parse_time(at))
    save(store, shop, discount)
