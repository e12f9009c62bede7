"""A refund as Shopify writes it: lines that came back, adjustments, and whether any money moved.

`order_adjustments` say by how much the money differs from what the lines were worth: `refund_discrepancy` is positive
where less was given back and negative where more was; `shipping_refund` is negative. (The signs are unverified; whether
money moved at all is decided by the refund's own transactions.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty.engine.facts import Refund, RefundLine
from loyalty.platforms.reading import identifier, instant, items, whole
from loyalty.platforms.shopify.records import Record, check_gid, money_or_zero

MAX_LINES = 500
MAX_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class LinePrice:
    """What all units of a line cost after every discount, with the tax where prices include it."""

    quantity: int
    paid_minor: int


def read_refund(
    record: Record, currency: str, *, tax_included: bool = False, prices: Mapping[str, LinePrice] | None = None
) -> Refund:
    """One refund. Without `prices` (a refund that came alone, which does not say whether prices include tax) subtotals
    are taken as they are, until the order's own snapshot follows. Raises Invalid."""
    refund_id = check_gid(record, "Refund")
    entries = items(record.get("refund_line_items"), "refund_line_items", at_most=MAX_LINES)
    lines = [_line(entry, currency, tax_included, prices or {}) for entry in entries]
    goods = sum(line.amount_minor for line in lines)
    tax = sum(money_or_zero(entry, "total_tax", currency) for entry in entries)
    adjustments = items(record.get("order_adjustments"), "order_adjustments", at_most=MAX_LINES)
    more = -sum(_adjusted(entry, currency) for entry in adjustments if entry.get("kind") != "shipping_refund")
    if more < 0 and goods + tax > 0:
        given = max(0, goods + tax + more)
        lines = _scaled(lines, given, goods + tax)
        goods, tax = sum(line.amount_minor for line in lines), tax * given // (goods + tax)
    shipping, shipping_tax = _shipping(record, adjustments, currency)
    return Refund(
        id=refund_id,
        at=instant(record.get("processed_at") or record.get("created_at"), "A refund's created_at"),
        amount_minor=goods + max(0, more),
        lines=tuple(lines),
        shipping_minor=shipping,
        tax_minor=max(0, tax) + shipping_tax,
        money_moved=_money_moved(record, currency),
    )


def _line(entry: Record, currency: str, tax_included: bool, prices: Mapping[str, LinePrice]) -> RefundLine:
    line_id = identifier(entry.get("line_item_id"), "A refunded line's id")
    quantity = whole(entry.get("quantity"), "A refunded quantity", at_most=MAX_QUANTITY)
    amount = max(0, money_or_zero(entry, "subtotal", currency))
    tax = max(0, money_or_zero(entry, "total_tax", currency))
    if tax_included and tax and _holds_tax(amount, tax, quantity, prices.get(line_id)):
        amount = max(0, amount - tax)
    return RefundLine(line_id=line_id, quantity=quantity, amount_minor=amount)


def _holds_tax(amount: int, tax: int, quantity: int, price: LinePrice | None) -> bool:
    """Whether the subtotal is nearer to the price with its tax than to the price without."""
    if price is None or price.quantity == 0:
        return True
    paid_minor = price.paid_minor * quantity // price.quantity
    return abs(paid_minor - amount) <= abs(paid_minor - tax - amount)


def _adjusted(entry: Record, currency: str) -> int:
    return money_or_zero(entry, "amount", currency) + money_or_zero(entry, "tax_amount", currency)


def _scaled(lines: Sequence[RefundLine], given: int, worth: int) -> list[RefundLine]:
    """The lines' amounts reduced to what was really given for them; never more in sum than that share."""
    return [
        RefundLine(line_id=line.line_id, quantity=line.quantity, amount_minor=line.amount_minor * given // worth)
        for line in lines
    ]


def _shipping(record: Record, adjustments: Sequence[Record], currency: str) -> tuple[int, int]:
    """Shipping given back and its tax; told by an adjustment, by a line of its own, or by both at once."""
    told = [entry for entry in adjustments if entry.get("kind") == "shipping_refund"]
    if told:
        amount = -sum(money_or_zero(entry, "amount", currency) for entry in told)
        tax = -sum(money_or_zero(entry, "tax_amount", currency) for entry in told)
        return max(0, amount), max(0, tax)
    lines = items(record.get("refund_shipping_lines"), "refund_shipping_lines", at_most=100)
    return max(0, sum(money_or_zero(line, "subtotal_amount", currency) for line in lines)), 0


def _money_moved(record: Record, currency: str) -> bool:
    """A refund is also made for a mere restock. A transaction that failed moved nothing; one that is pending will."""
    transactions = items(record.get("transactions"), "transactions", at_most=MAX_LINES)
    return any(
        entry.get("kind") == "refund"
        and entry.get("status") in ("success", "pending")
        and money_or_zero(entry, "amount", currency) > 0
        for entry in transactions
    )
