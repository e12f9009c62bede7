"""An order as the REST API shows it, in our words: one function of the order as it is now and of what we knew of it.

Merchants set both statuses by hand, to anything from anything, so nothing here models steps: the payment status says
whether money is there, the fulfilment status whether goods went out, and refunds count whatever the statuses say.

Ecwid gives the dates of creation, of the last change and of each listed refund, and no others. When an order was paid,
cancelled or refunded by hand is therefore the change at which we first saw it, and stays that: the date of the last
change moves with every note that a merchant writes, and holds and expiries would move with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Line, Order, Refund, RefundLine, encode
from loyalty.engine.money import rounded
from loyalty.platforms import same_person
from loyalty.platforms.ecwid.amounts import amount_minor
from loyalty.platforms.ecwid.hidden_fields import REFERRAL_FIELD, cart_codes, hidden_fields
from loyalty.platforms.reading import identifier, instant, items, mapping, text, whole
from loyalty.services.observations import OrderSeen, Person, rank_of

MAX_LINES = 500
MAX_REFUNDS = 500
MAX_DISCOUNTS_PER_LINE = 100
MAX_QUANTITY = 1_000_000

PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})
WENT_OUT = frozenset({"SHIPPED", "OUT_FOR_DELIVERY", "DELIVERED"})
"""RETURNED is not among them: whether the money went back as well is what the payment status says."""
OWN_STATUSES = ("CUSTOM_PAYMENT_STATUS_1", "CUSTOM_PAYMENT_STATUS_2", "CUSTOM_PAYMENT_STATUS_3")
"""Named by the merchant; what they mean nobody else knows, so they are no payment until the merchant says so."""
UNFINISHED = "INCOMPLETE"
"""A cart that was left; also a status that a merchant may set by hand."""

_ORDER_ID = re.compile(r"(?=.*[A-Za-z0-9])[^\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOrder:
    """`seen` is None for a cart that was never an order; `flag` is a sentence for the merchant, or empty."""

    seen: OrderSeen | None
    flag: str = ""


def order_id_of(value: Any) -> str:
    """An order's id ("K8XTQ"; a merchant may give ids a prefix and a suffix of any characters). Raises Invalid for what
    cannot be one; it becomes part of an address."""
    if not isinstance(value, str) or not _ORDER_ID.fullmatch(value):
        raise Invalid("The order's id is missing or is not an id such as K8XTQ.")
    return value


def id_in(document: Mapping[str, Any]) -> str:
    """The id in an order's document; before 2020 it stood in `vendorOrderNumber` alone. Raises Invalid."""
    return order_id_of(document.get("id") or document.get("vendorOrderNumber"))


def moment(value: Any, what: str) -> datetime:
    """ "2024-09-04 07:22:09 +0000" in UTC. Raises Invalid for anything else and for years outside 1990-2100."""
    try:
        parsed = (
            datetime.strptime(value, "%Y-%m-%d %H:%M:%S %z") if isinstance(value, str) and len(value) <= 40 else None
        )
    except ValueError:
        parsed = None
    if parsed is None:
        raise Invalid(f"{what} is not a time such as 2024-09-04 07:22:09 +0000.")
    return instant(parsed.isoformat(), what)


def stamp(at: datetime) -> str:
    """The instant as Ecwid writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def read_order(
    document: Any, *, currency: str, exponent: int, known: Order | None, also_paid: Collection[str] = ()
) -> ReadOrder:
    """The snapshot in an answer of the API; orders carry no currency, so the store's is given. `known` is the snapshot
    that we have of this order, `also_paid` are the merchant's own statuses that mean that money has come. Raises
    Invalid, with a sentence for the merchant."""
    data = mapping(document, "The order")
    order_id = id_in(data)
    payment = text(data.get("paymentStatus"), max_length=64)
    if not payment:
        raise Invalid(f"Order {order_id} has no payment status.")
    if payment in also_paid:
        payment = "PAID"
    if payment == UNFINISHED and known is None:
        return ReadOrder(seen=None)
    try:
        order = _order(order_id, data, payment, currency, exponent, known)
    except Invalid as error:
        raise Invalid(f"Order {order_id}: {error.message}") from None
    order = _after(known, order)
    flag = ""
    if payment == "PARTIALLY_REFUNDED" and not order.refunds:
        flag = (
            f"Order {order_id} is marked as partially refunded, but the store does not say how much. No points were "
            "taken back; enter the refunded amount in the order, or correct the member's points by hand."
        )
    referral = hidden_fields(data).get(REFERRAL_FIELD, "")
    seen = OrderSeen(order=order, person=person_of(data), rank=rank(order), referral=referral)
    return ReadOrder(seen=seen, flag=flag)


def _after(known: Order | None, order: Order) -> Order:
    """Ecwid dates to the second, and a merchant's two clicks, or a payment and its refund, may share one. An order is
    fetched as it is now, so what differs from what we have is the later of the two, by a microsecond."""
    if known is None or not order.updated_at <= known.updated_at < order.updated_at + timedelta(seconds=1):
        return order
    same = msgspec.structs.replace(order, updated_at=known.updated_at)
    if same == known:
        return same
    return msgspec.structs.replace(order, updated_at=known.updated_at + timedelta(microseconds=1))


def rank(order: Order) -> str:
    """Sorts snapshots of one order; the digest makes equal snapshots equal."""
    return rank_of(order, hashlib.sha256(encode(order)).hexdigest()[:32])


def person_of(data: Mapping[str, Any]) -> Person | None:
    """Who ordered: guests have no customerId; an order entered by hand may name nobody."""
    customer_id = data.get("customerId")
    external_id = identifier(customer_id, "The customer's id") if customer_id else ""
    email = text(data.get("email"), max_length=320).lower()
    if not external_id and not email:
        return None
    named = [data.get("billingPerson"), data.get("shippingPerson")]
    names = [text(person.get("name"), max_length=255) for person in named if isinstance(person, dict)]
    return Person(
        external_id=external_id,
        email=email,
        email_is_typed=True,
        name=next((name for name in names if name), ""),
        locale=text(data.get("lang"), max_length=16),
        marks=tuple(dict.fromkeys(mark for person in named if isinstance(person, dict) for mark in _marks(person))),
    )


def _marks(person: Mapping[str, Any]) -> Iterator[str]:
    """Of where it is sent or billed to. `lastName` is not on every order (unverified): else the name's last word."""
    words = text(person.get("name"), max_length=255).split()
    yield from same_person.home(
        surname=person.get("lastName") or (words[-1] if words else ""),
        street=person.get("street"),
        postal_code=person.get("postalCode"),
        country=person.get("countryCode"),
    )
    yield from same_person.phone(person.get("phone"))


def _order(
    order_id: str, data: Mapping[str, Any], payment: str, currency: str, exponent: int, known: Order | None
) -> Order:
    placed_at = moment(data.get("createDate"), "createDate")
    updated_at = max(placed_at, moment(data.get("updateDate") or data.get("createDate"), "updateDate"))
    entries = items(data.get("items"), "items", at_most=MAX_LINES)
    whole_minor, split = _discounts(data, entries, currency)
    lines = tuple(
        _line(entry, index, currency, discount)
        for index, (entry, discount) in enumerate(zip(entries, split, strict=True))
    )
    shipping = data.get("shippingOption")
    rate = shipping.get("shippingRate") if isinstance(shipping, dict) else None
    coupon = data.get("discountCoupon")
    code = text(coupon.get("code"), max_length=128) if isinstance(coupon, dict) else ""
    method = text(data.get("paymentMethod"), max_length=100)
    order = Order(
        id=order_id,
        number=text(data.get("vendorOrderNumber"), max_length=64) or order_id,
        placed_at=placed_at,
        updated_at=updated_at,
        currency=currency,
        exponent=exponent,
        lines=lines,
        customer_id=identifier(data["customerId"], "The customer's id") if data.get("customerId") else "",
        paid_at=_paid_at(payment, placed_at, updated_at, known),
        fulfilled_at=_fulfilled_at(data, updated_at, known),
        cancelled_at=_cancelled_at(payment, updated_at, known),
        payment_methods=(method,) if method else (),
        discount_codes=tuple(dict.fromkeys([*([code] if code else []), *cart_codes(data)])),
        order_discount_minor=whole_minor,
        shipping_minor=amount_minor(rate, currency, "shippingRate"),
        tax_minor=amount_minor(data.get("tax"), currency, "tax"),
        tax_included=data.get("pricesIncludeTax") is True,
        gift_card_minor=amount_minor(data.get("giftCardRedemption"), currency, "giftCardRedemption"),
        total_minor=_total(data, currency),
    )
    return _with_refunds(order, data, payment, known)


def _total(data: Mapping[str, Any], currency: str) -> int:
    """Before a gift card paid its part, where that is told apart."""
    before = amount_minor(data.get("totalBeforeGiftCardRedemption"), currency, "totalBeforeGiftCardRedemption")
    return max(before, amount_minor(data.get("total"), currency, "total"))


def _paid_at(payment: str, placed_at: datetime, updated_at: datetime, known: Order | None) -> datetime | None:
    """An order that was never seen unpaid was paid as it was placed; one that was, at the change that shows it paid."""
    if payment == "CANCELLED":
        return known.paid_at if known else None
    if payment not in PAID:
        return None
    if known is None:
        return placed_at
    return known.paid_at or updated_at


def _fulfilled_at(data: Mapping[str, Any], updated_at: datetime, known: Order | None) -> datetime | None:
    if data.get("fulfillmentStatus") not in WENT_OUT:
        return None
    return (known.fulfilled_at if known else None) or updated_at


def _cancelled_at(payment: str, updated_at: datetime, known: Order | None) -> datetime | None:
    if payment != "CANCELLED":
        return None
    return (known.cancelled_at if known else None) or updated_at


def _line(entry: Mapping[str, Any], index: int, currency: str, discount_minor: int) -> Line:
    """`price` is one unit's, with its options, before discounts (get-order: subtotal is the sum of price x quantity)."""
    category = entry.get("categoryId")
    return Line(
        id=identifier(entry.get("id"), "A line's id") if entry.get("id") else f"line-{index}",
        quantity=whole(entry.get("quantity"), "A line's quantity", at_most=MAX_QUANTITY),
        unit_price_minor=amount_minor(entry.get("price"), currency, "A line's price"),
        title=text(entry.get("name"), max_length=255),
        product_id=_id_or_none(entry.get("productId")),
        variant_id=_id_or_none(entry.get("combinationId")),
        collection_ids=(str(category),) if isinstance(category, int) and category > 0 else (),
        discount_minor=discount_minor,
        tax_minor=amount_minor(entry.get("tax"), currency, "A line's tax"),
        gift_card=entry.get("giftCard") is True,
    )


def _id_or_none(value: Any) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**18 else ""


def _discounts(data: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], currency: str) -> tuple[int, list[int]]:
    """What belongs to the whole order, and what to each line. `discount` holds promotions and app discounts,
    `couponDiscount` the coupon; the order's discount is their sum (calculate-order). The store's own split over the
    lines is used where it adds up and leaves some line out - a coupon for certain products, a gift card that is not
    discounted -, because spread in proportion it would fall on the wrong ones."""
    on_order = 0
    on_lines = [0 for _ in entries]
    coupon = [amount_minor(entry.get("couponAmount"), currency, "A line's couponAmount") for entry in entries]
    other = [_line_discounts(entry, currency) for entry in entries]
    for name, split in (("couponDiscount", coupon), ("discount", other)):
        total = amount_minor(data.get(name), currency, name)
        if total and sum(split) == total and not all(split):
            on_lines = [sum(pair) for pair in zip(on_lines, split, strict=True)]
        else:
            on_order += total
    return on_order, on_lines


def _line_discounts(entry: Mapping[str, Any], currency: str) -> int:
    parts = items(entry.get("discounts"), "A line's discounts", at_most=MAX_DISCOUNTS_PER_LINE)
    return sum(amount_minor(part.get("total"), currency, "A line's discount") for part in parts)


def _goods_minor(order: Order) -> int:
    """Goods after every discount, without tax: what a refund's `amount_minor` is a part of."""
    gross = sum(max(0, line.quantity * line.unit_price_minor - line.discount_minor) for line in order.lines)
    tax = sum(line.tax_minor for line in order.lines) if order.tax_included else 0
    return max(0, gross - order.order_discount_minor - tax)


def _with_refunds(order: Order, data: Mapping[str, Any], payment: str, known: Order | None) -> Order:
    """Listed refunds, then what `refundedAmount` has beyond them, then, where the status says REFUNDED, all the rest:
    a hand-set status comes without amounts, and Ecwid's older documentation fills them for its own payments only."""
    seen_at = {refund.id: refund.at for refund in known.refunds} if known else {}
    entries = _listed(order, data)
    told = amount_minor(data.get("refundedAmount"), order.currency, "refundedAmount")
    beyond = told - sum(amount for _, _, amount in entries)
    if beyond > 0:
        beyond_id = f"{order.id}:amount"
        entries.append((seen_at.get(beyond_id, order.updated_at), beyond_id, beyond))
    entries.sort()
    refunds = _shares(order, entries)
    if payment == "REFUNDED":
        rest_id = f"{order.id}:rest"
        refunds += _rest(order, refunds, rest_id, seen_at.get(rest_id, order.updated_at))
    return msgspec.structs.replace(order, refunds=tuple(refunds))


def _listed(order: Order, data: Mapping[str, Any]) -> list[tuple[datetime, str, int]]:
    """Refunds have no ids, and their order in the list is (unverified): an id is made of what a refund says, and equal
    ones are counted."""
    found: list[tuple[str, datetime, int]] = []
    for entry in items(data.get("refunds"), "refunds", at_most=MAX_REFUNDS):
        at = moment(entry.get("date"), "A refund's date")
        amount = amount_minor(entry.get("amount"), order.currency, "A refund's amount")
        said = f"{at.isoformat()}|{text(entry.get('source'), max_length=32)}|{amount}"
        if amount:
            found.append((hashlib.sha256(said.encode()).hexdigest()[:16], max(at, order.placed_at), amount))
    listed = []
    for digest, equal in groupby(sorted(found), key=lambda each: each[0]):
        listed += [(at, f"{order.id}:{digest}:{number}", amount) for number, (_, at, amount) in enumerate(equal)]
    return listed


def _shares(order: Order, entries: Sequence[tuple[datetime, str, int]]) -> list[Refund]:
    """Ecwid says how much money went back, not for which goods: each refund is taken as the same mixture of goods, tax
    and shipping that the order is. Rounded over the running sum, so that the parts of a whole add up to it."""
    total, goods = order.total_minor, _goods_minor(order)
    tax_total = min(order.tax_minor, max(0, total - goods))
    refunds = []
    running = goods_before = tax_before = 0
    for at, refund_id, amount in entries:
        left = max(0, total - running)
        running += min(amount, left)
        goods_now = min(goods, rounded(running * goods, total, "half_up")) if total else 0
        tax_now = min(running - goods_now, rounded(running * tax_total, total, "half_up")) if total else 0
        goods_part, tax_part = goods_now - goods_before, max(0, tax_now - tax_before)
        refunds.append(
            Refund(
                id=refund_id,
                at=at,
                amount_minor=goods_part,
                tax_minor=tax_part,
                shipping_minor=max(0, min(amount, left) - goods_part - tax_part),
            )
        )
        goods_before, tax_before = goods_now, max(tax_before, tax_now)
    return refunds


def _rest(order: Order, refunds: Sequence[Refund], refund_id: str, at: datetime) -> list[Refund]:
    """Whatever the refunds so far have left of the order; with its lines where there was none, because an order that
    cost nothing is told to be given back by its units alone."""
    goods = _goods_minor(order) - sum(refund.amount_minor for refund in refunds)
    if refunds:
        rest = Refund(id=refund_id, at=max(at, *(refund.at for refund in refunds)), amount_minor=max(0, goods))
        return [rest] if goods > 0 else []
    lines = tuple(RefundLine(line_id=line.id, quantity=line.quantity, amount_minor=0) for line in order.lines)
    return [
        Refund(
            id=refund_id,
            at=at,
            amount_minor=goods,
            lines=lines,
            tax_minor=order.tax_minor,
            shipping_minor=order.shipping_minor,
        )
    ]
