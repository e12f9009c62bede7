"""Bodies in the shape that Shopify sends, with values of our own."""

from __future__ import annotations

import json
from typing import Any

ORDER_ID = 5_550_001
CUSTOMER_ID = 7_001
PLACED = "2026-03-10T09:30:00+02:00"
PAID_OFF = "2026-03-10T09:31:00+02:00"


def bag(amount: str, currency: str = "EUR", abroad: str = "USD") -> dict[str, Any]:
    """Shop money, and another amount of another currency beside it that must never be read."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": "999.99", "currency_code": abroad},
    }


def amount(name: str, value: str, currency: str = "EUR") -> dict[str, Any]:
    return {name: value, f"{name}_set": bag(value, currency)}


def line(number: int, price: str, /, *, quantity: int = 1, currency: str = "EUR", **changes: Any) -> dict[str, Any]:
    return {
        "id": 90_000 + number,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{90_000 + number}",
        "title": f"Lamp {number}",
        "name": f"Lamp {number} - brass",
        "quantity": quantity,
        "current_quantity": quantity,
        "gift_card": False,
        "product_id": 300 + number,
        "variant_id": 400 + number,
        "vendor": "Northlight",
        "tax_lines": [],
        "discount_allocations": [],
        **amount("price", price, currency),
        **amount("total_discount", "0.00" if currency != "JPY" else "0", currency),
        **changes,
    }


def allocation(value: str, index: int, currency: str = "EUR") -> dict[str, Any]:
    return {"discount_application_index": index, **amount("amount", value, currency)}


def across_all(value: str = "5.0", code: str = "") -> dict[str, Any]:
    return {
        "target_type": "line_item",
        "type": "discount_code" if code else "automatic",
        "value": value,
        "value_type": "fixed_amount",
        "allocation_method": "across",
        "target_selection": "all",
        **({"code": code} if code else {"title": "Spring"}),
    }


def customer(**changes: Any) -> dict[str, Any]:
    return {
        "id": CUSTOMER_ID,
        "admin_graphql_api_id": f"gid://shopify/Customer/{CUSTOMER_ID}",
        "created_at": "2025-11-02T10:00:00+02:00",
        "updated_at": "2026-03-10T09:30:01+02:00",
        "first_name": "Alma",
        "last_name": "Berg",
        "email": "Alma@shopper.test",
        "state": "enabled",
        "currency": "EUR",
        "default_address": {"id": 1, "city": "Riga"},
        **changes,
    }


def order(*lines: dict[str, Any], currency: str = "EUR", total: str = "45.00", **changes: Any) -> dict[str, Any]:
    return {
        "id": ORDER_ID,
        "admin_graphql_api_id": f"gid://shopify/Order/{ORDER_ID}",
        "cancelled_at": None,
        "closed_at": None,
        "created_at": PLACED,
        "currency": currency,
        "customer_locale": "lv",
        "contact_email": "alma@shopper.test",
        "email": "alma@shopper.test",
        "discount_codes": [],
        "discount_applications": [],
        "financial_status": "paid",
        "fulfillment_status": None,
        "fulfillments": [],
        "name": "#1042",
        "order_status_url": "https://lamps.example/5500/orders/abc/authenticate?key=k",
        "payment_gateway_names": ["shopify_payments"],
        "processed_at": PLACED,
        "source_name": "web",
        "taxes_included": False,
        "test": False,
        "updated_at": PAID_OFF,
        "customer": customer(),
        "line_items": list(lines) or [line(1, "22.50"), line(2, "22.50")],
        "refunds": [],
        "shipping_lines": [],
        **amount("total_tax", "0.00" if currency != "JPY" else "0", currency),
        **amount("total_price", total, currency),
        **changes,
    }


def refund(number: int = 1, *lines: dict[str, Any], paid_back: str | None = "22.50", **changes: Any) -> dict[str, Any]:
    transactions = (
        [{"id": 60_000 + number, "kind": "refund", "status": "success", "currency": None, "amount": paid_back}]
        if paid_back
        else []
    )
    return {
        "id": 80_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Refund/{80_000 + number}",
        "order_id": ORDER_ID,
        "created_at": "2026-03-12T08:00:00+02:00",
        "processed_at": "2026-03-12T08:00:00+02:00",
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "refund_line_items": list(lines),
        "transactions": transactions,
        **changes,
    }


def returned(number: int, subtotal: str, *, quantity: int = 1, tax: str = "0.00") -> dict[str, Any]:
    """`subtotal` and `total_tax` are numbers, their sets are strings."""
    return {
        "id": 70_000 + number,
        "line_item_id": 90_000 + number,
        "quantity": quantity,
        "subtotal": float(subtotal),
        "subtotal_set": bag(subtotal),
        "total_tax": float(tax),
        "total_tax_set": bag(tax),
    }


def adjustment(value: str, kind: str = "refund_discrepancy", tax: str = "0.00") -> dict[str, Any]:
    return {"id": 1, "kind": kind, **amount("amount", value), **amount("tax_amount", tax)}


def body(record: Any) -> bytes:
    return json.dumps(record).encode()
