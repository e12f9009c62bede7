"""The engine's reasons in the reader's language and the shop's numbers, laid out as the statement shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language_bidi, gettext
from django.utils.translation import gettext_lazy as _

from loyalty.dashboard.formatting import Format, instant
from loyalty.engine.explain import Reason, find
from loyalty.engine.messages import MESSAGES

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A column of arithmetic: rows above a total."""

    title: str
    rows: tuple[Row, ...]
    total_label: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    sums: tuple[Sum, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    version: int | None = None
    message: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a line of the statement is about, without its points."""

    icon: str
    title: str
    about: str = ""


_FIELD = re.compile(r"\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}")

# A sentence that ends with an amount is a row of arithmetic: its words, and the amount at the end of the line.
_ROW = re.compile(r"(?P<label>.+?)[:,] (?P<value>-?\{\w+_(?:minor|hundredths)\})")
# A movement's sentence says its points at the end; a line of the statement has them in a column of their own.
_WITH_POINTS = re.compile(r"(?P<title>.+): \{points\|[^}]*\}[^{}]*")

# Icon, title and what stands below it, by message id; the longest id that fits wins ("returned." for "returned.failed").
_HEADINGS: dict[str, tuple[str, Text, Text]] = {
    "earned.order": ("bag", _("Order {number}"), ""),
    "pending.order": ("bag", _("Order {number}"), ""),
    "reversed.refund": ("undo", _("Order {number} refunded"), _("{refunded_minor} returned to the shopper")),
    "reversed.cancel": ("undo", _("Order {number} cancelled"), ""),
    "redeemed": ("ticket", _("{reward}"), ""),
    "returned.refund": ("undo", _("Points spent on {reward} returned"), _("Order {number} was refunded")),
    "returned.cancel": ("undo", _("Points spent on {reward} returned"), _("Order {number} was cancelled")),
    "returned.failed": ("undo", _("Points spent on {reward} returned"), _("The code could not be made")),
    "returned.cancelled": ("undo", _("Points spent on {reward} returned"), _("The reward was cancelled")),
    "returned.expired": ("undo", _("Points spent on {reward} returned"), _("The code was not used in time")),
    "nothing.code_expired": ("clock", _("Points spent on {reward} stay spent"), _("The code was not used in time")),
    "returned.": ("undo", _("Points spent on {reward} returned"), ""),
    "expired.lot": ("clock", _("Points from {opened_at} expired"), ""),
    "adjusted": ("sliders", _("Changed by {actor}"), "“{why}”"),
    "imported": ("arrow", _("Brought from {from}"), ""),
}


_ICONS = {
    "earned.birthday": "cake",
    "earned.referral": "users",
    "earned.plan": "ticket",
    "earned.": "star",
    "expired.": "clock",
    "gift.": "gift",
    "fee.": "minus",
}

_BY_PERIOD: dict[tuple[str, str], Text] = {
    ("earned.streak", "week"): _("Orders in {length} weeks in a row: {points|point|points}"),
    ("earned.streak", "month"): _("Orders in {length} months in a row: {points|point|points}"),
}
"""A sentence that names a period has one for each: a word put in could not be translated."""


def sentence(reason: Reason, fmt: Format) -> str:
    """One reason as one sentence, without the reasons below it."""
    return _fill(_template(reason), reason, fmt)


def whole_message(reason: Reason, fmt: Format) -> str:
    """The reason and all below it, a line each: what "Copy as a message" copies for the shopper."""
    lines = [sentence(reason, fmt)]
    for below in reason.lines:
        lines += [f"  {line}" for line in whole_message(below, fmt).splitlines()]
    return "\n".join(lines)


def renamed(reason: Reason, names: Mapping[str, str]) -> Reason:
    """The reason with a reward's name as shoppers read it ("$5 off"), where the program has one of its own."""
    name = names.get(str(reason.params.get("reward", "")))
    if not name:
        return reason
    return Reason(message=reason.message, params={**reason.params, "reward": name}, lines=reason.lines)


def heading(reason: Reason, fmt: Format) -> Heading:
    """What happened, as the first line of a statement entry."""
    if reason.message.startswith("nothing.") and "number" in reason.params:
        return Heading("bag", _fill(gettext("Order {number}"), reason, fmt), sentence(reason, fmt))
    fitting = [known for known in _HEADINGS if reason.message.startswith(known)]
    if fitting:
        icon, title, about = _HEADINGS[max(fitting, key=len)]
        return Heading(icon, _fill(str(title), reason, fmt), _fill(str(about), reason, fmt))
    template = _template(reason)
    found = _WITH_POINTS.fullmatch(template)
    icon = next((icon for start, icon in _ICONS.items() if reason.message.startswith(start)), "info")
    return Heading(icon, _fill(found["title"] if found else template, reason, fmt))


def explanation(reason: Reason, points: int, fmt: Format) -> Explanation:
    """The whole reason in columns, notes and what was left out. `points` is what the line moved, 0 for nothing."""
    sums: list[Sum] = []
    notes: list[str] = []
    left_out: list[str] = []
    for line in reason.lines:
        if line.message == "order.counts":
            sums.append(_counts(line, fmt))
        elif line.message == "order.earned":
            sums.append(_earned(line, points, fmt))
        elif line.message == "order.left_out":
            left_out += [sentence(part, fmt) for part in line.lines]
        elif line.message != "order.version":
            notes.append(_stopped(sentence(line, fmt)))
    if reason.message.startswith("nothing.") or not (sums or points):
        notes.insert(0, _stopped(sentence(reason, fmt)))
    elif not sums:
        sums.append(Sum("", (Row(_without_points(reason, fmt), fmt.signed(points)),)))
    judged = find(reason, "order.version")
    version = judged.params.get("version") if judged else None
    return Explanation(
        tuple(sums),
        tuple(left_out),
        tuple(notes),
        version if isinstance(version, int) else None,
        whole_message(reason, fmt),
    )


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _counts(reason: Reason, fmt: Format) -> Sum:
    rows = tuple(_row(line, fmt) for line in reason.lines)
    return Sum(gettext("What counts"), rows, gettext("Counts for points"), _value("amount_minor", reason, fmt))


def _earned(reason: Reason, points: int, fmt: Format) -> Sum:
    rows = tuple(_row(line, fmt) for line in reason.lines)
    return Sum(gettext("What it earned"), rows, gettext("Points"), fmt.points(points))


def _row(reason: Reason, fmt: Format) -> Row:
    """What a rule did not give has its reasons behind it, in brackets."""
    template = _template(reason)
    found = _ROW.fullmatch(template)
    label = _fill(found["label"] if found else template, reason, fmt).strip()
    if reason.lines:
        label += f" ({'; '.join(sentence(line, fmt) for line in reason.lines)})"
    if found is None:
        return Row(label, "")
    name = found["value"].strip("-{}")
    return Row(label, _value(f"-{name}" if found["value"].startswith("-") else name, reason, fmt))


def _without_points(reason: Reason, fmt: Format) -> str:
    """The heading in one line; the points stand beside it."""
    told = heading(reason, fmt)
    return f"{told.title.removesuffix('.')}. {told.about}" if told.about else told.title


def _value(name: str, reason: Reason, fmt: Format) -> str:
    """A leading minus in `name` shows an amount as taken away."""
    value = reason.params.get(name.removeprefix("-"), 0)
    if not isinstance(value, int):
        return str(value)
    if name.endswith("_hundredths"):
        return fmt.hundredths(value)
    return _money(-value if name.startswith("-") else value, reason, fmt.money)


def _money(amount_minor: int, reason: Reason, write: Callable[[int, str, int | None], str]) -> str:
    currency, exponent = reason.params.get("currency", ""), reason.params.get("exponent")
    return write(amount_minor, str(currency), exponent if isinstance(exponent, int) else None)


def _template(reason: Reason) -> str:
    own = _BY_PERIOD.get((reason.message, str(reason.params.get("period"))))
    return str(own) if own else gettext(MESSAGES.get(reason.message, reason.message))


def _fill(template: str, reason: Reason, fmt: Format) -> str:
    return _FIELD.sub(lambda found: _shown(found, reason, fmt), template)


def isolated(text: str) -> str:
    """A value inside a sentence that runs right to left keeps its own direction, as `<bdi>` does for markup."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if text and get_language_bidi() else text


def _shown(found: re.Match[str], reason: Reason, fmt: Format) -> str:
    name, one, many = found.group(1), found.group(2), found.group(3)
    value = reason.params.get(name, "")
    shown = isolated(_written(name, value, reason, fmt))
    return shown if one is None else f"{shown} {one if value in (1, -1) else many}"


def _written(name: str, value: str | int, reason: Reason, fmt: Format) -> str:
    if name.endswith("_at") and isinstance(value, str) and value:
        return _day(value, fmt)
    if not isinstance(value, int):
        return value
    if name.endswith("_minor"):
        return _money(value, reason, fmt.money_short if name == "per_minor" else fmt.money)
    if name.endswith("_hundredths"):
        return fmt.hundredths(value)
    return fmt.points(value)


def _day(value: str, fmt: Format) -> str:
    at: datetime = instant(value)
    return fmt.full_day(at)
