"""Paid plans as products: an order line of the product is the membership, its refund ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from loyalty.engine.document import Program
from loyalty.engine.facts import Membership, Order
from loyalty.engine.refunds import Refunded


def memberships_of(program: Program, orders: Iterable[Order]) -> list[Membership]:
    """What one member's orders say about the plans whose id is a product's (or a variant's) id, oldest first. A plan
    begins with the payment and ends when every line it was bought with is refunded in full or cancelled. Ids name
    order and line, so that a later look at the same orders replaces what an earlier one said."""
    plans = {plan.id for plan in program.plans}
    changes: list[tuple[datetime, int, str, str]] = []
    for order in orders:
        if order.paid_at is None or (order.test and program.exclusions.test_orders):
            continue
        if order.cancelled_at is not None and order.cancelled_at <= order.paid_at:
            continue
        for line in order.lines:
            plan = next((each for each in (line.product_id, line.variant_id) if each in plans), "")
            if not plan or not line.quantity:
                continue
            key = f"{order.id}:{line.id}"
            begins_at = max(order.paid_at, line.added_at or order.paid_at)
            changes.append((begins_at, 1, key, plan))
            ended_at = _given_back_at(order, line.id)
            if ended_at is not None:
                changes.append((max(begins_at, ended_at), -1, key, plan))
    return _told(sorted(changes, key=lambda change: (change[0], -change[1], change[2])))


def _told(changes: list[tuple[datetime, int, str, str]]) -> list[Membership]:
    held: dict[str, int] = {}
    found = []
    for at, change, key, plan in changes:
        before = held.get(plan, 0)
        held[plan] = before + change
        if change > 0:
            event = "renewed" if before else "bought"
            found.append(Membership(id=f"{key}:bought", at=at, plan=plan, event=event))
        elif not held[plan]:
            found.append(Membership(id=f"{key}:ended", at=at, plan=plan, event="ended"))
    return found


def _given_back_at(order: Order, line_id: str) -> datetime | None:
    """When the last of the line went back; None while any of it stands."""
    refunded = Refunded(order)
    moved = [each for each in order.refunds if each.money_moved]
    for refund in sorted(moved, key=lambda each: (each.at, each.id)):
        if order.cancelled_at is not None and order.cancelled_at <= refund.at:
            break
        refunded.add(refund)
        if refunded.of_line(line_id) >= 1:
            return refund.at
    return order.cancelled_at
