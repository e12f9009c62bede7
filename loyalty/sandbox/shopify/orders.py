"""Orders: placed, paid, refunded, cancelled. Amounts are minor units of the shop's currency."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.sandbox.clock import iso, parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify import customers, discounts, gift_cards, store_credit
from loyalty.sandbox.shopify.money import share, spread, to_minor
from loyalty.sandbox.shopify.shops import new_id, products
from loyalty.sandbox.store import Document, Store

MAX_LINES = 100
MAX_QUANTITY = 10_000


def get(store: Store, shop: Document, order_id: Any) -> Document:
    order = store.get("shopify.order", shop["domain"], str(order_id))
    if order is None:
        raise SandboxError(f"there is no order {order_id} in {shop['domain']}", 404)
    return order


def save(store: Store, shop: Document, order: Document) -> None:
    # The key finds a customer's orders; a guest's are under the empty key with everybody else's.
    key = str(order["customer_id"] or "")
    store.put("shopify.order", shop["domain"], order["id"], order, key=key, at=order["created_at"])


def place(
    store: Store,
    shop: Document,
    *,
    lines: list[Document],
    customer: Document | None,
    email: str,
    code: str,
    at: datetime,
    test: bool = False,
    source_name: str = "web",
    use_credit: bool = False,
    attributes: dict[str, str] | None = None,
) -> Document:
    """A new, unpaid order. A code must be good for it: SandboxError says why it is not, and nothing is written. A code
    may be a gift card's; it pays when the order is paid, as store credit does where the shopper wants it used."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise SandboxError(f"an order has 1 to {MAX_LINES} lines")
    customer_id = customer["id"] if customer else None
    with store.transaction():
        discount, card = None, gift_cards.by_code(store, shop, code)
        if code and card is None:
            discount = discounts.by_code(store, shop, code)
            discounts.check(discount, customer_id=customer_id, lines=lines, currency=shop["currency"], at=at)
        fresh = store.get("shopify.shop", "", shop["domain"]) or shop
        fresh["last_order_number"] += 1
        store.put("shopify.shop", "", shop["domain"], fresh)
        order: Document = {
            "id": new_id(store),
            "order_number": fresh["last_order_number"],
            "token": secrets.token_hex(16),
            "created_at": iso(at),
            "updated_at": iso(at),
            "cancelled_at": None,
            "cancel_reason": None,
            "currency": shop["currency"],
            "taxes_included": shop["taxes_included"],
            "customer_id": customer_id,
            "email": email,
            "lines": [line | {"id": new_id(store)} for line in lines],
            "shipping_minor": shop["shipping_minor"],
            "shipping_line_id": new_id(store),
            "shipping_off_minor": 0,
            "gift_card": code if card else "",
            "use_credit": use_credit,
            "attributes": attributes or {},
            "discount": None,
            "transactions": [],
            "refunds": [],
            "test": test,
            "source_name": source_name,
            "gateway": "bogus" if test else "shopify_payments",
        }
        _apply_discount(order, discount)
        _apply_tax(order, Decimal(str(shop["tax_percent"])))
        if discount is not None:
            discounts.note_use(store, shop, discount, customer_id)
        save(store, shop, order)
        store.put("shopify.order_token", shop["domain"], order["token"], {"order": order["id"]})
    return order


def by_token(store: Store, shop: Document, token: str) -> Document | None:
    """The order of a status page's address."""
    found = store.get("shopify.order_token", shop["domain"], token)
    return get(store, shop, found["order"]) if found else None


def read_lines(store: Store, shop: Document, wanted: Any) -> list[Document]:
    """[{"product" | "variant" | "sku": ..., "quantity"} | {"title", "price", "quantity"}] as an order's lines."""
    if not isinstance(wanted, list):
        raise SandboxError("lines must be a list of objects")
    goods = products(store, shop)
    return [_read_line(shop, goods, line) for line in wanted]


def catalog_line(product: Document, variant: Document, quantity: int) -> Document:
    return {
        "product_id": product["id"],
        "variant_id": variant["id"],
        "title": product["title"],
        "variant_title": variant["title"],
        "sku": variant["sku"],
        "vendor": product["vendor"],
        "gift_card": product["gift_card"],
        "price_minor": variant["price_minor"],
        "quantity": _quantity(quantity),
        "discount_minor": 0,
        "tax_minor": 0,
    }


def mark_paid(store: Store, shop: Document, order: Document, at: datetime) -> Document:
    """The whole amount is received; SandboxError 409 where nothing is owed."""
    owed = total(order) - received(order)
    if order["cancelled_at"] or (owed <= 0 and order["transactions"]):
        raise SandboxError("this order cannot be paid: it is paid or cancelled already", 409)
    with store.transaction():
        for gateway, amount in _payments(store, shop, order, owed):
            order["transactions"].append(_transaction(store, order, "sale", amount, at) | {"gateway": gateway})
        return touched(store, shop, order, at)


def _payments(store: Store, shop: Document, order: Document, owed: int) -> list[tuple[str, int]]:
    """(gateway, minor units): the gift card first, then store credit, then the rest in the ordinary way."""
    paid = []
    if order.get("gift_card"):
        paid.append(("gift_card", gift_cards.spend(store, shop, order["gift_card"], owed)))
    if order.get("use_credit") and order["customer_id"]:
        left = owed - sum(amount for _, amount in paid)
        paid.append(("shopify_store_credit", store_credit.spend(store, shop, order["customer_id"], left)))
    rest = owed - sum(amount for _, amount in paid)
    return [payment for payment in [*paid, (order["gateway"], rest)] if payment[1]] or [(order["gateway"], 0)]


def gateways(order: Document) -> list[str]:
    """The ways an order was paid in, each once."""
    return list(dict.fromkeys(payment["gateway"] for payment in order["transactions"]))


def refund(store: Store, shop: Document, order: Document, body: Document, at: datetime) -> Document:
    """Give back lines and money; the new refund. {"lines"?: [{"line", "quantity"}], "amount"?, "note"?, "shipping"?}

    Without `amount` the lines' worth is paid back; "0" moves no money (a restock); lines may be left out.
    """
    lines = [_refund_line(store, order, wanted) for wanted in body.get("lines") or []]
    worth = sum(line["subtotal_minor"] + (0 if order["taxes_included"] else line["tax_minor"]) for line in lines)
    amount = to_minor(body["amount"], order["currency"]) if body.get("amount") is not None else worth
    if not lines and amount <= 0:
        raise SandboxError("a refund needs lines or an amount")
    if amount < 0 or amount > received(order) - refunded(order):
        raise SandboxError("more than was paid and not yet refunded cannot be given back", 409)
    made: Document = {
        "id": new_id(store),
        "created_at": iso(at),
        "note": str(body.get("note", ""))[:500] or None,
        "lines": lines,
        "amount_minor": amount,
        "adjustment_minor": worth - amount,
        "adjustment_id": new_id(store),
        "transaction": _transaction(store, order, "refund", amount, at) if amount else None,
    }
    order["refunds"].append(made)
    touched(store, shop, order, at)
    return made


def cancel(store: Store, shop: Document, order: Document, body: Document, at: datetime) -> Document | None:
    """Cancel, and give back what was paid unless {"refund": false}; the refund made, or None."""
    if order["cancelled_at"]:
        raise SandboxError("this order is cancelled already", 409)
    order |= {"cancelled_at": iso(at), "cancel_reason": str(body.get("reason", "customer"))}
    made = None
    rest = received(order) - refunded(order)
    if body.get("refund", True) and rest > 0:
        lines = [
            {"line": line["id"], "quantity": remaining(order, line)}
            for line in order["lines"]
            if remaining(order, line)
        ]
        made = refund(store, shop, order, {"lines": lines, "amount": _plain(rest, order)}, at)
    touched(store, shop, order, at)
    return made


def subtotal(order: Document) -> int:
    """Goods after discounts."""
    return int(sum(line["price_minor"] * line["quantity"] - line["discount_minor"] for line in order["lines"]))


def tax(order: Document) -> int:
    return int(sum(line["tax_minor"] for line in order["lines"]))


def total(order: Document) -> int:
    return int(subtotal(order) + shipping(order) + (0 if order["taxes_included"] else tax(order)))


def shipping(order: Document) -> int:
    """After a code that makes it free."""
    return int(order["shipping_minor"] - order.get("shipping_off_minor", 0))


def received(order: Document) -> int:
    return int(sum(payment["amount_minor"] for payment in order["transactions"]))


def refunded(order: Document) -> int:
    return int(sum(made["amount_minor"] for made in order["refunds"]))


def returned_subtotal(order: Document) -> int:
    return int(sum(line["subtotal_minor"] for made in order["refunds"] for line in made["lines"]))


def returned_tax(order: Document) -> int:
    return int(sum(line["tax_minor"] for made in order["refunds"] for line in made["lines"]))


def remaining(order: Document, line: Document) -> int:
    """How many of a line were not given back."""
    back = sum(part["quantity"] for made in order["refunds"] for part in made["lines"] if part["line_id"] == line["id"])
    return int(line["quantity"] - back)


def financial_status(order: Document) -> str:
    """As webhooks write it, in lower case."""
    paid, back = received(order), refunded(order)
    if order["transactions"] and back:
        return "refunded" if back >= paid else "partially_refunded"
    if order["cancelled_at"] and not order["transactions"]:
        return "voided"
    return "paid" if order["transactions"] else "pending"


def touched(store: Store, shop: Document, order: Document, at: datetime) -> Document:
    order["updated_at"] = max(order["updated_at"], iso(at))
    save(store, shop, order)
    return order


def _plain(minor: int, order: Document) -> str:
    zero = to_minor("1", order["currency"])
    return str(Decimal(minor) / Decimal(zero))


def _quantity(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_QUANTITY:
        raise SandboxError(f"quantity must be a whole number from 1 to {MAX_QUANTITY}")
    return value


def _read_line(shop: Document, goods: list[Document], wanted: Any) -> Document:
    if not isinstance(wanted, dict):
        raise SandboxError("each line must be an object")
    quantity = _quantity(wanted.get("quantity", 1))
    if "price" in wanted:
        return {
            "product_id": None,
            "variant_id": None,
            "title": str(wanted.get("title", "Custom item"))[:200],
            "variant_title": None,
            "sku": wanted.get("sku"),
            "vendor": None,
            "gift_card": False,
            "price_minor": to_minor(wanted["price"], shop["currency"], name="price"),
            "quantity": quantity,
            "discount_minor": 0,
            "tax_minor": 0,
        }
    named = {str(wanted.get(name)) for name in ("product", "variant", "sku") if name in wanted}
    for product in goods:
        for variant in product["variants"]:
            if named & {str(product["id"]), product["handle"], str(variant["id"]), variant["sku"]}:
                return catalog_line(product, variant, quantity)
    raise SandboxError("a line names a product, variant or sku of the shop, or has title and price")


def _apply_discount(order: Document, discount: Document | None) -> None:
    if discount is None:
        return
    if discount.get("shipping"):
        order["shipping_off_minor"] = off = order["shipping_minor"]
        told = {"id": discount["id"], "code": discount["code"], "amount_minor": off}
        order["discount"] = told | {"type": "shipping", "value": "100.0"}
        return
    off = discounts.amount_off(discount, order["lines"])
    lines = discounts.entitled(discount, order["lines"])
    weights = [line["price_minor"] * line["quantity"] for line in lines]
    for line, part in zip(lines, spread(off, weights), strict=True):
        line["discount_minor"] = part
    percent = discount["percent_of_million"]
    order["discount"] = {
        "id": discount["id"],
        "code": discount["code"],
        "amount_minor": off,
        "type": "fixed_amount" if percent is None else "percentage",
        "entitled": discount["products"] is not None,
        "value": str(Decimal(percent) / 10_000) if percent is not None else _plain(discount["amount_minor"], order),
    }


def _apply_tax(order: Document, percent: Decimal) -> None:
    for line in order["lines"]:
        net = line["price_minor"] * line["quantity"] - line["discount_minor"]
        taxed = net * percent / (100 + percent) if order["taxes_included"] else net * percent / 100
        line["tax_minor"] = 0 if line["gift_card"] else int(taxed.to_integral_value())


def _refund_line(store: Store, order: Document, wanted: Any) -> Document:
    """A part of a line, worth what running shares say: all parts together are worth exactly the line."""
    if not isinstance(wanted, dict):
        raise SandboxError("each line of a refund must be an object")
    number = wanted.get("line")
    at_place = order["lines"][number : number + 1] if isinstance(number, int) and 0 <= number < MAX_LINES else []
    found = [line for line in order["lines"] if str(line["id"]) == str(number)] or at_place
    if not found:
        raise SandboxError("a refund's line is its place in the order, from 0, or its id", 404)
    line, quantity = found[0], _quantity(wanted.get("quantity", 1))
    left = remaining(order, line)
    if quantity > left:
        raise SandboxError(f"only {left} of this line can still be given back", 409)
    back, whole = line["quantity"] - left, line["quantity"]
    net = line["price_minor"] * whole - line["discount_minor"]
    return {
        "id": new_id(store),
        "line_id": line["id"],
        "quantity": quantity,
        "subtotal_minor": share(net, back + quantity, whole) - share(net, back, whole),
        "tax_minor": share(line["tax_minor"], back + quantity, whole) - share(line["tax_minor"], back, whole),
    }


def _transaction(store: Store, order: Document, kind: str, amount_minor: int, at: datetime) -> Document:
    return {
        "id": new_id(store),
        "kind": kind,
        "amount_minor": amount_minor,
        "created_at": iso(at),
        "gateway": order["gateway"],
        "parent_id": order["transactions"][0]["id"] if kind == "refund" else None,
    }


def who_orders(store: Store, shop: Document, body: Document) -> tuple[Document | None, str, bool]:
    """The customer of a control order, the order's e-mail, and whether the order made the customer.

    {"customer": id} is that customer, {"email": ...} finds or makes one, {"customer": null} is nobody.
    """
    if body.get("customer") is not None:
        customer = customers.by_id(store, shop, body["customer"])
        if customer is None:
            raise SandboxError(f"there is no customer {body['customer']} in {shop['domain']}", 404)
        return customer, str(body.get("email") or customer["email"] or ""), False
    email = str(body.get("email") or "").strip().lower()
    if "customer" in body or not email:
        return None, email, False
    at = iso(parse_time(body.get("at")))
    customer, made = customers.find_or_create(store, shop, email, str(body.get("name", "")), at)
    return customer, email, made
