"""REST: orders."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import orders, orders_store
from loyalty.sandbox.ecwid.dates import parse_when, stamp, unix
from loyalty.sandbox.ecwid.orders_store import Filters
from loyalty.sandbox.ecwid.rest_guard import ApiError, Guard, answer, json_object, listing, page_bounds
from loyalty.sandbox.store import Document

READ_ONLY = set(
    "id internalId orderNumber vendorOrderNumber publicUid createDate createTimestamp updateDate updateTimestamp".split()
)
MAX_IDS = 100


def order_routes(api: Blueprint, guard: Guard) -> None:
    """`/orders` and what hangs on it."""
    sandbox = guard.sandbox

    @api.get("/orders")
    @guard.needs("read_orders")
    def search_orders(shop: Document) -> Response:
        offset, limit = page_bounds()
        total, found = orders_store.search(sandbox.store, shop, _filters(), offset, limit)
        return listing(total, found, offset, limit)

    @api.get("/orders/deleted")
    @guard.needs("read_orders")
    def deleted_orders(shop: Document) -> Response:
        offset, limit = page_bounds()
        gone = sandbox.store.all(orders_store.DELETED_ORDER, str(shop["id"]))
        start, end = _moment("from_date"), _moment("to_date")
        fitting = [
            entry
            for entry in gone
            if (start is None or unix(parse_when(entry["date"])) >= start)
            and (end is None or unix(parse_when(entry["date"])) <= end)
        ]
        return listing(len(fitting), fitting[offset : offset + limit], offset, limit)

    @api.get("/orders/<order_id>")
    @guard.needs("read_orders")
    def get_order(shop: Document, order_id: str) -> Response:
        return answer(_order(guard, shop, order_id))

    @api.put("/orders/<order_id>")
    @guard.needs("update_orders")
    def update_order(shop: Document, order_id: str) -> Response:
        body = json_object()
        order = _order(guard, shop, order_id)
        for name, allowed in (
            ("paymentStatus", orders.PAYMENT_STATUSES),
            ("fulfillmentStatus", orders.FULFILLMENT_STATUSES),
        ):
            if name in body and body[name] not in allowed:
                raise ApiError(400, "WRONG_PARAMETER", f"{name} is not known")
        fields = {name: value for name, value in body.items() if name not in READ_ONLY}
        orders.change(sandbox, shop, order["id"], fields, now())
        return jsonify(updateCount=1)

    @api.post("/orders/<order_id>/extraFields")
    @guard.needs("update_orders")
    def add_extra_field(shop: Document, order_id: str) -> Response:
        body = json_object()
        if not isinstance(body.get("id"), str) or not body["id"]:
            raise ApiError(400, "WRONG_PARAMETER", "id is required")
        order = _order(guard, shop, order_id)
        kept = [entry for entry in order.get("orderExtraFields", []) if entry["id"] != body["id"]]
        orders.change(sandbox, shop, order["id"], {"orderExtraFields": [*kept, body]}, now())
        return jsonify(createCount=1)


def _order(guard: Guard, shop: Document, order_id: str) -> Document:
    """By the id shoppers see, or by the internal number (which `ids=` takes too)."""
    order = orders_store.get_order(guard.sandbox.store, shop, order_id)
    if order is None:
        raise ApiError(404, "ORDER_NOT_FOUND", "Order not found")
    return order


def _moment(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        return unix(parse_when(text))
    except ValueError as error:
        raise ApiError(400, "WRONG_PARAMETER", f"{name}: {error}") from None


def _filters() -> Filters:
    filters, args = Filters(), request.args
    for name, field, sign in (
        ("createdFrom", "createTimestamp", ">="),
        ("createdTo", "createTimestamp", "<="),
        ("updatedFrom", "updateTimestamp", ">="),
        ("updatedTo", "updateTimestamp", "<="),
    ):
        moment = _moment(name)
        if moment is not None:
            filters.add(f"json_extract(body, '$.{field}') {sign} ?", moment)
    if created_from := _moment("createdFrom"):
        filters.add("at >= ?", stamp(parse_when(str(created_from))))
    for name, path in (
        ("paymentStatus", "$.paymentStatus"),
        ("fulfillmentStatus", "$.fulfillmentStatus"),
        ("couponCode", "$.discountCoupon.code"),
        ("refererId", "$.refererId"),
    ):
        if args.get(name):
            filters.among(path, args[name].split(",")[:MAX_IDS])
    _identity_filters(filters)
    return filters


def _identity_filters(filters: Filters) -> None:
    args = request.args
    if args.get("email"):
        filters.add("key LIKE ? ESCAPE '\\'", f"%{_like(args['email'].casefold())}%")
    if args.get("customerId"):
        filters.add("json_extract(body, '$.customerId') = ?", _number("customerId"))
    for name, sign in (("totalFrom", ">="), ("totalTo", "<=")):
        if args.get(name):
            filters.add(f"json_extract(body, '$.total') {sign} ?", _number(name))
    if args.get("ids"):
        wanted = args["ids"].split(",")[:MAX_IDS]
        marks = ", ".join("?" for _ in wanted)
        condition = f"(id IN ({marks}) OR CAST(json_extract(body, '$.internalId') AS TEXT) IN ({marks}))"
        filters.add(condition, *wanted, *wanted)
    if args.get("keywords"):
        filters.add("(id = ? OR key LIKE ? ESCAPE '\\')", args["keywords"], f"%{_like(args['keywords'].casefold())}%")


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _number(name: str) -> float:
    try:
        value = Decimal(request.args[name])
    except InvalidOperation:
        raise ApiError(400, "WRONG_PARAMETER", f"{name} must be a number") from None
    if not value.is_finite():
        raise ApiError(400, "WRONG_PARAMETER", f"{name} must be a number")
    return float(value)
