"""Rewards as store credit. A booking has no code and no note, so it is known by its customer, amount and time: before
anything is booked, the account's history is asked whether an earlier try, whose answer was lost, has booked it already.
Whose booking it is stands in `external_id`, before it is taken back too: else the next redemption of the same amount
would take it for its own.

What could be mistaken for ours is a credit of the same amount that staff give the same customer within five minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.engine.errors import Invalid, Refused, Unavailable
from loyalty.models import Redemption, Shop
from loyalty.platforms.base import NotYet
from loyalty.platforms.reading import instant, text
from loyalty.platforms.shopify.client import execute, user_errors
from loyalty.platforms.shopify.marks import CLOCKS_DIFFER, customer_gid, plain_amount
from loyalty.services.redemptions import GIVEN_BACK, claim

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
    found = _booked(shop, redemption, _bookings(shop, redemption))
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
    if not customer_gid(redemption):
        return
    _wait_for_others(shop, redemption)
    bookings = _bookings(shop, redemption)
    found = _booked(shop, redemption, bookings)
    if found is None:
        return
    if not claim(shop=shop, number=redemption.number, external_id=found.id):
        raise NotYet(_BUSY, retry_after_seconds=5)
    # One that began since the history was read may have found this booking as well; it says so when it is through.
    _wait_for_others(shop, redemption)
    if _taken_back(shop, redemption, found, bookings):
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


def _wait_for_others(shop: Shop, redemption: Redemption) -> None:
    """A credit whose answer was lost is nobody's until it is asked for again, and must not be taken for this one's."""
    others = Redemption.objects.filter(shop=shop, member=redemption.member, state=Redemption.State.ISSUING)
    if others.filter(reward_data__kind="store_credit").exclude(number=redemption.number).exists():
        raise NotYet(_BUSY, retry_after_seconds=5)


def _booked(shop: Shop, redemption: Redemption, bookings: Sequence[Booking]) -> Booking | None:
    """The credit that this redemption's earlier try has booked: the one that it is known by, or else the oldest that
    fits and is no other redemption's."""
    wanted = Decimal(plain_amount(redemption.value_minor, shop.exponent))
    since = redemption.accepted_at - CLOCKS_DIFFER
    fitting = [
        booking
        for booking in bookings
        if booking.credit and booking.amount == wanted and booking.currency == shop.currency and booking.at >= since
    ]
    known = Redemption.objects.filter(shop=shop, external_id__in=[booking.id for booking in fitting])
    owners = list(known.values_list("external_id", "number"))
    others = {external_id for external_id, number in owners if number != redemption.number}
    own = {external_id for external_id, _ in owners} - others
    free = [booking for booking in fitting if booking.id not in others]
    return min(free, key=lambda booking: (booking.id not in own, booking.at), default=None)


def _taken_back(shop: Shop, redemption: Redemption, credit: Booking, bookings: Sequence[Booking]) -> bool:
    """Whether a debit of exactly this credit is an earlier try's. Equal ones of other redemptions that ended have theirs
    too: each in turn is given the first after its end."""
    booked = {each.id: each.at for each in bookings if each.credit and each.amount == credit.amount}
    debits = sorted(
        each.at
        for each in bookings
        if not each.credit and abs(each.amount) == credit.amount and each.account == credit.account
    )
    ended = Redemption.objects.filter(shop=shop, member=redemption.member, state__in=GIVEN_BACK, external_id__in=booked)
    for external_id, closed_at in ended.order_by("closed_at", "pk").values_list("external_id", "closed_at"):
        since = max(booked[external_id], (closed_at or redemption.accepted_at) - CLOCKS_DIFFER)
        taken_at = next((at for at in debits if at >= since), None)
        if taken_at is not None:
            debits.remove(taken_at)
        if external_id == credit.id:
            return taken_at is not None
    return False


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
