"""Rewards as discount codes: made once, for one customer, usable once.

The code is the key: asked twice, Shopify says TAKEN, and the discount under that code is looked up and adopted where its
title says that it is this redemption's.

A free product is an amount off that product: the price of one of its dearest variant. A percentage would make every unit
in the cart free, and Shopify's "buy X get Y" wants something bought first.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import CLOCKS_DIFFER, customer_gid, iso, plain_amount, title_of

KINDS = ("amount_off", "percent_off", "free_shipping", "free_product", "points_slider")
MAX_SCOPE = 100
_TRY_AGAIN = {"INTERNAL_ERROR"}


def cannot_carry(reward: Reward) -> str:
    """Why no discount can be this reward, as a sentence; empty where one can."""
    named = (*reward.products, *reward.collections)
    if not all(each.isascii() and each.isdigit() for each in named) or len(named) > MAX_SCOPE:
        return f"Name products and collections by Shopify's numbers, {MAX_SCOPE} of them at most."
    if reward.products and reward.collections:
        return "Shopify limits a code to products or to collections; leave one of them out."
    if reward.kind == "free_shipping" and named:
        return "Free shipping is for the whole order; leave the products and collections out."
    if reward.kind == "free_product" and not reward.products:
        return "Name the product that is free."
    return ""


def issue(shop: Shop, redemption: Redemption, reward: Reward) -> str:
    """The gid of the discount that carries redemption.code."""
    if reward.kind == "free_shipping":
        document, field = "free_shipping_create", "discountCodeFreeShippingCreate"
        discount = shipping_input(shop, redemption, reward)
    else:
        document, field = "discount_create", "discountCodeBasicCreate"
        worth_minor = _unit_price_minor(shop, reward) if reward.kind == "free_product" else redemption.value_minor
        discount = basic_input(shop, redemption, reward, worth_minor)
    payload = execute(shop, document, {"discount": discount}).get(field)
    errors = user_errors(payload)
    if not errors:
        return _made(payload)
    codes = {code for code, _ in errors}
    if codes <= {"TAKEN", "DUPLICATE"}:
        return _adopted(shop, redemption.code, discount["title"])
    message = f"Shopify did not make the code: {errors[0][1] or errors[0][0]}"
    raise Unavailable(message) if codes & _TRY_AGAIN else Refused(message)


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Ends the code now, also where the merchant has given the discount another title. A code that is not there, or has
    ended, is as good as revoked."""
    found = _look_up(shop, redemption.code)
    if found is None or (found["id"] != redemption.external_id and found["title"] != title_of(redemption)):
        return
    if found["status"] == "EXPIRED":
        return
    payload = execute(shop, "discount_deactivate", {"id": found["id"]}).get("discountCodeDeactivate")
    errors = user_errors(payload)
    if errors:
        raise Unavailable(f"Shopify did not end the code: {errors[0][1] or errors[0][0]}")


def basic_input(shop: Shop, redemption: Redemption, reward: Reward, worth_minor: int) -> dict[str, Any]:
    """A DiscountCodeBasicInput; `worth_minor` is what it takes off, unless it is a percentage."""
    combines = dict.fromkeys(("orderDiscounts", "productDiscounts", "shippingDiscounts"), reward.combines)
    gets = {"value": _value(shop, reward, worth_minor), "items": _items(reward)}
    minimum_minor = max(reward.minimum_order_minor, _least_order_minor(reward, redemption.value_minor))
    return {**_common(shop, redemption, minimum_minor), "customerGets": gets, "combinesWith": combines}


def shipping_input(shop: Shop, redemption: Redemption, reward: Reward) -> dict[str, Any]:
    """A DiscountCodeFreeShippingInput. Shipping discounts combine with no other shipping discount."""
    combines = {"orderDiscounts": reward.combines, "productDiscounts": reward.combines, "shippingDiscounts": False}
    common = _common(shop, redemption, reward.minimum_order_minor)
    return {**common, "destination": {"all": True}, "combinesWith": combines}


def _common(shop: Shop, redemption: Redemption, minimum_minor: int) -> dict[str, Any]:
    customer = customer_gid(redemption)
    common: dict[str, Any] = {
        "title": title_of(redemption),
        "code": redemption.code,
        # Early, so that the code works at once where Shopify's clock is behind ours.
        "startsAt": iso(redemption.accepted_at - CLOCKS_DIFFER),
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [customer]}} if customer else {"all": "ALL"},
    }
    if redemption.expires_at is not None:
        common["endsAt"] = iso(redemption.expires_at)
    if minimum_minor > 0:
        least = plain_amount(minimum_minor, shop.exponent)
        common["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    return common


def _least_order_minor(reward: Reward, value_minor: int) -> int:
    """A slider that may pay half of an order needs an order of twice its worth."""
    if reward.kind != "points_slider" or reward.maximum_percent >= 100:
        return 0
    return -(-value_minor * 100 // reward.maximum_percent)


def _value(shop: Shop, reward: Reward, worth_minor: int) -> dict[str, Any]:
    if reward.kind == "percent_off":
        return {"percentage": reward.percent / 100}
    return {"discountAmount": {"amount": plain_amount(worth_minor, shop.exponent), "appliesOnEachItem": False}}


def _items(reward: Reward) -> dict[str, Any]:
    if reward.products:
        return {"products": {"productsToAdd": [f"gid://shopify/Product/{number}" for number in reward.products]}}
    if reward.collections:
        return {"collections": {"add": [f"gid://shopify/Collection/{number}" for number in reward.collections]}}
    return {"all": True}


def _unit_price_minor(shop: Shop, reward: Reward) -> int:
    """What one unit costs, in minor units; of several products and variants the dearest, so that each can be free."""
    gids = [f"gid://shopify/Product/{number}" for number in reward.products]
    found = execute(shop, "product_prices", {"ids": gids}).get("nodes")
    prices: list[int] = []
    for node in found if isinstance(found, list) else []:
        variants = node.get("variants") if isinstance(node, dict) else None
        listed = variants.get("nodes") if isinstance(variants, dict) else None
        prices += [_minor(each.get("price"), shop.exponent) for each in listed or [] if isinstance(each, dict)]
    if not prices or max(prices) <= 0:
        raise Refused("The store has no product with a price under the number that the reward names.")
    return max(prices)


def _minor(price: Any, exponent: int) -> int:
    try:
        return int(Decimal(str(price)).scaleb(exponent).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        raise Unavailable("Shopify named a price that is no number.") from None


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
    """id, title and status of the discount under a code; title is empty for one that is none of our kinds."""
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
