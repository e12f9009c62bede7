"""A shop's past: the core's plan of a period written as this platform's customers, orders, refunds and webhooks."""

from __future__ import annotations

from typing import Any

from loyalty.sandbox.clock import iso
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.history import Plan, PlannedOrder, plan, read_period
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import customers, discounts, orders
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.shops import products
from loyalty.sandbox.store import Document


class _Quiet(Events):
    """Says nothing: what happened before the app was there, for an import to find."""

    def send(self, topic: str, body: Any, at: Any = None) -> None:
        """Nobody listens."""

    def _wants(self, topic: str) -> bool:
        return False


def write_history(sandbox: Sandbox, shop: Document, body: Document) -> dict[str, Any]:
    """POST .../history; says what was written and which codes could not be used, and why."""
    store = sandbox.store
    period = read_period(body)
    events = Events(sandbox, shop) if period.webhooks else _Quiet(sandbox, shop)
    written = {"customers": 0, "orders": 0, "refunds": 0, "cancelled": 0, "codes_used": 0}
    skipped: list[Document] = []
    with store.transaction():
        known = store.all("shopify.customer", shop["domain"])
        goods = [(row, variant) for row in products(store, shop) for variant in row["variants"] if not row["gift_card"]]
        owners = _owners(sandbox, shop, period.codes, known, skipped)
        planned = plan(period, customers_before=len(known), goods=len(goods), owners=owners)
        people = known + _customers(sandbox, shop, planned, events, written)
        for order in planned.orders:
            try:
                _write(sandbox, shop, order, people, goods, events, written)
            except SandboxError as error:
                skipped.append({"code": order.code, "why": error.message})
    return written | {"codes_skipped": skipped}


def _owners(
    sandbox: Sandbox, shop: Document, codes: tuple[str, ...], known: list[Document], skipped: list[Document]
) -> dict[str, int]:
    """The place of the customer each code was issued to; a code for everybody goes to the first."""
    places = {customer["id"]: place for place, customer in enumerate(known)}
    owners = {}
    for code in codes:
        discount = discounts.by_code(sandbox.store, shop, code)
        whose = discount["customer_ids"] if discount else None
        if discount is None or not known or (whose and whose[0] not in places):
            skipped.append({"code": code, "why": "no such discount, or nobody to use it"})
            continue
        owners[code] = places[whose[0]] if whose else 0
    return owners


def _customers(
    sandbox: Sandbox, shop: Document, planned: Plan, events: Events, written: dict[str, int]
) -> list[Document]:
    made = []
    for person in planned.customers:
        known = customers.by_email(sandbox.store, shop, person.email)
        if known is None:
            fields = {"email": person.email, "name": person.name, "at": iso(person.at), "account": True}
            known = customers.create_customer(sandbox.store, shop, fields)
            events.customer(known, "customers/create", person.at)
            written["customers"] += 1
        made.append(known)
    return made


def _write(
    sandbox: Sandbox,
    shop: Document,
    planned: PlannedOrder,
    people: list[Document],
    goods: list[tuple[Document, Document]],
    events: Events,
    written: dict[str, int],
) -> None:
    store = sandbox.store
    customer = people[planned.customer] if planned.customer is not None else None
    order = orders.place(
        store,
        shop,
        lines=[orders.catalog_line(*goods[good], quantity) for good, quantity in planned.lines],
        customer=customer,
        email=str(customer["email"]) if customer else "",
        code=planned.code,
        at=planned.at,
    )
    written["orders"] += 1
    written["codes_used"] += 1 if planned.code else 0
    events.order(order, "orders/create", at=planned.at)
    if planned.paid_at:
        orders.mark_paid(store, shop, order, planned.paid_at)
        events.order(order, "orders/paid", at=planned.paid_at)
    if planned.refund:
        at, line, quantity = planned.refund
        made = orders.refund(store, shop, order, {"lines": [{"line": line, "quantity": quantity}]}, at)
        events.refund(order, made, at)
        events.order(order, "orders/updated", at=at)
        written["refunds"] += 1
    if planned.cancelled_at:
        given_back = orders.cancel(store, shop, order, {}, planned.cancelled_at)
        if given_back:
            events.refund(order, given_back, planned.cancelled_at)
        events.order(order, "orders/cancelled", at=planned.cancelled_at)
        written["cancelled"] += 1
