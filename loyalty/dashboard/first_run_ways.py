"""The ways to earn and the rewards that the first run offers, each with the numbers it asks for and where they stand in
the program. A further one is an entry in EARN or REWARDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import msgspec
from babel.numbers import format_decimal
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.typed import number_in
from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.caps import Cap
from loyalty.engine.document import Reward
from loyalty.engine.earning import Cashback, PerAmount
from loyalty.engine.errors import Invalid
from loyalty.engine.milestones import Milestone, Step
from loyalty.engine.presets.fitting import FIRST_REWARD_PART, POINTS_PER_UNIT, nice, points_for
from loyalty.engine.presets.shape import Setting
from loyalty.engine.referrals import ReferralRule

MOST_POINTS = 1_000_000
MOST_MONEY_UNITS = 1_000_000

Unit = Literal["points", "money", "percent", "name"]


@dataclass(frozen=True, slots=True)
class Amount:
    """One input: the field of the rule or reward, what stands before and behind it, and its bounds in points or
    percent, or whole units of money."""

    field: str
    unit: Unit
    before: Promise | str = ""
    after: Promise | str = ""
    least: int = 1
    most: int = MOST_POINTS


@dataclass(frozen=True, slots=True)
class Fit:
    """What suggestions are made of: the shop's money, its average order, and what goes back of 100."""

    shop: Setting
    average_minor: int
    percent: int

    @property
    def first_reward_minor(self) -> int:
        return nice(self.average_minor * FIRST_REWARD_PART, self.shop)

    @property
    def first_reward_points(self) -> int:
        return points_for(self.first_reward_minor, self.shop, self.percent)


@dataclass(frozen=True, slots=True)
class Way:
    """`is_one` knows it among the rules or rewards of a program; `suggested` is what it begins with."""

    id: str
    title: Promise | str
    about: Promise | str
    amounts: tuple[Amount, ...]
    is_one: Callable[[Any], bool]
    suggested: Callable[[Fit], Any]


def shown(thing: Any, amount: Amount, fmt: Format) -> str:
    """As it stands in the input, the way people of this language write it."""
    if amount.field == "steps":
        return str(thing.steps[0].points)
    value = getattr(thing, amount.field)
    if amount.unit == "money":
        return _amount(Decimal(value).scaleb(-fmt.exponent), fmt)
    return _decimal(value, fmt) if _is_share(thing, amount) else str(value)


def changed(thing: Any, amount: Amount, typed: str, fmt: Format) -> Any:
    """The rule or reward with what was typed. Raises Invalid with a sentence that says what to type."""
    text = typed.strip()[:64]
    if amount.unit == "name":
        if not text:
            raise Invalid(_("Give it a name."))
        return msgspec.structs.replace(thing, **{amount.field: text})
    if _is_share(thing, amount):
        return msgspec.structs.replace(thing, **{amount.field: _share(text, amount, fmt)})
    value = _money(text, amount, fmt) if amount.unit == "money" else _whole(text, amount, fmt)
    if amount.field == "steps":
        first, *later = thing.steps
        return msgspec.structs.replace(thing, steps=(msgspec.structs.replace(first, points=value), *later))
    return msgspec.structs.replace(thing, **{amount.field: value})


def _is_share(thing: Any, amount: Amount) -> bool:
    """A percentage that may have decimals, which the document keeps as text."""
    return amount.unit == "percent" and isinstance(getattr(thing, amount.field), str)


def _number(text: str, fmt: Format, decimals: int) -> Decimal:
    """Below zero for what is none, or could be read in two ways: "1,5" is not 15."""
    try:
        return number_in(text, fmt.locale, decimals=decimals)
    except Invalid:
        return Decimal(-1)


def _whole(text: str, amount: Amount, fmt: Format) -> int:
    number = _number(text, fmt, 0)
    if number != number.to_integral_value() or not amount.least <= number <= amount.most:
        words = {"least": fmt.points(amount.least), "most": fmt.points(amount.most)}
        raise Invalid(_("Give a whole number from %(least)s to %(most)s.") % words)
    return int(number)


def _share(text: str, amount: Amount, fmt: Format) -> str:
    number = _number(text, fmt, 2)
    if number != round(number, 2) or not 0 < number <= amount.most:
        words = {"most": amount.most, "example": _decimal("2.5", fmt)}
        raise Invalid(_("Give a percentage such as 5 or %(example)s, at most %(most)s.") % words)
    return format(number.normalize(), "f")


def _money(text: str, amount: Amount, fmt: Format) -> int:
    value = _number(text or "0", fmt, fmt.exponent).scaleb(fmt.exponent)
    if value != value.to_integral_value() or not amount.least <= value <= MOST_MONEY_UNITS * 10**fmt.exponent:
        words = {"example": _amount(Decimal("12.5") if fmt.exponent else Decimal(1200), fmt)}
        raise Invalid(_("Give an amount such as 5 or %(example)s.") % words)
    return int(value)


def _amount(value: Decimal, fmt: Format) -> str:
    """Without the currency; a full amount without decimals."""
    decimals = "0" * fmt.exponent
    shown: str = format_decimal(value, f"0.{decimals}" if value % 1 else "0", locale=fmt.locale)
    return shown


def _decimal(value: str, fmt: Format) -> str:
    shown: str = format_decimal(Decimal(value), "0.##", locale=fmt.locale)
    return shown


def _is_order_rate(rule: Any) -> bool:
    return isinstance(rule, PerAmount) and rule.id == "base"


def _is_cashback(rule: Any) -> bool:
    return isinstance(rule, Cashback) and rule.id == "back"


_POINTS_AFTER = gettext_lazy("points")
_ONCE = (Cap(per="lifetime", times=1),)

# Rules have no names of their own to begin with: the widget says what they are in each shopper's language.
EARN: tuple[Way, ...] = (
    Way(
        "orders",
        gettext_lazy("Orders"),
        gettext_lazy("For every order that is paid"),
        (
            Amount("points", "points", after=gettext_lazy("points for every")),
            Amount("per_minor", "money", after=gettext_lazy("spent")),
        ),
        _is_order_rate,
        lambda fit: PerAmount(id="base", points=POINTS_PER_UNIT, per_minor=fit.shop.money(1)),
    ),
    Way(
        "cashback",
        gettext_lazy("Cashback"),
        gettext_lazy("A part of every order, to pay the next one with"),
        (Amount("percent", "percent", after=gettext_lazy("% of every order"), most=50),),
        _is_cashback,
        lambda fit: Cashback(
            id="back",
            percent=str(fit.percent),
            point_value_minor=fit.shop.money(1) // 100 or 1,
        ),
    ),
    Way(
        "second",
        gettext_lazy("The second order"),
        gettext_lazy("On top, for whoever comes back once"),
        (Amount("steps", "points", after=_POINTS_AFTER),),
        lambda rule: isinstance(rule, Milestone) and rule.id == "second-order",
        lambda fit: Milestone(
            id="second-order",
            steps=(Step(orders=2, points=max(10, fit.first_reward_points // 50 * 10)),),
        ),
    ),
    Way(
        "sign_up",
        gettext_lazy("Joining"),
        gettext_lazy("Once, for an account in your shop"),
        (Amount("points", "points", after=_POINTS_AFTER),),
        lambda rule: isinstance(rule, ActivityRule) and rule.activity == "sign_up",
        lambda fit: ActivityRule(id="sign-up", activity="sign_up", points=max(10, fit.first_reward_points // 100 * 10)),
    ),
    Way(
        "birthday",
        gettext_lazy("Birthdays"),
        gettext_lazy("Once a year, for a birthday that was known 30 days before"),
        (Amount("points", "points", after=_POINTS_AFTER),),
        lambda rule: isinstance(rule, BirthdayRule) and rule.id == "birthday",
        lambda fit: BirthdayRule(id="birthday", points=max(10, fit.first_reward_points // 50 * 10)),
    ),
    Way(
        "referral",
        gettext_lazy("Bringing a friend"),
        gettext_lazy("When the friend’s first order is paid"),
        (
            Amount("referrer_points", "points", after=gettext_lazy("points for who brings a friend,")),
            Amount("friend_points", "points", after=gettext_lazy("for the friend"), least=0),
        ),
        lambda rule: isinstance(rule, ReferralRule) and rule.id == "referral",
        lambda fit: ReferralRule(
            id="referral",
            referrer_points=fit.first_reward_points,
            friend_points=max(10, fit.first_reward_points // 20 * 10),
        ),
    ),
)


def _reward(kind: str) -> Callable[[Any], bool]:
    return lambda reward: reward.kind == kind and reward.enabled


REWARDS: tuple[Way, ...] = (
    Way(
        "amount_off",
        gettext_lazy("Money off"),
        "",
        (
            Amount("points", "points", after=gettext_lazy("points for")),
            Amount("value_minor", "money", after=gettext_lazy("off, orders from")),
            Amount("minimum_order_minor", "money", least=0),
        ),
        _reward("amount_off"),
        lambda fit: Reward(
            id="amount-off",
            name="Money off",
            kind="amount_off",
            points=fit.first_reward_points,
            value_minor=fit.first_reward_minor,
        ),
    ),
    Way(
        "percent_off",
        gettext_lazy("A percentage off"),
        "",
        (
            Amount("points", "points", after=gettext_lazy("points for")),
            Amount("percent", "percent", after=gettext_lazy("% off an order"), most=100),
        ),
        _reward("percent_off"),
        lambda fit: Reward(
            id="percent-off", name="10 % off", kind="percent_off", points=fit.first_reward_points, percent=10
        ),
    ),
    Way(
        "free_shipping",
        gettext_lazy("Free shipping"),
        "",
        (
            Amount("points", "points", after=gettext_lazy("points, orders from"), least=0),
            Amount("minimum_order_minor", "money", least=0),
        ),
        _reward("free_shipping"),
        lambda fit: Reward(
            id="shipping",
            name="Free shipping",
            kind="free_shipping",
            points=max(10, fit.first_reward_points * 7 // 100 * 10),
        ),
    ),
    Way(
        "points_slider",
        gettext_lazy("Points at the cart"),
        gettext_lazy("Shoppers choose how many"),
        (
            Amount("points", "points", after=gettext_lazy("points pay")),
            Amount("value_minor", "money", after=gettext_lazy("for up to")),
            Amount("maximum_percent", "percent", after=gettext_lazy("% of an order"), most=100),
        ),
        _reward("points_slider"),
        lambda fit: Reward(
            id="pay",
            name="Pay with points",
            kind="points_slider",
            points=max(1, points_for(fit.shop.money(1), fit.shop, fit.percent)),
            value_minor=fit.shop.money(1),
            maximum_percent=50,
        ),
    ),
    Way(
        "custom",
        gettext_lazy("An experience"),
        gettext_lazy("Something you give by hand: a tasting, a course, a tour"),
        (
            Amount("name", "name"),
            Amount("points", "points", before=gettext_lazy("for"), after=_POINTS_AFTER, least=0),
        ),
        _reward("custom"),
        lambda fit: Reward(
            id="experience", name="A tasting for two", kind="custom", points=fit.first_reward_points * 4
        ),
    ),
)
