"""The shapes of the program document: one document that says what earns, what points buy and how disagreements are settled.

A document is data (JSON or YAML), versioned, and immutable once published. Money in it is minor units of its currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.activities import ActivityRule, BirthdayRule, Plan, WinBackRule
from loyalty.engine.audience import Audience
from loyalty.engine.basis import Exclusions
from loyalty.engine.calendar import zone_of
from loyalty.engine.campaigns import Campaign
from loyalty.engine.caps import Cap
from loyalty.engine.earning import Cashback, Exclude, Multiplier, OrderRule, PerAmount, PerItem, PerOrder
from loyalty.engine.milestones import Goal, Milestone, RememberingRule, Streak
from loyalty.engine.policies import DEFAULTS, Policies
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.rule import RuleShape
from loyalty.engine.segments import SegmentRule, in_order
from loyalty.engine.tiers import Level

Kind = TypeVar("Kind", bound=RuleShape)

FORMAT = 1
"""The form of the document; older ones are upgraded when they are read."""

Rule = (
    PerAmount
    | PerOrder
    | PerItem
    | Cashback
    | Exclude
    | Multiplier
    | Milestone
    | Streak
    | Goal
    | ActivityRule
    | BirthdayRule
    | ReferralRule
    | WinBackRule
)

RewardKind = Literal[
    "amount_off",
    "percent_off",
    "free_shipping",
    "free_product",
    "gift_card",
    "store_credit",
    "points_slider",
    "cashback",
    "access",
    "custom",
    "partner",
]


class Reward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What points buy. `points` is the cost (for a slider: the step, worth `value_minor`); `percent` is for
    percent_off; `valid_days` is how long an unused code lives before its points come back. `minimum_points` is what a
    slider asks at least, `maximum_percent` the part of an order that it may pay. `tiers`, `segments` and `plans` limit
    who may have it; `products` and `collections` what it takes money off, or what is free.

    cashback: every `points` are paid out as `value_minor` of money (`pays`), from `minimum_points` on. access: opens what
    the store shows to customers with the tag, the link or both, for `valid_days`. custom: done by staff, or by the server
    at `webhook_url`. partner: hands out another business's codes; `description` says how to use one."""

    id: str
    name: str
    kind: RewardKind
    points: int
    value_minor: int = 0
    percent: int = 0
    minimum_order_minor: int = 0
    valid_days: int = 30
    limit_per_member: int | None = None
    limit_period: Literal["lifetime", "year", "month"] = "lifetime"
    """`limit_per_member` begins anew with each calendar year or month of the shop."""
    limit_total: int | None = None
    stock: int | None = None
    minimum_points: int = 0
    maximum_percent: int = 100
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    combines: bool = False
    """With other discounts of the order."""
    cancellable: bool = True
    """A member may give an unused code back for the points."""
    pays: Literal["store_credit", "gift_card"] = "store_credit"
    payout_day: int = 0
    """Cashback is paid out by itself on this day of every month; 0 for whenever a member asks."""
    tag: str = ""
    link: str = ""
    webhook_url: str = ""
    description: str = ""
    enabled: bool = True


class Paused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What rests while this version is in force. Orders placed meanwhile, activities and birthdays earn nothing, then or
    later; they count for tiers as always. Balances, expiry and codes that are out stay as they are."""

    earning: bool = False
    redeeming: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    currency: str
    exponent: int
    time_zone: str
    rules: tuple[Rule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    tiers: tuple[Level, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    exclusions: Exclusions = Exclusions()
    caps: tuple[Cap, ...] = ()
    """What all ways to earn give together."""
    segments: tuple[SegmentRule, ...] = ()
    plans: tuple[Plan, ...] = ()
    audience: Audience = Audience()
    policies: Policies = DEFAULTS
    paused: Paused = Paused()
    earns_from: datetime | None = None
    """Orders placed before the first version earn nothing, unless it says from when."""
    translations: dict[str, dict[str, str]] = {}
    """By language, what a text of this document that shoppers read is there (`engine/naming.py`)."""
    format: int = FORMAT


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published program, in force from an instant until the next version's."""

    number: int
    in_force_from: datetime
    program: Program


class Prepared:
    """A program with its rules sorted by what they answer to, made once per version."""

    def __init__(self, version: Version) -> None:
        program = version.program
        self.version = version
        self.program = program
        self.policies = program.policies
        self.zone: ZoneInfo = zone_of(program.time_zone)
        rules: list[RuleShape] = [rule for rule in program.rules if rule.enabled]
        for campaign in program.campaigns:
            rules.extend(campaign.effective_rules())
        rules.sort(key=lambda rule: -rule.priority)
        self.order_rules = _only(rules, OrderRule)
        self.multipliers = _only(rules, Multiplier)
        self.remembering = _only(rules, RememberingRule)
        self.activities = _only(rules, ActivityRule)
        self.birthdays = _only(rules, BirthdayRule)
        self.referrals = _only(rules, ReferralRule)
        self.win_backs = _only(rules, WinBackRule)
        self.plans = {plan.id: plan for plan in program.plans}
        self.plan_of = {product: plan for plan in program.plans for product in plan.products}
        self.levels = {level.id: level for level in program.tiers}
        self.segments = in_order(program.segments, "$.segments")


def _only(rules: Iterable[RuleShape], kind: type[Kind]) -> list[Kind]:
    return [rule for rule in rules if isinstance(rule, kind)]
