"""Rewards as store credit. A booking has no code and no note, so it is known by its customer, amount and time: before
anything is booked, the account's history is asked whether an earlier try, whose answer was lost, has booked it already.

What could be mistaken for ours is a credit of the same amount that staff give the same customer within five minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.engine.errors import Invalid, Refused, Unavailable
from loyalty.models import Redemption, Shop
from loyalty.platforms.reading import instant, text
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import CLOCKS_DIFFER, customer_gid, plain_amount

_BUSY = "Another credit of this customer is being booked."


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """`amount` is as Shopify says it: above zero for a credit, with either sign for a debit (unverified)."""

    id: str
    account: str
    credit: bool
    amount: Decimal
    currency: str
    at: datetime


def issue(shop: Shop, redemption: Redemption) -> str:
    """The gid of the booking. Raises Refused for a member without a customer account, and where Shopify says no."""
    owner = customer_gid(redemption)
    if not owner:
        raise Refused("Store credit needs a customer account, and this member has none.")
    _wait_for_earlier(shop, redemption)
    found = _booked(shop, redemption)
    if found is not None:
        return found.id
    credit = {"creditAmount": _money(shop, redemption)}
    payload: Any = execute(shop, "store_credit_add", {"owner": owner, "credit": credit}).get("storeCreditAccountCredit")
    errors = user_errors(payload)
    if errors:
        raise Refused(f"Shopify did not book the store credit: {errors[0][1] or errors[0][0]}")
    made = payload.get("storeCreditAccountTransaction")
    gid = text(made.get("id"), max_length=255) if isinstance(made, dict) else ""
    if not gid:
        raise Unavailable("Shopify booked the store credit without telling its id.")
    return gid


def revoke(shop: Shop, redemption: Redemption) -> None:
    """Takes the credit back, once. Raises Refused where it is spent already."""
    found = _booked(shop, redemption)
    if found is None or _taken_back(shop, redemption, found):
        return
    variables = {"account": found.account, "debit": {"debitAmount": _money(shop, redemption)}}
    errors = user_errors(execute(shop, "store_credit_take", variables).get("storeCreditAccountDebit"))
    if errors:
        raise Refused(f"Shopify did not take the store credit back: {errors[0][1] or errors[0][0]}")


def _wait_for_earlier(shop: Shop, redemption: Redemption) -> None:
    """Two at once could take each other's booking for their own. The earlier one goes first; its points and these are
    safe meanwhile."""
    others = Redemption.objects.filter(shop=shop, member=redemption.member, state=Redemption.State.ISSUING)
    earlier = others.filter(reward_data__kind="store_credit", pk__lt=redemption.pk)
    if redemption.pk and earlier.exists():
        raise Unavailable(_BUSY, retry_after_seconds=5)


def _booked(shop: Shop, redemption: Redemption) -> Booking | None:
    """The credit that this redemption's earlier try has booked: the oldest that fits and is no other redemption's."""
    if not customer_gid(redemption):
        return None
    wanted = Decimal(plain_amount(redemption.value_minor, shop.exponent))
    since = redemption.accepted_at - CLOCKS_DIFFER
    fitting = [
        booking
        for booking in _bookings(shop, redemption)
        if booking.credit and booking.amount == wanted and booking.currency == shop.currency and booking.at >= since
    ]
    known = Redemption.objects.filter(shop=shop, external_id__in=[booking.id for booking in fitting])
    others = set(known.exclude(number=redemption.number).values_list("external_id", flat=True))
    return min((each for each in fitting if each.id not in others), key=lambda each: each.at, default=None)


def _taken_back(shop: Shop, redemption: Redemption, credit: Booking) -> bool:
    """A debit of exactly this credit, after it: an earlier try's."""
    return any(
        not booking.credit and abs(booking.amount) == credit.amount and booking.at >= credit.at
        for booking in _bookings(shop, redemption)
        if booking.account == credit.account
    )


def _bookings(shop: Shop, redemption: Redemption) -> list[Booking]:
    """The latest hundred of each of the customer's accounts."""
    customer = execute(shop, "store_credit_of", {"customer": customer_gid(redemption)}).get("customer")
    accounts = _nodes(customer, "storeCreditAccounts") if customer is not None else []
    return [
        _booking(text(account.get("id"), max_length=255), node)
        for account in accounts
        for node in _nodes(account, "transactions")
        if node.get("id")
    ]


def _booking(account: str, node: dict[str, Any]) -> Booking:
    money = node.get("amount")
    money = money if isinstance(money, dict) else {}
    try:
        return Booking(
            id=text(node.get("id"), max_length=255),
            account=account,
            credit=node.get("__typename") == "StoreCreditAccountCreditTransaction",
            amount=Decimal(str(money.get("amount"))),
            currency=text(money.get("currencyCode"), max_length=3),
            at=instant(node.get("createdAt"), "createdAt"),
        )
    except (InvalidOperation, Invalid):
        raise Unavailable("Shopify described a booking of store credit in a way we cannot read.") from None


def _nodes(parent: Any, name: str) -> list[dict[str, Any]]:
    connection = parent.get(name) if isinstance(parent, dict) else None
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    if not isinstance(nodes, list):
        raise Unavailable("Shopify answered with something that is no list of store credit.")
    return [node for node in nodes if isinstance(node, dict)]


def _money(shop: Shop, redemption: Redemption) -> dict[str, str]:
    return {"amount": plain_amount(redemption.value_minor, shop.exponent), "currencyCode": shop.currency}
