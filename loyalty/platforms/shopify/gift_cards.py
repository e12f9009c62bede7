"""Rewards as gift cards. The code is ours and never asked twice: taken, the card is looked up by it and adopted where its
note, which only the merchant sees, says that it is this redemption's."""

from __future__ import annotations

from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.models import Redemption, Shop
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import customer_gid, plain_amount, title_of

_TRY_AGAIN = {"INTERNAL_ERROR"}


def issue(shop: Shop, redemption: Redemption) -> str:
    """The card's gid. It does not expire: in many places a gift card may not."""
    payload: Any = execute(shop, "gift_card_create", {"card": card_input(shop, redemption)}).get("giftCardCreate")
    errors = user_errors(payload)
    codes = {code for code, _ in errors}
    if not errors:
        card = payload.get("giftCard")
        gid = text(card.get("id"), max_length=255) if isinstance(card, dict) else ""
        if not gid:
            raise Unavailable("Shopify made a gift card without telling its id.")
        return gid
    if codes == {"TAKEN"}:
        found = _look_up(shop, redemption)
        if found is None:
            raise Refused("The code is another gift card's; redeem again to get a new one.")
        return text(found.get("id"), max_length=255)
    message = f"Shopify did not make the gift card: {errors[0][1] or errors[0][0]}"
    raise Unavailable(message) if codes & _TRY_AGAIN else Refused(message)


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Switches the card off for good. One that is not there, or is off, is as good as revoked."""
    found = _look_up(shop, redemption)
    if found is None or found.get("enabled") is not True:
        return
    payload = execute(shop, "gift_card_deactivate", {"id": found["id"]}).get("giftCardDeactivate")
    errors = user_errors(payload)
    if errors:
        raise Unavailable(f"Shopify did not switch the gift card off: {errors[0][1] or errors[0][0]}")


def card_input(shop: Shop, redemption: Redemption) -> dict[str, Any]:
    """A GiftCardCreateInput."""
    amount = plain_amount(redemption.value_minor, shop.exponent)
    card = {
        "code": redemption.code,
        "initialAmount": {"amount": amount, "currencyCode": shop.currency},
        "note": title_of(redemption),
    }
    customer = customer_gid(redemption)
    return {**card, "customerId": customer} if customer else card


def _look_up(shop: Shop, redemption: Redemption) -> dict[str, Any] | None:
    """Shopify's search looks at many fields, so the note and the code's end are compared."""
    listed = execute(shop, "gift_cards_by_code", {"code": redemption.code}).get("giftCards")
    nodes = listed.get("nodes") if isinstance(listed, dict) else None
    if not isinstance(nodes, list):
        raise Unavailable("Shopify answered with something that is no list of gift cards.")
    for card in nodes:
        ends = text(card.get("lastCharacters"), max_length=8) if isinstance(card, dict) else ""
        if ends and redemption.code.casefold().endswith(ends.casefold()) and card.get("note") == title_of(redemption):
            return dict(card)
    return None
