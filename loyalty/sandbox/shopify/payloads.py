"""Webhook bodies in the shapes of API 2026-10: money as strings, times in the shop's zone, ids as 64-bit numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.sandbox.shopify import customers, orders
from loyalty.sandbox.shopify.money import to_text
from loyalty.sandbox.shopify.shops import gid
from loyalty.sandbox.store import Document, Store


def local_time(moment: str | None, shop: Document) -> str | None:
    """A document's UTC time as the shop's local time with its offset."""
    if not moment:
        return None
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(shop["timezone"])).isoformat(timespec="seconds")


def money_set(minor: int, currency: str) -> Document:
    amount = {"amount": to_text(minor, currency), "currency_code": currency}
    return {"shop_money": amount, "presentment_money": dict(amount)}


def _priced(currency: str, **amounts: int) -> Document:
    """Each amount twice, as the REST shapes have it: `name` as text and `name_set` as money."""
    found: Document = {}
    for name, minor in amounts.items():
        found[name] = to_text(minor, currency)
        found[f"{name}_set"] = money_set(minor, currency)
    return found


def order_body(store: Store, shop: Document, order: Document, data_level: int) -> Document:
    """The shape that all orders/* topics share. `data_level` is the app's approval for protected customer data."""
    customer = customers.by_id(store, shop, order["customer_id"]) if order["customer_id"] else None
    return _order_head(shop, order, data_level) | {
        **_order_amounts(order),
        "discount_codes": _discount_codes(order),
        "tax_lines": _tax_lines(orders.tax(order), order, shop),
        "billing_address": None,
        "customer": customer_body(shop, customer, data_level) if customer and data_level else None,
        "discount_applications": _discount_applications(order),
        "fulfillments": [],
        "line_items": [_line_body(order, line, shop) for line in order["lines"]],
        "payment_terms": None,
        "refunds": [refund_body(shop, order, refund) for refund in order["refunds"]],
        "shipping_address": None,
        "shipping_lines": _shipping_lines(order),
        "returns": [],
    }


def _order_head(shop: Document, order: Document, data_level: int) -> Document:
    """All that is neither money nor a part of its own."""
    email = order["email"] if data_level == 2 else None
    number = order["order_number"]
    return {
        "id": order["id"],
        "admin_graphql_api_id": gid("Order", order["id"]),
        "app_id": None,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": order["cancel_reason"],
        "cancelled_at": local_time(order["cancelled_at"], shop),
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": None,
        "confirmation_number": order["token"][:9].upper(),
        "confirmed": True,
        "contact_email": email or None,
        "created_at": local_time(order["created_at"], shop),
        "currency": order["currency"],
        "customer_locale": shop["locale"],
        "device_id": None,
        "duties_included": False,
        "email": email,
        "estimated_taxes": False,
        "financial_status": orders.financial_status(order),
        "fulfillment_status": None,
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": None,
        "merchant_of_record_app_id": None,
        "name": f"#{number}",
        "note": None,
        "note_attributes": [{"name": name, "value": text} for name, text in order.get("attributes", {}).items()],
        "number": number - 1000,
        "order_number": number,
        "order_status_url": f"https://{shop['domain']}/{shop['id']}/orders/{order['token']}/authenticate",
        "payment_gateway_names": orders.gateways(order),
        "phone": None,
        "po_number": None,
        "presentment_currency": order["currency"],
        "processed_at": local_time(order["created_at"], shop),
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": order["source_name"],
        "source_url": None,
        "tags": "",
        "tax_exempt": False,
        "taxes_included": order["taxes_included"],
        "test": order["test"],
        "token": order["token"],
        "total_tip_received": "0.00",
        "total_weight": 0,
        "updated_at": local_time(order["updated_at"], shop),
        "user_id": None,
    }


def _order_amounts(order: Document) -> Document:
    currency = order["currency"]
    off = order["discount"]["amount_minor"] if order["discount"] else 0
    off_goods = off - order.get("shipping_off_minor", 0)
    subtotal, total = orders.subtotal(order), orders.total(order)
    back, back_tax = orders.returned_subtotal(order), orders.returned_tax(order)
    current_total = total - back - (0 if order["taxes_included"] else back_tax)
    owed = 0 if order["transactions"] or order["cancelled_at"] else total
    return {
        **_priced(
            currency,
            current_subtotal_price=subtotal - back,
            current_total_discounts=off,
            current_total_price=current_total,
            current_total_tax=orders.tax(order) - back_tax,
            subtotal_price=subtotal,
            total_discounts=off,
            total_line_items_price=subtotal + off_goods,
            total_price=total,
            total_tax=orders.tax(order),
        ),
        "current_shipping_price_set": money_set(orders.shipping(order), currency),
        "total_shipping_price_set": money_set(order["shipping_minor"], currency),
        "total_cash_rounding_payment_adjustment_set": money_set(0, currency),
        "total_cash_rounding_refund_adjustment_set": money_set(0, currency),
        "current_total_additional_fees_set": None,
        "current_total_duties_set": None,
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "total_outstanding": to_text(owed, currency),
    }


def _discount_codes(order: Document) -> list[Document]:
    discount = order["discount"]
    if not discount:
        return []
    amount = to_text(discount["amount_minor"], order["currency"])
    return [{"code": discount["code"], "amount": amount, "type": discount["type"]}]


def _discount_applications(order: Document) -> list[Document]:
    discount = order["discount"]
    if not discount:
        return []
    return [
        {
            "target_type": "shipping_line" if discount["type"] == "shipping" else "line_item",
            "type": "discount_code",
            "value": discount["value"],
            "value_type": "percentage" if discount["type"] == "shipping" else discount["type"],
            "allocation_method": "across",
            "target_selection": "entitled" if discount.get("entitled") else "all",
            "code": discount["code"],
        }
    ]


def _shipping_lines(order: Document) -> list[Document]:
    currency = order["currency"]
    prices = _priced(currency, discounted_price=orders.shipping(order), price=order["shipping_minor"])
    return [
        {
            "id": order["shipping_line_id"],
            "carrier_identifier": None,
            "code": "Standard",
            "current_discounted_price_set": money_set(orders.shipping(order), currency),
            **prices,
            "is_removed": False,
            "phone": None,
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": "Standard",
            "tax_lines": [],
            "discount_allocations": _shipping_allocations(order),
        }
    ]


def _shipping_allocations(order: Document) -> list[Document]:
    off, currency = order.get("shipping_off_minor", 0), order["currency"]
    if not off:
        return []
    return [{"amount": to_text(off, currency), "amount_set": money_set(off, currency), "discount_application_index": 0}]


def _tax_lines(minor: int, order: Document, shop: Document) -> list[Document]:
    if not minor:
        return []
    return [
        {
            "price": to_text(minor, order["currency"]),
            "rate": float(shop["tax_percent"]) / 100,
            "title": "VAT",
            "price_set": money_set(minor, order["currency"]),
            "channel_liable": False,
        }
    ]


def _line_body(order: Document, line: Document, shop: Document) -> Document:
    currency, title = order["currency"], line["title"]
    allocations = [
        {
            **{"amount": to_text(line["discount_minor"], currency)},
            **{"amount_set": money_set(line["discount_minor"], currency), "discount_application_index": 0},
        }
    ]
    return {
        "id": line["id"],
        "admin_graphql_api_id": gid("LineItem", line["id"]),
        "attributed_staffs": [],
        "current_quantity": orders.remaining(order, line),
        "fulfillable_quantity": orders.remaining(order, line),
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": line["gift_card"],
        "grams": 0,
        "name": f"{title} - {line['variant_title']}" if line["variant_title"] else title,
        **_priced(currency, price=line["price_minor"]),
        "product_exists": line["product_id"] is not None,
        "product_id": line["product_id"],
        "properties": [],
        "quantity": line["quantity"],
        "requires_shipping": not line["gift_card"],
        "sales_line_item_group_id": None,
        "sku": line["sku"],
        "taxable": not line["gift_card"],
        "title": title,
        # The line's own discount; what an order-wide code took off stands in discount_allocations.
        **_priced(currency, total_discount=0),
        "variant_id": line["variant_id"],
        "variant_inventory_management": None,
        "variant_title": line["variant_title"],
        "vendor": line["vendor"],
        "tax_lines": _tax_lines(line["tax_minor"], order, shop),
        "duties": [],
        "discount_allocations": allocations if line["discount_minor"] else [],
    }


def refund_body(shop: Document, order: Document, refund: Document) -> Document:
    """refunds/create, and an entry of an order's `refunds`: here some amounts are numbers."""
    currency, at = order["currency"], local_time(refund["created_at"], shop)
    lines = {line["id"]: line for line in order["lines"]}
    return {
        "id": refund["id"],
        "order_id": order["id"],
        "created_at": at,
        "note": refund["note"],
        "user_id": None,
        "processed_at": at,
        "duties": [],
        "total_duties_set": money_set(0, currency),
        "return": None,
        "refund_shipping_lines": [],
        "restock": True,
        "admin_graphql_api_id": gid("Refund", refund["id"]),
        "order_adjustments": _adjustments(order, refund),
        "refund_line_items": [
            {
                "id": part["id"],
                "quantity": part["quantity"],
                "line_item_id": part["line_id"],
                "location_id": None,
                "restock_type": "no_restock",
                "subtotal": _number(part["subtotal_minor"], currency),
                "total_tax": _number(part["tax_minor"], currency),
                "subtotal_set": money_set(part["subtotal_minor"], currency),
                "total_tax_set": money_set(part["tax_minor"], currency),
                "line_item": _line_body(order, lines[part["line_id"]], shop),
            }
            for part in refund["lines"]
        ],
        "transactions": [_transaction_body(shop, order, refund["transaction"])] if refund["transaction"] else [],
    }


def _number(minor: int, currency: str) -> float | int:
    amount = float(to_text(minor, currency))
    return int(amount) if amount.is_integer() else amount


def _adjustments(order: Document, refund: Document) -> list[Document]:
    """Money given back beyond the lines (negative), or kept back from them (positive; sign (unverified))."""
    if not refund["adjustment_minor"]:
        return []
    return [
        {
            "id": refund["adjustment_id"],
            "order_id": order["id"],
            "refund_id": refund["id"],
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            **_priced(order["currency"], amount=refund["adjustment_minor"], tax_amount=0),
        }
    ]


def _transaction_body(shop: Document, order: Document, transaction: Document) -> Document:
    at = local_time(transaction["created_at"], shop)
    return {
        "id": transaction["id"],
        "order_id": order["id"],
        "kind": transaction["kind"],
        "gateway": transaction["gateway"],
        "status": "success",
        "message": None,
        "created_at": at,
        "test": order["test"],
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": transaction["parent_id"],
        "processed_at": at,
        "device_id": None,
        "error_code": None,
        "source_name": "web",
        "receipt": {},
        "amount": to_text(transaction["amount_minor"], order["currency"]),
        "currency": order["currency"],
        "payment_id": f"#{order['order_number']}.1",
        "manual_payment_gateway": False,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", transaction["id"]),
    }


def customer_body(shop: Document, customer: Document, data_level: int) -> Document:
    """customers/* and an order's `customer`: no tags, no counts, no consent since 2025-01."""
    personal = data_level == 2
    return {
        "id": customer["id"],
        "created_at": local_time(customer["created_at"], shop),
        "updated_at": local_time(customer["updated_at"], shop),
        "first_name": customer["first_name"] if personal else None,
        "last_name": customer["last_name"] if personal else None,
        "state": customer["state"],
        "note": None,
        "verified_email": customer["verified_email"],
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer["email"] if personal else None,
        "phone": None,
        "currency": shop["currency"],
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer["id"]),
        "default_address": None,
    }


def shop_body(shop: Document) -> dict[str, Any]:
    """shop/update and app/uninstalled; `myshopify_domain` may be null in real ones, so it is here."""
    return {
        "id": shop["id"],
        "name": shop["title"],
        "email": shop["email"],
        "domain": None,
        "source": None,
        "phone": None,
        "primary_locale": shop["locale"],
        "created_at": local_time(shop["created_at"], shop),
        "updated_at": local_time(shop["created_at"], shop),
        "country_code": "US",
        "country_name": "United States",
        "currency": shop["currency"],
        "customer_email": shop["email"],
        "timezone": shop["timezone"],
        "iana_timezone": shop["timezone"],
        "shop_owner": shop["owner"],
        "money_format": "{{amount}}",
        "money_with_currency_format": f"{{{{amount}}}} {shop['currency']}",
        "weight_unit": "kg",
        "taxes_included": shop["taxes_included"],
        "plan_display_name": "Shopify Plus",
        "plan_name": "enterprise",
        "myshopify_domain": None,
        "has_storefront": True,
        "enabled_presentment_currencies": [shop["currency"]],
    }
