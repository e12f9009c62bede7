"""Rewards on Shopify: which kinds it carries, and who makes them.

Shopify takes no idempotency key for any of them, so each has a mark of its own by which a second try finds what the
first one made: a code or gift card has the code that is ours, and chosen before we ask; store credit has its amount and
its time.
"""

from __future__ import annotations

import msgspec

from loyalty.engine.errors import Refused
from loyalty.engine.program import Reward
from loyalty.engine.rewards import OURS, paid_as
from loyalty.models import Redemption, Shop
from loyalty.platforms import fulfilment
from loyalty.platforms.permits import Permits
from loyalty.platforms.shopify import access, discounts, gift_cards, store_credit

_PERMISSIONS = {
    "gift_card": ("write_gift_cards",),
    "store_credit": ("write_store_credit_account_transactions", "read_store_credit_accounts"),
}


def cannot_carry(permits: Permits, reward: Reward) -> str:
    """Why this reward can't be offered in this shop, as a sentence; empty where it can."""
    reward = paid_as(reward)
    if reward.kind in OURS:
        return fulfilment.cannot_carry(permits, reward)
    if reward.kind in discounts.KINDS:
        return discounts.cannot_carry(reward)
    if reward.kind == "access":
        missing = _missing(permits, ("write_customers",)) if reward.tag else []
        return _permission(missing) if missing else access.cannot_carry(reward)
    if reward.minimum_order_minor or reward.products or reward.collections:
        return "This is money for any order; leave out the minimum order, the products and the collections."
    missing = _missing(permits, _PERMISSIONS[reward.kind])
    if missing:
        return _permission(missing)
    return ""


def _permission(missing: list[str]) -> str:
    return f"The app lacks {' and '.join(missing)}; add it to SHOPIFY_SCOPES, then open the app in the store's admin."


def issue(shop: Shop, redemption: Redemption) -> str:
    """The gid of the discount, gift card or booking. Raises Refused where Shopify will not make it, and where the code
    belongs to somebody else's."""
    reward = reward_of(redemption)
    why_not = cannot_carry(Permits(shop), reward)
    if why_not:
        raise Refused(why_not)
    if reward.kind == "gift_card":
        return gift_cards.issue(shop, redemption)
    if reward.kind == "store_credit":
        return store_credit.issue(shop, redemption)
    if reward.kind == "access":
        return access.issue(shop, redemption)
    return discounts.issue(shop, redemption, reward)


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Ends a code, switches a gift card off, takes store credit back, closes what was opened. What is not there is as good as revoked."""
    kind = redemption.reward_data.get("kind")
    if kind == "gift_card":
        gift_cards.revoke(shop, redemption)
    elif kind == "store_credit":
        store_credit.revoke(shop, redemption)
    elif kind == "access":
        access.revoke(shop, redemption)
    else:
        discounts.revoke(shop, redemption)


def reward_of(redemption: Redemption) -> Reward:
    """The reward as it was when it was redeemed. Raises Refused for what this release cannot read."""
    try:
        return msgspec.convert(redemption.reward_data, Reward)
    except msgspec.ValidationError:
        raise Refused("The reward was redeemed as something that this release does not know.") from None


def _missing(permits: Permits, needed: tuple[str, ...]) -> list[str]:
    return [scope for scope in needed if scope not in permits.scopes]
