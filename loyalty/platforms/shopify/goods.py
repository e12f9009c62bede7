"""Products and collections by the beginnings of their titles' words, for a merchant who picks some."""

from __future__ import annotations

import re

from loyalty.engine.errors import Unavailable
from loyalty.models import Shop
from loyalty.platforms.base import Catalogue, Goods
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute

MOST_WORDS = 8
_WORD = re.compile(r"\w+")


def goods_named(shop: Shop, part: Catalogue, typed: str) -> list[Goods]:
    """Source: shopify.dev "API search syntax" (a trailing * asks for a beginning). No character of the syntax is left in
    what was typed, so it can ask for nothing else."""
    words = _WORD.findall(typed)[:MOST_WORDS]
    if not words:
        return []
    query = " AND ".join(f"title:{word}*" for word in words)
    answer = execute(shop, "goods_named", {"query": query, "products": part == "products"}).get(part)
    nodes = answer.get("nodes") if isinstance(answer, dict) else None
    if not isinstance(nodes, list):
        raise Unavailable("Shopify answered with something that is no list.")
    found = []
    for node in nodes:
        number = text(node.get("id"), max_length=100).rpartition("/")[2] if isinstance(node, dict) else ""
        if number:
            found.append(Goods(number, text(node.get("title"), max_length=255) or number))
    return found
