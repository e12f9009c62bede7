"""What the store calls its goods, kept from what it said when somebody searched them by name, and from its orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from loyalty.models import GoodsTitle, Shop
from loyalty.selectors.catalogue import sold_lately

LONGEST_ID = GoodsTitle._meta.get_field("goods_id").max_length or 0


def keep_titles(*, shop: Shop, part: str, titles: Mapping[str, str]) -> None:
    """By id, of products or of collections, as the store says. The latest title stays."""
    _keep(shop, part, {goods_id: title for goods_id, title in titles.items() if title}, None, ["title", "looked_at"])


def learn_titles(*, shop: Shop, products: Collection[str], at: datetime) -> dict[str, str]:
    """Looks for these in the newest orders and keeps what they are called there, and that nobody knows it where they
    are not. Titles by id, of those that were found."""
    sold = sold_lately(shop=shop)
    found = {product: sold[product] for product in products if product in sold}
    _keep(shop, "products", found, at, ["title", "looked_at"])
    _keep(shop, "products", dict.fromkeys({*products} - found.keys(), ""), at, ["looked_at"])
    return found


def _keep(shop: Shop, part: str, titles: Mapping[str, str], at: datetime | None, changed: list[str]) -> None:
    rows = [
        GoodsTitle(shop=shop, part=part, goods_id=goods_id, title=title[:255], looked_at=at)
        for goods_id, title in sorted(titles.items())
        if len(goods_id) <= LONGEST_ID
    ]
    GoodsTitle.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["shop", "part", "goods_id"], update_fields=changed
    )
