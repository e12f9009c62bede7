"""Orders and customers read from the Admin API: in bulk for the import, page by page for the reconciler.

What GraphQL answers is put into the shape of a webhook first, so that one reader judges both and an order means the
same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from loyalty.engine.errors import Invalid, Refused, Unavailable
from loyalty.models import Shop
from loyalty.platforms.reading import instant, text
from loyalty.platforms.shopify import bulk, tokens
from loyalty.platforms.shopify.client import TOO_EXPENSIVE, execute
from loyalty.platforms.shopify.orders import read_order, read_person
from loyalty.platforms.shopify.records import Record
from loyalty.services.observations import Found, OrderSeen, PersonSeen, Unreadable

ORDERS_PER_PAGE = 20
CUSTOMERS_PER_PAGE = 100
"""How a question's cost grows with its pages is not published; where it is refused as too dear the page is halved."""
MAX_LINES = 500
REFUNDS = (10, 40)
"""Few orders have more refunds than the first; none that we read has as many as the last."""
MAX_PAGES = 100_000


def orders_changed(shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
    """Orders whose updated_at is at or after `since`, oldest change first."""
    query = f"updated_at:>='{since.isoformat(timespec='seconds')}'"
    return _orders(shop, {"query": query, "sortKey": "UPDATED_AT"})


def order_numbered(shop: Shop, number: str) -> OrderSeen | Unreadable | None:
    """By its name, which a store may begin and end as it likes. Whether the search wants the sign before the number is
    (unverified), so both are asked for, and what comes back is compared."""
    bare = number.strip().lstrip("#").strip()
    if not bare:
        return None
    for name in (f"#{bare}", bare):
        query = {"first": ORDERS_PER_PAGE, "query": f"name:'{name}'", "sortKey": "ID", "after": None}
        nodes, _ = _read_connection(execute(shop, "orders_page", query).get("orders"))
        for node in nodes:
            if text(node.get("name"), max_length=100).lstrip("#").casefold() == bare.casefold():
                return _order_seen(shop, node)
    return None


def everything(shop: Shop) -> Iterator[Found]:
    """All customers, then all orders that the app may read (those of the last 60 days without read_all_orders)."""
    reads = bulk.begin(shop, tokens.utc_now())
    people: Iterator[Record] | None = bulk.objects(shop, reads["customers"])
    for node in (
        _pages(shop, "customers_page", "customers", {"first": CUSTOMERS_PER_PAGE}) if people is None else people
    ):
        try:
            yield _person_seen(node)
        except Invalid as error:
            yield Unreadable(what="customer", external_id=_tail(node.get("id")), why=error.message)
    placed = bulk.objects(shop, reads["orders"])
    if placed is None:
        yield from _orders(shop, {"query": None, "sortKey": "ID"})
    else:
        yield from (_order_seen(shop, _connected(node)) for node in placed)
    bulk.forget(shop)


def _connected(node: Record) -> Record:
    """A bulk operation's order in the shape of a page's."""
    sold, charged = {"nodes": node.get("LineItem", [])}, {"nodes": node.get("ShippingLine", [])}
    return {**node, "lineItems": sold, "shippingLines": charged}


def _orders(shop: Shop, variables: Mapping[str, Any]) -> Iterator[OrderSeen | Unreadable]:
    for node in _pages(shop, "orders_page", "orders", {"first": ORDERS_PER_PAGE, **variables}):
        yield _order_seen(shop, node)


def _order_seen(shop: Shop, node: Record) -> OrderSeen | Unreadable:
    try:
        return read_order(_order_record(shop, node), shop.currency)
    except Invalid as error:
        return Unreadable(what="order", external_id=_tail(node.get("id")), why=error.message)


def _pages(shop: Shop, document: str, field: str, variables: Mapping[str, Any]) -> Iterator[Record]:
    """The nodes of a connection at the root. A platform that never ends, or turns in a circle, is Unavailable."""
    after: str | None = None
    first = int(variables["first"])
    for _ in range(MAX_PAGES):
        try:
            connection = execute(shop, document, {**variables, "first": first, "after": after}).get(field)
        except Refused as error:
            if error.code != TOO_EXPENSIVE or first == 1:
                raise
            first //= 2
            continue
        nodes, following = _read_connection(connection)
        yield from nodes
        if following is None:
            return
        if following == after:
            break
        after = following
    raise Unavailable("Shopify's list does not come to an end.")


def _read_connection(connection: Any) -> tuple[list[Record], str | None]:
    """The nodes, and the cursor of the next page where there is one."""
    if not isinstance(connection, dict) or not isinstance(connection.get("nodes"), list):
        raise Unavailable("Shopify answered with something that is no list.")
    page = connection.get("pageInfo")
    nodes: list[Record] = [node for node in connection["nodes"] if isinstance(node, dict)]
    if not isinstance(page, dict) or page.get("hasNextPage") is not True:
        return nodes, None
    cursor = page.get("endCursor")
    if not isinstance(cursor, str) or not cursor:
        raise Unavailable("Shopify says that there is more, and not where.")
    return nodes, cursor


def _all_nodes(shop: Shop, connection: Any, document: str, gid: str, path: tuple[str, str]) -> list[Record]:
    """A connection inside an object: the first page as it came, the others asked for one by one."""
    nodes, after = _read_connection(connection)
    while after is not None:
        if len(nodes) > MAX_LINES:
            raise Invalid(f"The order has more than {MAX_LINES} lines.")
        parent = execute(shop, document, {"id": gid, "after": after}).get(path[0])
        more, following = _read_connection(parent.get(path[1]) if isinstance(parent, dict) else None)
        if following == after:
            raise Unavailable("Shopify's list does not come to an end.")
        nodes, after = nodes + more, following
    return nodes


def _order_record(shop: Shop, node: Record) -> dict[str, Any]:
    gid = text(node.get("id"), max_length=100)
    sold = _all_nodes(shop, node.get("lineItems"), "order_lines", gid, ("order", "lineItems"))
    refunds = _refunds(shop, gid) if node.get("refunds") else []
    customer = node.get("customer")
    return {
        "id": _number(gid),
        "admin_graphql_api_id": gid,
        "name": node.get("name"),
        "email": node.get("email"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "processed_at": node.get("processedAt"),
        "cancelled_at": node.get("cancelledAt"),
        "currency": node.get("currencyCode"),
        "customer": _customer_record(customer) if isinstance(customer, dict) else None,
        "customer_locale": node.get("customerLocale"),
        "note_attributes": [
            {"name": told.get("key"), "value": told.get("value")} for told in _objects(node.get("customAttributes"))
        ],
        "discount_codes": [{"code": code} for code in node.get("discountCodes") or []],
        "discount_applications": _applications(sold),
        "financial_status": _lowered(node.get("displayFinancialStatus")),
        "fulfillment_status": _lowered(node.get("displayFulfillmentStatus")),
        "fulfillments": [
            {"created_at": parcel.get("createdAt"), "status": _lowered(parcel.get("status"))}
            for parcel in _objects(node.get("fulfillments"))
        ],
        "closed_at": node.get("closedAt"),
        "payment_gateway_names": node.get("paymentGatewayNames"),
        "source_name": node.get("sourceName"),
        "taxes_included": node.get("taxesIncluded"),
        "test": node.get("test"),
        "total_price_set": _money_set(node.get("totalPriceSet")),
        "current_total_price_set": _money_set(node.get("currentTotalPriceSet")),
        "total_outstanding_set": _money_set(node.get("totalOutstandingSet")),
        "total_tax_set": _money_set(node.get("totalTaxSet")),
        "shipping_lines": [
            {"discounted_price_set": _money_set(charged.get("discountedPriceSet"))}
            for charged in _read_connection(node.get("shippingLines"))[0]
        ],
        "line_items": [_line_record(line) for line in sold],
        "refunds": refunds,
    }


def _applications(sold: list[Record]) -> list[dict[str, str]]:
    """The order's discounts by their index; GraphQL tells each beside its part in a line."""
    told: dict[int, dict[str, str]] = {}
    for line in sold:
        for allocation in _objects(line.get("discountAllocations")):
            application = allocation.get("discountApplication")
            index = _index_of(application)
            if isinstance(application, dict) and isinstance(index, int) and 0 <= index < MAX_LINES:
                told[index] = {
                    "target_type": _lowered(application.get("targetType")),
                    "target_selection": _lowered(application.get("targetSelection")),
                    "allocation_method": _lowered(application.get("allocationMethod")),
                }
    return [told.get(index, {}) for index in range(max(told, default=-1) + 1)]


def _line_record(line: Record) -> dict[str, Any]:
    return {
        "id": _number(line.get("id")),
        "title": line.get("title"),
        "quantity": line.get("quantity"),
        "vendor": line.get("vendor"),
        "gift_card": line.get("isGiftCard"),
        "product_id": _number_of_object(line.get("product")),
        "variant_id": _number_of_object(line.get("variant")),
        "price_set": _money_set(line.get("originalUnitPriceSet")),
        "tax_lines": [{"price_set": _money_set(tax.get("priceSet"))} for tax in _objects(line.get("taxLines"))],
        "discount_allocations": [
            {
                "amount_set": _money_set(allocation.get("allocatedAmountSet")),
                "discount_application_index": _index_of(allocation.get("discountApplication")),
            }
            for allocation in _objects(line.get("discountAllocations"))
        ],
    }


def _index_of(application: Any) -> Any:
    return application.get("index") if isinstance(application, dict) else None


def _objects(value: Any) -> list[Record]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _lowered(value: Any) -> str:
    """GraphQL's enums as webhooks write them."""
    return text(value, max_length=32).lower()


def _refunds(shop: Shop, order_gid: str) -> list[dict[str, Any]]:
    """The refunds of an order are a list without pages, so a full answer is asked for once more, longer."""
    for first in REFUNDS:
        order = execute(shop, "order_refunds", {"id": order_gid, "first": first}).get("order")
        found = order.get("refunds") if isinstance(order, dict) else None
        if not isinstance(found, list):
            raise Unavailable("Shopify answered without the order's refunds.")
        if len(found) < first:
            return [_refund_record(shop, refund) for refund in _objects(found)]
    raise Invalid(f"The order has {REFUNDS[-1]} refunds or more; its webhooks alone are read.")


def _refund_record(shop: Shop, refund: Record) -> dict[str, Any]:
    gid = text(refund.get("id"), max_length=100)
    returned = _all_nodes(shop, refund.get("refundLineItems"), "refund_lines", gid, ("node", "refundLineItems"))
    adjustments, _ = _read_connection(refund.get("orderAdjustments"))
    transactions, _ = _read_connection(refund.get("transactions"))
    return {
        "id": _number(gid),
        "admin_graphql_api_id": gid,
        "created_at": refund.get("createdAt"),
        "processed_at": refund.get("processedAt"),
        "refund_line_items": [
            {
                "line_item_id": _number_of_object(line.get("lineItem")),
                "quantity": line.get("quantity"),
                "subtotal_set": _money_set(line.get("subtotalSet")),
                "total_tax_set": _money_set(line.get("totalTaxSet")),
            }
            for line in returned
        ],
        "order_adjustments": [
            {
                "amount_set": _money_set(adjustment.get("amountSet")),
                "tax_amount_set": _money_set(adjustment.get("taxAmountSet")),
            }
            for adjustment in adjustments
        ],
        "transactions": [
            {
                "kind": _lowered(transaction.get("kind")),
                "status": _lowered(transaction.get("status")),
                "amount_set": _money_set(transaction.get("amountSet")),
            }
            for transaction in transactions
        ],
    }


def _customer_record(customer: Record) -> dict[str, Any]:
    address = customer.get("defaultEmailAddress")
    return {
        "id": _number(customer.get("id")),
        "admin_graphql_api_id": customer.get("id"),
        "first_name": customer.get("firstName"),
        "last_name": customer.get("lastName"),
        "email": address.get("emailAddress") if isinstance(address, dict) else None,
    }


def _person_seen(node: Record) -> PersonSeen:
    created_at = instant(node.get("createdAt"), "createdAt")
    return PersonSeen(
        person=read_person(_customer_record(node), locale=text(node.get("locale"), max_length=16)),
        at=instant(node.get("updatedAt") or node.get("createdAt"), "updatedAt"),
        signed_up_at=created_at if node.get("state") == "ENABLED" else None,
    )


def _money_set(bag: Any) -> dict[str, Any] | None:
    shop_money = bag.get("shopMoney") if isinstance(bag, dict) else None
    if not isinstance(shop_money, dict):
        return None
    return {"shop_money": {"amount": shop_money.get("amount"), "currency_code": shop_money.get("currencyCode")}}


def _number_of_object(value: Any) -> int | None:
    return _number(value.get("id")) if isinstance(value, dict) else None


def _number(gid: Any) -> int | None:
    tail = _tail(gid)
    return int(tail) if tail.isdigit() and tail.isascii() and len(tail) <= 20 else None


def _tail(gid: Any) -> str:
    return text(gid, max_length=100).rpartition("/")[2].partition("?")[0]
