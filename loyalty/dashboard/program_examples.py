"""What a rule or a reward means for an order: worked out by the engine, on an order made up for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

import msgspec
from django.utils.translation import gettext as _

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import points_of
from loyalty.engine.earning import Cashback, Multiplier, OrderRule, PerAmount
from loyalty.engine.facts import Line, Order
from loyalty.engine.program import Policies, Program, Reward, Version
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import EVERYTHING
from loyalty.engine.simulate import outcome_of, point_worth

SPENT = 50
"""Whole units of the shop's money in the made-up order; a hundred times as many where it has no decimals."""
DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def example_minor(program: Program) -> int:
    return SPENT * (10**program.exponent if program.exponent else 100)


def rule_example(rule: RuleShape, program: Program, fmt: Format) -> str:
    """ "An order of $50 earns 250 points, 5.0 % of it." Empty for what no order earns."""
    if not isinstance(rule, OrderRule | Multiplier):
        return ""
    spent_minor = example_minor(program)
    points = _earned([rule], program, spent_minor)
    if points is None:
        return ""
    amount = fmt.money_short(spent_minor, program.currency, program.exponent)
    told = _("An order of %(amount)s that it counts for earns %(points)s") % {
        "amount": amount,
        "points": points_of(points, fmt),
    }
    back = gives_back(points, program, spent_minor)
    if back <= 0 or not isinstance(rule, PerAmount | Cashback):
        return f"{told}."
    return _("%(told)s and gives back %(percent)s.") % {"told": told, "percent": share(back, fmt)}


def reward_example(reward: Reward, program: Program, fmt: Format) -> str:
    """What a member spends until it is reached, at the usual rate."""
    spent_minor = example_minor(program)
    usual = [rule for rule in program.rules if isinstance(rule, PerAmount | Cashback) and rule.scope.everything]
    earned = _earned(usual, program, spent_minor) if usual else None
    if not earned or not reward.points:
        return ""
    needed = -(-reward.points * spent_minor // earned)
    amount = fmt.money_short(needed, program.currency, program.exponent)
    if not reward.value_minor:
        return _("A member spends %(amount)s for it.") % {"amount": amount}
    back = Fraction(reward.value_minor, needed)
    return _("A member spends %(amount)s for it: %(percent)s back.") % {"amount": amount, "percent": share(back, fmt)}


def share(part: Fraction, fmt: Format) -> str:
    return fmt.percent(part.numerator, part.denominator)


def gives_back(points: int, program: Program, spent_minor: int) -> Fraction:
    """The part of what was spent that these points can buy, if every point is spent as well as it can be."""
    return Fraction(points) * point_worth(program) / spent_minor


def _earned(rules: Sequence[RuleShape], program: Program, spent_minor: int) -> int | None:
    """What one such order earns by these rules alone, whatever goods they are for; None where none gives anything."""
    alone = tuple(msgspec.structs.replace(rule, scope=EVERYTHING, enabled=True) for rule in rules)
    if all(isinstance(rule, Multiplier) for rule in alone):
        alone += tuple(rule for rule in program.rules if isinstance(rule, PerAmount) and rule.scope.everything)
    counted = msgspec.structs.replace(
        Policies(),
        rounding=program.policies.rounding,
        multipliers=program.policies.multipliers,
    )
    made = msgspec.structs.replace(
        program, rules=alone, rewards=(), tiers=(), campaigns=(), caps=(), segments=(), plans=(), policies=counted
    )
    made = msgspec.structs.replace(made, audience=type(made.audience)(), paused=type(made.paused)(), earns_from=None)
    line = Line(id="1", quantity=1, unit_price_minor=spent_minor)
    order = Order(
        id="1",
        placed_at=DAY,
        paid_at=DAY,
        updated_at=DAY,
        currency=program.currency,
        exponent=program.exponent,
        lines=(line,),
        total_minor=spent_minor,
    )
    outcome = outcome_of([Version(number=1, in_force_from=DAY, program=made)], [order], DAY)
    return outcome.available or None
