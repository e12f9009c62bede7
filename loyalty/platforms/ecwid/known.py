"""What we have of a store's orders already: Ecwid dates too little for an order to be read without it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from loyalty.engine.facts import Order, decode
from loyalty.models import EcwidStore, Shop, StoredFact
from loyalty.platforms.ecwid.orders import rank
from loyalty.services.observations import OrderSeen, Person


def known_orders(shop: Shop, order_ids: Iterable[str]) -> dict[str, Order]:
    """The stored snapshots among these orders, by id; one query."""
    rows = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=list(order_ids))
    found = (decode(body) for body in rows.values_list("body", flat=True))
    return {order.id: order for order in found if isinstance(order, Order)}


def own_paid_statuses(shop: Shop) -> frozenset[str]:
    """The merchant's own payment statuses that mean that money has come."""
    chosen = EcwidStore.objects.filter(shop=shop).values_list("paid_statuses", flat=True).first()
    return frozenset(chosen or ())


def gone_order(shop: Shop, order_id: str, *, at: datetime) -> OrderSeen | None:
    """An order that the store no longer shows counts as cancelled from `at` on; None where nothing was counted of it."""
    known = known_orders(shop, [order_id]).get(order_id)
    if known is None or known.cancelled_at is not None:
        return None
    gone = msgspec.structs.replace(known, cancelled_at=at, updated_at=max(known.updated_at, at))
    return OrderSeen(order=gone, person=owner_of(shop, order_id), rank=rank(gone))


def owner_of(shop: Shop, order_id: str) -> Person | None:
    """Whose order it is, for one that the store no longer shows."""
    row = (
        StoredFact.objects.filter(shop=shop, kind="order", external_id=order_id, member__isnull=False)
        .select_related("member")
        .first()
    )
    if row is None or row.member is None:
        return None
    return Person(external_id=row.member.external_id or "", email=row.member.email, email_is_typed=True)
