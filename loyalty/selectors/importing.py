"""How far the reading of a store's history has come."""

from __future__ import annotations

from loyalty.models import BulkRead, Shop


def parts_under_way(*, shop: Shop) -> list[BulkRead]:
    """The parts that the platform gathers as a whole; none when there is nothing to read, or it is read page by page."""
    return list(BulkRead.objects.filter(shop=shop).exclude(state=BulkRead.State.PAGED).order_by("part"))
