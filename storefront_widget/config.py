"""What anybody may know of a shop's program: what it gives, how the widget looks, where it stands and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.earning import Exclude, Multiplier
from loyalty.engine.program import Program, Reward
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.rewards import LASTING, least_points, paid_as
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import EVERYTHING, Scope
from loyalty.engine.taking_part import PRESSED, may_be_claimed
from loyalty.models import Shop
from loyalty.models.widget import WidgetChoices
from loyalty.platforms.registry import carried
from loyalty.selectors.widget_look import look_of
from storefront_widget.languages import offered, written_in

Data = dict[str, Any]

REWARD_FIELDS = (
    "id",
    "name",
    "kind",
    "points",
    "value_minor",
    "percent",
    "minimum_order_minor",
    "maximum_percent",
    "valid_days",
    "description",
)
_RULE_FIELDS = {
    "id",
    "kind",
    "name",
    "points",
    "per_minor",
    "full_steps_only",
    "percent",
    "point_value_minor",
    "activity",
    "steps",
    "period",
    "length",
    "repeats",
    "amount_minor",
    "known_days",
    "referrer_points",
    "friend_points",
}
_NOBODYS_BUSINESS = {"caps", "priority", "exclusive", "rewards", "referrer_rewards", "friend_rewards", "code"}
"""Whom and what a rule leaves out is the merchant's own matter: these change nothing of what it promises to all."""


def config_answer(*, shop: Shop, program: Program | None, choices: WidgetChoices, language: str) -> Data:
    """`look` holds custom properties of the widget, empty where the merchant keeps ours."""
    look = look_of(choices.colour)
    said = written_in(choices.texts, [language])
    return {
        "shop": {
            "name": shop.name,
            "currency": shop.currency,
            "exponent": shop.exponent,
            "time_zone": shop.time_zone,
            "locale": shop.locale,
        },
        "languages": list(offered(choices.languages)),
        "point": written_in(choices.point, [language]),
        "look": {"theme": choices.theme, "light": look.light, "dark": look.dark},
        "place": {
            "side": choices.side,
            "bottom": choices.bottom,
            "inline": choices.inline,
            "hidden": list(choices.hidden),
        },
        "texts": msgspec.to_builtins(said) if said else {},
        "cart_sign_in": settings.ECWID_CART_SIGN_IN and shop.platform == Shop.Platform.ECWID,
        "any_site": bool(choices.origins),
        "live": program is not None,
        **_promises(shop, program),
    }


def reward_answer(reward: Reward) -> Data:
    """`valid_days` is 0 for what has no end. Of a slider `points` is the step, `least_points` where it begins."""
    fields = {name: getattr(reward, name) for name in REWARD_FIELDS} | {"least_points": least_points(reward)}
    return {**fields, "valid_days": 0} if paid_as(reward).kind in LASTING else fields


def _promises(shop: Shop, program: Program | None) -> Data:
    if program is None:
        nothing: Data = {"earn": [], "rewards": [], "tiers": [], "referral": None, "birthday": None}
        return {**nothing, "may_join": False, "paused": {"earning": False, "redeeming": False}}
    return {
        "earn": ways_to_earn(program),
        "rewards": [reward_answer(reward) for reward in carried(shop, program)],
        "tiers": _tiers(program),
        "referral": _referral(program),
        "birthday": _birthday(program),
        "may_join": program.policies.enrolment == "on_request",
        "paused": {"earning": program.paused.earning, "redeeming": program.paused.redeeming},
        **_expired_codes(program),
    }


def _expired_codes(program: Program) -> Data:
    """Said only where the points of a code that was not used stay spent; without it they come back."""
    policy = program.policies.expired_codes
    return {} if policy == "return" else {"expired_codes": policy}


def ways_to_earn(program: Program) -> list[Data]:
    """The rates that hold for everybody: a rate that holds for some must not be promised to all. `asks_code` is for what
    a code shows that the merchant gives out, `claim` for what a shopper says themselves, `gifts` are names."""
    names = {reward.id: reward.name for reward in program.rewards}
    found = []
    for rule in program.rules:
        if rule.enabled and not isinstance(rule, Exclude | Multiplier):
            fields = msgspec.to_builtins(rule)
            if rule.scope == EVERYTHING:
                fields.pop("scope", None)  # a rule that a form has saved says so in so many words: {}
            shown = {name: value for name, value in fields.items() if name not in _NOBODYS_BUSINESS}
            if shown.keys() <= _RULE_FIELDS:
                found.append({**shown, **_how(rule), **_gifts(rule, names)})
    return found


def _how(rule: RuleShape) -> Data:
    if not isinstance(rule, ActivityRule) or not may_be_claimed(rule):
        return {}
    return {"claim": True} if rule.activity in PRESSED else {"asks_code": True}


def _gifts(rule: RuleShape, names: Mapping[str, str]) -> Data:
    gifts = [names[reward] for reward in getattr(rule, "rewards", ()) if reward in names]
    return {"gifts": gifts} if gifts else {}


def _tiers(program: Program) -> list[Data]:
    """Levels that anybody can reach; one by invitation is seen by who has it."""
    return [
        {
            "id": level.id,
            "name": level.name,
            "measure": program.policies.tier_measure,
            "at_least": level.minimum,
            "perks": list(level.perks),
            "multiplier_percent": _multiplier_percent(program, level.id),
        }
        for level in program.tiers
        if not level.by_invitation
    ]


def _multiplier_percent(program: Program, tier: str) -> int:
    """What a point counts in this tier, in percent; only what holds for all orders is promised."""
    extra = sum(
        (rule.extra for rule in program.rules if isinstance(rule, Multiplier) and _is_of_tier(rule, tier)), start=0
    )
    return int(100 + 100 * extra)


def _is_of_tier(rule: RuleShape, tier: str) -> bool:
    return rule.enabled and tier in rule.scope.tiers and rule.scope == Scope(tiers=rule.scope.tiers)


def _referral(program: Program) -> Data | None:
    rules = [rule for rule in program.rules if isinstance(rule, ReferralRule) and rule.enabled]
    if not rules:
        return None
    return {
        "friend_points": sum(rule.friend_points for rule in rules),
        "referrer_points": sum(rule.referrer_points for rule in rules),
        "friend_gifts": _names(program, [reward for rule in rules for reward in rule.friend_rewards]),
        "referrer_gifts": _names(program, [reward for rule in rules for reward in rule.referrer_rewards]),
    }


def _birthday(program: Program) -> Data | None:
    rules = [rule for rule in program.rules if isinstance(rule, BirthdayRule) and rule.enabled]
    if not rules:
        return None
    gifts = _names(program, [reward for rule in rules for reward in rule.rewards])
    return {"points": sum(rule.points for rule in rules), "gifts": gifts}


def _names(program: Program, rewards: Sequence[str]) -> list[str]:
    names = {reward.id: reward.name for reward in program.rewards}
    return [names[reward] for reward in rewards if reward in names]
