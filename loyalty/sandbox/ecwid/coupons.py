"""Discount coupons: what they are worth to a cart, and when Ecwid refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from loyalty.sandbox import clock
from loyalty.sandbox.ecwid.dates import parse_when, stamp
from loyalty.sandbox.ecwid.money import part, spread, to_minor
from loyalty.sandbox.ecwid.orders_store import orders_of, orders_with_coupon
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

COUPON = "ecwid.coupon"
TYPES = ("ABS", "PERCENT", "SHIPPING", "ABS_AND_SHIPPING", "PERCENT_AND_SHIPPING")
USES = ("UNLIMITED", "ONCEPERCUSTOMER", "SINGLE")
APPLICATIONS = ("UNLIMITED", "NEW_CUSTOMER_ONLY", "REPEAT_CUSTOMER_ONLY")
MAX_CODE_CHARACTERS = 128
WRITABLE = (
    "name code discountType status discount launchDate expirationDate totalLimit usesLimit applicationLimit"
    " repeatCustomerOnly catalogLimit shippingLimit"
).split()


@dataclass(frozen=True)
class CartLine:
    """What a coupon looks at: a product, its category and the line's price before discounts, in minor units."""

    product_id: int
    category_id: int
    amount_minor: int
    gift_card: bool = False


@dataclass(frozen=True)
class Saving:
    """What a coupon takes off: per line in the order of the cart, and whether delivery is free."""

    per_line_minor: tuple[int, ...]
    free_shipping: bool

    @property
    def total_minor(self) -> int:
        return sum(self.per_line_minor)


def find_by_code(store: Store, shop: Document, code: str) -> Document | None:
    """Codes are compared without regard to case."""
    found = store.find(COUPON, str(shop["id"]), code.strip().casefold())
    return found[0] if found else None


def save_coupon(store: Store, shop: Document, coupon: Document) -> None:
    store.put(COUPON, str(shop["id"]), coupon["id"], coupon, key=str(coupon["code"]).casefold())


def validated(fields: Document, precision: int, *, creating: bool) -> Document:
    """The writable fields, checked; ValueError says which one is wrong."""
    known = {name: fields[name] for name in WRITABLE if name in fields}
    if creating and not str(known.get("name") or "").strip():
        raise ValueError("name is required")
    code = known.get("code")
    if (creating or "code" in known) and not (isinstance(code, str) and 0 < len(code) <= MAX_CODE_CHARACTERS):
        raise ValueError(f"code is required and has at most {MAX_CODE_CHARACTERS} characters")
    for name, allowed in (
        ("discountType", TYPES),
        ("usesLimit", USES),
        ("applicationLimit", APPLICATIONS),
        ("status", ("ACTIVE", "PAUSED")),
    ):
        if name in known and known[name] not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}")
    for name in ("discount", "totalLimit"):
        if name in known and to_minor(known[name], precision) < 0:
            raise ValueError(f"{name} must not be negative")
    for name in ("launchDate", "expirationDate"):
        if known.get(name):
            known[name] = stamp(parse_when(str(known[name])))
    limit = known.get("catalogLimit") or {}
    if not isinstance(limit, dict) or any(not isinstance(v, list) for v in limit.values()):
        raise ValueError("catalogLimit holds the lists products and categories")
    return known


def create_coupon(store: Store, shop: Document, fields: Document, at: datetime) -> Document:
    """A new coupon. ValueError for bad fields, SandboxError (409) when the code is taken."""
    known = validated(fields, shop["precision"], creating=True)
    with store.transaction():
        if find_by_code(store, shop, known["code"]):
            raise SandboxError("The coupon with the given code already exists", 409)
        coupon: Document = {
            "id": store.next("ecwid.coupon", start=358800001),
            "discountType": "ABS",
            "status": "ACTIVE",
            "discount": 0,
            "launchDate": stamp(at),
            "usesLimit": "UNLIMITED",
            "repeatCustomerOnly": False,
            "applicationLimit": "UNLIMITED",
            "creationDate": stamp(at),
            "updateDate": stamp(at),
            "orderCount": 0,
        } | known
        save_coupon(store, shop, coupon)
    return coupon


def presented(coupon: Document, now: datetime) -> Document:
    """The coupon as the API sends it; EXPIRED and USEDUP follow from the dates and the uses."""
    if coupon["usesLimit"] == "SINGLE" and coupon["orderCount"] > 0:
        return coupon | {"status": "USEDUP"}
    if coupon.get("expirationDate") and parse_when(coupon["expirationDate"]) <= now:
        return coupon | {"status": "EXPIRED"}
    return coupon


def refusal(store: Store, shop: Document, coupon: Document, lines: list[CartLine], email: str, now: datetime) -> str:
    """Why the cart cannot have this coupon, as the shopper reads it; empty when it can."""
    status = presented(coupon, now)["status"]
    if status != "ACTIVE":
        return {"USEDUP": "This coupon was used already.", "EXPIRED": "This coupon has expired."}.get(
            status, "This coupon is not active."
        )
    # A history's past may use codes that were made just now; what has expired in that past has.
    if parse_when(coupon["launchDate"]) > max(now, clock.now()):
        return "This coupon is not valid yet."
    subtotal = sum(line.amount_minor for line in lines)
    if coupon.get("totalLimit") and subtotal < to_minor(coupon["totalLimit"], shop["precision"]):
        return f"This coupon needs a subtotal of at least {coupon['totalLimit']}."
    if not any(_covers(coupon, line) for line in lines):
        return "This coupon does not apply to anything in the cart."
    if not email:
        return ""
    placed = orders_of(store, shop, email)
    who = coupon["applicationLimit"]
    if (who == "NEW_CUSTOMER_ONLY" and placed) or (who == "REPEAT_CUSTOMER_ONLY" and not placed):
        return "This coupon is not for you."
    if coupon["usesLimit"] == "ONCEPERCUSTOMER" and orders_with_coupon(store, shop, coupon["id"], email):
        return "You have used this coupon already."
    return ""


def saving(coupon: Document, lines: Sequence[CartLine], precision: int) -> Saving:
    """What it takes off; an amount is spread over the lines it covers and never exceeds them."""
    kind = coupon["discountType"]
    covered = [line.amount_minor if _covers(coupon, line) else 0 for line in lines]
    if kind.startswith("ABS"):
        parts = spread(min(to_minor(coupon["discount"], precision), sum(covered)), covered)
    elif kind.startswith("PERCENT"):
        percent = min(Decimal(str(coupon["discount"])), Decimal(100))
        parts = spread(part(sum(covered), percent), covered)
    else:
        parts = [0 for _ in lines]
    return Saving(tuple(parts), kind.endswith("SHIPPING"))


def any_active(store: Store, shop: Document, now: datetime) -> bool:
    """The coupon box is only shown while the store has an active coupon."""
    coupons = store.all(COUPON, str(shop["id"]), newest_first=True)
    return any(presented(coupon, now)["status"] == "ACTIVE" for coupon in coupons)


def _covers(coupon: Document, line: CartLine) -> bool:
    limit = coupon.get("catalogLimit") or {}
    products, categories = limit.get("products") or [], limit.get("categories") or []
    if line.gift_card:  # gift cards are never discounted (unverified)
        return False
    return not (products or categories) or line.product_id in products or line.category_id in categories
