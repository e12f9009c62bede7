"""What a form of the program is made of: fields with their label, hint, unit and bounds, in groups, for each kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Shape = Literal[
    "text", "whole", "money", "decimal", "choice", "flag", "names", "lines", "picks", "weekdays", "day", "instant", "rows", "range"
]  # fmt: skip
Choices = tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is the path in the document ("scope.first_day"). `picks` chooses among the program's own things of the
    part `of`; `rows` is a table with `columns`; `range` are a least and a most. `empty` says that nothing typed means
    no value at all, rather than zero or no text."""

    name: str
    label: Text
    shape: Shape = "whole"
    hint: Text = ""
    unit: Text = ""
    least: int | None = 0
    most: int | None = None
    choices: Choices = ()
    of: str = ""
    catalogue: str = ""
    """Of whose goods the names are ids: "products" or "collections", which can be looked up by title."""
    columns: tuple[Field, ...] = ()
    empty: bool = False
    wanted: bool = False
    default: str | int | bool = ""
    """What the document says where it leaves the field out."""
    longest: int = 200


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are shown together; a folded one is opened where something in it is set."""

    title: Text
    fields: tuple[Field, ...]
    folded: bool = True
    about: Text = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing in one part of the document."""

    name: Text
    about: Text
    groups: tuple[Group, ...]
    icon: str = "star"
    starts: Mapping[str, object] | None = None
    """What a new one says before anybody typed."""

    def fields(self) -> list[Field]:
        return [field for group in self.groups for field in group.fields]


def group(*fields: Field) -> Group:
    return Group("", fields, folded=False)


POINTS = _("points")
DAYS = _("days")
LARGEST_POINTS = 10**9
PERIODS: Choices = (
    ("order", _("order")),
    ("event", _("time it happens")),
    ("day", _("day")),
    ("week", _("week")),
    ("month", _("month")),
    ("year", _("year")),
    ("lifetime", _("lifetime")),
)
WEEKDAYS: Choices = (
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
)
