"""Which collections a line's product is in: no order of Shopify's says it, and rules may ask.

Asked of Shopify once per product and kept for a while; a product that is gone has none, and that is kept too. Only for
shops with a program that names collections: for the others it would be a question about nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from loyalty.engine.errors import Unavailable
from loyalty.models import ProductCollections, Shop
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute
from loyalty.selectors.programs import versions_of
from loyalty.services.observations import OrderSeen

KEPT_FOR = timedelta(hours=6)
AT_ONCE = 25
"""Products to a question, and orders whose products are asked for together."""


def in_collections(shop: Shop, found: Iterable[Any], now: datetime) -> Iterator[Any]:
    """The same, with the orders' lines told their collections. Raises what the client raises: an order whose products
    nobody knows is better judged later than wrongly."""
    wanted = uses_collections(shop)
    rest = iter(found)
    while batch := list(islice(rest, AT_ONCE)):
        yield from _told(shop, batch, now) if wanted else batch


def uses_collections(shop: Shop) -> bool:
    """Whether a published program names a collection anywhere: rules, campaigns, exclusions."""
    return any(b'ollections":["' in msgspec.json.encode(version.program) for version in versions_of(shop))


def _told(shop: Shop, batch: Sequence[Any], now: datetime) -> Iterator[Any]:
    orders = [each.order for each in batch if isinstance(each, OrderSeen)]
    known = _known(shop, {line.product_id for order in orders for line in order.lines if line.product_id}, now)
    for each in batch:
        if not isinstance(each, OrderSeen):
            yield each
            continue
        lines = tuple(
            msgspec.structs.replace(line, collection_ids=known.get(line.product_id, ())) for line in each.order.lines
        )
        order = msgspec.structs.replace(each.order, lines=lines)
        # The rank is of what Shopify says: an answer about products makes no snapshot newer.
        yield OrderSeen(order=order, person=each.person, rank=each.rank, referral=each.referral)


def _known(shop: Shop, product_ids: set[str], now: datetime) -> dict[str, tuple[str, ...]]:
    fresh = ProductCollections.objects.filter(
        shop=shop, product_id__in=sorted(product_ids), fetched_at__gt=now - KEPT_FOR
    )
    known = {row.product_id: tuple(row.collection_ids) for row in fresh}
    missing = iter(sorted(product_ids - known.keys()))
    while asked := list(islice(missing, AT_ONCE)):
        told = _ask(shop, asked)
        rows = [
            ProductCollections(shop=shop, product_id=product_id, collection_ids=list(ids), fetched_at=now)
            for product_id, ids in told.items()
        ]
        ProductCollections.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["shop", "product_id"],
            update_fields=["collection_ids", "fetched_at"],
        )
        known |= told
    return known


def _ask(shop: Shop, product_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Every product that was asked for; a deleted one is in no collection."""
    gids = [f"gid://shopify/Product/{number}" for number in product_ids]
    nodes = execute(shop, "product_collections", {"ids": gids}).get("nodes")
    if not isinstance(nodes, list):
        raise Unavailable("Shopify answered with something that is no list of products.")
    told: dict[str, tuple[str, ...]] = dict.fromkeys(product_ids, ())
    for node in nodes:
        number = _number(node)
        listed = node.get("collections") if isinstance(node, dict) else None
        if number in told and isinstance(listed, dict) and isinstance(listed.get("nodes"), list):
            told[number] = tuple(filter(None, map(_number, listed["nodes"])))
    return told


def _number(node: Any) -> str:
    gid = text(node.get("id"), max_length=100) if isinstance(node, dict) else ""
    return gid.rpartition("/")[2]
