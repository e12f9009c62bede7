"""What every record of Shopify's has: ids that say what they are, and money in two currencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.engine.errors import Invalid
from loyalty.platforms.money import minor
from loyalty.platforms.reading import identifier, text

Record = Mapping[str, Any]


def money(record: Record, field: str, currency: str) -> int:
    """Minor units of `{field}_set.shop_money`, or of the plain field where there is no set. Raises Invalid where both
    are missing or the set is in another currency."""
    bag = record.get(f"{field}_set")
    shop_money = bag.get("shop_money") if isinstance(bag, dict) else None
    if isinstance(shop_money, dict):
        if shop_money.get("currency_code") != currency:
            raise Invalid(f"{field} is in another currency than the order ({currency}).")
        amount = shop_money.get("amount")
    else:
        amount = record.get(field)
    if amount is None:
        raise Invalid(f"{field} is missing.")
    return minor(amount, currency)


def money_or_zero(record: Record, field: str, currency: str) -> int:
    """As `money`; 0 where the platform says nothing."""
    return 0 if record.get(field) is None and record.get(f"{field}_set") is None else money(record, field, currency)


def check_gid(record: Record, kind: str) -> str:
    """The id as digits. Raises Invalid where the body says itself that it is something else: the topic is not signed,
    so a body may come under another topic than its own."""
    found = identifier(record.get("id"), f"The {kind.lower()}'s id")
    gid = record.get("admin_graphql_api_id")
    if gid is not None and gid != f"gid://shopify/{kind}/{found}":
        raise Invalid(f"The message was announced as {kind.lower()} {found}, but holds something else.")
    return found


def check_currency(currency: Any, shop_currency: str) -> str:
    if currency != shop_currency:
        raise Invalid(
            f"The order is in {text(currency, max_length=10) or 'no currency'}, but the program counts in "
            f"{shop_currency}. If the store's currency was changed, publish a program in the new one."
        )
    return shop_currency
