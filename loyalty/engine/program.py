"""The program: one document that says what earns, what points buy and how disagreements are settled.

A document is data (JSON or YAML), versioned, and immutable once published. Money in it is minor units of its currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.earning import PerAmount, Rule
from loyalty.engine.errors import Invalid
from loyalty.engine.money import Rounding

FORMAT = 1
"""The form of the document; older ones are upgraded when they are read."""

RewardKind = Literal[
    "amount_off",
    "percent_off",
    "free_shipping",
    "free_product",
    "gift_card",
    "store_credit",
    "points_slider",
    "access",
    "custom",
]


class Reward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What points buy. `points` is the cost (for a slider: the step, worth `value_minor`); `percent` is for
    percent_off; `valid_days` is how long an unused code lives before its points come back."""

    id: str
    name: str
    kind: RewardKind
    points: int
    value_minor: int = 0
    percent: int = 0
    minimum_order_minor: int = 0
    valid_days: int = 30
    limit_per_member: int | None = None
    limit_total: int | None = None
    enabled: bool = True


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where loyalty systems disagree, a merchant chooses; the first value is the default."""

    moment: Literal["paid", "fulfilled", "placed"] = "paid"
    hold_days: int = 0
    rounding: Rounding = "floor"
    negative: Literal["allowed", "clamped"] = "allowed"
    spent_points: Literal["pro_rata", "full_refund_only", "none"] = "pro_rata"
    """Points spent on an order that is refunded: returned in proportion, only with the whole order, or never."""


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    currency: str
    exponent: int
    time_zone: str
    rules: tuple[Rule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    policies: Policies = Policies()
    earns_from: datetime | None = None
    """Orders placed before the first version earn nothing, unless it says from when."""
    format: int = FORMAT


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published program, in force from an instant until the next version's."""

    number: int
    in_force_from: datetime
    program: Program


def parse_program(data: Mapping[str, Any]) -> Program:
    """A program from plain data. Raises errors.Invalid with the place and the remedy."""
    try:
        program = msgspec.convert(data, Program)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        raise Invalid(f"{message}.", place=place.strip("`") or "$") from error
    _check(program)
    return program


def to_data(program: Program) -> dict[str, Any]:
    """Plain data, defaults left out; `parse_program` reads it back to an equal program."""
    data: dict[str, Any] = msgspec.to_builtins(program)
    return {"format": FORMAT, **data}


def default_program(currency: str, exponent: int, time_zone: str, name: str) -> Program:
    """1 point for every 1.00 (100 where the currency has no decimals), and 500 points buy 5.00 off (500)."""
    whole = 10**exponent if exponent else 100
    return Program(
        name=name,
        currency=currency,
        exponent=exponent,
        time_zone=time_zone,
        rules=(PerAmount(id="base", points=1, per_minor=whole),),
        rewards=(Reward(id="amount-off", name="Amount off", kind="amount_off", points=500, value_minor=5 * whole),),
    )


def _check(program: Program) -> None:
    if len(program.currency) != 3 or not program.currency.isupper():
        raise Invalid("Use the currency's three-letter code, such as EUR.", place="$.currency")
    if not 0 <= program.exponent <= 4:
        raise Invalid("A currency has 0 to 4 decimals.", place="$.exponent")
    try:
        ZoneInfo(program.time_zone)
    except (KeyError, ValueError, OSError):
        raise Invalid("Use a time zone's name, such as Europe/Berlin.", place="$.time_zone") from None
    for index, rule in enumerate(program.rules):
        rule.check(f"$.rules[{index}]")
    for index, reward in enumerate(program.rewards):
        if reward.points < 0 or reward.valid_days < 1:
            raise Invalid(
                "A reward costs 0 points or more and its code lives a day or longer.", place=f"$.rewards[{index}]"
            )
