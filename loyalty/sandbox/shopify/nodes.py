"""Objects of the Admin GraphQL as dicts: plain values, and functions where a field takes arguments or is dear."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import customers, orders, store_credit
from loyalty.sandbox.shopify.connections import Node, connection, matches
from loyalty.sandbox.shopify.money import to_graphql
from loyalty.sandbox.shopify.shops import gid, has_scope, products, variant_of
from loyalty.sandbox.store import Document

ORDER_SORT = {"CREATED_AT": "created_at", "PROCESSED_AT": "created_at", "UPDATED_AT": "updated_at", "ID": "id"}


@dataclass
class Api:
    """One request: whose shop, with which scopes. `bulk` asks connections for everything at once."""

    sandbox: Sandbox
    shop: Document
    scopes: list[str]
    bulk: bool = False

    @property
    def store(self) -> Any:
        return self.sandbox.store

    @property
    def data_level(self) -> int:
        return int(self.sandbox.app("shopify").get("protected_customer_data", 2))

    def need(self, scope: str, field: str) -> None:
        """Refuse as the real one does: HTTP 200, an error with its code, null in the field's place."""
        if not has_scope(self.scopes, scope):
            required = f"`{scope}` access scope."
            raise GraphQLError(
                f"Access denied for {field} field. Required access: {required}",
                extensions={"code": "ACCESS_DENIED", "requiredAccess": required},
            )

    def need_customers(self, field: str) -> None:
        self.need("read_customers", field)
        if self.data_level == 0:
            raise GraphQLError(
                "This app is not approved to access the Customer object. See "
                "https://shopify.dev/docs/apps/launch/protected-customer-data for more details.",
                extensions={"code": "ACCESS_DENIED"},
            )

    def money(self, minor: int) -> Node:
        amount = self.amount(minor)
        return {"shopMoney": amount, "presentmentMoney": amount}

    def amount(self, minor: int) -> Node:
        currency = self.shop["currency"]
        return {"amount": to_graphql(minor, currency), "currencyCode": currency}


def shop_node(api: Api) -> Node:
    shop = api.shop
    host = shop["domain"]
    domain = {"id": gid("Domain", shop["id"]), "host": host, "url": f"https://{host}", "sslEnabled": True}
    return {
        "__typename": "Shop",
        "id": gid("Shop", shop["id"]),
        "name": shop["title"],
        "email": shop["email"],
        "contactEmail": shop["email"],
        "myshopifyDomain": host,
        "currencyCode": shop["currency"],
        "ianaTimezone": shop["timezone"],
        "primaryDomain": domain,
        "url": f"https://{host}",
        "taxesIncluded": shop["taxes_included"],
        "createdAt": shop["created_at"],
        "shopOwnerName": shop["owner"],
        "currencyFormats": {
            "moneyFormat": "{{amount}}",
            "moneyWithCurrencyFormat": f"{{{{amount}}}} {shop['currency']}",
        },
        "plan": {"publicDisplayName": "Basic", "partnerDevelopment": False, "shopifyPlus": False},
    }


def installation_node(api: Api, installed: Document) -> Node:
    app = api.sandbox.app("shopify")
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", installed["id"]),
        "accessScopes": [{"handle": scope, "description": scope.replace("_", " ")} for scope in api.scopes],
        "launchUrl": api.sandbox.url("admin.shopify.localhost", f"/store/{api.shop['name']}/apps/{app['client_id']}"),
        "app": {
            **{"id": gid("App", installed["id"]), "apiKey": app["client_id"], "title": app["name"]},
            **{"handle": app["name"].lower(), "embedded": True},
        },
        "activeSubscriptions": [],
    }


def order_node(api: Api, order: Document) -> Node:
    currency_free = _order_money(api, order)
    return {
        "__typename": "Order",
        "id": gid("Order", order["id"]),
        "legacyResourceId": str(order["id"]),
        "name": f"#{order['order_number']}",
        "number": order["order_number"],
        "email": order["email"] or None if api.data_level == 2 else None,
        "createdAt": order["created_at"],
        "updatedAt": order["updated_at"],
        "processedAt": order["created_at"],
        "cancelledAt": order["cancelled_at"],
        "cancelReason": order["cancel_reason"].upper() if order["cancel_reason"] else None,
        "currencyCode": order["currency"],
        "customer": lambda info: _customer_of(api, order),
        "discountCode": order["discount"]["code"] if order["discount"] else None,
        "discountCodes": [order["discount"]["code"]] if order["discount"] else [],
        "displayFinancialStatus": orders.financial_status(order).upper(),
        "lineItems": lambda info, **page: connection(
            order["lines"],
            lambda line: line_node(api, order, line),
            key=lambda line: (line["id"],),
            everything=api.bulk,
            **page,
        ),
        "refunds": lambda info, first=None: [refund_node(api, order, made) for made in order["refunds"][:first]],
        "note": None,
        "tags": [],
        "taxesIncluded": order["taxes_included"],
        "test": order["test"],
        "sourceName": order["source_name"],
        "statusPageUrl": f"https://{api.shop['domain']}/{api.shop['id']}/orders/{order['token']}/authenticate",
        "fullyPaid": orders.received(order) >= orders.total(order),
        "unpaid": not order["transactions"],
        "paymentGatewayNames": orders.gateways(order),
        "closedAt": None,
        "customerLocale": api.shop["locale"],
        "customAttributes": [{"key": name, "value": text} for name, text in order.get("attributes", {}).items()],
        "displayFulfillmentStatus": "UNFULFILLED",
        "fulfillments": [],
        "shippingLines": lambda info, includeRemovals=False, **page: connection(
            [order],
            lambda row: _shipping_node(api, row),
            key=lambda row: (row["shipping_line_id"],),
            everything=api.bulk,
            **page,
        ),
        "transactions": lambda info, first=None, **_: [
            _transaction_node(api, order, payment) for payment in order["transactions"][:first]
        ],
        **currency_free,
    }


def _shipping_node(api: Api, order: Document) -> Node:
    return {
        "id": gid("ShippingLine", order["shipping_line_id"]),
        "title": "Standard",
        "isRemoved": False,
        "originalPriceSet": api.money(order["shipping_minor"]),
        "discountedPriceSet": api.money(orders.shipping(order)),
    }


def _order_money(api: Api, order: Document) -> Node:
    off = order["discount"]["amount_minor"] if order["discount"] else 0
    back, back_tax = orders.returned_subtotal(order), orders.returned_tax(order)
    subtotal, total = orders.subtotal(order), orders.total(order)
    owed = 0 if order["transactions"] or order["cancelled_at"] else total
    amounts = {
        "subtotalPriceSet": subtotal,
        "currentSubtotalPriceSet": subtotal - back,
        "totalPriceSet": total,
        "currentTotalPriceSet": total - back - (0 if order["taxes_included"] else back_tax),
        "totalDiscountsSet": off,
        "currentTotalDiscountsSet": off,
        "totalTaxSet": orders.tax(order),
        "currentTotalTaxSet": orders.tax(order) - back_tax,
        # Before its discount (unverified); what a shopper paid stands in shippingLines.
        "totalShippingPriceSet": order["shipping_minor"],
        "totalRefundedSet": orders.refunded(order),
        "totalReceivedSet": orders.received(order),
        "totalOutstandingSet": owed,
    }
    return {name: api.money(minor) for name, minor in amounts.items()}


def _customer_of(api: Api, order: Document) -> Node | None:
    api.need_customers("customer")
    customer = customers.by_id(api.store, api.shop, order["customer_id"]) if order["customer_id"] else None
    return customer_node(api, customer) if customer else None


def line_node(api: Api, order: Document, line: Document) -> Node:
    whole = line["price_minor"] * line["quantity"]
    left = orders.remaining(order, line)
    after_all = (whole - line["discount_minor"]) // line["quantity"]
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line["id"]),
        "title": line["title"],
        "name": f"{line['title']} - {line['variant_title']}" if line["variant_title"] else line["title"],
        "quantity": line["quantity"],
        "currentQuantity": left,
        "refundableQuantity": left,
        "sku": line["sku"],
        "variantTitle": line["variant_title"],
        "vendor": line["vendor"],
        "isGiftCard": line["gift_card"],
        "product": lambda info: _product_of(api, line),
        "variant": lambda info: _variant_of(api, line),
        "originalUnitPriceSet": api.money(line["price_minor"]),
        "originalTotalSet": api.money(whole),
        "discountedTotalSet": lambda info, withCodeDiscounts=False: api.money(
            whole - (line["discount_minor"] if withCodeDiscounts else 0)
        ),
        "discountedUnitPriceSet": api.money(line["price_minor"]),
        "discountedUnitPriceAfterAllDiscountsSet": api.money(after_all),
        "totalDiscountSet": api.money(0),
        "discountAllocations": _allocations(api, order, line),
        "taxLines": _tax_lines(api, line),
        "taxable": not line["gift_card"],
        "requiresShipping": not line["gift_card"],
    }


def _allocations(api: Api, order: Document, line: Document) -> list[Node]:
    """A line's part in the order's code, which falls on all lines that a code may be used for."""
    if not line["discount_minor"]:
        return []
    application = {
        **{"__typename": "DiscountCodeApplication", "code": order["discount"]["code"], "index": 0},
        **{"allocationMethod": "ACROSS", "targetType": "LINE_ITEM"},
        "targetSelection": "ENTITLED" if order["discount"].get("entitled") else "ALL",
    }
    return [{"allocatedAmountSet": api.money(line["discount_minor"]), "discountApplication": application}]


def _tax_lines(api: Api, line: Document) -> list[Node]:
    if not line["tax_minor"]:
        return []
    rate = float(api.shop["tax_percent"]) / 100
    return [{"priceSet": api.money(line["tax_minor"]), "rate": rate, "title": "VAT"}]


def _product_of(api: Api, line: Document) -> Node | None:
    api.need("read_products", "product")
    found = api.store.get("shopify.product", api.shop["domain"], line["product_id"]) if line["product_id"] else None
    return product_node(api, found) if found else None


def _variant_of(api: Api, line: Document) -> Node | None:
    api.need("read_products", "variant")
    if not line["variant_id"]:
        return None
    return variant_node(api, *variant_of(api.store, api.shop, line["variant_id"]))


def refund_node(api: Api, order: Document, refund: Document) -> Node:
    lines = {line["id"]: line for line in order["lines"]}
    paid = [refund["transaction"]] if refund["transaction"] else []
    adjusted = [refund] if refund["adjustment_minor"] else []
    return {
        "__typename": "Refund",
        "id": gid("Refund", refund["id"]),
        "legacyResourceId": str(refund["id"]),
        "createdAt": refund["created_at"],
        "processedAt": refund["created_at"],
        "updatedAt": refund["created_at"],
        "note": refund["note"],
        "order": lambda info: order_node(api, order),
        "totalRefundedSet": api.money(refund["amount_minor"]),
        "refundLineItems": lambda info, **page: connection(
            refund["lines"],
            lambda part: _refund_line_node(api, order, lines[part["line_id"]], part),
            key=lambda part: (part["id"],),
            everything=api.bulk,
            **page,
        ),
        "orderAdjustments": lambda info, **page: connection(
            adjusted,
            lambda made: {
                "id": gid("OrderAdjustment", made["adjustment_id"]),
                "amountSet": api.money(made["adjustment_minor"]),
                "taxAmountSet": api.money(0),
                "reason": "REFUND_DISCREPANCY",
            },
            key=lambda made: (made["adjustment_id"],),
            everything=api.bulk,
            **page,
        ),
        "transactions": lambda info, **page: connection(
            paid,
            lambda payment: _transaction_node(api, order, payment),
            key=lambda payment: (payment["id"],),
            everything=api.bulk,
            **page,
        ),
    }


def _refund_line_node(api: Api, order: Document, line: Document, part: Document) -> Node:
    return {
        "id": gid("RefundLineItem", part["id"]),
        "lineItem": lambda info: line_node(api, order, line),
        "quantity": part["quantity"],
        "subtotalSet": api.money(part["subtotal_minor"]),
        "totalTaxSet": api.money(part["tax_minor"]),
        "priceSet": api.money(part["subtotal_minor"] // part["quantity"]),
        "restocked": False,
        "restockType": "NO_RESTOCK",
    }


def _transaction_node(api: Api, order: Document, payment: Document) -> Node:
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", payment["id"]),
        "kind": payment["kind"].upper(),
        "status": "SUCCESS",
        "amountSet": api.money(payment["amount_minor"]),
        "gateway": payment["gateway"],
        "createdAt": payment["created_at"],
        "processedAt": payment["created_at"],
        "test": order["test"],
    }


def customer_node(api: Api, customer: Document) -> Node:
    personal = api.data_level == 2
    name = customers.full_name(customer)
    email = {"emailAddress": customer["email"], "marketingState": "NOT_SUBSCRIBED", "validFormat": True}

    def spent() -> list[Document]:
        found: list[Document] = api.store.find("shopify.order", api.shop["domain"], str(customer["id"]))
        return found

    return {
        "__typename": "Customer",
        "id": gid("Customer", customer["id"]),
        "legacyResourceId": str(customer["id"]),
        "firstName": customer["first_name"] if personal else None,
        "lastName": customer["last_name"] if personal else None,
        "displayName": name or str(customer["email"]) if personal else "",
        "defaultEmailAddress": email if personal and customer["email"] else None,
        "state": customer["state"].upper(),
        "verifiedEmail": customer["verified_email"],
        "tags": customer["tags"],
        "note": None,
        "createdAt": customer["created_at"],
        "updatedAt": customer["updated_at"],
        "numberOfOrders": lambda info: str(len(spent())),
        "amountSpent": lambda info: api.amount(
            sum(orders.received(order) - orders.refunded(order) for order in spent())
        ),
        "locale": api.shop["locale"],
        "orders": lambda info, **page: orders_connection(api, spent(), **page),
        "storeCreditAccounts": lambda info, **page: store_credit.accounts_connection(api, customer, **page),
        "metafield": lambda info, key, namespace=None: metafield_node(api, customer, namespace or "$app", key),
        "metafields": lambda info, namespace=None, keys=None, **page: connection(
            sorted(customer["metafields"]),
            lambda place: metafield_node(api, customer, *place.split("/", 1)) or {},
            key=lambda place: (place,),
            everything=api.bulk,
            **page,
        ),
    }


def app_namespace(api: Api, namespace: str) -> str:
    """`$app` is short for the app's own reserved namespace."""
    own = f"app--{api.sandbox.app('shopify').get('client_id', '')}"
    return own + namespace.removeprefix("$app").replace(":", "--") if namespace.startswith("$app") else namespace


def metafield_node(api: Api, customer: Document, namespace: str, key: str) -> Node | None:
    namespace = app_namespace(api, namespace)
    found = customer["metafields"].get(f"{namespace}/{key}")
    if found is None:
        return None
    return {
        "__typename": "Metafield",
        "id": gid("Metafield", found["id"]),
        "namespace": namespace,
        "key": key,
        "value": found["value"],
        "type": found["type"],
        "compareDigest": digest_of(found["value"]),
        "createdAt": found["updated_at"],
        "updatedAt": found["updated_at"],
        "ownerType": "CUSTOMER",
    }


def digest_of(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def product_node(api: Api, product: Document) -> Node:
    return {
        "__typename": "Product",
        "id": gid("Product", product["id"]),
        "legacyResourceId": str(product["id"]),
        "handle": product["handle"],
        "title": product["title"],
        "productType": product["collection_handle"].capitalize(),
        "vendor": product["vendor"],
        "isGiftCard": product["gift_card"],
        "tags": [],
        "status": "ACTIVE",
        "createdAt": api.shop["created_at"],
        "updatedAt": api.shop["created_at"],
        "collections": lambda info, query=None, sortKey=None, **page: connection(
            [api.store.get("shopify.collection", api.shop["domain"], number) for number in product["collections"]],
            lambda row: collection_node(api, row),
            key=lambda row: (row["id"],),
            everything=api.bulk,
            **page,
        ),
        "variants": lambda info, sortKey=None, **page: connection(
            product["variants"],
            lambda variant: variant_node(api, product, variant),
            key=lambda variant: (variant["id"],),
            everything=api.bulk,
            **page,
        ),
    }


def variant_node(api: Api, product: Document, variant: Document) -> Node:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", variant["id"]),
        "legacyResourceId": str(variant["id"]),
        "title": variant["title"],
        "displayName": f"{product['title']} - {variant['title']}",
        "sku": variant["sku"],
        "price": to_graphql(variant["price_minor"], api.shop["currency"]),
        "product": lambda info: product_node(api, product),
    }


def collection_node(api: Api, row: Document) -> Node:
    return {
        "__typename": "Collection",
        "id": gid("Collection", row["id"]),
        "legacyResourceId": str(row["id"]),
        "handle": row["handle"],
        "title": row["title"],
        "products": lambda info, sortKey=None, **page: connection(
            [product for product in products(api.store, api.shop) if row["id"] in product["collections"]],
            lambda product: product_node(api, product),
            key=lambda product: (product["id"],),
            everything=api.bulk,
            **page,
        ),
    }


def orders_connection(
    api: Api, rows: list[Document], query: str | None = None, sortKey: str = "PROCESSED_AT", **page: Any
) -> Node:
    fields = {
        "created_at": lambda row: row["created_at"],
        "processed_at": lambda row: row["created_at"],
        "updated_at": lambda row: row["updated_at"],
        "customer_id": lambda row: row["customer_id"] or 0,
        "financial_status": orders.financial_status,
        "status": lambda row: "cancelled" if row["cancelled_at"] else "open",
        "name": lambda row: f"#{row['order_number']}",
        "email": lambda row: row["email"],
        "test": lambda row: str(row["test"]).lower(),
        "id": lambda row: row["id"],
        "discount_code": lambda row: row["discount"]["code"] if row["discount"] else "",
    }
    keep = matches(query, fields.__getitem__)
    column = ORDER_SORT.get(sortKey, "created_at")
    return connection(
        [row for row in rows if keep(row)],
        lambda row: order_node(api, row),
        key=lambda row: (row[column], row["id"]),
        everything=api.bulk,
        **page,
    )
