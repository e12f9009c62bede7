"""An order as Shopify's webhooks write it, into the house's words. Money is always the shop's (`*_set.shop_money`).

What an order of Shopify's does not say, and what is taken instead:

- When it was paid. A paid order (`paid`, `partially_refunded`, `refunded`) counts as paid at `processed_at`, the
  checkout. It is the one date that all its snapshots agree on, so late and repeated deliveries change nothing; for a
  bank transfer it is earlier than the money. Only where lines were taken out before anybody paid for them it is the
  moment after: money that covers just the rest cannot have come before.
- Which discount is whose. A line's `discount_allocations` hold its share of every discount, the order's own included.
  A discount that falls on every line is told as the order's, all else as the line's, so the sum is exact either way.
- Whether a refunded line's `subtotal` holds the tax where prices include it (unverified): it is compared with the
  line's price, and the tax is taken out where it is in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Line, Order, Refund, encode
from loyalty.platforms import same_person
from loyalty.platforms.money import exponent_of
from loyalty.platforms.reading import identifier, instant, instant_or_none, items, mapping, text, whole
from loyalty.platforms.shopify.records import Record, check_currency, check_gid, money, money_or_zero
from loyalty.platforms.shopify.refunds import LinePrice, read_refund
from loyalty.services.observations import OrderSeen, Person, rank_of

MAX_LINES = 500
MAX_REFUNDS = 250
MAX_QUANTITY = 1_000_000
MAX_ATTRIBUTES = 100
REFERRAL_ATTRIBUTE = "_regulars_ref"

_PAID = ("paid", "partially_refunded", "refunded")
_ONLINE = ("web", "580111", "checkout_next", "subscription_contract", "subscription_contract_checkout_one")
_POS = ("pos", "iphone", "android")


def read_order(record: Record, shop_currency: str) -> OrderSeen:
    """One snapshot, its refunds included. Raises Invalid with a sentence for the merchant."""
    order_id = check_gid(record, "Order")
    currency = check_currency(record.get("currency"), shop_currency)
    if record.get("line_items") is None:
        raise Invalid("The order has no list of lines.")
    sold = items(record["line_items"], "line_items", at_most=MAX_LINES)
    lines, order_discount_minor, prices = _lines(record, sold, currency)
    placed_at = instant(record.get("processed_at") or record.get("created_at"), "processed_at")
    included = record.get("taxes_included") is True
    refunds = [
        read_refund(refund, currency, tax_included=included, prices=prices)
        for refund in items(record.get("refunds"), "refunds", at_most=MAX_REFUNDS)
    ]
    order = Order(
        id=order_id,
        number=text(record.get("name"), max_length=64),
        customer_id=_customer_id(record),
        placed_at=placed_at,
        updated_at=instant(record.get("updated_at"), "updated_at"),
        paid_at=_paid_at(record, currency, placed_at, refunds),
        fulfilled_at=_fulfilled_at(record, placed_at),
        cancelled_at=instant_or_none(record.get("cancelled_at"), "cancelled_at"),
        currency=currency,
        exponent=exponent_of(currency),
        lines=tuple(lines),
        channel=channel_of(record.get("source_name")),
        payment_methods=_texts(record.get("payment_gateway_names")),
        test=record.get("test") is True,
        discount_codes=_codes(record),
        order_discount_minor=order_discount_minor,
        shipping_minor=_shipping(record, currency),
        tax_minor=money_or_zero(record, "total_tax", currency),
        tax_included=included,
        total_minor=money_or_zero(record, "total_price", currency),
        refunds=_in_order(refunds),
    )
    return seen(order, person_of(record), _referral(record))


def seen(order: Order, person: Person | None, referral: str = "") -> OrderSeen:
    """The snapshot with its rank; equal snapshots have equal ranks, wherever they were read."""
    rank = rank_of(order, hashlib.sha256(encode(order)).hexdigest())
    return OrderSeen(order=order, person=person, rank=rank, referral=referral)


def _referral(record: Record) -> str:
    """A friend's code that our script wrote into the cart's attributes; the order shows them as `note_attributes`, in
    GraphQL as `customAttributes` (that an underscore in front hides nothing from us there is unverified)."""
    found = record.get("note_attributes")
    for entry in found[:MAX_ATTRIBUTES] if isinstance(found, list) else ():
        if isinstance(entry, dict) and entry.get("name") == REFERRAL_ATTRIBUTE:
            return text(entry.get("value"), max_length=64)
    return ""


def person_of(record: Record) -> Person | None:
    """Whose order it is: the customer, a guest with an address, or nobody (a draft, a walk-in)."""
    locale = text(record.get("customer_locale"), max_length=16)
    order_email = text(record.get("email"), max_length=320) or text(record.get("contact_email"), max_length=320)
    customer, marks = record.get("customer"), _marks(record)
    if customer is None:
        return Person(email=order_email.lower(), locale=locale, marks=marks) if order_email else None
    return replace(read_person(mapping(customer, "customer"), order_email=order_email, locale=locale), marks=marks)


def _marks(record: Record) -> tuple[str, ...]:
    """Of where it is sent, and of its phone; null for an app without approval for protected data."""
    address = record.get("shipping_address")
    there: Record = address if isinstance(address, dict) else {}
    home = same_person.home(
        surname=there.get("last_name"),
        street=there.get("address1"),
        postal_code=there.get("zip"),
        country=there.get("country_code"),
    )
    return tuple(
        dict.fromkeys((*home, *same_person.phone(there.get("phone")), *same_person.phone(record.get("phone"))))
    )


def read_person(customer: Record, *, order_email: str = "", locale: str = "") -> Person:
    """A customer; name and address are null for an app without approval for protected data."""
    own = text(customer.get("email"), max_length=320)
    names = (text(customer.get(part), max_length=120) for part in ("first_name", "last_name"))
    return Person(
        external_id=check_gid(customer, "Customer"),
        email=(own or order_email).lower(),
        email_is_typed=bool(order_email and not own),
        name=" ".join(name for name in names if name),
        locale=locale,
    )


def channel_of(source_name: Any) -> str:
    """online, pos or other. Point of Sale was "iphone" and "android" once; a number is another sales channel's app."""
    if source_name in _POS:
        return "pos"
    return "online" if source_name in _ONLINE else "other"


def _paid_at(record: Record, currency: str, placed_at: datetime, refunds: Sequence[Refund]) -> datetime | None:
    """What an edit takes out of an unpaid order comes as a refund without money, as a restock does; the difference is
    whether the store received the whole price (current total less what is outstanding, and what went back)."""
    if record.get("financial_status") not in _PAID:
        return None
    taken_out = [refund for refund in refunds if not refund.money_moved and refund.amount_minor > 0]
    told = any(record.get(name) is not None for name in ("current_total_price", "current_total_price_set"))
    if not taken_out or not told:
        return placed_at
    received = money(record, "current_total_price", currency) - money_or_zero(record, "total_outstanding", currency)
    received += sum(
        refund.amount_minor + refund.tax_minor + refund.shipping_minor for refund in refunds if refund.money_moved
    )
    never_paid = money_or_zero(record, "total_price", currency) - received
    if sum(refund.amount_minor for refund in taken_out) > never_paid:
        return placed_at
    return max(placed_at, *(refund.at + timedelta(microseconds=1) for refund in taken_out))


def _customer_id(record: Record) -> str:
    customer = record.get("customer")
    return check_gid(mapping(customer, "customer"), "Customer") if customer is not None else ""


def _lines(record: Record, sold: Sequence[Record], currency: str) -> tuple[list[Line], int, dict[str, LinePrice]]:
    """The lines, the discount of the whole order, and what each line really cost (for its refunds)."""
    applications = items(record.get("discount_applications"), "discount_applications", at_most=MAX_LINES)
    shares = [_shares(line, currency) for line in sold]
    wide = _order_wide(applications, shares)
    lines: list[Line] = []
    prices: dict[str, LinePrice] = {}
    for line, share in zip(sold, shares, strict=True):
        line_id = identifier(line.get("id"), "A line's id")
        quantity = whole(line.get("quantity"), "A line's quantity", at_most=MAX_QUANTITY)
        unit_price_minor = money(line, "price", currency)
        if unit_price_minor < 0 or line_id in prices:
            raise Invalid("A line has a negative price, or stands in the order twice.")
        every_discount = sum(amount for _, amount in share)
        prices[line_id] = LinePrice(quantity=quantity, paid_minor=quantity * unit_price_minor - every_discount)
        lines.append(
            Line(
                id=line_id,
                quantity=quantity,
                unit_price_minor=unit_price_minor,
                title=text(line.get("title") or line.get("name"), max_length=255),
                product_id=_id_or_empty(line.get("product_id")),
                variant_id=_id_or_empty(line.get("variant_id")),
                vendor=text(line.get("vendor"), max_length=255),
                discount_minor=sum(amount for index, amount in share if index not in wide),
                tax_minor=_tax(line, currency),
                gift_card=line.get("gift_card") is True,
            )
        )
    return lines, sum(amount for share in shares for index, amount in share if index in wide), prices


def _shares(line: Record, currency: str) -> list[tuple[int, int]]:
    """(index of the discount, amount) of every discount's part in this line; -1 where the line does not say whose."""
    if line.get("discount_allocations") is None:
        amount = money_or_zero(line, "total_discount", currency)
        shares = [(-1, amount)] if amount else []
    else:
        shares = [
            (_index(allocation.get("discount_application_index")), money(allocation, "amount", currency))
            for allocation in items(line["discount_allocations"], "discount_allocations", at_most=MAX_LINES)
        ]
    if any(amount < 0 for _, amount in shares):
        raise Invalid("A discount is negative.")
    return [(index, amount) for index, amount in shares if amount]


def _index(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _order_wide(applications: Sequence[Record], shares: Sequence[Sequence[tuple[int, int]]]) -> set[int]:
    """The discounts that fall on every line of the order. One that leaves a line out (a gift card, say) stays with the
    lines: in proportion to all lines it would be wrong."""
    return {
        index
        for index, application in enumerate(applications)
        if application.get("target_type") == "line_item"
        and application.get("target_selection") == "all"
        and application.get("allocation_method") == "across"
        and all(any(own == index for own, _ in share) for share in shares)
    }


def _tax(line: Record, currency: str) -> int:
    taxes = items(line.get("tax_lines"), "tax_lines", at_most=100)
    return sum(money_or_zero(tax, "price", currency) for tax in taxes)


def _shipping(record: Record, currency: str) -> int:
    """After its own discounts."""
    if record.get("shipping_lines") is None:
        return money_or_zero(record, "total_shipping_price", currency)
    charged = items(record["shipping_lines"], "shipping_lines", at_most=100)
    return sum(_shipping_line(line, currency) for line in charged if line.get("is_removed") is not True)


def _shipping_line(line: Record, currency: str) -> int:
    named = "discounted_price" if line.get("discounted_price_set") or line.get("discounted_price") else "price"
    return money_or_zero(line, named, currency)


def _codes(record: Record) -> tuple[str, ...]:
    found = items(record.get("discount_codes"), "discount_codes", at_most=100)
    codes = (text(entry.get("code"), max_length=128) for entry in found)
    return tuple(code for code in codes if code)


def _texts(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(name for name in (text(entry, max_length=64) for entry in found[:20]) if name)


def _id_or_empty(value: Any) -> str:
    return "" if value is None else identifier(value, "A product's id")


def _fulfilled_at(record: Record, placed_at: datetime) -> datetime | None:
    """When the last parcel was made up, for an order that is fulfilled whole."""
    if record.get("fulfillment_status") != "fulfilled":
        return None
    parcels = items(record.get("fulfillments"), "fulfillments", at_most=MAX_LINES)
    dates = [
        instant(parcel.get("created_at"), "A fulfilment's created_at")
        for parcel in parcels
        if parcel.get("status") not in ("cancelled", "error", "failure") and parcel.get("created_at")
    ]
    return max(dates) if dates else (instant_or_none(record.get("closed_at"), "closed_at") or placed_at)


def _in_order(refunds: Sequence[Refund]) -> tuple[Refund, ...]:
    if len({refund.id for refund in refunds}) != len(refunds):
        raise Invalid("A refund stands in the order twice.")
    return tuple(sorted(refunds, key=lambda refund: (refund.at, refund.id)))
