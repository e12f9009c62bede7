"""What happens to orders: placed at a checkout, paid, refunded, changed by the merchant, deleted."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from loyalty.sandbox.ecwid import coupons, customers, orders_store, shops
from loyalty.sandbox.ecwid.cart_discounts import Asking, Given
from loyalty.sandbox.ecwid.cart_discounts import given as given_for
from loyalty.sandbox.ecwid.dates import stamp, unix
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.money import number, to_minor
from loyalty.sandbox.ecwid.shapes import Line, OrderFacts, Sums, new_order_id, order_json, sums
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

PAYMENT_STATUSES = (
    "AWAITING_PAYMENT PAID CANCELLED REFUNDED PARTIALLY_REFUNDED INCOMPLETE"
    " CUSTOM_PAYMENT_STATUS_1 CUSTOM_PAYMENT_STATUS_2 CUSTOM_PAYMENT_STATUS_3"
).split()
FULFILLMENT_STATUSES = (
    "AWAITING_PROCESSING PROCESSING SHIPPED DELIVERED WILL_NOT_DELIVER RETURNED READY_FOR_PICKUP OUT_FOR_DELIVERY"
    " CUSTOM_FULFILLMENT_STATUS_1 CUSTOM_FULFILLMENT_STATUS_2 CUSTOM_FULFILLMENT_STATUS_3"
).split()
MAX_EXTRA_FIELD_CHARACTERS = 255
MAX_EXTRA_FIELDS_BYTES = 8192


@dataclass
class Placement:
    """A checkout that is about to be finished."""

    lines: list[Line]
    email: str
    at: datetime
    name: str = ""
    code: str = ""
    paid: bool = True
    discount_minor: int = 0
    extra_fields: Document = field(default_factory=dict)
    referer_id: str = ""
    signed_in: bool = False  # as the customer with this address
    customer_record: bool = True  # False: a guest of whom Ecwid keeps no customer (unverified when that happens)
    webhooks: bool = True
    fulfillment: str = "AWAITING_PROCESSING"
    rng: random.Random = field(default_factory=secrets.SystemRandom)


@dataclass
class Quote:
    """What a cart costs with a code: the sums, the coupon if it applies, and why it does not if not."""

    sums: Sums
    coupon: Document | None
    refusal: str
    given: list[Given] = field(default_factory=list)


@dataclass
class CartOf:
    """Whose cart it is, and what scripts have put into it."""

    customer: Document | None
    extra_fields: Document


def quote(
    sandbox: Sandbox,
    shop: Document,
    lines: list[Line],
    code: str,
    email: str,
    at: datetime,
    discount_minor: int = 0,
    cart: CartOf | None = None,
) -> Quote:
    """The price of a cart; a code that is refused costs nothing and says why. With `cart` the app is asked too."""
    priced = _priced(sandbox, shop, lines, code, email, at, discount_minor)
    if cart is None:
        return priced
    coupon_minor = sum(priced.sums.coupon)
    given = given_for(sandbox, shop, Asking(lines, coupon_minor, email, cart.customer, cart.extra_fields))
    if not given:
        return priced
    more = discount_minor + sum(each.minor for each in given)
    return replace(_priced(sandbox, shop, lines, code, email, at, more), given=given)


def _priced(
    sandbox: Sandbox, shop: Document, lines: list[Line], code: str, email: str, at: datetime, discount_minor: int
) -> Quote:
    goods = [line.for_coupon() for line in lines]
    coupon, refusal = None, ""
    if code:
        coupon = coupons.find_by_code(sandbox.store, shop, code)
        refusal = "There is no such coupon."
        if coupon is not None:
            refusal = coupons.refusal(sandbox.store, shop, coupon, goods, email, at)
    if coupon is None or refusal:
        return Quote(sums(shop, lines, [0 for _ in lines], discount_minor, False), None, refusal)
    saved = coupons.saving(coupon, goods, shop["precision"])
    return Quote(sums(shop, lines, list(saved.per_line_minor), discount_minor, saved.free_shipping), coupon, "")


def place(sandbox: Sandbox, shop: Document, wish: Placement) -> Document:
    """Finishes a checkout. SandboxError when the code is refused or a field is wrong."""
    if not wish.lines:
        raise SandboxError("an order needs at least one line")
    email = customers.clean_email(wish.email)
    extra = clean_extra_fields(wish.extra_fields)
    store = sandbox.store
    known = customers.find_by_email(store, shop, email) if wish.signed_in else None
    # Asked before the transaction: the app takes its time.
    priced = quote(sandbox, shop, wish.lines, wish.code, email, wish.at, wish.discount_minor, CartOf(known, extra))
    with store.transaction():
        if priced.refusal:
            raise SandboxError(f"{wish.code}: {priced.refusal}", 422)
        coupon = _still_good(sandbox, shop, wish, email) if priced.coupon else None
        customer, new = _customer_of(sandbox, shop, wish, email)
        facts = OrderFacts(
            order_id=_free_order_id(sandbox, shop, wish.rng),
            number=store.next("ecwid.order_number", start=516480001),
            lines=wish.lines,
            sums=priced.sums,
            email=email,
            customer=customer,
            at=wish.at,
            paid=wish.paid,
            coupon=coupon,
            given=_said(priced.given) if switches(store)["discount_words"] else (),
            extra_fields=extra,
            referer_id=str(wish.referer_id)[:MAX_EXTRA_FIELD_CHARACTERS],
            payment_method="Card" if wish.paid else "Pay later",
        )
        order = order_json(shop, facts) | {"fulfillmentStatus": wish.fulfillment}
        orders_store.save_order(store, shop, order)
        if coupon:
            coupons.save_coupon(store, shop, coupon | {"orderCount": coupon["orderCount"] + 1})
        if wish.webhooks:
            _tell_of_placement(sandbox, shop, order, customer, new, coupon)
    return order


def _still_good(sandbox: Sandbox, shop: Document, wish: Placement, email: str) -> Document:
    """The coupon as it is now that nobody else is placing: whoever was quicker has used it."""
    coupon = coupons.find_by_code(sandbox.store, shop, wish.code)
    goods = [line.for_coupon() for line in wish.lines]
    refusal = coupons.refusal(sandbox.store, shop, coupon, goods, email, wish.at) if coupon else "It is gone."
    if coupon is None or refusal:
        raise SandboxError(f"{wish.code}: {refusal}", 422)
    return coupon


def _said(given: list[Given]) -> list[tuple[int, str, str]]:
    return [(each.minor, each.description, each.base) for each in given]


def _customer_of(sandbox: Sandbox, shop: Document, wish: Placement, email: str) -> tuple[Document | None, bool]:
    if not wish.customer_record:
        return None, False
    customer = customers.find_by_email(sandbox.store, shop, email)
    if customer is not None:
        return customer, False
    name = wish.name or email.partition("@")[0].replace(".", " ").title()
    return customers.create_customer(sandbox.store, shop, email, name, wish.at), True


def _tell_of_placement(
    sandbox: Sandbox, shop: Document, order: Document, customer: Document | None, new: bool, coupon: Document | None
) -> None:
    """One checkout fires several events, in no particular order."""
    statuses = {"newPaymentStatus": order["paymentStatus"], "newFulfillmentStatus": order["fulfillmentStatus"]}
    emit(sandbox, shop, "order.created", order["internalId"], {"orderId": order["id"], **statuses})
    if customer:
        event = "customer.created" if new else "customer.updated"
        emit(sandbox, shop, event, customer["id"], {"customerEmail": customer["email"]})
    if coupon:
        emit(sandbox, shop, "discount_coupon.updated", coupon["id"])


def _free_order_id(sandbox: Sandbox, shop: Document, rng: random.Random) -> str:
    while True:
        order_id = new_order_id(rng)
        if orders_store.get_order(sandbox.store, shop, shop["order_prefix"] + order_id) is None:
            return order_id


def clean_extra_fields(fields: object) -> Document:
    """`ec.order.extraFields` as the order keeps them: plain text under each name, of limited length."""
    if not isinstance(fields, dict):
        raise SandboxError('extra fields are an object such as {"loy_ref": "ABC"}')
    clean: Document = {}
    for name, value in list(fields.items())[:50]:
        text = value.get("value") if isinstance(value, dict) else value
        if isinstance(text, str | int | float) and not isinstance(text, bool):
            clean[str(name)[:MAX_EXTRA_FIELD_CHARACTERS]] = str(text)[:MAX_EXTRA_FIELD_CHARACTERS]
    return clean if len(str(clean).encode()) <= MAX_EXTRA_FIELDS_BYTES else {}


def change(
    sandbox: Sandbox, shop: Document, order_id: str, fields: Document, at: datetime, tell: bool = True
) -> Document:
    """Writes fields of an order as they are and fires order.updated; any status may follow any other."""
    with sandbox.store.transaction():
        order = needed(sandbox, shop, order_id)
        changed = order | {"updateDate": stamp(at), "updateTimestamp": unix(at)} | fields
        orders_store.save_order(sandbox.store, shop, changed)
        if tell:
            data = {
                "orderId": order["id"],
                "oldPaymentStatus": order["paymentStatus"],
                "newPaymentStatus": changed["paymentStatus"],
                "oldFulfillmentStatus": order["fulfillmentStatus"],
                "newFulfillmentStatus": changed["fulfillmentStatus"],
            }
            emit(sandbox, shop, "order.updated", order["internalId"], data)
    return changed


def needed(sandbox: Sandbox, shop: Document, order_id: str) -> Document:
    order = orders_store.get_order(sandbox.store, shop, order_id)
    if order is None:
        raise SandboxError(f"store {shop['id']} has no order {order_id}", 404)
    return order


def set_statuses(
    sandbox: Sandbox, shop: Document, order_id: str, payment: str, fulfillment: str, at: datetime, tell: bool = True
) -> Document:
    """Either may be empty: it stays then. SandboxError for a status that does not exist."""
    fields: Document = {}
    if payment:
        if payment not in PAYMENT_STATUSES:
            raise SandboxError(f"payment status is one of {', '.join(PAYMENT_STATUSES)}")
        fields["paymentStatus"] = payment
    if fulfillment:
        if fulfillment not in FULFILLMENT_STATUSES:
            raise SandboxError(f"fulfilment status is one of {', '.join(FULFILLMENT_STATUSES)}")
        fields["fulfillmentStatus"] = fulfillment
    with sandbox.store.transaction():
        if payment == "CANCELLED" and switches(sandbox.store)["coupon_returns_on_cancel"]:
            _give_coupon_back(sandbox, shop, needed(sandbox, shop, order_id))
        return change(sandbox, shop, order_id, fields, at, tell)


def _give_coupon_back(sandbox: Sandbox, shop: Document, order: Document) -> None:
    used = (order.get("discountCoupon") or {}).get("code", "")
    coupon = coupons.find_by_code(sandbox.store, shop, used)
    if coupon and order["paymentStatus"] != "CANCELLED":
        coupons.save_coupon(sandbox.store, shop, coupon | {"orderCount": max(coupon["orderCount"] - 1, 0)})


def line_paid_minor(shop: Document, order: Document, index: int) -> int:
    """What was paid for one line of a placed order, in minor units."""
    digits, item = shop["precision"], order["items"][index]
    paid = to_minor(item["price"], digits) * item["quantity"] - to_minor(item.get("couponAmount", 0), digits)
    paid -= sum(to_minor(discount["total"], digits) for discount in item["discounts"])
    return paid if order["pricesIncludeTax"] else paid + to_minor(item["tax"], digits)


def refund(
    sandbox: Sandbox, shop: Document, order_id: str, amount_minor: int, reason: str, at: datetime, tell: bool = True
) -> Document:
    """Gives money back; Ecwid keeps the amount and the reason, not the lines. SandboxError when it is too much."""
    digits = shop["precision"]
    with sandbox.store.transaction():
        order = needed(sandbox, shop, order_id)
        before, total = to_minor(order["refundedAmount"], digits), to_minor(order["total"], digits)
        if not 0 < amount_minor <= total - before:
            raise SandboxError(f"between 0 and {number(total - before, digits)} can be refunded")
        entry = {"date": stamp(at), "source": "CP", "reason": reason, "amount": number(amount_minor, digits)}
        fields = {
            "refundedAmount": number(before + amount_minor, digits),
            "refunds": [*order["refunds"], entry],
            "paymentStatus": "REFUNDED" if before + amount_minor == total else "PARTIALLY_REFUNDED",
        }
        return change(sandbox, shop, order_id, fields, at, tell)


def delete(sandbox: Sandbox, shop: Document, order_id: str, at: datetime) -> None:
    """Removes an order for good; `GET /orders/deleted` still names it."""
    with sandbox.store.transaction():
        order = needed(sandbox, shop, order_id)
        owner = str(shop["id"])
        sandbox.store.delete(orders_store.ORDER, owner, order_id)
        gone = {"id": order["internalId"], "orderId": order_id, "date": stamp(at)}
        if not switches(sandbox.store)["deleted_order_id"]:
            gone.pop("orderId")
        sandbox.store.put(orders_store.DELETED_ORDER, owner, order_id, gone, at=stamp(at))
        emit(sandbox, shop, "order.deleted", order["internalId"], {"orderId": order_id})


def lines_from(sandbox: Sandbox, shop: Document, wanted: object) -> list[Line]:
    """Lines of a control request: {"product" | "sku" | "title" + "price", "quantity"?}; SandboxError if unclear."""
    if not isinstance(wanted, list) or not wanted:
        raise SandboxError('lines is a list such as [{"sku": "NB-DOT", "quantity": 2}]')
    shelf = shops.products(sandbox.store, shop)
    known = {str(product["id"]): product for product in shelf} | {product["sku"]: product for product in shelf}
    return [_line_from(shop, known, entry) for entry in wanted]


def _line_from(shop: Document, known: dict[str, Document], entry: object) -> Line:
    if not isinstance(entry, dict):
        raise SandboxError("each line is an object")
    quantity = entry.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 0 < quantity <= 1000:
        raise SandboxError("quantity is a whole number between 1 and 1000")
    product = known.get(str(entry.get("product") or entry.get("sku") or ""))
    try:
        price = to_minor(entry["price"], shop["precision"]) if "price" in entry else None
    except ValueError as error:
        raise SandboxError(f"price: {error}") from None
    if product is None:
        if price is None or not entry.get("title"):
            raise SandboxError("a line names a product or sku of the store, or a title and a price")
        title = str(entry["title"])
        product = {"id": 0, "sku": "CUSTOM", "name": title, "category_id": 0, "blurb": "", "gift_card": False}
    return Line(product, quantity, product["price_minor"] if price is None else price)


def lines_paid_minor(shop: Document, order: Document, wanted: object) -> int:
    """What was paid for [{"line": place or item id, "quantity"?}]; a part of a line is its share, half up."""
    if not isinstance(wanted, list):
        raise SandboxError('lines is a list such as [{"line": 0, "quantity": 1}]')
    total = 0
    for entry in wanted:
        index = _line_index(order, entry.get("line") if isinstance(entry, dict) else None)
        pieces = order["items"][index]["quantity"]
        quantity = entry.get("quantity", pieces)
        if not isinstance(quantity, int) or not 0 < quantity <= pieces:
            raise SandboxError(f"the line has {pieces} pieces")
        total += (line_paid_minor(shop, order, index) * quantity * 2 + pieces) // (2 * pieces)
    return total


def _line_index(order: Document, line: object) -> int:
    ids = [item["id"] for item in order["items"]]
    if isinstance(line, int) and 0 <= line < len(ids):
        return line
    if line in ids:
        return ids.index(line)
    raise SandboxError(f"line is a place from 0 to {len(ids) - 1} or an item's id")
