"""The table of what a merchant can set: for every part of the program its kinds, with their fields. Forms, the list of
changes and what an error points at follow from it; a new kind is an entry beside its like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyalty.dashboard.program_policy_fields import AUDIENCE, EXCLUSIONS, POLICIES
from loyalty.dashboard.program_reward_fields import REWARDS, TITLE
from loyalty.dashboard.program_rule_fields import CAPS, RULES
from loyalty.dashboard.program_shapes import LARGEST_POINTS, POINTS, Field, Group, Kind, Shape, Text, group

LEVEL = Kind(
    _("Tier"),
    _("Members climb it by what they spend, earn or order."),
    (
        group(
            TITLE,
            Field("minimum", _("From"), hint=_("Reaching it exactly is enough.")),
            Field("perks", _("Perks in words"), "lines", hint=_("One a line: what people do for these members, such as returns without a receipt.")),
        ),
        Group(
            _("Welcome"),
            (
                Field("entry_points", _("Points on entry"), unit=POINTS, most=LARGEST_POINTS, hint=_("Once in a lifetime.")),
                Field("entry_rewards", _("Gifts on entry"), "picks", of="rewards"),
            ),
        ),
        Group(_("By invitation"), (Field("by_invitation", _("Nobody reaches it by what is measured; you give it"), "flag"),)),
    ),
    "star",
)  # fmt: skip
CAMPAIGN = Kind(
    _("Campaign"),
    _("Rules for a time, beside all others."),
    (
        group(
            TITLE,
            Field("first_day", _("From"), "day", empty=True, hint=_("The first day, in the shop’s time zone. Empty means from now on.")),
            Field("last_day", _("To"), "day", empty=True, hint=_("The last day, included. Empty means until you end it.")),
            Field("weekdays", _("On"), "weekdays"),
        ),
        Group(
            _("To the hour"),
            (
                Field("starts_at", _("Starts"), "instant", empty=True, hint=_("In the shop’s time zone.")),
                Field("ends_at", _("Ends"), "instant", empty=True),
            ),
        ),
    ),
    "calendar",
)  # fmt: skip
SEGMENT = Kind(
    _("Segment"),
    _("Members picked by their own orders."),
    (
        group(
            Field("name", _("Name"), "text", wanted=True, longest=100),
            Field("order_count", _("Orders so far"), "range", most=10**6),
            Field("average_minor", _("Average order"), "range", unit="money"),
            Field("any_order_minor", _("Any order of"), "range", unit="money"),
            Field("points_of_sale", _("Ordered from"), "names", hint=_("Sales channels, one a line.")),
            Field("minimum_age", _("Years old, at least"), most=150),
            Field("any_of", _("In one of these segments"), "picks", of="segments"),
            Field("none_of", _("In none of these segments"), "picks", of="segments"),
        ),
    ),
    "users",
)
PLAN = Kind(
    _("Plan"),
    _("A membership that customers pay for."),
    (
        group(
            TITLE,
            Field("products", _("Sold as"), "names", catalogue="products", hint=_("Product ids, one a line: an order of one of them buys the plan.")),
            Field("months", _("Lasts"), unit=_("months"), most=120, hint=_("0 means for ever.")),
            Field("entry_points", _("Points when it is bought"), unit=POINTS, most=LARGEST_POINTS),
        ),
        Group(
            _("Paid with points"),
            (
                Field("fee_points", _("Fee"), unit=POINTS, most=LARGEST_POINTS),
                Field("fee_seconds", _("Charged every"), unit=_("seconds"), most=10**9, hint=_("2,592,000 are 30 days.")),
            ),
        ),
    ),
    "ticket",
)  # fmt: skip
ALL_CAPS = Kind(
    _("Limits for everything"), _("What all ways to earn give one member together."), (group(CAPS),), "lock"
)
LISTS: dict[str, Mapping[str, Kind]] = {
    "rules": RULES,
    "rewards": REWARDS,
    "tiers": {"": LEVEL},
    "campaigns": {"": CAMPAIGN},
    "segments": {"": SEGMENT},
    "plans": {"": PLAN},
}
"""Parts that are lists of things with an id, by their kinds; one kind without a name where they have no `kind`."""

SINGLES: dict[str, Kind] = {"policies": POLICIES, "exclusions": EXCLUSIONS, "audience": AUDIENCE, "caps": ALL_CAPS}
"""Parts that are one thing. `caps` is a list without ids, shown as one table."""

PART_NAMES: dict[str, Text] = {
    "rules": _("Ways to earn"),
    "rewards": _("Rewards"),
    "tiers": _("Tiers"),
    "campaigns": _("Campaigns"),
    "segments": _("Segments"),
    "plans": _("Plans"),
    "policies": _("Policies"),
    "exclusions": _("What never earns"),
    "audience": _("Who takes part"),
    "caps": _("Limits for everything"),
}
TITLES: dict[str, Text] = {
    "name": _("Name of the program"),
    "currency": _("Currency"),
    "exponent": _("Decimals of the currency"),
    "time_zone": _("Time zone"),
    "earns_from": _("Earlier orders earn from"),
    "paused": _("Paused"),
    "translations": _("Translations"),
}
"""What a document says beside its parts."""
NEW_NAMES: dict[str, Text] = {
    "rules": _("Add a way"),
    "rewards": _("Add a reward"),
    "tiers": _("Add a tier"),
    "campaigns": _("Add a campaign"),
    "segments": _("Add a segment"),
    "plans": _("Add a plan"),
}
CAMPAIGN_KINDS = ("multiplier", "per_amount", "per_order", "per_item", "cashback", "exclude")
"""Rules that a campaign may hold."""


def kind_of(part: str, item: Mapping[str, Any], measure: str = "spend") -> Kind | None:
    """The fields of one thing as it stands in the document; a campaign's are its own and those of its rules, and a tier
    begins at what the program measures. None for a kind that this table does not know."""
    if part in SINGLES:
        return SINGLES[part]
    if part == "campaigns":
        return _campaign(item)
    if part == "tiers":
        return _level(measure)
    kinds = LISTS[part]
    return kinds.get("" if "" in kinds else str(item.get("kind", "")))


def _level(measure: str) -> Kind:
    """What a tier begins at is money, points or orders, as the program measures."""
    first, *others = LEVEL.groups
    shape: Shape = "money" if measure == "spend" else "whole"
    unit = POINTS if measure == "points" else _("orders") if measure == "orders" else ""
    fields = tuple(replace(each, shape=shape, unit=unit) if each.name == "minimum" else each for each in first.fields)
    return replace(LEVEL, groups=(replace(first, fields=fields), *others))


def _campaign(item: Mapping[str, Any]) -> Kind:
    groups = list(CAMPAIGN.groups)
    for index, rule in enumerate(item.get("rules", ())):
        kind = RULES.get(str(rule.get("kind", "")))
        if kind is not None:
            first, *others = kind.groups
            title = str(kind.name)
            groups.append(_inside(replace(first, title=title, about=kind.about), index))
            groups += [_inside(each, index) for each in others]
    return replace(CAMPAIGN, groups=tuple(groups))


def _inside(group: Group, index: int) -> Group:
    """The group with its fields as those of a rule in a campaign."""
    return replace(group, fields=tuple(replace(each, name=f"rules.{index}.{each.name}") for each in group.fields))
