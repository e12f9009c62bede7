"""The third and fourth question of the first run: how members redeem, and which rules hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from loyalty.dashboard.typed import whole
from loyalty.engine.document import Program
from loyalty.engine.errors import Invalid
from loyalty.engine.program import parse_program, to_data

MOST_DAYS = 3650
NUMBERS = ("valid_days", "expiry_months", "hold_days")
"""The inputs that an error can stand beside."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that exclude each other."""

    value: str
    title: str
    about: str
    on: bool


@dataclass(frozen=True, slots=True)
class Number:
    name: str
    label: str
    hint: str
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class Tick:
    name: str
    label: str
    on: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What one of the two forms shows."""

    choices: tuple[tuple[str, str, tuple[Choice, ...]], ...]
    """(name, legend, choices)"""
    numbers: tuple[Number, ...]
    ticks: tuple[Tick, ...]


def redeem_answers(program: Program, posted: Mapping[str, str] | None, errors: Mapping[str, str]) -> Answers:
    days = max((reward.valid_days for reward in program.rewards), default=30)
    enrolment = program.policies.enrolment if posted is None else posted.get("enrolment", "")
    automatic = Choice(
        "automatic", _("Everyone with an account"), _("Points wait from the first order on"), enrolment == "automatic"
    )
    asked = Choice(
        "on_request", _("Only who joins in the widget"), _("Orders before that earn nothing"), enrolment == "on_request"
    )
    combines = any(reward.combines for reward in program.rewards)
    cancellable = all(reward.cancellable for reward in program.rewards)
    valid = Number(
        "valid_days",
        _("An unused code works for how many days?"),
        _("Then its points come back by themselves."),
        str(days) if posted is None else posted.get("valid_days", "")[:8],
        errors.get("valid_days", ""),
    )
    return Answers(
        choices=(("enrolment", _("Who is a member?"), (automatic, asked)),),
        numbers=(valid,),
        ticks=(
            Tick(
                "combines", _("A code may be used together with other discounts"), _ticked("combines", combines, posted)
            ),
            Tick("cancellable", _("Members may give an unused code back"), _ticked("cancellable", cancellable, posted)),
        ),
    )


def rules_answers(program: Program, posted: Mapping[str, str] | None, errors: Mapping[str, str]) -> Answers:
    now = program.policies
    moment = now.moment if posted is None else posted.get("moment", "")
    expiry = now.expiry if posted is None else posted.get("expiry", "")
    hold = str(now.hold_days) if posted is None else posted.get("hold_days", "")[:8]
    months = str(_months(program)) if posted is None else posted.get("expiry_months", "")[:8]
    return Answers(
        choices=(
            (
                "moment",
                _("When are points given?"),
                (
                    Choice("paid", _("When the order is paid"), "", moment == "paid"),
                    Choice("fulfilled", _("When it is fulfilled"), "", moment == "fulfilled"),
                ),
            ),
            (
                "expiry",
                _("Do points expire?"),
                (
                    Choice("never", _("Never"), _("What you owe only grows"), expiry == "never"),
                    Choice("inactivity", _("When a member has done nothing for long"), "", expiry == "inactivity"),
                    Choice("lot", _("So long after they were given"), "", expiry == "lot"),
                ),
            ),
        ),
        numbers=(
            Number(
                "expiry_months",
                _("After how many months?"),
                _("Only where they expire."),
                months,
                errors.get("expiry_months", ""),
            ),
            Number(
                "hold_days",
                _("How many days until they can be spent?"),
                _("As long as goods may be sent back: 14 is usual, 0 is at once."),
                hold,
                errors.get("hold_days", ""),
            ),
        ),
        ticks=(
            Tick(
                "count_shipping", _("Shipping counts for points"), _ticked("count_shipping", now.count_shipping, posted)
            ),
            Tick("count_tax", _("Tax counts for points"), _ticked("count_tax", now.count_tax, posted)),
        ),
    )


def with_redeem(program: Program, posted: Mapping[str, str]) -> Program:
    """Raises Invalid, with the input's name as the place."""
    days = _whole(posted, "valid_days", 1, MOST_DAYS)
    enrolment = posted.get("enrolment", "")
    if enrolment not in ("automatic", "on_request"):
        raise Invalid(_("Choose who is a member."), place="enrolment")
    change = {"valid_days": days, "combines": "combines" in posted, "cancellable": "cancellable" in posted}
    rewards = tuple(msgspec.structs.replace(reward, **change) for reward in program.rewards)
    policies = msgspec.structs.replace(program.policies, enrolment=enrolment)
    return _checked(msgspec.structs.replace(program, rewards=rewards, policies=policies))


def with_rules(program: Program, posted: Mapping[str, str]) -> Program:
    """Raises Invalid, with the input's name as the place."""
    expiry, moment = posted.get("expiry", ""), posted.get("moment", "")
    if moment not in ("paid", "fulfilled"):
        raise Invalid(_("Choose when points are given."), place="moment")
    if expiry not in ("never", "inactivity", "lot"):
        raise Invalid(_("Choose whether points expire."), place="expiry")
    change: dict[str, Any] = {
        "moment": moment,
        "expiry": expiry,
        "expiry_days": 0,
        "expiry_months": _whole(posted, "expiry_months", 1, 120) if expiry != "never" else 0,
        "hold_days": _whole(posted, "hold_days", 0, 366),
        "count_shipping": "count_shipping" in posted,
        "count_tax": "count_tax" in posted,
    }
    return _checked(msgspec.structs.replace(program, policies=msgspec.structs.replace(program.policies, **change)))


def _checked(program: Program) -> Program:
    return parse_program(to_data(program))


def _months(program: Program) -> int:
    return program.policies.expiry_months or 12


def _ticked(name: str, now: bool, posted: Mapping[str, str] | None) -> bool:
    return now if posted is None else name in posted


def _whole(posted: Mapping[str, str], name: str, least: int, most: int) -> int:
    typed = posted.get(name, "").strip()
    number = whole(typed, most, least)
    if number is None:
        words = {"least": least, "most": most}
        raise Invalid(_("Give a whole number from %(least)s to %(most)s.") % words, place=name)
    return number
