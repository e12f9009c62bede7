"""Why: explanations as data, so that they can be shown in any language.

A `Reason` is a message id, its parameters and the reasons below it. Names of parameters say how to show them: `*_minor`
is money in the reason's own `currency` and `exponent`, `points` are whole points, `*_hundredths` are hundredths of a
point (before rounding), `*_at` is an instant in ISO 8601. `text` renders English; other languages come from
catalogues keyed by the same ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from loyalty.engine.messages import MESSAGES
from loyalty.engine.money import format_minor


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One explanation; `lines` go deeper. `message` is a key of `messages.MESSAGES`."""

    message: str
    params: Mapping[str, str | int] = {}
    lines: tuple[Reason, ...] = ()


Why = Reason | Callable[[], Reason]
"""A reason, or what makes it once somebody asks: most folds are for numbers alone."""


def told(why: Why) -> Reason:
    return why if isinstance(why, Reason) else why()


_FIELD = re.compile(r"\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}")


def text(reason: Reason) -> str:
    """The English sentence of this reason alone; its `lines` are rendered by whoever shows them."""
    template = MESSAGES.get(reason.message)
    if template is None:
        return reason.message
    return _FIELD.sub(lambda found: _shown(found, reason.params), template)


def full_text(reason: Reason, indent: str = "") -> str:
    """The whole explanation, one line per reason, indented: what "Copy as a message" copies."""
    own = indent + text(reason)
    return "\n".join([own, *(full_text(line, indent + "  ") for line in reason.lines)])


def find(reason: Reason, message: str) -> Reason | None:
    """The first reason with this message id in the tree, top down."""
    if reason.message == message:
        return reason
    return next((hit for line in reason.lines if (hit := find(line, message)) is not None), None)


msgspec.json.Decoder(Reason)  # while there is one thread, as in program.py


def as_data(reason: Reason) -> dict[str, Any]:
    """Plain data for a JSON column; `from_data` reads it back."""
    data: dict[str, Any] = msgspec.to_builtins(reason)
    return data


def from_data(data: Mapping[str, Any]) -> Reason:
    """Raises msgspec.ValidationError on anything that `as_data` did not write."""
    return msgspec.convert(data, Reason)


def _shown(found: re.Match[str], params: Mapping[str, str | int]) -> str:
    name, one, many = found.group(1), found.group(2), found.group(3)
    value = params.get(name, "")
    if name.endswith("_minor") and isinstance(value, int):
        return format_minor(value, str(params.get("currency", "")), int(params.get("exponent", 2)))
    if name.endswith("_hundredths") and isinstance(value, int):
        return format_minor(value, "", 2)
    if name.endswith("_at") and isinstance(value, str):
        return _day(value)
    shown = f"{value:,}" if isinstance(value, int) else value
    return shown if one is None else f"{shown} {one if value in (1, -1) else many}"


def _day(instant: str) -> str:
    """The day in the zone the instant was written in."""
    day = datetime.fromisoformat(instant)
    return f"{day:%b} {day.day}, {day.year}"
