"""Discounts as objects of the Admin GraphQL."""

from __future__ import annotations

from loyalty.sandbox.shopify import customers, discounts
from loyalty.sandbox.shopify.connections import Node, connection
from loyalty.sandbox.shopify.nodes import Api, customer_node
from loyalty.sandbox.shopify.shops import gid
from loyalty.sandbox.store import Document


def discount_node(api: Api, discount: Document) -> Node:
    codes = [
        {"id": gid("DiscountRedeemCode", discount["id"]), "code": discount["code"], "asyncUsageCount": discount["used"]}
    ]
    return {
        "__typename": "DiscountCodeNode",
        "id": gid("DiscountCodeNode", discount["id"]),
        "codeDiscount": {
            "__typename": "DiscountCodeFreeShipping" if discount["shipping"] else "DiscountCodeBasic",
            "title": discount["title"],
            "status": discounts.status(discount),
            "startsAt": discount["starts_at"],
            "endsAt": discount["ends_at"] or None,
            "createdAt": discount["created_at"],
            "updatedAt": discount["created_at"],
            "usageLimit": discount["usage_limit"],
            "appliesOncePerCustomer": discount["once_per_customer"],
            "asyncUsageCount": discount["used"],
            "codes": lambda info, query=None, sortKey=None, **page: connection(
                codes, lambda row: row, key=lambda row: (row["id"],), everything=api.bulk, **page
            ),
            "codesCount": {"count": 1, "precision": "EXACT"},
            "combinesWith": discount["combines_with"],
            "context": lambda info: _context_node(api, discount),
            "customerGets": {
                "items": {"__typename": "AllDiscountItems", "allItems": True},
                "value": _value_node(api, discount),
                "appliesOnOneTimePurchase": True,
                "appliesOnSubscription": False,
            },
            "minimumRequirement": _minimum_node(api, discount),
            "summary": discount["title"],
            "shortSummary": discount["title"],
        },
    }


def _context_node(api: Api, discount: Document) -> Node:
    if discount["customer_ids"] is None:
        return {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}
    api.need_customers("customers")
    found = [customers.by_id(api.store, api.shop, number) for number in discount["customer_ids"]]
    return {"__typename": "DiscountCustomers", "customers": [customer_node(api, each) for each in found if each]}


def _value_node(api: Api, discount: Document) -> Node:
    if discount["percent_of_million"] is not None:
        return {"__typename": "DiscountPercentage", "percentage": discount["percent_of_million"] / 1_000_000}
    return {"__typename": "DiscountAmount", "amount": api.amount(discount["amount_minor"]), "appliesOnEachItem": False}


def _minimum_node(api: Api, discount: Document) -> Node | None:
    if discount["minimum_subtotal_minor"]:
        amount = api.amount(discount["minimum_subtotal_minor"])
        return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": amount}
    if discount["minimum_quantity"]:
        quantity = str(discount["minimum_quantity"])
        return {"__typename": "DiscountMinimumQuantity", "greaterThanOrEqualToQuantity": quantity}
    return None
