"""What the storefront remembers of one browser: the cart, the coupon, who signed in."""

from __future__ import annotations

import secrets
import uuid

from loyalty.sandbox.ecwid.shapes import Line
from loyalty.sandbox.ecwid.shops import products
from loyalty.sandbox.store import Document, Store

SESSION = "ecwid.session"
MAX_QUANTITY = 99


def load(store: Store, shop: Document, session_id: str) -> Document:
    """The browser's session; a new one where the id is not known."""
    kept = store.get(SESSION, str(shop["id"]), session_id) if session_id else None
    return kept or {
        "id": secrets.token_urlsafe(24),
        "token": f"st_{secrets.token_urlsafe(24)}",
        "cart_id": str(uuid.uuid4()).upper(),
        "cart": {},
        "code": "",
        "customer_id": None,
        "checkout_email": "",
        "placed": [],
        "extra_fields": {},
    }


def save(store: Store, shop: Document, session: Document) -> None:
    store.put(SESSION, str(shop["id"]), session["id"], session, key=session["token"])


def of_token(store: Store, shop: Document, token: str) -> Document | None:
    """The session behind a storefront session token, when its shopper is signed in."""
    found = store.find(SESSION, str(shop["id"]), token) if token.startswith("st_") else []
    return found[0] if found and found[0]["customer_id"] else None


def cart_lines(store: Store, shop: Document, session: Document) -> list[Line]:
    shelf = {str(product["id"]): product for product in products(store, shop)}
    return [
        Line(shelf[product_id], quantity, shelf[product_id]["price_minor"])
        for product_id, quantity in session["cart"].items()
        if product_id in shelf and quantity > 0
    ]


def empty_cart(session: Document) -> None:
    session.update(cart={}, code="", cart_id=str(uuid.uuid4()).upper())
