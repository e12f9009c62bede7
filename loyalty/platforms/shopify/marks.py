"""What tells our own among a store's discounts, gift cards and credits, and how amounts and times are written."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty.models import Redemption
from loyalty.platforms.reading import text

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far Shopify's clock may be from ours."""


def title_of(redemption: Redemption) -> str:
    """What the merchant reads in the admin's lists; the redemption's number in it makes it ours."""
    name = text(redemption.reward_data.get("name"), max_length=200) or redemption.reward
    return f"{name} ({str(redemption.number)[:13]})"


def customer_gid(redemption: Redemption) -> str:
    """Empty for a member without a customer account."""
    external_id = redemption.member.external_id
    return f"gid://shopify/Customer/{external_id}" if external_id else ""


def plain_amount(amount_minor: int, exponent: int) -> str:
    """ "5.00" for 500 with two decimals, "500" with none."""
    whole, rest = divmod(amount_minor, 10**exponent)
    return f"{whole}.{rest:0{exponent}d}" if exponent else str(whole)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
