"""Rewards as discount coupons. A coupon cannot be bound to a customer, so a code is a bearer's: random, used once, and
with an end. There is no idempotency key: the code is ours before the call, and is looked up before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.engine.errors import NotFound, Refused
from loyalty.models import Redemption, Shop
from loyalty.platforms.ecwid.amounts import as_number
from loyalty.platforms.ecwid.client import ShopClient, segment
from loyalty.platforms.ecwid.orders import stamp
from loyalty.platforms.reading import identifier, items

MAX_FOUND = 100

_NOT_YET = "Stores on this platform can't be given this kind of reward by this app yet; offer an amount off instead."
_NEVER = "The platform has no way for an app to hand out this kind of reward; offer an amount off instead."
_CANNOT = {
    "amount_off": "",
    "percent_off": "",
    "free_shipping": "",
    "free_product": _NOT_YET,
    "points_slider": _NOT_YET,
    "gift_card": _NEVER,
    "store_credit": _NEVER,
}


def cannot_carry(reward_kind: str) -> str:
    """Why a reward of this kind can't be offered, as a sentence; empty where it can."""
    return _CANNOT.get(reward_kind, _NOT_YET)


def coupon_of(redemption: Redemption, exponent: int) -> dict[str, Any]:
    """The coupon to create. Raises Refused for a reward that no coupon can carry."""
    reward = redemption.reward_data
    why = cannot_carry(str(reward.get("kind", "")))
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
    minimum_minor = reward.get("minimum_order_minor") or 0
    if minimum_minor:
        coupon["totalLimit"] = as_number(minimum_minor, exponent)
    return coupon


def _discount(redemption: Redemption, exponent: int) -> dict[str, Any]:
    if redemption.reward_data["kind"] == "free_shipping":
        return {"discountType": "SHIPPING", "discount": 0}
    if redemption.reward_data["kind"] == "amount_off":
        return {"discountType": "ABS", "discount": as_number(redemption.value_minor, exponent)}
    percent = redemption.reward_data.get("percent", 0)
    if not 0 < percent <= 100:
        raise Refused("The reward takes off no percentage between 1 and 100; correct it in the program.")
    return {"discountType": "PERCENT", "discount": percent}


def _ids(reward: Mapping[str, Any], name: str) -> list[int]:
    """What a coupon is limited to is named by the store's own numbers; one that is none would limit it to nothing."""
    named = [str(each) for each in reward.get(name) or ()]
    if not all(each.isascii() and each.isdigit() for each in named):
        raise Refused("The reward names a product or category that the store does not have; correct it in the program.")
    return [int(each) for each in named]


def name_of(redemption: Redemption) -> str:
    """What the merchant's list of coupons shows; the number in it is how we know our own again."""
    return f"Points reward {redemption.number}"


def issue(shop: Shop, redemption: Redemption) -> str:
    """The coupon's id. Looked up first: an earlier call may have made it and not been heard. Raises Refused where the
    store says no, or where somebody else's coupon has the code."""
    client = ShopClient(shop)
    wanted = coupon_of(redemption, shop.exponent)
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
    """Deletes the coupon; one that is gone already is a success."""
    client = ShopClient(shop)
    coupon_id = redemption.external_id
    if not coupon_id:
        found = _find(client, redemption.code)
        if found is None or found.get("name") != name_of(redemption):
            return
        coupon_id = identifier(found.get("id"), "The coupon's id")
    try:
        client.delete(f"discount_coupons/{segment(coupon_id)}")
    except NotFound:
        return


def _find(client: ShopClient, code: str) -> Mapping[str, Any] | None:
    """The coupon with exactly this code, whatever its capitals; whether `code` searches for parts too is
    (unverified), so the answer is compared."""
    listed = client.get("discount_coupons", {"code": code, "limit": str(MAX_FOUND)})
    for coupon in items(listed.get("items"), "The list of coupons", at_most=MAX_FOUND):
        if str(coupon.get("code", "")).casefold() == code.casefold():
            return coupon
    return None
