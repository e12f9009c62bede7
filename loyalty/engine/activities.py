"""Ways to earn without an order: something a shopper did, a birthday, a plan that was bought."""

from __future__ import annotations

import msgspec

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import ACTIVITIES
from loyalty.engine.rule import RuleShape, check_points


class ActivityRule(RuleShape, frozen=True, kw_only=True, tag="activity"):
    """`points` for each activity of this kind; with `code`, only for this one (a custom code, an event)."""

    activity: str
    points: int
    code: str = ""

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)
        if self.activity not in ACTIVITIES:
            raise Invalid(f"Choose one of: {', '.join(ACTIVITIES)}.", place=f"{place}.activity")


class BirthdayRule(RuleShape, frozen=True, kw_only=True, tag="birthday"):
    """`points` at the start of a birthday that was known `known_days` before, once in a calendar year; and gifts."""

    points: int = 0
    known_days: int = 30
    rewards: tuple[str, ...] = ()

    def check(self, place: str) -> None:
        super().check(place)
        if not 0 <= self.points <= 10**9 or not (self.points or self.rewards):
            raise Invalid("A birthday brings points, gifts or both.", place=f"{place}.points")
        if not 0 <= self.known_days <= 366:
            raise Invalid("Choose between 0 and 366 days.", place=f"{place}.known_days")


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A paid membership: `entry_points` when it is bought, and a fee of `fee_points` every `fee_seconds` while it
    lasts, where it is paid with points. Rules can be scoped to it."""

    id: str
    name: str
    entry_points: int = 0
    fee_points: int = 0
    fee_seconds: int = 0

    def check(self, place: str) -> None:
        if min(self.entry_points, self.fee_points, self.fee_seconds) < 0:
            raise Invalid("Points and seconds are zero or more.", place=place)
        if self.fee_points and not 3600 <= self.fee_seconds <= 10**9:
            raise Invalid("A fee is charged once an hour (3,600 seconds) or more rarely.", place=f"{place}.fee_seconds")


def fee_due(plan: Plan, available: int, seconds_since_last: int) -> int:
    """Points to charge now: nothing before the period is over, and never more than is there."""
    if not plan.fee_points or seconds_since_last < plan.fee_seconds:
        return 0
    return plan.fee_points if available >= plan.fee_points else 0
