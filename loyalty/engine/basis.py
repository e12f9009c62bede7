"""What counts: the part of an order that points are computed from, exactly.

Amounts are kept as integers over one common denominator, because an order's discount falls on its lines in proportion
and thirds of a cent must not be lost.
"""

from __future__ import annotations

import msgspec

from loyalty.engine.explain import Reason
from loyalty.engine.facts import Line, Order


class Basis(msgspec.Struct):
    """`amounts[i] / denominator` minor units of the program's currency count for `lines[i]`."""

    lines: list[Line]
    amounts: list[int]
    denominator: int
    currency: str
    exponent: int
    reasons: tuple[Reason, ...]
    """What counts and what was left out, for the explanation."""

    @property
    def total(self) -> int:
        return sum(self.amounts)


def line_gross_minor(line: Line) -> int:
    """After the line's own discount, before the order's; never below zero."""
    return max(0, line.quantity * line.unit_price_minor - line.discount_minor)


def discounted(order: Order) -> tuple[int, int]:
    """The factor (numerator, denominator) that the order's discount leaves of its goods. It falls on them alone:
    platforms keep discounts off gift cards."""
    goods = sum(line_gross_minor(line) for line in order.lines if not line.gift_card)
    return (max(0, goods - order.order_discount_minor), goods) if goods else (1, 1)


def basis_of(order: Order, currency: str, exponent: int) -> Basis:
    """What counts of this order under the program's settings, in the program's currency."""
    left, goods = discounted(order)
    rate, per = order.rate if order.rate is not None else (1, 1)
    denominator = goods * per
    money: dict[str, str | int] = {"currency": currency, "exponent": exponent}
    lines: list[Line] = []
    amounts: list[int] = []
    shown: list[Reason] = []
    left_out: list[Reason] = []
    for line in order.lines:
        amount = line_gross_minor(line)
        title = line.title or line.product_id or line.id
        if line.gift_card:
            params = {"title": title, "amount_minor": amount, **money}
            left_out.append(Reason(message="left_out.gift_card", params=params))
            continue
        tax = line.tax_minor if order.tax_included else 0
        lines.append(line)
        amounts.append(max(0, amount * left - tax * goods) * rate)
        params = {"title": title, "quantity": line.quantity, "amount_minor": amount, **money}
        shown.append(Reason(message="order.line", params=params))
    if order.order_discount_minor:
        codes = ", ".join(order.discount_codes)
        shown.append(
            Reason(
                message="order.discount", params={"codes": codes, "amount_minor": order.order_discount_minor, **money}
            )
        )
    if order.shipping_minor:
        left_out.append(Reason(message="left_out.shipping", params={"amount_minor": order.shipping_minor, **money}))
    if order.tax_minor:
        left_out.append(Reason(message="left_out.tax", params={"amount_minor": order.tax_minor, **money}))
    total = {"amount_minor": sum(amounts) // denominator, **money}
    reasons: tuple[Reason, ...] = (Reason(message="order.counts", params=total, lines=tuple(shown)),)
    if left_out:
        reasons += (Reason(message="order.left_out", lines=tuple(left_out)),)
    return Basis(lines, amounts, denominator, currency, exponent, reasons)
