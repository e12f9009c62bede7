"""Where the orders lie, and how they are searched: SQL over the JSON, since a store has thousands of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from loyalty.sandbox.store import Document, Store

ORDER = "ecwid.order"
DELETED_ORDER = "ecwid.deleted_order"


@dataclass
class Filters:
    """Conditions that are joined with AND; each is SQL with its values."""

    conditions: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, condition: str, *values: object) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    def among(self, path: str, values: list[str]) -> None:
        """The field at `path` is one of the values, compared without regard to case."""
        marks = ", ".join("?" for _ in values)
        self.add(f"lower(json_extract(body, '{path}')) IN ({marks})", *(value.lower() for value in values))


def get_order(store: Store, shop: Document, order_id: str) -> Document | None:
    return store.get(ORDER, str(shop["id"]), order_id)


def save_order(store: Store, shop: Document, order: Document) -> None:
    store.put(
        ORDER,
        str(shop["id"]),
        order["id"],
        order,
        key=str(order.get("email") or "").casefold(),
        at=str(order["createDate"]),
    )


def search(store: Store, shop: Document, filters: Filters, offset: int, limit: int) -> tuple[int, list[Document]]:
    """How many orders match, and one page of them, the newest first (the order of a search is (unverified))."""
    where = " AND ".join(["kind = ?", "owner = ?", *filters.conditions])
    values = [ORDER, str(shop["id"]), *filters.values]
    with store.transaction() as connection:
        total = connection.execute(f"SELECT count(*) FROM document WHERE {where}", values).fetchone()[0]
        rows = connection.execute(
            f"SELECT body FROM document WHERE {where} ORDER BY at DESC, seq DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        ).fetchall()
    return int(total), [json.loads(row[0]) for row in rows]


def orders_with_coupon(store: Store, shop: Document, coupon_id: int, email: str) -> int:
    """How many orders of that address used the coupon; cancelled ones count too (unverified)."""
    filters = Filters()
    filters.add("key = ?", email.casefold())
    filters.add("json_extract(body, '$.discountCoupon.id') = ?", coupon_id)
    return search(store, shop, filters, 0, 0)[0]


def orders_of(store: Store, shop: Document, email: str) -> int:
    filters = Filters()
    filters.add("key = ?", email.casefold())
    return search(store, shop, filters, 0, 0)[0]


def sales_of(store: Store, shop: Document, email: str) -> Document:
    """The `stats` of a customer: placed orders and what they came to. By address, which is indexed."""
    with store.transaction() as connection:
        count, value, first, last = connection.execute(
            "SELECT count(*), coalesce(sum(json_extract(body, '$.total')), 0), min(at), max(at) FROM document"
            " WHERE kind = ? AND owner = ? AND key = ?",
            (ORDER, str(shop["id"]), email.casefold()),
        ).fetchone()
    stats: Document = {
        "numberOfOrders": count,
        "salesValue": round(value, shop["precision"]),
        "averageOrderValue": round(value / count, shop["precision"]) if count else 0,
    }
    return stats | ({"firstOrderDate": first, "lastOrderDate": last} if count else {})
