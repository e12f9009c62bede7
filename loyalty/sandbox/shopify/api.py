"""The Admin GraphQL endpoint: tokens, scopes, cost and throttling around the schema in admin.graphql."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate

from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify import customers, discounts, gift_cards, mutations, store_credit, subscriptions
from loyalty.sandbox.shopify.bulk import bulk_operation_cancel, bulk_operation_node, bulk_operation_run_query
from loyalty.sandbox.shopify.connections import Node, connection, matches
from loyalty.sandbox.shopify.cost import actual_cost, query_cost
from loyalty.sandbox.shopify.discount_nodes import discount_node
from loyalty.sandbox.shopify.nodes import (
    Api,
    collection_node,
    customer_node,
    installation_node,
    order_node,
    orders_connection,
    product_node,
    refund_node,
    shop_node,
)
from loyalty.sandbox.shopify.orders import get as get_order
from loyalty.sandbox.shopify.shops import installation, number_of, products

SCHEMA: GraphQLSchema = build_schema((Path(__file__).parent / "admin.graphql").read_text())

MAX_QUERY_COST = 1_000
RESTORE_PER_SECOND = {"standard": 100.0, "advanced": 200.0, "plus": 1_000.0, "enterprise": 2_000.0}
"""By the store's plan, as Shopify's page on GraphQL rate limits has it; the bucket holds 20 seconds (unverified)."""
BUCKET_SECONDS = 20

CUSTOMER_SORT = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}


class Bucket:
    """Points of one shop: they leak back with time, and a query that costs more than there are is throttled."""

    def __init__(self, plan: str) -> None:
        self.lock = threading.Lock()
        self.rate = RESTORE_PER_SECOND[plan]
        self.maximum = self.rate * BUCKET_SECONDS
        self.available = self.maximum
        self.seen_at = time.monotonic()

    def take(self, cost: int) -> bool:
        with self.lock:
            self._restore()
            if cost > self.available:
                return False
            self.available -= cost
            return True

    def give_back(self, cost: int) -> None:
        """What a query asked for and did not use."""
        with self.lock:
            self.available += cost

    def drain(self) -> None:
        with self.lock:
            self._restore()
            self.available = 0.0

    def status(self) -> Node:
        with self.lock:
            self._restore()
            return {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": int(self.available),
                "restoreRate": self.rate,
            }

    def _restore(self) -> None:
        moment = time.monotonic()
        self.available = min(self.maximum, self.available + (moment - self.seen_at) * self.rate)
        self.seen_at = moment


def run(api: Api, bucket: Bucket, query: str, variables: Any, operation: str | None) -> Node:
    """The answer's JSON; its HTTP status is 200 whatever is in it."""
    try:
        document = parse(query, max_tokens=5_000)
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    problems = validate(SCHEMA, document)
    if problems:
        return {"errors": [problem.formatted for problem in problems]}
    cost = query_cost(document, variables if isinstance(variables, dict) else {})
    if cost > MAX_QUERY_COST:
        return {
            "errors": [
                _error(f"Query cost is {cost}, which exceeds the single query max cost limit", "MAX_COST_EXCEEDED")
            ]
        }
    extensions: Node = {"cost": {"requestedQueryCost": cost, "actualQueryCost": None}}
    if not bucket.take(cost):
        extensions["cost"]["throttleStatus"] = bucket.status()
        return {"errors": [_error("Throttled", "THROTTLED")], "extensions": extensions}
    done = execute_sync(
        SCHEMA, document, root_value=_root(api), variable_values=variables or {}, operation_name=operation
    )
    used = actual_cost(done.data, cost)
    bucket.give_back(cost - used)
    extensions["cost"] |= {"actualQueryCost": used, "throttleStatus": bucket.status()}
    return {**done.formatted} | {"extensions": extensions}


def _error(message: str, code: str) -> Node:
    return {"message": message, "extensions": {"code": code}}


def _root(api: Api) -> Node:
    """Root fields by name; graphql-core calls them with info and their arguments."""
    return {
        "shop": lambda info: shop_node(api),
        "currentAppInstallation": lambda info: (
            installation_node(api, installation(api.store, api.shop) or {})
            | {"activeSubscriptions": subscriptions.active(api)}
        ),
        "orders": lambda info, **page: _orders(api, **page),
        "order": lambda info, id: _order(api, id),
        "customers": lambda info, **page: _customers(api, **page),
        "customer": lambda info, id: _customer(api, id),
        "customerByIdentifier": lambda info, identifier: _customer_by(api, identifier),
        "codeDiscountNodeByCode": lambda info, code: _discount(api, code=code),
        "codeDiscountNode": lambda info, id: _discount(api, id=id),
        "bulkOperation": lambda info, id: bulk_operation_node(api, id),
        "products": lambda info, **page: _products(api, **page),
        "product": lambda info, id: _product(api, id),
        "collections": lambda info, **page: _collections(api, **page),
        "node": lambda info, id: _node(api, id),
        "nodes": lambda info, ids: [_node(api, each) for each in ids],
        "discountCodeBasicCreate": lambda info, **given: _refused(mutations.discount_code_basic_create, api, given),
        "discountCodeFreeShippingCreate": lambda info, **given: _refused(
            mutations.discount_code_free_shipping_create, api, given
        ),
        "giftCards": lambda info, **page: gift_cards.gift_cards_connection(api, **page),
        "giftCardCreate": lambda info, **given: _refused(gift_cards.gift_card_create, api, given),
        "giftCardDeactivate": lambda info, id: gift_cards.gift_card_deactivate(api, id),
        "storeCreditAccountCredit": lambda info, **given: _refused(
            store_credit.store_credit_account_credit, api, given
        ),
        "storeCreditAccountDebit": lambda info, **given: _refused(store_credit.store_credit_account_debit, api, given),
        "discountCodeDeactivate": lambda info, id: mutations.discount_code_deactivate(api, id),
        "discountCodeDelete": lambda info, id: mutations.discount_code_delete(api, id),
        "metafieldsSet": lambda info, metafields: mutations.metafields_set(api, metafields),
        "metafieldsDelete": lambda info, metafields: mutations.metafields_delete(api, metafields),
        "tagsAdd": lambda info, id, tags: mutations.tags_add(api, id, tags),
        "tagsRemove": lambda info, id, tags: mutations.tags_remove(api, id, tags),
        "appSubscriptionCreate": lambda info, **given: subscriptions.app_subscription_create(api, **given),
        "bulkOperationRunQuery": lambda info, query, groupObjects: bulk_operation_run_query(
            api, query, groupObjects, execute_everything
        ),
        "bulkOperationCancel": lambda info, id: bulk_operation_cancel(api, id),
    }


def _refused(mutation: Any, api: Api, given: Node) -> Any:
    """A time or amount that cannot be read is an error of the query, as a wrong scalar is."""
    try:
        return mutation(api, **given)
    except SandboxError as error:
        raise GraphQLError(error.message, extensions={"code": "INVALID_VARIABLE"}) from None


def execute_everything(api: Api, document: DocumentNode) -> Node:
    """A bulk operation's query over all objects at once; raises GraphQLError."""
    problems = validate(SCHEMA, document)
    if problems:
        raise problems[0]
    done = execute_sync(SCHEMA, document, root_value=_root(api))
    if done.errors:
        raise done.errors[0]
    return done.data or {}


def _orders(api: Api, **page: Any) -> Node:
    api.need("read_orders", "orders")
    return orders_connection(api, _visible(api, api.store.all("shopify.order", api.shop["domain"])), **page)


def _visible(api: Api, rows: list[Node]) -> list[Node]:
    """Without read_all_orders an app sees sixty days."""
    if "read_all_orders" in api.scopes:
        return rows
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60 * 86_400))
    return [row for row in rows if row["created_at"] >= since]


def _order(api: Api, id: str) -> Node | None:
    api.need("read_orders", "order")
    try:
        found = _visible(api, [get_order(api.store, api.shop, number_of(id, "Order") or 0)])
    except SandboxError:
        return None
    return order_node(api, found[0]) if found else None


def _customers(api: Api, query: str | None = None, sortKey: str = "ID", **page: Any) -> Node:
    api.need_customers("customers")
    fields = {
        "email": lambda row: row["email"],
        "created_at": lambda row: row["created_at"],
        "customer_date": lambda row: row["created_at"],
        "updated_at": lambda row: row["updated_at"],
        "state": lambda row: row["state"],
        "id": lambda row: row["id"],
    }
    keep = matches(query, fields.__getitem__)
    rows = [row for row in api.store.all("shopify.customer", api.shop["domain"]) if keep(row)]
    column = CUSTOMER_SORT.get(sortKey, "id")
    return connection(
        rows,
        lambda row: customer_node(api, row),
        key=lambda row: (row[column], row["id"]),
        everything=api.bulk,
        **page,
    )


def _customer(api: Api, id: str) -> Node | None:
    api.need_customers("customer")
    found = customers.by_id(api.store, api.shop, number_of(id, "Customer") or 0)
    return customer_node(api, found) if found else None


def _customer_by(api: Api, identifier: Node) -> Node | None:
    if identifier.get("id"):
        return _customer(api, identifier["id"])
    api.need_customers("customerByIdentifier")
    found = customers.by_email(api.store, api.shop, str(identifier.get("emailAddress") or ""))
    return customer_node(api, found) if found else None


def _discount(api: Api, code: str = "", id: str = "") -> Node | None:
    api.need("read_discounts", "codeDiscountNodeByCode" if code else "codeDiscountNode")
    number = number_of(id, "DiscountCodeNode") or 0
    found = discounts.by_code(api.store, api.shop, code) if code else discounts.by_id(api.store, api.shop, number)
    return discount_node(api, found) if found else None


GOODS_TERMS: dict[str, Callable[[Any], Any]] = {name: itemgetter(name) for name in ("id", "handle", "title")}


def _products(api: Api, query: str | None = None, sortKey: str = "ID", **page: Any) -> Node:
    api.need("read_products", "products")
    keep = matches(query, GOODS_TERMS.__getitem__)
    rows = [row for row in products(api.store, api.shop) if keep(row)]
    return connection(
        rows, lambda row: product_node(api, row), key=lambda row: (row["id"],), everything=api.bulk, **page
    )


def _product(api: Api, id: str) -> Node | None:
    api.need("read_products", "product")
    found = api.store.get("shopify.product", api.shop["domain"], number_of(id, "Product") or 0)
    return product_node(api, found) if found else None


def _collections(api: Api, query: str | None = None, sortKey: str = "ID", **page: Any) -> Node:
    api.need("read_products", "collections")
    keep = matches(query, GOODS_TERMS.__getitem__)
    rows = [row for row in api.store.all("shopify.collection", api.shop["domain"]) if keep(row)]
    return connection(
        rows, lambda row: collection_node(api, row), key=lambda row: (row["id"],), everything=api.bulk, **page
    )


def _refund(api: Api, id: str) -> Node | None:
    api.need("read_orders", "refund")
    for order in _visible(api, api.store.all("shopify.order", api.shop["domain"])):
        for made in order["refunds"]:
            if made["id"] == number_of(id, "Refund"):
                return refund_node(api, order, made)
    return None


def _node(api: Api, id: str) -> Node | None:
    readers = {
        **{"Order": _order, "Customer": _customer, "Product": _product, "Refund": _refund},
        **{"BulkOperation": bulk_operation_node},
    }
    for kind, read in readers.items():
        if number_of(id, kind) is not None:
            return read(api, id)
    if number_of(id, "DiscountCodeNode") is not None:
        return _discount(api, id=id)
    return None
