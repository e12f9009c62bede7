"""The program: reading and writing its document. The shapes stand in `document.py`, the checks in `checking.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loyalty.engine.checking import check_program
from loyalty.engine.document import FORMAT, Program, Reward, RewardKind, Rule, Version
from loyalty.engine.earning import PerAmount
from loyalty.engine.errors import Invalid
from loyalty.engine.misreads import misread
from loyalty.engine.policies import Policies

__all__ = [
    "FORMAT",
    "Policies",
    "Program",
    "Reward",
    "RewardKind",
    "Rule",
    "Version",
    "default_program",
    "parse_program",
    "to_data",
]


# Made while there is one thread: two that are the first to read a document at once crash the process, for each takes
# the other's half-made description of the shapes for a whole one.
msgspec.json.Decoder(Program)


def parse_program(data: Mapping[str, Any]) -> Program:
    """A program from plain data of today's format (`exchange.from_data` upgrades older ones). Raises errors.Invalid with the place and the remedy."""
    try:
        program = msgspec.convert(data, Program)
    except msgspec.ValidationError as error:
        raise misread(error) from error
    if program.format != FORMAT:
        raise Invalid(
            "This is format {found}; this release reads {known}.",
            place="$.format",
            params={"found": program.format, "known": FORMAT},
        )
    check_program(program)
    return program


def to_data(program: Program) -> dict[str, Any]:
    """Plain data, defaults left out; `parse_program` reads it back to an equal program."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(program))
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
