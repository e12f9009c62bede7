"""What counts: the part of an order that points are computed from, exactly.

Amounts are integers over one common denominator, because an order's discount falls on its lines in proportion and
thirds of a cent must not be lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from loyalty.engine.errors import Invalid
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Line, Order
from loyalty.engine.policies import Policies

EXTRAS = ("+shipping", "+tax", "+fees")
"""Ids of the lines that stand for them; no platform's line has such an id."""

Params = dict[str, str | int]


class Exclusions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What never earns: some goods, some customers (segments such as staff or resellers)."""

    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    on_sale: bool = False
    gift_cards: bool = True
    segments: tuple[str, ...] = ()
    test_orders: bool = True

    def why(self, line: Line) -> str:
        """The message id for a line that is left out, or nothing."""
        if line.gift_card and self.gift_cards:
            return "left_out.gift_card"
        if self.products and (line.product_id in self.products or line.variant_id in self.products):
            return "left_out.product"
        if self.collections and not set(self.collections).isdisjoint(line.collection_ids):
            return "left_out.collection"
        if self.tags and not set(self.tags).isdisjoint(line.tags):
            return "left_out.tag"
        return "left_out.on_sale" if self.on_sale and line.on_sale else ""

    def excludes_member(self, segments: Collection[str]) -> bool:
        return any(segment in segments for segment in self.segments)

    def check(self, place: str) -> None:
        if len(self.products) > 10_000:
            raise Invalid(
                "Name at most 10,000 products; leave out a tag or a collection instead.", place=f"{place}.products"
            )


class Basis(msgspec.Struct):
    """`amounts[i] / denominator` minor units of the program's currency count for `lines[i]`. The last `extras` lines
    stand for shipping, tax and fees. `undiscounted` is set where an order's discount does not fall on its lines:
    what rules for some goods count instead of `amounts`. `paid` is the part that was paid in a way that counts, as a
    quotient; `left_out` are lines that never count, with the message id of why. All this is put into words only when
    somebody asks (`reasons`)."""

    order: Order
    policies: Policies
    lines: list[Line]
    amounts: list[int]
    undiscounted: list[int] | None
    extras: int
    denominator: int
    paid: tuple[int, int]
    currency: str
    exponent: int
    left_out: list[tuple[Line, str]]
    refunded_minor: int | None = None
    """What had been refunded before the order was judged, if anything."""

    @property
    def total(self) -> int:
        return sum(self.amounts)

    def extra(self, index: int) -> bool:
        return index >= len(self.lines) - self.extras

    def counted(self, lines: Sequence[int], *, all_goods: bool) -> list[int]:
        """What a rule counts on these lines; one for all goods counts them with the order's discount."""
        amounts = self.amounts if all_goods or self.undiscounted is None else self.undiscounted
        return [amounts[index] for index in lines]

    def reasons(self, excluded: Mapping[int, str]) -> tuple[Reason, ...]:
        """What counted and what did not; `excluded` are lines that a rule took out, with its id."""
        shown: list[Reason] = []
        left_out = [Reason(message=why, params=self._line(line)) for line, why in self.left_out]
        ruled_out: list[Reason] = []

        def place(index: int, message: str, params: Params) -> None:
            if index in excluded:
                ruled = message.replace("order.", "left_out.rule.").removesuffix(".line")
                ruled_out.append(Reason(message=ruled, params={**params, "rule": excluded[index]}))
            else:
                shown.append(Reason(message=message, params=params))

        goods = len(self.lines) - self.extras
        for index, line in enumerate(self.lines[:goods]):
            place(index, "order.line", self._line(line))
        shown += self._deductions()
        for name, amount_minor, counts in _extras(self.order, self.policies):
            params: Params = {"line": name, **self._amount(amount_minor)}
            if counts:
                place(goods, f"order.{name[1:]}", params)
                goods += 1
            else:
                left_out.append(Reason(message=f"left_out.{name[1:]}", params=params))
        if self.refunded_minor is not None:
            left_out.append(Reason(message="left_out.refunded", params=self._amount(self.refunded_minor)))
        left_out += reversed(ruled_out)
        counted = self._amount(self.total // self.denominator)
        reason = Reason(message="order.counts", params=counted, lines=tuple(shown))
        return (reason, Reason(message="order.left_out", lines=tuple(left_out))) if left_out else (reason,)

    def _line(self, line: Line) -> Params:
        return {
            "line": line.id,
            "title": line.title or line.product_id or line.id,
            "quantity": line.quantity,
            **self._amount(_gross_minor(line, self.policies)),
        }

    def _deductions(self) -> Iterator[Reason]:
        order = self.order
        money: Params = {"currency": self.currency, "exponent": self.exponent}
        if order.order_discount_minor and self.policies.basis == "after_discounts":
            codes: Params = {"codes": ", ".join(order.discount_codes), **self._amount(order.order_discount_minor)}
            yield Reason(message="order.discount", params=codes)
        paid, total = self.paid
        if paid != total:
            yield Reason(message="order.paid_otherwise", params={"paid_minor": paid, "total_minor": total, **money})

    def _amount(self, amount_minor: int) -> Params:
        return {"amount_minor": amount_minor, "currency": self.currency, "exponent": self.exponent}


def line_gross_minor(line: Line) -> int:
    """After the line's own discount, before the order's; never below zero."""
    return max(0, line.quantity * line.unit_price_minor - line.discount_minor)


def discounted(order: Order, given_back_minor: int = 0) -> tuple[int, int]:
    """The factor (numerator, denominator) that the order's discount leaves of its goods. It falls on them alone:
    platforms keep discounts off gift cards. `given_back_minor` of the discount count as not given."""
    discount = order.order_discount_minor - given_back_minor
    if discount <= 0:
        return 1, 1
    goods = sum([line_gross_minor(line) for line in order.lines if not line.gift_card])
    return (max(0, goods - discount), goods) if goods else (1, 1)


def basis_of(
    order: Order,
    policies: Policies,
    exclusions: Exclusions,
    currency: str,
    exponent: int,
    paid_with_points_minor: int = 0,
) -> Basis:
    """What counts of this order, in the program's currency. `paid_with_points_minor` is what redemptions took off it,
    which counts only under paid_with_points: full."""
    before = policies.basis == "before_discounts"
    back_minor = paid_with_points_minor if policies.paid_with_points == "full" else 0
    left, goods = (1, 1) if before else discounted(order, back_minor)
    paid, total = _paid(order, policies)
    rate, per = order.rate if order.rate is not None and order.currency != currency else (1, 1)
    scale, denominator = paid * rate, goods * total * per
    lines: list[Line] = []
    amounts: list[int] = []
    undiscounted: list[int] = []
    left_out: list[tuple[Line, str]] = []
    taxed = order.tax_included and not policies.count_tax
    for line in order.lines:
        why = exclusions.why(line) or _paid_otherwise(line, policies)
        if why:
            left_out.append((line, why))
            continue
        gross = _gross_minor(line, policies)
        tax = line.tax_minor if taxed else 0
        lines.append(line)
        amounts.append(max(0, gross * (goods if line.gift_card else left) - tax * goods) * scale)
        undiscounted.append(max(0, gross - tax) * goods * scale)
    extras = 0
    for name, amount_minor, counts in _extras(order, policies):
        if counts:
            lines.append(Line(id=name, quantity=1, unit_price_minor=amount_minor))
            amounts.append(amount_minor * goods * scale)
            extras += 1
    whole = None
    if policies.order_discount == "not_allocated" and left != goods:
        whole = undiscounted + amounts[len(undiscounted) :]
    return Basis(
        order, policies, lines, amounts, whole, extras, denominator, (paid, total), currency, exponent, left_out
    )


def _gross_minor(line: Line, policies: Policies) -> int:
    """What the line cost, as far as the program looks at discounts."""
    return line.quantity * line.unit_price_minor if policies.basis == "before_discounts" else line_gross_minor(line)


def _extras(order: Order, policies: Policies) -> Iterator[tuple[str, int, bool]]:
    """Shipping, tax and fees, each a line of its own where it counts."""
    if order.shipping_minor:
        yield "+shipping", order.shipping_minor, policies.count_shipping
    if order.tax_minor and not (order.tax_included and policies.count_tax):
        yield "+tax", order.tax_minor, policies.count_tax
    if order.fee_minor:
        yield "+fees", order.fee_minor, policies.count_fees


def _paid(order: Order, policies: Policies) -> tuple[int, int]:
    """The part of the order that was paid in a way that counts, as a quotient."""
    otherwise = 0 if policies.count_gift_card_part else order.gift_card_minor
    otherwise += 0 if policies.count_store_credit_part else order.store_credit_minor
    if not otherwise:
        return 1, 1
    total = order.total_minor or _total_minor(order)
    return (max(0, total - otherwise), total) if total > 0 else (1, 1)


def _total_minor(order: Order) -> int:
    goods = sum(line_gross_minor(line) for line in order.lines) - order.order_discount_minor
    return max(0, goods) + order.shipping_minor + order.fee_minor + (0 if order.tax_included else order.tax_minor)


def _paid_otherwise(line: Line, policies: Policies) -> str:
    if line.paid_by == "gift_card" and not policies.count_gift_card_part:
        return "left_out.paid_by_gift_card"
    if line.paid_by == "store_credit" and not policies.count_store_credit_part:
        return "left_out.paid_by_store_credit"
    return ""
