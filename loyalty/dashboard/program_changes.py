"""What differs between two programs, thing by thing and field by field, in the words of the forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from loyalty.dashboard.program_fields import LISTS, PART_NAMES, SINGLES, TITLES, kind_of
from loyalty.dashboard.program_forms import NO_END, at_path
from loyalty.dashboard.program_sentences import Words, listed
from loyalty.dashboard.program_shapes import WEEKDAYS, Field
from loyalty.engine.program import Program, to_data

_WORDS = re.compile(r"\s+|[^\s\w]+|\w+")
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: `how` is new, gone, changed, on, off or order."""

    part: str
    id: str
    title: str
    how: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a sentence: the same in both, only before ("del"), or only after ("ins")."""

    text: str
    mark: str = ""


def changes(before: Program, after: Program, words: Words) -> list[Change]:
    """In the order of the page; `words` name things as the later program does."""
    old, new = to_data(before), to_data(after)
    found: list[Change] = []
    for part in LISTS:
        found += _of_list(part, old.get(part, []), new.get(part, []), _alike(part, before, after), words)
    for part in SINGLES:
        if getattr(before, part) != getattr(after, part):
            one, other = _single(part, old), _single(part, new)
            found.append(Change(part, "", str(PART_NAMES[part]), "changed", _fields(part, one, other, words)))
    rest = [name for name in Program.__struct_fields__ if name not in (*LISTS, *SINGLES, "format")]
    for name in rest:
        if old.get(name) != new.get(name):
            title = str(TITLES.get(name, name.replace("_", " ")))
            single = (FieldChange("", _said(old.get(name)), _said(new.get(name))),)
            fields = _translated(before, after) if name == "translations" else single
            found.append(Change(name, "", title, "changed", fields))
    return found


def by_thing(found: Iterable[Change]) -> dict[tuple[str, str], Change]:
    return {(change.part, change.id): change for change in found}


def word_by_word(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both sentences in pieces, with what is only in one of them marked."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    first: list[Piece] = []
    second: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[i:j]:
            first.append(Piece("".join(old[i:j]), "" if tag == "equal" else "del"))
        if new[k:m]:
            second.append(Piece("".join(new[k:m]), "" if tag == "equal" else "ins"))
    return first, second


def _translated(before: Program, after: Program) -> tuple[FieldChange, ...]:
    """Text by text, in each language."""
    old, new = (
        {(tag, own): said for tag, texts in program.translations.items() for own, said in texts.items()}
        for program in (before, after)
    )
    return tuple(
        FieldChange(f"{own} ({tag})", old.get((tag, own), NOTHING), new.get((tag, own), NOTHING))
        for tag, own in sorted({*old, *new})
        if old.get((tag, own)) != new.get((tag, own))
    )


def _single(part: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """`caps` is a list in the document and one table in the form."""
    return {"caps": data.get("caps", [])} if part == "caps" else data.get(part, {})


def _alike(part: str, before: Program, after: Program) -> set[str]:
    """Ids of the things that mean the same in both, however a document writes them: one may spell a default out."""
    was = {each.id: each for each in getattr(before, part)}
    return {each.id for each in getattr(after, part) if was.get(each.id) == each}


def _of_list(part: str, before: Sequence[Any], after: Sequence[Any], alike: set[str], words: Words) -> list[Change]:
    old, new = ({each["id"]: each for each in items} for items in (before, after))
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        title = title_of(part, new.get(key) or old[key])
        if key not in new:
            found.append(Change(part, key, title, "gone"))
        elif key not in old:
            found.append(Change(part, key, title, "new"))
        elif key not in alike:
            found.append(_of_item(part, key, title, old[key], new[key], words))
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        found.append(Change(part, "", _("%(part)s stand in another order") % {"part": PART_NAMES[part]}, "order"))
    return found


def _of_item(part: str, key: str, title: str, old: Mapping[str, Any], new: Mapping[str, Any], words: Words) -> Change:
    was_on, is_on = old.get("enabled", True), new.get("enabled", True)
    fields = _fields(part, old, new, words)
    how = "changed" if was_on == is_on else "on" if is_on else "off"
    return Change(part, key, title, how, fields)


def title_of(part: str, item: Mapping[str, Any]) -> str:
    kind = kind_of(part, item)
    return str(item.get("name") or (kind.name if kind else item.get("id", "")))


def _fields(part: str, old: Mapping[str, Any], new: Mapping[str, Any], words: Words) -> tuple[FieldChange, ...]:
    measure = words.program.policies.tier_measure
    kind = kind_of(part, new, measure) or kind_of(part, old, measure)
    found = []
    for one in kind.fields() if kind else ():
        before, after = (
            one.default if value is None else value for value in (at_path(old, one.name), at_path(new, one.name))
        )
        if before != after:
            found.append(FieldChange(str(one.label), shown(one, before, words), shown(one, after, words)))
    return tuple(found)


def shown(one: Field, value: Any, words: Words) -> str:
    """One field's value in words; what the document leaves out is the default."""
    value = one.default if value is None else value
    if one.shape == "flag":
        return _("yes") if value else _("no")
    if value in ("", None, [], ()):
        return "0" if one.shape == "whole" and not one.empty else NOTHING
    if one.shape == "money":
        return words.money(int(value))
    if one.shape == "whole":
        return words.fmt.points(int(value))
    if one.shape == "choice":
        return str(dict(one.choices).get(str(value), value))
    if one.shape == "range":
        return _range(one, value, words)
    if one.shape == "rows":
        return "; ".join(_row(one, row, words) for row in value)
    if isinstance(value, list):
        return _names(one, value, words)
    return _date(one, str(value), words)


def _range(one: Field, value: Sequence[int], words: Words) -> str:
    write = words.money if one.unit == "money" else words.fmt.points
    if value[1] >= NO_END:
        return _("%(least)s or more") % {"least": write(value[0])}
    return _("%(least)s to %(most)s") % {"least": write(value[0]), "most": write(value[1])}


def _row(one: Field, row: Mapping[str, Any], words: Words) -> str:
    cells = [(column, row[column.name]) for column in one.columns if column.name in row]
    return ", ".join(f"{column.label} {shown(column, value, words)}" for column, value in cells)


def _names(one: Field, value: Sequence[Any], words: Words) -> str:
    if one.shape == "weekdays":
        return ", ".join(str(dict(WEEKDAYS)[str(day)]) for day in value)
    if one.catalogue:
        return words.titled(one.catalogue, [str(each) for each in value])
    return words.named(one.of, value) if one.of else listed([str(each) for each in value])


def _date(one: Field, value: str, words: Words) -> str:
    return words.fmt.moment(datetime.fromisoformat(value)) if one.shape == "instant" else value


def _said(value: Any) -> str:
    if isinstance(value, dict):  # what is paused
        names: dict[str, str] = {"earning": _("earning"), "redeeming": _("redeeming")}
        return ", ".join(names.get(str(key), str(key)) for key, each in value.items() if each) or NOTHING
    return NOTHING if value is None else str(value)
