"""English that remembers what it was made of, so that another language can say the same.

A template names its parameters in braces. What a brace says besides the name is how to show it: `{count:,}` is a number
with its separators, `{name!r}` stands in quotation marks, and a name that ends in `_at` is an instant in ISO 8601. The
translators' tools find a template as the first argument of `Phrase` or of an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

Params = Mapping[str, str | int]
"""A value that is a `Phrase` is said in the reader's language too."""
Show = Callable[[str, str | int, str], str]
"""Of a name, its value and how to show it ("", ":," or "!r"): what stands in the sentence."""

_FIELD = re.compile(r"\{(\w+)(:,|!r|)\}")
_NOTHING: Params = MappingProxyType({})


class Phrase(str):
    """A sentence or a part of one. As text it is English."""

    __slots__ = ("params", "template")

    template: str
    params: Params

    def __new__(cls, template: str, params: Params | None = None) -> Phrase:
        made = super().__new__(cls, filled(template, params or _NOTHING, _english))
        made.template, made.params = template, params or _NOTHING
        return made

    @classmethod
    def of(cls, said: str, params: Params | None = None) -> Phrase:
        """A template or a phrase, which keeps its own parameters where none are given."""
        return cls(said.template, params or said.params) if isinstance(said, Phrase) else cls(said, params)

    def __reduce__(self) -> tuple[type[Phrase], tuple[str, dict[str, str | int]]]:
        return Phrase, (self.template, dict(self.params))


def filled(template: str, params: Params, show: Show) -> str:
    """The template with each parameter as `show` writes it; a name without a parameter stays as it is."""
    if not params:
        return template

    def put(found: re.Match[str]) -> str:
        value = params.get(found[1])
        return found[0] if value is None else show(found[1], value, found[2])

    return _FIELD.sub(put, template)


def _english(name: str, value: str | int, how: str) -> str:
    if how == "!r":
        return repr(value)
    if name.endswith("_at"):
        return f"{datetime.fromisoformat(str(value)):%c %Z}"
    return f"{value:,}" if how == ":," else str(value)
