"""Rewards as discount coupons. A coupon cannot be bound to a customer, so a code is a bearer's: random, used once, and
with an end. There is no idempotency key: the code is ours before the call, and is looked up before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from loyalty.engine.errors import NotFound, Refused
from loyalty.engine.program import Reward
from loyalty.engine.rewards import paid_as
from loyalty.models import EcwidStore, Redemption, Shop
from loyalty.platforms.ecwid.amounts import as_number
from loyalty.platforms.ecwid.client import ShopClient, segment
from loyalty.platforms.ecwid.orders import stamp
from loyalty.platforms.reading import identifier, items
from loyalty.services.redemptions import IN_CART

MAX_FOUND = 100
OPEN = "open"

_CARRIED = ("amount_off", "percent_off", "free_shipping", "free_product", "points_slider")
_CANNOT = {
    "gift_card": "The store lets no app make gift cards; offer an amount off instead.",
    "store_credit": "The store lets no app give store credit; offer an amount off instead.",
    "access": "The store opens nothing for single customers: each is in one group, and tiers have it. Take the tag out and "
    "give a link, which only members who have the reward are shown.",
}
_CANNOT_DEFAULT = "This kind of reward cannot be made in this store; offer an amount off instead."
_NO_SUCH_PRODUCT = (
    "The reward names a product or category that the store does not have: there they have numbers. Correct it in the "
    "program."
)


def cannot_carry(reward: Reward) -> str:
    """Why this reward can't be offered, as a sentence for the merchant; empty where it can."""
    return _obstacle(to_builtins(paid_as(reward)))


def _obstacle(reward: Mapping[str, Any]) -> str:
    kind = reward.get("kind", "")
    if kind == "access" and reward.get("link") and not reward.get("tag"):
        return ""
    if kind not in _CARRIED:
        return _CANNOT.get(kind, _CANNOT_DEFAULT)
    if not all(_is_number(each) for name in ("products", "collections") for each in reward.get(name) or ()):
        return _NO_SUCH_PRODUCT
    if kind == "percent_off" and not 0 < reward.get("percent", 0) <= 100:
        return "The reward takes off no percentage between 1 and 100; correct it in the program."
    if kind != "free_product":
        return ""
    if not reward.get("products"):
        return "The reward names no product that is free; choose it in the program."
    if not reward.get("value_minor"):
        return "Say in the program what the free product costs: the store takes that much off, not a product."
    return ""


def coupon_of(redemption: Redemption, exponent: int) -> dict[str, Any]:
    """The coupon to create. Raises Refused for a reward that no coupon can carry."""
    reward = redemption.reward_data
    why = _obstacle(reward)
    if why:
        raise Refused(why)
    coupon: dict[str, Any] = {
        "name": name_of(redemption),
        "code": redemption.code,
        "status": "ACTIVE",
        "usesLimit": "SINGLE",
        "applicationLimit": "UNLIMITED",
        **_discount(redemption, exponent),
    }
    limit = {"products": _ids(reward, "products"), "categories": _ids(reward, "collections")}
    if any(limit.values()):
        coupon["catalogLimit"] = limit
    if redemption.expires_at is not None:
        coupon["expirationDate"] = stamp(redemption.expires_at)
    minimum_minor = least_order_minor(redemption)
    if minimum_minor:
        coupon["totalLimit"] = as_number(minimum_minor, exponent)
    return coupon


def least_order_minor(redemption: Redemption) -> int:
    """What an order's goods come to at least: what the reward asks for, and, where points may pay only a part of an
    order, enough that this is no more than that part."""
    reward = redemption.reward_data
    minimum_minor = int(reward.get("minimum_order_minor") or 0)
    if reward.get("kind") != "points_slider":
        return minimum_minor
    percent = max(1, int(reward.get("maximum_percent", 100)))
    return max(minimum_minor, -(-redemption.value_minor * 100 // percent) if percent < 100 else 0)


def _discount(redemption: Redemption, exponent: int) -> dict[str, Any]:
    """A free product is its price off that product: a hundred per cent would free every unit of it in the cart."""
    if redemption.reward_data["kind"] == "free_shipping":
        return {"discountType": "SHIPPING", "discount": 0}
    if redemption.reward_data["kind"] == "percent_off":
        return {"discountType": "PERCENT", "discount": redemption.reward_data["percent"]}
    return {"discountType": "ABS", "discount": as_number(redemption.value_minor, exponent)}


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit()


def _ids(reward: Mapping[str, Any], name: str) -> list[int]:
    """What a coupon is limited to is named by the store's own numbers."""
    return [int(each) for each in reward.get(name) or ()]


def name_of(redemption: Redemption) -> str:
    """What the merchant's list of coupons shows; the number in it is how we know our own again."""
    return f"Points reward {redemption.number}"


def issue(shop: Shop, redemption: Redemption) -> str:
    """The coupon's id. Looked up first: an earlier call may have made it and not been heard. Raises Refused where the
    store says no, or where somebody else's coupon has the code."""
    if _is_link(redemption):
        return OPEN
    client = ShopClient(shop)
    wanted = coupon_of(redemption, shop.exponent)
    if redemption.reward_data["kind"] == "points_slider" and takes_off_in_cart(shop):
        return IN_CART
    found = _find(client, redemption.code)
    if found is None:
        try:
            return identifier(client.post("discount_coupons", wanted).get("id"), "The coupon's id")
        except Refused:
            # The code may have been taken between the question and the call, by a second worker of ours.
            found = _find(client, redemption.code)
            if found is None:
                raise
    if found.get("name") != name_of(redemption):
        raise Refused(
            "The code belongs to another coupon of the store; redeem again for a new code.", code="code_taken"
        )
    return identifier(found.get("id"), "The coupon's id")


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Deletes the coupon; one that is gone already is a success. What the cart takes off ends with the redemption."""
    coupon_id = redemption.external_id
    if coupon_id == IN_CART or _is_link(redemption):
        return
    client = ShopClient(shop)
    if not coupon_id:
        found = _find(client, redemption.code)
        if found is None or found.get("name") != name_of(redemption):
            return
        coupon_id = identifier(found.get("id"), "The coupon's id")
    try:
        client.delete(f"discount_coupons/{segment(coupon_id)}")
    except NotFound:
        return


def _is_link(redemption: Redemption) -> bool:
    """Access is an address that we show for as long as it is open; the store has no part in it."""
    return redemption.reward_data.get("kind") == "access" and not _obstacle(redemption.reward_data)


def takes_off_in_cart(shop: Shop) -> bool:
    """Whether the merchant has the store ask us what to take off a cart."""
    return EcwidStore.objects.filter(shop=shop, cart_discounts=True).exists()


def _find(client: ShopClient, code: str) -> Mapping[str, Any] | None:
    """The coupon with exactly this code, whatever its capitals; whether `code` searches for parts too is
    (unverified), so the answer is compared."""
    listed = client.get("discount_coupons", {"code": code, "limit": str(MAX_FOUND)})
    for coupon in items(listed.get("items"), "The list of coupons", at_most=MAX_FOUND):
        if str(coupon.get("code", "")).casefold() == code.casefold():
            return coupon
    return None
