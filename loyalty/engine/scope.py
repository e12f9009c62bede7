"""Scope: to which lines, orders and moments a rule or a campaign applies. Empty means everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.audience import place_of
from loyalty.engine.basis import Basis
from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Line, Order

Names = tuple[str, ...]

MAX_NAMES = 1000


class Context(msgspec.Struct, gc=False):
    """What is known about the member and the order at the instant it is judged."""

    order: Order
    at: datetime
    """When the order was placed."""
    zone: ZoneInfo
    ordinal: int
    """1 for the member's first order that reached its awarding moment."""
    tier: str
    segments: Collection[str]
    plans: Collection[str]


Condition = tuple[Names, Callable[[Context], Collection[str]], str]
"""Names of which any one is enough, where to look for them, and the message id if none is there."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, dict=True):
    """All that is named must hold; within one list any one is enough. `starts_at` <= placed < `ends_at`;
    `first_day` and `last_day` are whole days of the program's time zone, both included; weekdays count from Monday,
    1, to Sunday, 7. `minimum_spend_minor` is asked of what the rule counts, `minimum_order_minor` of the order."""

    products: Names = ()
    collections: Names = ()
    tags: Names = ()
    vendors: Names = ()
    without_products: Names = ()
    without_collections: Names = ()
    without_tags: Names = ()
    without_vendors: Names = ()
    without_on_sale: bool = False
    without_extras: bool = False
    """Shipping, tax and fees do not count for this rule, even where the program counts them."""
    channels: Names = ()
    payment_methods: Names = ()
    currencies: Names = ()
    codes: Names = ()
    segments: Names = ()
    tiers: Names = ()
    plans: Names = ()
    minimum_spend_minor: int = 0
    minimum_order_minor: int = 0
    minimum_items: int = 0
    first_order: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    weekdays: tuple[int, ...] = ()
    draw_percent: int = 0
    """So many of 100 orders, drawn by a stable hash of the order: the same ones whenever it is asked; 0 asks nothing."""
    draw_salt: str = ""
    """Draws others: two rules with one salt and one percentage draw the same orders."""

    # What follows is worked out once per document and asked for every order.

    @cached_property
    def picks_lines(self) -> bool:
        """Does it name some goods only?"""
        return bool(self.products or self.collections or self.tags or self.vendors)

    @cached_property
    def everything(self) -> bool:
        return self == EVERYTHING

    @cached_property
    def every_line(self) -> bool:
        """Does no line's own kind matter to it?"""
        leaves_out = (self.without_products, self.without_collections, self.without_tags, self.without_vendors)
        return not (self.picks_lines or any(leaves_out) or self.without_on_sale or self.without_extras)

    @cached_property
    def always(self) -> bool:
        """Do neither dates nor weekdays matter to it?"""
        dates = (self.starts_at, self.ends_at, self.first_day, self.last_day)
        return not self.weekdays and all(date is None for date in dates)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        wanted: tuple[Condition, ...] = (
            (self.channels, lambda context: (context.order.channel,), "scope.channel"),
            (self.payment_methods, lambda context: context.order.payment_methods, "scope.payment"),
            (self.currencies, lambda context: (context.order.currency,), "scope.currency"),
            (self.tiers, lambda context: (context.tier,), "scope.tier"),
            (self.segments, lambda context: context.segments, "scope.segment"),
            (self.plans, lambda context: context.plans, "scope.plan"),
        )
        return tuple(condition for condition in wanted if condition[0])

    def takes(self, line: Line) -> bool:
        """Does this line of goods belong to it?"""
        return (
            (not self.products or line.product_id in self.products or line.variant_id in self.products)
            and (not self.collections or not set(self.collections).isdisjoint(line.collection_ids))
            and (not self.tags or not set(self.tags).isdisjoint(line.tags))
            and (not self.vendors or line.vendor in self.vendors)
            and line.product_id not in self.without_products
            and (not self.without_collections or set(self.without_collections).isdisjoint(line.collection_ids))
            and (not self.without_tags or set(self.without_tags).isdisjoint(line.tags))
            and line.vendor not in self.without_vendors
            and not (self.without_on_sale and line.on_sale)
        )

    def lines_of(self, basis: Basis) -> Sequence[int]:
        """Positions in the basis that belong to it."""
        if self.every_line:
            return range(len(basis.lines))
        picks = self.picks_lines
        return [
            index
            for index, line in enumerate(basis.lines)
            if (not picks and not self.without_extras if basis.extra(index) else self.takes(line))
        ]

    def open_at(self, at: datetime, zone: ZoneInfo) -> bool:
        """Is this instant inside its dates and weekdays?"""
        if (self.starts_at is not None and at < self.starts_at) or (self.ends_at is not None and at >= self.ends_at):
            return False
        if not (self.weekdays or self.first_day or self.last_day):
            return True
        day = at.astimezone(zone).date()
        return (
            (self.first_day is None or day >= self.first_day)
            and (self.last_day is None or day <= self.last_day)
            and (not self.weekdays or day.isoweekday() in self.weekdays)
        )

    def missing(self, context: Context) -> str:
        """The message id of the first condition on order and member that does not hold, or nothing."""
        if self.everything:
            return ""
        order = context.order
        if not self.always and not self.open_at(context.at, context.zone):
            return "scope.dates"
        if self.first_order and context.ordinal != 1:
            return "scope.first_order"
        for wanted, there, message in self.conditions:
            found = there(context)
            if not any(each in found for each in wanted):
                return message
        if self.draw_percent and place_of(self.draw_salt, order.id) >= self.draw_percent:
            return "scope.draw"
        if self.codes:
            used = {code.casefold() for code in order.discount_codes}
            if used.isdisjoint(code.casefold() for code in self.codes):
                return "scope.code"
        return ""

    def too_little(self, basis: Basis, lines: Sequence[int]) -> str:
        """The message id of the minimum that is not reached, or nothing. Compared exactly."""
        if self.minimum_order_minor and basis.total < self.minimum_order_minor * basis.denominator:
            return "scope.minimum_order"
        if self.minimum_spend_minor:
            counted = sum(basis.amounts[index] for index in lines)
            if counted < self.minimum_spend_minor * basis.denominator:
                return "scope.minimum_spend"
        if (
            self.minimum_items
            and sum(basis.lines[i].quantity for i in lines if not basis.extra(i)) < self.minimum_items
        ):
            return "scope.minimum_items"
        return ""

    def check(self, place: str) -> None:
        """Raises Invalid for dates out of order, weekdays that do not exist and negative minimums."""
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            raise Invalid("The end must come after the start.", place=f"{place}.ends_at")
        for name in ("starts_at", "ends_at"):
            at = getattr(self, name)
            if at is not None and at.tzinfo is None:
                raise Invalid("A time needs its zone, such as 2026-11-21T10:00:00Z.", place=f"{place}.{name}")
        if self.first_day is not None and self.last_day is not None and self.first_day > self.last_day:
            raise Invalid("The last day must not lie before the first.", place=f"{place}.last_day")
        if any(not 1 <= weekday <= 7 for weekday in self.weekdays):
            raise Invalid("Weekdays are numbers from 1, Monday, to 7, Sunday.", place=f"{place}.weekdays")
        if any(len(getattr(self, name)) > MAX_NAMES for name in LISTS):
            raise Invalid(
                "Name at most {most:,} of a kind; use a tag or a collection instead.",
                place=place,
                params={"most": MAX_NAMES},
            )
        if not 0 <= self.draw_percent <= 100:
            raise Invalid("A percentage lies between 0 and 100.", place=f"{place}.draw_percent")
        for name in ("minimum_spend_minor", "minimum_order_minor", "minimum_items"):
            if not 0 <= getattr(self, name) <= 10**12:
                raise Invalid("A minimum is zero or more.", place=f"{place}.{name}")


EVERYTHING = Scope()

LISTS = tuple(name for name in Scope.__struct_fields__ if getattr(EVERYTHING, name) == ())
"""Its fields that name things."""
