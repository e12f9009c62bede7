"""Campaigns: rules for a time. Any number run at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.earning import Cashback, Exclude, Multiplier, PerAmount, PerItem, PerOrder
from loyalty.engine.errors import Invalid
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Scope

CampaignRule = PerAmount | PerOrder | PerItem | Cashback | Exclude | Multiplier


class Campaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Its rules hold for orders placed in its dates and on its weekdays, beside their own scopes. `rewards_total`
    says how many it is offered to (`active`); what an order earns depends on nobody else's, so it ends no rule."""

    id: str
    name: str
    rules: tuple[CampaignRule, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    weekdays: tuple[int, ...] = ()
    rewards_total: int | None = None
    enabled: bool = True

    @property
    def window(self) -> Scope:
        return Scope(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            first_day=self.first_day,
            last_day=self.last_day,
            weekdays=self.weekdays,
        )

    def check(self, place: str) -> None:
        self.window.check(place)
        for index, rule in enumerate(self.rules):
            rule.check(f"{place}.rules[{index}]")
        if self.rewards_total is not None and self.rewards_total < 0:
            raise Invalid("A total is zero or more.", place=f"{place}.rewards_total")

    def effective_rules(self) -> list[CampaignRule]:
        """Its rules, each inside the campaign's window as well as its own."""
        if not self.enabled:
            return []
        return [msgspec.structs.replace(rule, scope=_inside(rule.scope, self)) for rule in self.rules if rule.enabled]


def active(campaigns: Sequence[Campaign], now: datetime, zone: ZoneInfo, rewarded: Mapping[str, int]) -> list[Campaign]:
    """The campaigns that are offered now: enabled, inside their dates, and not used up (`rewarded` counts by id)."""
    return [
        campaign
        for campaign in campaigns
        if campaign.enabled
        and campaign.window.open_at(now, zone)
        and (campaign.rewards_total is None or rewarded.get(campaign.id, 0) < campaign.rewards_total)
    ]


def overlap(one: RuleShape, other: RuleShape) -> bool:
    """Could both hold for the same order, by their dates and weekdays?"""
    a, b = one.scope, other.scope
    return (
        (a.starts_at is None or b.ends_at is None or a.starts_at < b.ends_at)
        and (b.starts_at is None or a.ends_at is None or b.starts_at < a.ends_at)
        and (a.first_day is None or b.last_day is None or a.first_day <= b.last_day)
        and (b.first_day is None or a.last_day is None or b.first_day <= a.last_day)
        and (not a.weekdays or not b.weekdays or not set(a.weekdays).isdisjoint(b.weekdays))
    )


def _inside(scope: Scope, campaign: Campaign) -> Scope:
    weekdays = scope.weekdays or campaign.weekdays
    if scope.weekdays and campaign.weekdays:
        weekdays = tuple(day for day in scope.weekdays if day in campaign.weekdays) or (0,)
    return msgspec.structs.replace(
        scope,
        starts_at=max(filter(None, (scope.starts_at, campaign.starts_at)), default=None),
        ends_at=min(filter(None, (scope.ends_at, campaign.ends_at)), default=None),
        first_day=max(filter(None, (scope.first_day, campaign.first_day)), default=None),
        last_day=min(filter(None, (scope.last_day, campaign.last_day)), default=None),
        weekdays=weekdays,
    )
