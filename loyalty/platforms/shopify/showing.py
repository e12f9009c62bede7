"""A member's balance and tier beside the customer: metafields that belong to the app, for the theme's pages, and a tag per
tier, for discounts and early access that the merchant makes in Shopify.

What stands there is read first and only what differs is written: a tag makes Shopify send customers/update, which must
never make us write again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.models import Shop
from loyalty.platforms.base import Shown
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute, user_errors

NAMESPACE = "$app"
BALANCE, TIER = "loyalty_balance", "loyalty_tier"
TAG_PREFIX = "rewards-tier:"
"""Ours alone: a tag with it that is not the member's tier is taken away."""


def show_members(shop: Shop, shown: Sequence[Shown]) -> None:
    """Metafields of all together, tags of those whose tier changed."""
    wanted = {f"gid://shopify/Customer/{each.customer_id}": each for each in shown}
    found = execute(shop, "customers_shown", {"ids": list(wanted)}).get("nodes")
    if not isinstance(found, list):
        raise Unavailable("Shopify answered with something that is no list of customers.")
    # A customer whom the store has deleted is null; one that is not asked for is nobody's.
    present = [(node, wanted[node["id"]]) for node in found if isinstance(node, dict) and node.get("id") in wanted]
    written = [field for node, each in present for field in _to_write(node, each)]
    if written:
        _check(execute(shop, "metafields_set", {"metafields": written}).get("metafieldsSet"))
    left = [_identified(node["id"], TIER) for node, each in present if not each.tier and _value(node, "tier")]
    if left:
        _check(execute(shop, "metafields_delete", {"metafields": left}).get("metafieldsDelete"))
    for node, each in present:
        _tag(shop, node, each)


def _to_write(node: dict[str, Any], shown: Shown) -> list[dict[str, str]]:
    fields = []
    if _value(node, "balance") != str(shown.available):
        value = str(shown.available)
        fields.append({**_identified(node["id"], BALANCE), "type": "number_integer", "value": value})
    if shown.tier and _value(node, "tier") != shown.tier_name:
        named = {"type": "single_line_text_field", "value": shown.tier_name}
        fields.append({**_identified(node["id"], TIER), **named})
    return fields


def _tag(shop: Shop, node: dict[str, Any], shown: Shown) -> None:
    tags = node.get("tags")
    kept = [text(tag, max_length=255) for tag in tags] if isinstance(tags, list) else []
    own = f"{TAG_PREFIX}{shown.tier}" if shown.tier else ""
    remove = [tag for tag in kept if tag.startswith(TAG_PREFIX) and tag.casefold() != own.casefold()]
    add = [own] if own and own.casefold() not in [tag.casefold() for tag in kept] else []
    if not add and not remove:
        return
    variables = {"customer": node["id"], "add": add, "remove": remove, "adding": bool(add), "removing": bool(remove)}
    answer = execute(shop, "tier_tags", variables)
    for field in ("tagsRemove", "tagsAdd"):
        if field in answer:
            _check(answer[field])


def _identified(gid: str, key: str) -> dict[str, str]:
    return {"ownerId": gid, "namespace": NAMESPACE, "key": key}


def _value(node: dict[str, Any], name: str) -> str:
    field = node.get(name)
    return text(field.get("value"), max_length=255) if isinstance(field, dict) else ""


def _check(payload: Any) -> None:
    errors = user_errors(payload)
    if errors:
        raise Refused(f"Shopify did not keep what the store shows of its members: {errors[0][1] or errors[0][0]}")
