"""What the storefront's JavaScript API gives to scripts: cart, customer, order, page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loyalty.sandbox.ecwid.dates import parse_when, unix
from loyalty.sandbox.ecwid.money import number
from loyalty.sandbox.ecwid.orders import Quote
from loyalty.sandbox.store import Document

if TYPE_CHECKING:
    from loyalty.sandbox.ecwid.storefront import Visit


def page_state(visit: Visit, kind: str, quote: Quote, more: Document) -> Document:
    """Everything that script.js needs to know of one page."""
    page: Document = {"type": kind, "hasPrevious": False}
    order = more.get("order")
    if "productId" in more:
        page["productId"] = more["productId"]
    if order:
        page |= {"orderId": order["id"], "ticket": order["ticket"]}
    return {
        "page": page,
        "cart": cart_json(visit, quote),
        "customer": customer_json(visit),
        "order": order_json(order) if order else None,
    }


def cart_json(visit: Visit, quote: Quote) -> Document:
    """`Ecwid.Cart.get`: it names the coupon, never its code."""
    digits = visit.shop["precision"]
    return {
        "id": visit.session["cart_id"][:5],
        "cartId": visit.session["cart_id"],
        "orderId": int(visit.session["cart_id"][:7], 16),
        "items": [
            {
                "quantity": line.quantity,
                "product": {
                    "id": line.product["id"],
                    "sku": line.product["sku"],
                    "price": number(line.price_minor, digits),
                    "name": line.product["name"],
                    "weight": 0,
                    "shortDescription": line.product["blurb"],
                    "url": visit.sandbox.url(f"{visit.shop['id']}.ecwid.localhost", f"/products/{line.product['id']}"),
                },
                "options": {},
            }
            for line in visit.lines
        ],
        "productsQuantity": sum(line.quantity for line in visit.lines),
        "couponName": quote.coupon["name"] if quote.coupon else None,
        "weight": 0,
        "_cost": {
            "subtotal": number(quote.sums.subtotal, digits),
            "couponDiscount": number(sum(quote.sums.coupon), digits),
            "discount": number(sum(quote.sums.discount), digits),
            "shipping": number(quote.sums.shipping, digits),
            "tax": number(sum(quote.sums.tax), digits),
            "total": number(quote.sums.total, digits),
        },
    }


def customer_json(visit: Visit) -> Document | None:
    """`Ecwid.Customer.get`: null while nobody is signed in."""
    customer = visit.customer
    if customer is None:
        return None
    shown: Document = {
        "email": customer["email"],
        "id": customer["id"],
        "ownerId": visit.shop["id"],
        "registered": str(unix(parse_when(customer["registered"]))),
        "billingPerson": customer["billingPerson"],
        "shippingAddresses": customer["shippingAddresses"],
    }
    if customer["customerGroupId"]:
        name = customer["customerGroupName"]
        shown["membership"] = {"id": customer["customerGroupId"], "name": name, "ownerid": visit.shop["id"]}
    return shown


def order_json(order: Document) -> Document:
    """`Ecwid.OnOrderPlaced`."""
    return {
        "orderNumber": order["orderNumber"],
        "vendorNumber": order["vendorOrderNumber"],
        "date": order["createTimestamp"],
        "paymentStatus": order["paymentStatus"],
        "paymentMethod": order["paymentMethod"],
        "subtotal": order["subtotal"],
        "couponDiscountCost": order["couponDiscount"],
        "couponName": (order.get("discountCoupon") or {}).get("name"),
        "discountCost": order["discount"],
        "shippingCost": order["shippingOption"]["shippingRate"],
        "taxCost": order["tax"],
        "total": order["total"],
        "customer": {"name": (order.get("billingPerson") or {}).get("name", ""), "email": order["email"]},
        "items": [
            {
                "quantity": item["quantity"],
                "product": {"id": item["productId"], "name": item["name"], "sku": item["sku"]},
            }
            for item in order["items"]
        ],
    }
