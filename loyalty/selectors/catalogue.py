"""The products that a shop's own orders name, and what goods are called. No catalogue is kept: what was sold lately is
what a merchant looks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty.engine.facts import Order, decode
from loyalty.models import GoodsTitle, Shop, StoredFact

NEWEST_ORDERS = 1000
LOOKED_FOR_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Titles:
    """By ("products" or "collections", id). `to_look_for` are products that the orders were not asked for lately: never,
    or not for a day, in which the store may have sold or renamed them."""

    known: dict[tuple[str, str], str]
    to_look_for: set[str]


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


def titles_of(*, shop: Shop, goods: Collection[tuple[str, str]], at: datetime) -> Titles:
    """What is kept. One query."""
    rows = GoodsTitle.objects.filter(shop=shop, goods_id__in={goods_id for _part, goods_id in goods})
    kept = {
        (part, goods_id): (title, looked_at)
        for part, goods_id, title, looked_at in rows.values_list("part", "goods_id", "title", "looked_at")
    }
    fresh = {
        each for each, (_title, looked_at) in kept.items() if looked_at is None or looked_at > at - LOOKED_FOR_EVERY
    }
    return Titles(
        known={each: kept[each][0] for each in goods if each in kept and kept[each][0]},
        to_look_for={goods_id for part, goods_id in goods if part == "products" and (part, goods_id) not in fresh},
    )


def kept_titles(*, shop: Shop, ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Of goods whose title is known. One query."""
    rows = GoodsTitle.objects.filter(shop=shop, goods_id__in=ids).exclude(title="")
    return {(part, goods_id): title for part, goods_id, title in rows.values_list("part", "goods_id", "title")}
