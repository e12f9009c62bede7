"""Where loyalty systems disagree, a merchant chooses. The first value of each is the default."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.calendar import add_months, midnight
from loyalty.engine.errors import Invalid
from loyalty.engine.expiry import after
from loyalty.engine.money import Rounding

DESCRIPTIONS = {
    "moment": "Points are given when an order is paid, fulfilled or placed.",
    "hold_days": "Points stay pending for so many days of 24 hours after that moment.",
    "basis": "Points are computed from prices after, or before, discounts.",
    "count_tax": "Tax counts for points.",
    "count_shipping": "Shipping counts for points.",
    "count_fees": "Fees count for points.",
    "count_gift_card_part": "What was paid by gift card counts.",
    "count_store_credit_part": "What was paid with store credit counts.",
    "order_discount": "A discount of the whole order lowers every line in proportion, or leaves rules for some goods alone.",
    "rounding": "Fractions of a point are rounded down, to the nearest or up.",
    "rounding_per": "They are rounded once per order, or for each line.",
    "stacking": "Rules add up, only the highest counts, or exclusive rules shut out those of lower priority.",
    "multipliers": "Several multipliers add what each gives on its own, or multiply each other.",
    "spent_points": "When an order is refunded, points spent on it return in proportion, only with the whole order, or never.",
    "expired_codes": "The points of a code that was not used in time return, or stay spent.",
    "paid_with_points": "An order paid in part with points earns on the rest, earns nothing, or earns in full.",
    "negative": "What is taken back may leave a debt, or takes only what is there.",
    "expiry": "Points never expire, expire lot by lot, or all at once when a member was inactive.",
    "expiry_days": "The period after which they expire, in days of 24 hours.",
    "expiry_months": "The period after which they expire, in months of the program's calendar.",
    "tier_measure": "Tiers count what was spent, points earned or orders.",
    "tier_period": "They count a number of days back, the calendar year, or everything.",
    "tier_period_days": "How many days back they count.",
    "tier_kept": "A tier is kept while the measure is reached, for a year, or this calendar year and the next.",
    "tier_grace_days": "A member keeps a tier for so many days after falling below it.",
    "tier_current_order": "An order that lifts a member to a tier earns by the old tier, or by the new one.",
    "guest_orders": "Orders of guests wait for an account with the same e-mail, or earn nothing.",
    "enrolment": "Members join with their first order, or when they ask to.",
}


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field per question; `DESCRIPTIONS` has a sentence for each."""

    moment: Literal["paid", "fulfilled", "placed"] = "paid"
    hold_days: int = 0
    basis: Literal["after_discounts", "before_discounts"] = "after_discounts"
    count_tax: bool = False
    count_shipping: bool = False
    count_fees: bool = False
    count_gift_card_part: bool = True
    count_store_credit_part: bool = True
    order_discount: Literal["allocated", "not_allocated"] = "allocated"
    rounding: Rounding = "floor"
    rounding_per: Literal["order", "line"] = "order"
    stacking: Literal["sum", "highest", "priority"] = "sum"
    multipliers: Literal["add", "compound"] = "add"
    spent_points: Literal["pro_rata", "full_refund_only", "none"] = "pro_rata"
    expired_codes: Literal["return", "stay_spent"] = "return"
    paid_with_points: Literal["rest", "nothing", "full"] = "rest"
    negative: Literal["allowed", "clamped"] = "allowed"
    expiry: Literal["never", "lot", "inactivity"] = "never"
    expiry_days: int = 0
    expiry_months: int = 0
    tier_measure: Literal["spend", "points", "orders"] = "spend"
    tier_period: Literal["rolling", "calendar_year", "calendar_month", "lifetime"] = "rolling"
    tier_period_days: int = 365
    tier_kept: Literal["while_qualified", "a_year", "this_year_and_next"] = "while_qualified"
    tier_grace_days: int = 0
    tier_current_order: Literal["no", "yes"] = "no"
    guest_orders: Literal["wait", "nothing"] = "wait"
    enrolment: Literal["automatic", "on_request"] = "automatic"

    def lot_expires_at(self, opened_at: datetime, zone: ZoneInfo) -> datetime | None:
        """The date a lot gets when it opens."""
        if self.expiry != "lot":
            return None
        return after(opened_at, self.expiry_days, self.expiry_months, zone)

    def check(self, place: str) -> None:
        for name in ("hold_days", "tier_grace_days", "expiry_days"):
            if not 0 <= getattr(self, name) <= 3660:
                raise Invalid("Choose between 0 and 3,660 days.", place=f"{place}.{name}")
        if not 1 <= self.tier_period_days <= 3660:
            raise Invalid("Choose between 1 and 3,660 days.", place=f"{place}.tier_period_days")
        if not 0 <= self.expiry_months <= 120:
            raise Invalid("Choose between 0 and 120 months.", place=f"{place}.expiry_months")
        if self.expiry != "never" and bool(self.expiry_days) == bool(self.expiry_months):
            raise Invalid(
                "Say after how many days, or after how many months, points expire.", place=f"{place}.expiry_days"
            )
        if self.expiry == "never" and (self.expiry_days or self.expiry_months):
            raise Invalid(
                "Points never expire here; choose lot or inactivity, or leave the period out.", place=f"{place}.expiry"
            )


DEFAULTS = Policies()


def kept_until_day(kept: str, entered_at: datetime, zone: ZoneInfo) -> date | None:
    """The day a member is told: the anniversary, or the last day of next year; None while there is none."""
    if kept == "while_qualified":
        return None
    if kept == "a_year":
        return add_months(entered_at, 12, zone).astimezone(zone).date()
    return date(entered_at.astimezone(zone).year + 1, 12, 31)


def kept_until(kept: str, entered_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Until when a tier entered (or reached again) at `entered_at` is kept, whatever the measure does: the first
    instant at which it may be lost; None while it is only kept as long as it is qualified for."""
    day = kept_until_day(kept, entered_at, zone)
    if day is None or kept == "a_year":
        return None if day is None else add_months(entered_at, 12, zone)
    return midnight(day + timedelta(days=1), zone)
