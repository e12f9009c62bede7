"""A message with its parameters, as a sentence.

Names of parameters say how to show them, as in `engine.explain`. `{points}` is the number with its word, `{unit}` the
word that goes with the number, `{point_name}` the word without a number (`{Point_name}` where a sentence begins); all
three take the merchant's own word if there is one. In a message of several forms `n` chooses, and is the number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

import msgspec

from loyalty.engine.errors import LoyaltyError
from loyalty.engine.explain import Reason
from loyalty.languages import formats
from loyalty.languages.catalogs import Message, catalog

Params = Mapping[str, str | int]
PointWords = Mapping[str, str]
"""The merchant's word for point by plural category, and by "name" the word without a number."""

_FIELD = re.compile(r"\{(\w+)\}")
_COUNTS = ("n", "days", "units", "length", "points")
_AS_THEY_ARE = ("number", "year", "version", "code")
_DECIMALS = ("percent", "times")
_MERCHANTS = ("reward", "tier", "name", "plan")
"""What a merchant has named."""


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language somebody is answered, what a point is called there, and what the merchant's own names are."""

    language: str
    point: PointWords | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def knowing(self, translations: Mapping[str, Mapping[str, str]]) -> Voice:
        """The same with a program's names."""
        return replace(self, names=translations.get(self.language, {}))

    def own(self, name: str) -> str:
        """A merchant's word, in this language if they have said it there."""
        return self.names.get(name, name)

    def text(self, reason: Reason) -> str:
        return text(msgspec.structs.replace(reason, params=self._named(reason.params)), self.language, self.point)

    def say(self, part: str, message_id: str, params: Params) -> str:
        return say(part, message_id, self._named(params), self.language, self.point)

    def _named(self, params: Params) -> Params:
        if not self.names:
            return params
        return {
            key: self.own(value) if key in _MERCHANTS and isinstance(value, str) else value
            for key, value in params.items()
        }

    def short_money(self, amount_minor: int, currency: str, exponent: int) -> str:
        """Without decimals where there are none to show."""
        whole, rest = divmod(amount_minor, 10**exponent)
        if rest:
            return formats.money(amount_minor, currency, exponent, self.language)
        return formats.money(whole, currency, 0, self.language)

    def percent(self, percent: int) -> str:
        return formats.percent(percent, self.language)

    def problem(self, error: LoyaltyError, names: Mapping[str, str] | None = None) -> str:
        """What was refused and why, by the error's code; a code that shoppers never meet keeps its English. `names` are
        what a shopper reads for a reward's."""
        wait_seconds = getattr(error, "retry_after_seconds", 0)
        params = {"n": max(1, -(-wait_seconds // 60))} if wait_seconds else error.params
        if named := (names or {}).get(str(params.get("reward", ""))):
            params = {**params, "reward": named}
        code = _by_period("refusals", error.code, params, self.language)
        return self.say("refusals", code, params) if code in catalog("en", "refusals") else error.message


def text(reason: Reason, language: str, point: PointWords | None = None) -> str:
    """The sentence of this reason alone; its `lines` are rendered by whoever shows them."""
    message = _by_period("explanations", reason.message, reason.params, language)
    return say("explanations", message, reason.params, language, point)


def full_text(reason: Reason, language: str, point: PointWords | None = None, indent: str = "") -> str:
    """The whole explanation, one line per reason, indented."""
    own = indent + text(reason, language, point)
    return "\n".join([own, *(full_text(line, language, point, indent + "  ") for line in reason.lines)])


def say(part: str, message_id: str, params: Params, language: str, point: PointWords | None = None) -> str:
    """A message of a catalogue; one that nobody knows is its id."""
    message = catalog(language, part).get(message_id, message_id)
    count = next((value for name in _COUNTS if isinstance(value := params.get(name), int)), 0)
    return _FIELD.sub(
        lambda found: _shown(found.group(1), params, count, language, point), _form(message, count, language)
    )


def _by_period(part: str, message_id: str, params: Params, language: str) -> str:
    """A sentence that names a period has one message for each."""
    own = f"{message_id}.{params.get('period')}"
    return own if own in catalog(language, part) else message_id


def _form(message: Message, count: int, language: str) -> str:
    if isinstance(message, str):
        return message
    return message.get(formats.plural(language, count)) or message.get("other") or next(iter(message.values()))


def _shown(name: str, params: Params, count: int, language: str, point: PointWords | None) -> str:
    words = catalog(language, "panel")
    if name == "points" and isinstance(points := params.get("points", count), int):
        filled = {"n": formats.number(points, language), "unit": _unit(points, language, point)}
        return _isolated(_FIELD.sub(lambda found: filled[found.group(1)], str(words["points"])), language)
    if name.lower() == "point_name":
        own = (point.get("name") or point.get("other", "")) if point else ""
        called = own or str(words["point_name"])
        return called[:1].upper() + called[1:] if name[0] == "P" else called
    if name == "unit":
        return _unit(count, language, point)
    return _isolated(_value(name, params.get(name, count if name == "n" else ""), params, language), language)


def _unit(count: int, language: str, point: PointWords | None) -> str:
    return _form(point or catalog(language, "panel")["unit"], count, language)


def _value(name: str, value: str | int, params: Params, language: str) -> str:
    if isinstance(value, int):
        if name.endswith("_minor"):
            return formats.money(value, str(params.get("currency", "")), int(params.get("exponent", 2)), language)
        if name.endswith("_hundredths"):
            return formats.hundredths(value, language)
        return str(value) if name in _AS_THEY_ARE else formats.number(value, language)
    if name.endswith("_at"):
        return formats.day(value, language)
    if name in _DECIMALS:
        return _decimal(value, language)
    return value


def _decimal(value: str, language: str) -> str:
    try:
        return formats.number(Decimal(value), language)
    except InvalidOperation:
        return value


def _isolated(value: str, language: str) -> str:
    """Where text runs from the right, what is put in keeps its own direction: first strong isolate, and its end."""
    return f"\u2068{value}\u2069" if value and formats.runs_from_right(language) else value
