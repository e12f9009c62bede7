"""What the store calls its goods, kept from what it said when somebody searched them by name."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty.models import GoodsTitle, Shop


def keep_titles(*, shop: Shop, part: str, titles: Mapping[str, str]) -> None:
    """By id, of products or of collections. The latest title stays."""
    longest = GoodsTitle._meta.get_field("goods_id").max_length or 0
    rows = [
        GoodsTitle(shop=shop, part=part, goods_id=goods_id, title=title[:255])
        for goods_id, title in sorted(titles.items())
        if title and len(goods_id) <= longest
    ]
    GoodsTitle.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["shop", "part", "goods_id"], update_fields=["title"]
    )
