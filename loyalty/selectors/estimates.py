"""What goods in a shop's window would earn, said before anybody buys them. The engine judges them as an order that was
placed and paid just now; what a page can't know of them is taken as it would earn least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from loyalty.engine.facts import Line, Order, decode, validate
from loyalty.engine.program import Program, Version
from loyalty.engine.supposing import collections_named, points_for_anybody, points_of
from loyalty.models import Member, ProductCollections, Shop, StoredFact
from loyalty.selectors.checkpoints import instant_of, starts_of
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import in_force_at

SUPPOSED = "supposed"
NEWEST_ORDERS = 20
MOST_COLLECTIONS = 10
"""Named by a program: of goods whose own nobody told, each of them is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who looks. `customer_id` without a member: a customer of whom we have heard nothing; neither: anybody."""

    member: Member | None = None
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    points: int
    least: bool
    """Some of what decides is not known yet: it can only become more."""


def estimate_of(
    *,
    shop: Shop,
    buyer: Buyer,
    versions: Sequence[Version],
    lines: Sequence[tuple[Line, bool]],
    discount_minor: int,
    at: datetime,
) -> Estimate | None:
    """What these lines, each with whether its collections are told, would earn as one order; None where that can't be
    said. Raises Invalid for absurd amounts. At most six queries."""
    live = in_force_at(versions, at)
    if live is None or live.program.currency != shop.currency:
        return None
    program = live.program
    whole = _order(shop, buyer, [line for line, _ in lines], discount_minor, at)
    validate(whole)
    share = Fraction(0) if program.policies.count_tax else _tax_share(shop)
    taxed = [(_taxed(line, share), told) for line, told in lines]
    guesses = _guesses(shop, program, taxed)
    if guesses is None:
        return None
    orders = [msgspec.structs.replace(whole, lines=guess, tax_included=share > 0) for guess in guesses]
    if buyer.member is None and not buyer.customer_id:
        points = min(points_for_anybody(versions, order) for order in orders)
    else:
        points = min(_of_member(shop, buyer.member, versions, orders, at))
    return Estimate(points, least=share > 0 or len(guesses) > 1)


def _of_member(
    shop: Shop, member: Member | None, versions: Sequence[Version], orders: Sequence[Order], at: datetime
) -> list[int]:
    if member is None:
        return [points_of(versions, [], order, at) for order in orders]
    as_of = instant_of(member, at)
    start = starts_of(shop_id=shop.pk, members=[member], versions=versions, at=at).get(member.pk)
    after = {member.pk: start.mark} if start else {}
    facts = facts_of(shop=shop, member_ids=[member.pk], after=after).get(member.pk, [])
    return [points_of(versions, facts, order, as_of, bytes(start.state) if start else None) for order in orders]


def _order(shop: Shop, buyer: Buyer, lines: Sequence[Line], discount_minor: int, at: datetime) -> Order:
    customer_id = (buyer.member.external_id or "") if buyer.member else buyer.customer_id
    when = instant_of(buyer.member, at) if buyer.member else at
    return Order(
        id=SUPPOSED,
        placed_at=when,
        paid_at=when,
        fulfilled_at=when,
        updated_at=when,
        currency=shop.currency,
        exponent=shop.exponent,
        lines=tuple(lines),
        customer_id=customer_id,
        order_discount_minor=discount_minor,
    )


def _tax_share(shop: Shop) -> Fraction:
    """The largest part of a price that was tax in this shop lately; none where its prices don't include tax."""
    rows = StoredFact.objects.filter(shop=shop, kind="order").order_by("-at", "-pk")
    shares = [Fraction(0)]
    for body in rows.values_list("body", flat=True)[:NEWEST_ORDERS]:
        order = decode(body) if body else None
        if isinstance(order, Order) and order.tax_included:
            paid = (
                (line.tax_minor, line.quantity * line.unit_price_minor - line.discount_minor) for line in order.lines
            )
            shares += [Fraction(tax, price) for tax, price in paid if 0 < tax < price]
    return max(shares)


def _taxed(line: Line, share: Fraction) -> Line:
    tax = (line.quantity * line.unit_price_minor - line.discount_minor) * share
    return msgspec.structs.replace(line, tax_minor=-(-tax.numerator // tax.denominator)) if tax > 0 else line


def _guesses(shop: Shop, program: Program, lines: Sequence[tuple[Line, bool]]) -> list[tuple[Line, ...]] | None:
    """The lines in their collections: as the store's catalogue told us, as the page says, or else in each way that makes
    a difference. None where there are too many."""
    named = sorted(collections_named(program))
    if not named:
        return [tuple(line for line, _ in lines)]
    known = _known(shop, [line.product_id for line, _ in lines if line.product_id])
    if all(told or line.product_id in known for line, told in lines):
        ways: list[tuple[str, ...]] = [()]
    elif len(named) > MOST_COLLECTIONS:
        return None
    else:
        ways = [(), *((name,) for name in named), tuple(named)]
    return [
        tuple(
            msgspec.structs.replace(
                line, collection_ids=known.get(line.product_id, line.collection_ids if told else way)
            )
            for line, told in lines
        )
        for way in ways
    ]


def _known(shop: Shop, product_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    rows = ProductCollections.objects.filter(shop=shop, product_id__in=sorted(set(product_ids)))
    return {row.product_id: tuple(row.collection_ids) for row in rows}
