"""Rewards as access: a customer tag that the merchant's theme, market or discount looks for, put on when it begins and
taken off when it ends, and a link that only members who have it are shown.

A tag is there or is not, so asking twice changes nothing. Two rewards may open by the same tag: it goes with the last.
"""

from __future__ import annotations

from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import customer_gid
from loyalty.platforms.shopify.showing import TAG_PREFIX

OPEN = "open"


def cannot_carry(reward: Reward) -> str:
    """Why this cannot be opened, as a sentence; empty where it can."""
    if not reward.tag and not reward.link:
        return "Say what it opens: a customer tag that your theme or market looks for, a link, or both."
    if reward.tag.casefold().startswith(TAG_PREFIX):
        return f"Tags that begin with {TAG_PREFIX} are those of the tiers; choose another."
    return ""


def issue(shop: Shop, redemption: Redemption) -> str:
    """Raises Refused for a member without a customer account, and where Shopify says no."""
    tag = _tag_of(redemption)
    if not tag:
        return OPEN
    owner = customer_gid(redemption)
    if not owner:
        raise Refused("A tag needs a customer account, and this member has none.")
    _write(shop, owner, add=[tag])
    return OPEN


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Takes the tag off, unless another access of the member needs it. A customer who is gone has none."""
    tag, owner = _tag_of(redemption), customer_gid(redemption)
    if not tag or not owner or _is_needed(shop, redemption, tag):
        return
    if tag.casefold() not in _tags(shop, owner):
        return
    _write(shop, owner, remove=[tag])
    if _is_needed(shop, redemption, tag):
        # Begun while this one was being ended: its tag may have gone with ours.
        _write(shop, owner, add=[tag])


def _is_needed(shop: Shop, redemption: Redemption, tag: str) -> bool:
    live = Redemption.objects.filter(shop=shop, member=redemption.member, reward_data__tag=tag)
    states = (Redemption.State.ISSUING, Redemption.State.READY)
    return live.filter(state__in=states).exclude(number=redemption.number).exists()


def _tag_of(redemption: Redemption) -> str:
    return str(redemption.reward_data.get("tag") or "")


def _tags(shop: Shop, owner: str) -> set[str]:
    nodes = execute(shop, "customers_shown", {"ids": [owner]}).get("nodes")
    if not isinstance(nodes, list):
        raise Unavailable("Shopify answered with something that is no list of customers.")
    tags = [node.get("tags") for node in nodes if isinstance(node, dict)]
    return {str(tag).casefold() for kept in tags if isinstance(kept, list) for tag in kept}


def _write(shop: Shop, owner: str, *, add: list[str] | None = None, remove: list[str] | None = None) -> None:
    add, remove = add or [], remove or []
    variables: dict[str, Any] = {"customer": owner, "add": add, "remove": remove}
    answer = execute(shop, "tier_tags", {**variables, "adding": bool(add), "removing": bool(remove)})
    for field in ("tagsRemove", "tagsAdd"):
        errors = user_errors(answer[field]) if field in answer else []
        if errors:
            raise Refused(f"Shopify did not change the customer's tags: {errors[0][1] or errors[0][0]}")
