"""The products that a shop's own orders name. No catalogue is kept: what was sold lately is what a merchant looks for."""

from __future__ import annotations

from loyalty.engine.facts import Order, decode
from loyalty.models import Shop, StoredFact

NEWEST_ORDERS = 1000


def sold_lately(*, shop: Shop) -> dict[str, str]:
    """Titles by product id, those of the newest orders first. One query."""
    rows = StoredFact.objects.filter(shop=shop, kind="order").order_by("-at", "-pk")
    found: dict[str, str] = {}
    for body in rows.values_list("body", flat=True)[:NEWEST_ORDERS]:
        order = decode(body)
        if isinstance(order, Order):
            for line in order.lines:
                if line.product_id and not line.gift_card:
                    found.setdefault(line.product_id, line.title or line.product_id)
    return found
