"""Ways to earn without an order: something a shopper did, a birthday, a plan that was bought."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.calendar import add_months
from loyalty.engine.errors import Invalid
from loyalty.engine.facts import ACTIVITIES
from loyalty.engine.rule import RuleShape, check_gives

MAX_CODE = 64


class ActivityRule(RuleShape, frozen=True, kw_only=True, tag="activity"):
    """`points` and gifts for each activity of this kind; with `code`, only for this one (a custom code, an event). The
    gifts of a sign-up come once in a lifetime."""

    activity: str
    points: int = 0
    code: str = ""
    rewards: tuple[str, ...] = ()

    def check(self, place: str) -> None:
        super().check(place)
        check_gives(self.points, self.rewards, place)
        if self.activity not in ACTIVITIES:
            raise Invalid("Choose one of: {known}.", place=f"{place}.activity", params={"known": ", ".join(ACTIVITIES)})
        if len(self.code) > MAX_CODE:
            raise Invalid("A code has at most {most} characters.", place=f"{place}.code", params={"most": MAX_CODE})


class BirthdayRule(RuleShape, frozen=True, kw_only=True, tag="birthday"):
    """`points` at the start of a birthday that was known `known_days` before, once in a calendar year; and gifts."""

    points: int = 0
    known_days: int = 30
    rewards: tuple[str, ...] = ()

    def check(self, place: str) -> None:
        super().check(place)
        check_gives(self.points, self.rewards, place)
        if not 0 <= self.known_days <= 366:
            raise Invalid("Choose between 0 and 366 days.", place=f"{place}.known_days")


class WinBackRule(RuleShape, frozen=True, kw_only=True, tag="win_back"):
    """`points` and gifts once a member's last order is `days` of 24 hours old: once for each absence, and for those
    that come to their end under this rule. Who was away for longer when it came into force is left alone."""

    days: int
    points: int = 0
    rewards: tuple[str, ...] = ()

    def check(self, place: str) -> None:
        super().check(place)
        check_gives(self.points, self.rewards, place)
        if not 1 <= self.days <= 3660:
            raise Invalid("Choose between 1 and 3,660 days.", place=f"{place}.days")


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A paid membership: `entry_points` when it is bought, and a fee of `fee_points` every `fee_seconds` while it
    lasts, where it is paid with points. Rules and rewards can be scoped to it. An order line of one of `products`
    (product or variant ids) is a purchase of it. A purchase lasts `months`, 0 for ever; a further one while it lasts
    is added at its end."""

    id: str
    name: str
    products: tuple[str, ...] = ()
    months: int = 0
    entry_points: int = 0
    fee_points: int = 0
    fee_seconds: int = 0

    def check(self, place: str) -> None:
        if min(self.entry_points, self.fee_points, self.fee_seconds) < 0:
            raise Invalid("Points and seconds are zero or more.", place=place)
        if self.fee_points and not 3600 <= self.fee_seconds <= 10**9:
            raise Invalid("A fee is charged once an hour (3,600 seconds) or more rarely.", place=f"{place}.fee_seconds")
        if not 0 <= self.months <= 120:
            raise Invalid("A purchase lasts up to 120 months, or for ever with 0.", place=f"{place}.months")
        if len(self.products) > 100:
            raise Invalid("A plan is sold as at most 100 products.", place=f"{place}.products")


class HeldPlan:
    """A plan that a member has: since when, the purchases that stand with their months, until when they last together
    (None for ever), and the last fee."""

    __slots__ = ("began_at", "charged_at", "ends_at", "purchases")

    def __init__(self, began_at: datetime) -> None:
        self.began_at = began_at
        self.purchases: dict[str, tuple[datetime, int]] = {}
        self.ends_at: datetime | None = None
        self.charged_at: datetime | None = None

    def end(self, zone: ZoneInfo) -> datetime | None:
        """One purchase after the other, each to the same time of day."""
        end: datetime | None = None
        for bought_at, months in sorted(self.purchases.values()):
            if not months:
                return None
            end = add_months(bought_at if end is None else max(bought_at, end), months, zone)
        return end


def fee_due(plan: Plan, available: int, seconds_since_last: int) -> int:
    """Points to charge now: nothing before the period is over, and never more than is there."""
    if not plan.fee_points or seconds_since_last < plan.fee_seconds:
        return 0
    return plan.fee_points if available >= plan.fee_points else 0
