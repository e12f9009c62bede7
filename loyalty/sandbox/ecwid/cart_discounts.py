"""What comes off a cart besides its coupon: promotions of the store for a customer's group, and discounts that the app's own
server calculates - the store asks it at every change of a cart and waits five seconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import requests

from loyalty.sandbox.ecwid import apps, customers
from loyalty.sandbox.ecwid.money import number, part, to_minor
from loyalty.sandbox.ecwid.shapes import Line
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

PROMOTION = "ecwid.promotion"
SCOPE = "customize_cart_calculation"
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Given:
    """One discount of the app, in minor units, with the words that the checkout shows."""

    minor: int
    description: str
    base: str = "CUSTOM"


@dataclass(frozen=True)
class Asking:
    """The cart as it is sent. `customer` is who is signed in."""

    lines: list[Line]
    coupon_minor: int
    email: str
    customer: Document | None
    extra_fields: Document


def given(sandbox: Sandbox, shop: Document, cart: Asking) -> list[Given]:
    """All of them; promotions come first."""
    return given_by_promotions(sandbox, shop, cart) + given_by_the_app(sandbox, shop, cart)


def given_by_promotions(sandbox: Sandbox, shop: Document, cart: Asking) -> list[Given]:
    """Percentages of the subtotal for the group of whoever is signed in."""
    group = cart.customer["customerGroupId"] if cart.customer else None
    subtotal = sum(line.amount_minor for line in cart.lines)
    every = sandbox.store.all(PROMOTION, str(shop["id"]))
    fitting = [each for each in every if each.get("enabled") and group in each["triggers"].get("customerGroups", [])]
    return [Given(part(subtotal, Decimal(str(each["amount"]))), each["name"], "ON_MEMBERSHIP") for each in fitting]


def given_by_the_app(sandbox: Sandbox, shop: Document, cart: Asking) -> list[Given]:
    """Nothing where the app has no such address or permission, and where it does not answer in time."""
    app, installed = sandbox.app(apps.APP), apps.installation(sandbox.store, shop)
    url = app.get("discount_url")
    if not url or not installed or SCOPE not in installed["scopes"]:
        return []
    try:
        answer = requests.post(url, json=_question(sandbox, shop, app, cart), timeout=PATIENCE_SECONDS)
        listed = answer.json()["discounts"] if answer.status_code == 200 else []
        left = sum(line.amount_minor for line in cart.lines) - cart.coupon_minor
        return [_given(shop, entry, left) for entry in listed]
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return []


def _given(shop: Document, entry: Document, left_minor: int) -> Given:
    value = entry["value"]
    if entry.get("type") == "PERCENT":
        return Given(part(left_minor, Decimal(str(value))), str(entry.get("description") or ""))
    return Given(min(to_minor(value, shop["precision"]), left_minor), str(entry.get("description") or ""))


def _question(sandbox: Sandbox, shop: Document, app: Document, cart: Asking) -> Document:
    setting, digits = switches(sandbox.store), shop["precision"]
    stored = sandbox.store.find(apps.STORAGE, str(shop["id"]), app["client_id"])
    customer = cart.customer
    if customer is None and setting["guests_in_carts"] and cart.email:
        customer = customers.find_by_email(sandbox.store, shop, cart.email)
    return {
        "storeId": shop["id"],
        "merchantAppSettings": {
            entry["key"]: entry["value"]
            for entry in stored
            if entry["key"] == "public" or setting["private_keys_in_carts"]
        },
        "cart": {
            "subtotal": number(sum(line.amount_minor for line in cart.lines), digits),
            "couponDiscount": number(cart.coupon_minor, digits),
            "discount": 0,
            "currency": shop["currency"],
            "customerId": customer["id"] if customer else None,
            "customerEmail": cart.email or None,
            "extraFields": cart.extra_fields,
            "paymentStatus": "INCOMPLETE",
            "items": [
                {
                    "productId": line.product["id"],
                    "name": line.product["name"],
                    "price": number(line.price_minor, digits),
                    "amount": line.quantity,
                }
                for line in cart.lines
            ],
        },
        "lang": shop["locale"],
    }
