"""How much of an order has been given back: by line where a refund names lines, in proportion where it does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from loyalty.engine.basis import EXTRAS, discounted, line_gross_minor
from loyalty.engine.errors import Refused
from loyalty.engine.facts import Order, Refund

ZERO, ONE = Fraction(0), Fraction(1)

CLOCKS_APART = timedelta(days=1)
"""A platform's clock may be that much behind ours: a refund that seems older than the redemption of its order by less
is taken for a later one."""


def increments(totals: Iterable[int]) -> list[int]:
    """Refund by refund, where a platform tells only the sum refunded so far; a sum that does not grow adds nothing."""
    found: list[int] = []
    for total in totals:
        found.append(max(0, total - sum(found)))
    return found


def check_refunds(order: Order) -> None:
    """Raises Refused (code refund_exceeds_order) if more was refunded than the order's goods cost. `fold` takes such
    an order for fully refunded; whoever makes a refund asks first."""
    refunded = Refunded(order)
    for refund in order.refunds:
        refunded.add(refund)
    if refunded.exceeded:
        raise Refused("More is refunded than the order came to; lower the amount.", code="refund_exceeds_order")


class Refunded:
    """Grows with every refund; what it says depends only on the sums so far, not on how many refunds made them."""

    def __init__(self, order: Order) -> None:
        left, self._scale = discounted(order)
        self._net = {
            line.id: line_gross_minor(line) * (self._scale if line.gift_card else left)
            - (line.tax_minor * self._scale if order.tax_included else 0)
            for line in order.lines
        }
        """What each line cost, times `_scale`: the order's discount divides it."""
        self._quantity = {line.id: line.quantity for line in order.lines}
        self._net_in_all = sum(self._net.values())
        self._extras = dict(zip(EXTRAS, (order.shipping_minor, order.tax_minor, order.fee_minor), strict=True))
        self._extras_back = dict.fromkeys(EXTRAS, 0)
        self._amounts: dict[str, int] = {}
        self._returned: dict[str, int] = {}
        self._loose_minor = 0
        self.amount_minor = 0
        self.whole = False
        """Cancelled, or all its goods refunded."""

    def add(self, refund: Refund) -> None:
        named = 0
        for line in refund.lines:
            amount_minor = line.amount_minor if line.line_id in self._net else 0
            named += amount_minor
            self._amounts[line.line_id] = self._amounts.get(line.line_id, 0) + amount_minor
            self._returned[line.line_id] = self._returned.get(line.line_id, 0) + line.quantity
        for name, amount_minor in zip(EXTRAS, (refund.shipping_minor, refund.tax_minor, refund.fee_minor), strict=True):
            self._extras_back[name] += amount_minor
        loose = max(refund.amount_minor, sum(line.amount_minor for line in refund.lines)) - named
        self._loose_minor += loose
        self.amount_minor += named + loose
        self.whole = self.whole or self._all_back()

    def _all_back(self) -> bool:
        """All the money, or, of an order that cost nothing, any money at all or every unit."""
        if self._net_in_all > 0 or self.amount_minor > 0:
            return self.amount_minor * self._scale >= self._net_in_all
        returned = (self._returned.get(key, 0) >= quantity for key, quantity in self._quantity.items())
        return bool(self._quantity) and all(returned)

    @property
    def exceeded(self) -> bool:
        return self.amount_minor * self._scale > self._net_in_all

    def cancel(self) -> None:
        self.whole = True

    def of_line(self, line_id: str) -> Fraction:
        """The refunded part of one line (or of shipping, tax, fees), 0 to 1. A platform rounds a line's share of a
        discount to whole minor units, so an amount that reaches the rounded-down price is the whole line."""
        if self.whole:
            return ONE
        net = self._net.get(line_id)
        if net is None:
            charged = self._extras.get(line_id, 0)
            return _part(self._extras_back.get(line_id, 0), charged) if charged > 0 else ZERO
        if net <= 0:
            return _part(self._returned.get(line_id, 0), max(1, self._quantity[line_id]))
        amount = self._amounts.get(line_id, 0)
        if amount >= net // self._scale > 0:
            return ONE
        if not self._loose_minor or self._net_in_all <= 0:
            return _part(amount * self._scale, net)
        loose = self._loose_minor * net
        return _part((amount * self._net_in_all + loose) * self._scale, net * self._net_in_all)

    def of_order(self) -> Fraction:
        """The refunded part of the order's goods, 0 to 1."""
        if self.whole:
            return ONE
        if self._net_in_all > 0:
            return _part(self.amount_minor * self._scale, self._net_in_all)
        return _part(sum(self._returned.values()), max(1, sum(self._quantity.values())))


def _part(some: int, whole: int) -> Fraction:
    """0 to 1; `some` is not negative."""
    if some >= whole:
        return ONE
    return Fraction(some, whole) if some else ZERO
