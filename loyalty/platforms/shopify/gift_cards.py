"""Rewards as gift cards. The code is ours and never asked twice: taken, the card is looked up by it and adopted where its
note, which only the merchant sees, says that it is this redemption's.

Cards are found by a search, and whether that knows a card in the second in which it was made is (unverified): what is not
found yet is asked for again before anybody believes that it is not there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loyalty.engine.errors import Refused, Unavailable
from loyalty.models import Redemption, Shop
from loyalty.platforms.base import NotYet
from loyalty.platforms.reading import text
from loyalty.platforms.shopify import tokens
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import customer_gid, plain_amount, title_of

_TRY_AGAIN = {"INTERNAL_ERROR"}
SEARCH_BEHIND = timedelta(minutes=5)
"""After the last try to make a card a search has found it, or it was never made."""


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
            raise Unavailable("Shopify says that the gift card's code is taken, and does not find our card.")
        return text(found.get("id"), max_length=255)
    message = f"Shopify did not make the gift card: {errors[0][1] or errors[0][0]}"
    raise Unavailable(message) if codes & _TRY_AGAIN else Refused(message)


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Switches the card off for good. One that is not there, or is off, is as good as revoked; raises NotYet while the
    search may not know it yet."""
    found = _look_up(shop, redemption)
    if found is not None and found.get("enabled") is not True:
        return
    gid = redemption.external_id if found is None else found["id"]
    if not gid:
        if redemption.closed_at is not None and tokens.utc_now() < redemption.closed_at + SEARCH_BEHIND:
            raise NotYet("A gift card that may just have been made is looked for again.", retry_after_seconds=60)
        return
    payload = execute(shop, "gift_card_deactivate", {"id": gid}).get("giftCardDeactivate")
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
