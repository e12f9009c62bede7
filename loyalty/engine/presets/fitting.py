"""A preset in a shop's own size: what it gives back follows from the margin, its prices and thresholds from the average
order. Pure arithmetic, so that a merchant can be told where every number comes from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from loyalty.engine.document import Program, Reward
from loyalty.engine.earning import Cashback, PerAmount
from loyalty.engine.milestones import Milestone
from loyalty.engine.money import MAX_MINOR, format_minor
from loyalty.engine.presets.shape import Setting

POINTS_PER_UNIT = 5
"""Small prices feel out of reach and large numbers unreal; five for a euro lies between."""

USUAL_PERCENT = 5
PART_OF_THE_MARGIN = 10
MOST_PERCENT = 10

FIRST_REWARD_PART = Fraction(1, 5)
"""Of an average order: large enough to be wanted, and reached with the fourth order at 5 %."""

TIERS_AT_ORDERS = (3, 10, 25, 60)
"""How many average orders a tier by spending asks, in turn."""

_STEPS = (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))


def fitted(program: Program, shop: Setting, *, average_minor: int, margin_percent: int | None) -> Program:
    """`average_minor` is the average order. A preset that gives no points by amount keeps what it has of them."""
    percent = back_percent(margin_percent)
    rules = tuple(_rule(rule, shop, percent) for rule in program.rules)
    by_amount = any(isinstance(rule, PerAmount) for rule in program.rules)
    steps = {step.points: step.orders for rule in program.rules if isinstance(rule, Milestone) for step in rule.steps}
    rewards = []
    for number, reward in enumerate(program.rewards, 1):
        if reward.kind == "amount_off" and reward.points in steps:
            rewards.append(
                _priced(
                    reward, reward.points, nice(Fraction(average_minor * steps[reward.points] * percent, 100), shop)
                )
            )
        elif reward.kind == "amount_off" and by_amount:
            value = nice(average_minor * FIRST_REWARD_PART * number, shop)
            rewards.append(_priced(reward, points_for(value, shop, percent), value))
        else:
            rewards.append(reward)
    named = [_named(reward, shop) for reward in rewards]
    tiers = program.tiers
    if program.policies.tier_measure == "spend":
        tiers = tuple(
            msgspec.structs.replace(
                tier, minimum=nice(average_minor * TIERS_AT_ORDERS[min(max(place, 1), 4) - 1], shop)
            )
            if tier.minimum and not tier.by_invitation
            else tier
            for place, tier in enumerate(tiers)
        )
    return msgspec.structs.replace(program, rules=rules, rewards=tuple(named), tiers=tiers)


def back_percent(margin_percent: int | None) -> int:
    """Of sales, to those who collect: a tenth of the margin, between 1 and 10; 5 while nobody said the margin."""
    if margin_percent is None:
        return USUAL_PERCENT
    return min(MOST_PERCENT, max(1, round(Fraction(margin_percent, PART_OF_THE_MARGIN))))


def points_for(value_minor: int, shop: Setting, percent: int) -> int:
    """What a reward of this value costs where every whole unit earns `POINTS_PER_UNIT`, as a round number."""
    points = Fraction(value_minor * 100 * POINTS_PER_UNIT, percent * shop.money(1))
    step = 50 if points >= 200 else 10
    return max(10, round(points / step) * step)


def nice(amount_minor: int | Fraction, shop: Setting) -> int:
    """The nearest amount that people write on a sign - 1, 2, 2.50, 5, 10, 20 ... -, in minor units, never zero."""
    wanted = Fraction(min(max(amount_minor, 1), MAX_MINOR))
    scale = Fraction(shop.money(1), 10)
    while scale * 10 <= wanted:
        scale *= 10
    best = min((scale * step for step in _STEPS), key=lambda each: abs(each - wanted))
    return max(1, int(best))


def _rule(rule: Any, shop: Setting, percent: int) -> Any:
    if isinstance(rule, PerAmount) and rule.scope.everything:
        return msgspec.structs.replace(rule, points=POINTS_PER_UNIT, per_minor=shop.money(1))
    if isinstance(rule, Cashback) and rule.scope.everything:
        return msgspec.structs.replace(rule, percent=str(percent), name=f"{percent} % back")
    return rule


def _priced(reward: Reward, points: int, value_minor: int) -> Reward:
    return msgspec.structs.replace(reward, points=points, value_minor=value_minor)


def _named(reward: Reward, shop: Setting) -> Reward:
    """A name that says the value follows it."""
    if reward.kind != "amount_off":
        return reward
    value = format_minor(reward.value_minor, shop.currency, shop.exponent)
    return msgspec.structs.replace(reward, name=f"{value} off")
