"""The products that a shop's own orders name, and what goods are called. No catalogue is kept: what was sold lately is
what a merchant looks for."""

from __future__ import annotations

from collections.abc import Collection

from loyalty.engine.facts import Order, decode
from loyalty.models import GoodsTitle, Shop, StoredFact

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


def titles_of(*, shop: Shop, goods: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By ("products" or "collections", id), of those that were found by name once; of products that were not, as the
    newest orders call them. Two queries at most."""
    kept = kept_titles(shop=shop, ids={goods_id for _part, goods_id in goods})
    sold = sold_lately(shop=shop) if any(each[0] == "products" for each in goods if each not in kept) else {}
    found = {("products", product): title for product, title in sold.items()} | kept
    return {each: found[each] for each in goods if each in found}


def kept_titles(*, shop: Shop, ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Of goods that were found by name once. One query."""
    rows = GoodsTitle.objects.filter(shop=shop, goods_id__in=ids).values_list("part", "goods_id", "title")
    return {(part, goods_id): title for part, goods_id, title in rows}
