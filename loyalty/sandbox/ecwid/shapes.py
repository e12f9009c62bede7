"""The order as Ecwid's REST API sends it (shape of `GET /orders/{orderId}`)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from loyalty.sandbox.ecwid.coupons import CartLine
from loyalty.sandbox.ecwid.dates import stamp, unix
from loyalty.sandbox.ecwid.money import number, part, spread
from loyalty.sandbox.store import Document

ID_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
ID_CHARACTERS = 5


@dataclass(frozen=True)
class Line:
    """One product of an order: `price_minor` is for one piece, before any discount."""

    product: Document
    quantity: int
    price_minor: int

    @property
    def amount_minor(self) -> int:
        return self.price_minor * self.quantity

    def for_coupon(self) -> CartLine:
        return CartLine(self.product["id"], self.product["category_id"], self.amount_minor, self.product["gift_card"])


@dataclass
class Sums:
    """All amounts of an order in minor units; lists are per line."""

    subtotal: int
    coupon: list[int]
    discount: list[int]
    tax: list[int]
    shipping: int
    total: int
    tax_included: bool

    def line_paid(self, index: int, amount_minor: int) -> int:
        """What was paid for one whole line."""
        extra = 0 if self.tax_included else self.tax[index]
        return amount_minor - self.coupon[index] - self.discount[index] + extra


@dataclass
class OrderFacts:
    """Everything that an order's JSON is made of, apart from the store."""

    order_id: str
    number: int
    lines: list[Line]
    sums: Sums
    email: str
    customer: Document | None
    at: datetime
    paid: bool
    coupon: Document | None = None
    given: Sequence[tuple[int, str, str]] = ()
    extra_fields: Document = field(default_factory=dict)
    referer_id: str = ""
    payment_method: str = "Offline"


def new_order_id(rng: random.Random) -> str:
    return "".join(rng.choice(ID_LETTERS) for _ in range(ID_CHARACTERS))


def sums(shop: Document, lines: list[Line], coupon_parts: list[int], discount_minor: int, free_shipping: bool) -> Sums:
    """The arithmetic of a checkout: discounts, then tax on what is left, then delivery."""
    amounts = [line.amount_minor for line in lines]
    left = [amount - saved for amount, saved in zip(amounts, coupon_parts, strict=True)]
    discount = spread(min(discount_minor, sum(left)), left)
    net = [amount - saved for amount, saved in zip(left, discount, strict=True)]
    percent = Decimal(str(shop["tax_percent"]))
    included = bool(shop["prices_include_tax"])
    share = percent * 100 / (100 + percent) if included else percent
    tax = [part(amount, share) for amount in net]
    shipping = 0 if free_shipping else int(shop["shipping_minor"])
    total = sum(net) + shipping + (0 if included else sum(tax))
    return Sums(sum(amounts), coupon_parts, discount, tax, shipping, total, included)


def order_json(shop: Document, facts: OrderFacts) -> Document:
    """A freshly placed order."""
    digits, made = shop["precision"], facts.sums
    tax = sum(made.tax)
    without_tax = made.total - tax
    discount = sum(made.discount)
    order: Document = {
        "id": f"{shop['order_prefix']}{facts.order_id}",
        "internalId": facts.number,
        "refundedAmount": 0,
        "subtotal": number(made.subtotal, digits),
        "subtotalWithoutTax": number(made.subtotal - (tax if made.tax_included else 0), digits),
        "total": number(made.total, digits),
        "totalWithoutTax": number(without_tax, digits),
        "giftCardRedemption": 0,
        "totalBeforeGiftCardRedemption": number(made.total, digits),
        "giftCardDoubleSpending": False,
        "email": facts.email,
        "paymentMethod": facts.payment_method,
        "tax": number(tax, digits),
        "customerTaxExempt": False,
        "b2b_b2c": "b2c",
        "reversedTaxApplied": False,
        "couponDiscount": number(sum(made.coupon), digits),
        "paymentStatus": "PAID" if facts.paid else "AWAITING_PAYMENT",
        "fulfillmentStatus": "AWAITING_PROCESSING",
        "orderNumber": facts.number,
        "vendorOrderNumber": f"{shop['order_prefix']}{facts.order_id}",
        "publicUid": facts.order_id,
        "volumeDiscount": 0,
        "membershipBasedDiscount": 0,
        "totalAndMembershipBasedDiscount": 0,
        "customDiscount": [],
        "customSurcharges": [],
        "discount": number(discount, digits),
        "usdTotal": float(number(made.total, digits)),
        "createDate": stamp(facts.at),
        "updateDate": stamp(facts.at),
        "createTimestamp": unix(facts.at),
        "updateTimestamp": unix(facts.at),
        "items": [_item(shop, facts, index) for index in range(len(facts.lines))],
        "refunds": [],
        "shippingOption": _shipping(made.shipping, digits),
        "additionalInfo": {},
        "paymentParams": {},
        "extraFields": facts.extra_fields,
        "ticket": -(facts.number * 7919 % 2_000_000_000),
        "hidden": False,
        "disableAllCustomerNotifications": False,
        "externalFulfillment": False,
        "utmDataSets": [],
        "invoices": [],
        "pricesIncludeTax": made.tax_included,
        "lang": shop["locale"],
        "loyalty": {"customerEnabled": False, "earned": 0, "balance": 0},
    }
    if discount:
        order["discountInfo"] = _discount_info(facts, discount, digits)
    if facts.coupon:
        order["discountCoupon"] = {k: v for k, v in facts.coupon.items() if k != "used_by"}
    if facts.referer_id:
        order["refererId"] = facts.referer_id
    return order | _customer_part(facts)


def _discount_info(facts: OrderFacts, discount_minor: int, digits: int) -> list[Document]:
    """The app's own discounts have its words; whatever is left is a promotion."""
    infos: list[Document] = [
        {"value": number(minor, digits), "type": "ABS", "base": base, "description": words}
        for minor, words, base in facts.given
    ]
    left = discount_minor - sum(minor for minor, _words, _base in facts.given)
    if left:
        infos.append({"value": number(left, digits), "type": "ABS", "base": "ON_TOTAL", "orderTotal": 1})
    return infos


def _customer_part(facts: OrderFacts) -> Document:
    if facts.customer is None:
        return {}
    part_of_order: Document = {
        "customerId": facts.customer["id"],
        "billingPerson": facts.customer["billingPerson"],
        "acceptMarketing": facts.customer["acceptMarketing"],
    }
    if facts.customer["customerGroupId"]:
        part_of_order["customerGroupId"] = facts.customer["customerGroupId"]
        part_of_order["customerGroup"] = facts.customer["customerGroupName"]
    return part_of_order


def _item(shop: Document, facts: OrderFacts, index: int) -> Document:
    line, made, digits = facts.lines[index], facts.sums, shop["precision"]
    product = line.product
    item: Document = {
        "id": facts.number * 100 + index,
        "productId": product["id"],
        "categoryId": product["category_id"],
        "price": number(line.price_minor, digits),
        "productPrice": number(line.price_minor, digits),
        "sku": product["sku"],
        "quantity": line.quantity,
        "shortDescription": product["blurb"],
        "tax": number(made.tax[index], digits),
        "shipping": 0,
        "quantityInStock": 0,
        "name": product["name"],
        "nameTranslated": {shop["locale"]: product["name"]},
        "isShippingRequired": not product["gift_card"],
        "trackQuantity": False,
        "fixedShippingRateOnly": False,
        "fixedShippingRate": 0,
        "digital": product["gift_card"],
        "productAvailable": True,
        "couponApplied": made.coupon[index] > 0,
        "discounts": [],
        "discountsAllowed": not product["gift_card"],
        "taxable": True,
        "giftCard": product["gift_card"],
        "isCustomerSetPrice": False,
        "attributes": [],
    }
    if made.coupon[index]:
        item["couponAmount"] = number(made.coupon[index], digits)
    if made.discount[index]:
        total = number(made.discount[index], digits)
        info = {"value": total, "type": "ABS", "base": "ON_TOTAL", "orderTotal": 1}
        item["discounts"] = [{"discountInfo": info, "total": total}]
    return item


def _shipping(shipping_minor: int, digits: int) -> Document:
    return {
        "shippingMethodId": "37151-1623844935660",
        "shippingMethodName": "Post" if shipping_minor else "Free delivery",
        "shippingRate": number(shipping_minor, digits),
        "shippingRateWithoutTax": number(shipping_minor, digits),
        "isPickup": False,
        "fulfillmentType": "SHIPPING",
        "isShippingLimit": False,
    }
