"""Rewards as Shopify's discount codes: made once, for one customer, usable once.

Shopify takes no idempotency key for discounts, so the code itself is the key: it is ours, random, and chosen before we
ask. Asked twice, Shopify says TAKEN, and the discount under that code is looked up and adopted where its title says
that it is this redemption's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute, user_errors

CARRIED = ("amount_off", "percent_off", "points_slider")

CLOCKS_DIFFER = timedelta(minutes=5)
"""A code starts this much early, so that it works at once where Shopify's clock is behind ours."""

_TRY_AGAIN = {"INTERNAL_ERROR"}


def cannot_carry(shop: Shop, reward: Reward) -> str:
    """Why this reward can't be offered in this shop, as a sentence; empty where it can."""
    return _cannot_carry(reward.kind)


def _cannot_carry(reward_kind: str) -> str:
    if reward_kind in CARRIED:
        return ""
    return "This kind of reward cannot be made on Shopify yet; offer an amount or a percentage off instead."


def issue(shop: Shop, redemption: Redemption) -> str:
    """The gid of the discount that carries redemption.code. Raises Refused where Shopify will not make it, and where
    the code belongs to somebody else's discount."""
    discount = discount_input(shop, redemption)
    payload = execute(shop, "discount_create", {"discount": discount}).get("discountCodeBasicCreate")
    errors = user_errors(payload)
    if not errors:
        return _made(payload)
    codes = {code for code, _ in errors}
    if codes <= {"TAKEN", "DUPLICATE"}:
        return _adopted(shop, redemption.code, discount["title"])
    message = f"Shopify did not make the code: {errors[0][1] or errors[0][0]}"
    raise Unavailable(message) if codes & _TRY_AGAIN else Refused(message)


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Ends the code now. A code that is not there, or has ended, is as good as revoked."""
    found = _look_up(shop, redemption.code)
    if found is None or found["title"] != title_of(redemption):
        return
    if found["status"] == "EXPIRED":
        return
    payload = execute(shop, "discount_deactivate", {"id": found["id"]}).get("discountCodeDeactivate")
    errors = user_errors(payload)
    if errors:
        raise Unavailable(f"Shopify did not end the code: {errors[0][1] or errors[0][0]}")


def title_of(redemption: Redemption) -> str:
    """What the merchant reads in the list of discounts; the redemption's number in it makes it ours."""
    name = text(redemption.reward_data.get("name"), max_length=200) or redemption.reward
    return f"{name} ({str(redemption.number)[:13]})"


def discount_input(shop: Shop, redemption: Redemption) -> dict[str, Any]:
    """A DiscountCodeBasicInput. Raises Refused for a reward that no basic discount can carry."""
    reward: Mapping[str, Any] = redemption.reward_data
    why_not = _cannot_carry(str(reward.get("kind")))
    if why_not:
        raise Refused(why_not)
    customer_id = redemption.member.external_id
    discount: dict[str, Any] = {
        "title": title_of(redemption),
        "code": redemption.code,
        "startsAt": _iso(redemption.accepted_at - CLOCKS_DIFFER),
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [f"gid://shopify/Customer/{customer_id}"]}} if customer_id else {"all": "ALL"},
        "customerGets": {"value": _value(shop, redemption), "items": {"all": True}},
        "combinesWith": {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": False},
    }
    if redemption.expires_at is not None:
        discount["endsAt"] = _iso(redemption.expires_at)
    minimum_minor = int(reward.get("minimum_order_minor") or 0)
    if minimum_minor > 0:
        discount["minimumRequirement"] = {
            "subtotal": {"greaterThanOrEqualToSubtotal": plain_amount(minimum_minor, shop.exponent)}
        }
    return discount


def plain_amount(amount_minor: int, exponent: int) -> str:
    """ "5.00" for 500 with two decimals, "500" with none."""
    whole, rest = divmod(amount_minor, 10**exponent)
    return f"{whole}.{rest:0{exponent}d}" if exponent else str(whole)


def _value(shop: Shop, redemption: Redemption) -> dict[str, Any]:
    if redemption.reward_data.get("kind") == "percent_off":
        return {"percentage": int(redemption.reward_data["percent"]) / 100}
    amount = plain_amount(redemption.value_minor, shop.exponent)
    return {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}


def _made(payload: Any) -> str:
    node = payload.get("codeDiscountNode")
    gid = text(node.get("id"), max_length=255) if isinstance(node, dict) else ""
    if not gid:
        raise Unavailable("Shopify made a discount without telling its id.")
    return gid


def _adopted(shop: Shop, code: str, title: str) -> str:
    found = _look_up(shop, code)
    if found is None:
        raise Unavailable("Shopify says that the code is taken, and does not find it.")
    if found["title"] != title:
        raise Refused("The code is another discount's; redeem again to get a new one.")
    return found["id"]


def _look_up(shop: Shop, code: str) -> dict[str, str] | None:
    """id, title and status of the discount under a code; title is empty for one that is no basic discount."""
    node = execute(shop, "discount_by_code", {"code": code}).get("codeDiscountNodeByCode")
    if node is None:
        return None
    discount = node.get("codeDiscount") if isinstance(node, dict) else None
    if not isinstance(discount, dict):
        raise Unavailable("Shopify described the discount in a way we cannot read.")
    return {
        "id": text(node.get("id"), max_length=255),
        "title": text(discount.get("title"), max_length=300),
        "status": text(discount.get("status"), max_length=32),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
