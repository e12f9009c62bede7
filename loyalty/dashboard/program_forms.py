"""A form of one thing in the program: written from the document, read from what was typed, shown again with what is
wrong with it beside the field."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from django.utils.translation import gettext as _

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_shapes import WEEKDAYS, Field, Kind, Text
from loyalty.dashboard.refusals import grouped, refusal_text
from loyalty.dashboard.typed import number_in, whole
from loyalty.engine.errors import Invalid
from loyalty.engine.program import Program

Raw = Mapping[str, Sequence[str]]
"""What was typed, by the name of the input: as a browser posts it."""

NO_END = 10**12
"""The most of a range that has no end, as the document has it."""
LARGEST_LIST = 10_000
LAST_ROW = 999
SPARE_ROWS = 2


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: Text
    chosen: bool


@dataclass(frozen=True, slots=True)
class Input:
    """One field as the page shows it."""

    field: Field
    id: str
    name: str
    value: str = ""
    options: tuple[Option, ...] = ()
    rows: tuple[tuple[Input, ...], ...] = ()
    unit: Text = ""
    error: str = ""
    named: tuple[tuple[str, str], ...] = ()
    """Ids in `value` whose titles are known, with these."""

    @property
    def hint_id(self) -> str:
        return f"{self.id}-hint" if self.field.hint else ""

    @property
    def described(self) -> str:
        return " ".join(filter(None, (f"{self.id}-error" if self.error else "", self.hint_id)))


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields; a folded one is open where something is set in it or wrong with it."""

    title: Text
    about: Text
    folded: bool
    open: bool
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Form:
    sections: tuple[Section, ...]
    errors: Mapping[str, str] = field(default_factory=dict)
    elsewhere: str = ""
    """An error at none of the fields."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the shop writes, and the program whose things a field may choose among."""

    fmt: Format
    program: Program
    titles: Mapping[str, str] = field(default_factory=dict)
    """Of products, by id, as far as they are known."""

    def names_of(self, part: str) -> list[tuple[str, str]]:
        return [(each.id, each.name or each.id) for each in getattr(self.program, part)]


def at_path(item: Any, path: str) -> Any:
    """What stands there, or None."""
    for step in path.split("."):
        if isinstance(item, Mapping):
            item = item.get(step)
        elif isinstance(item, list | tuple) and step.isdigit() and int(step) < len(item):
            item = item[int(step)]
        else:
            return None
    return item


def with_value(item: dict[str, Any], path: str, value: Any) -> None:
    """Writes there; None takes the field out."""
    *steps, last = path.split(".")
    place: Any = item
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


def written(kind: Kind, item: Mapping[str, Any], setting: Setting) -> dict[str, list[str]]:
    """The item as a browser would post it."""
    raw: dict[str, list[str]] = {}
    for each in kind.fields():
        value = at_path(item, each.name)
        _write(each, each.name, each.default if value is None else value, setting.fmt, raw)
    return raw


def read(kind: Kind, raw: Raw, item: Mapping[str, Any], setting: Setting) -> tuple[dict[str, Any], dict[str, str]]:
    """The item with what was typed in it, and what is wrong by field; a wrong field keeps its old value. What the table
    does not know of stays as it is."""
    made: dict[str, Any] = copy.deepcopy(dict(item))
    errors: dict[str, str] = {}
    for each in kind.fields():
        try:
            with_value(made, each.name, _read(each, each.name, raw, setting.fmt))
        except Invalid as wrong:
            errors[each.name] = refusal_text(wrong)
    return made, errors


def form_of(kind: Kind, raw: Raw, setting: Setting, errors: Mapping[str, str], elsewhere: str = "") -> Form:
    sections = []
    for each in kind.groups:
        inputs = tuple(
            made for one in each.fields if (made := _input(one, one.name, raw, setting, errors.get(one.name, "")))
        )
        if inputs:
            wanted = not each.folded or any(made.error or _is_set(made, raw) for made in inputs)
            sections.append(Section(each.title, each.about, each.folded, wanted, inputs))
    return Form(tuple(sections), errors, elsewhere)


def placed(kind: Kind, place: str, message: str) -> tuple[dict[str, str], str]:
    """Where on the form an error belongs: at the field whose path is `place` or begins it, or elsewhere."""
    path = place.replace("[", ".").replace("]", "").lstrip(".")
    fitting = [each.name for each in kind.fields() if path == each.name or path.startswith(f"{each.name}.")]
    return ({max(fitting, key=len): message}, "") if fitting else ({}, message)


def _is_set(made: Input, raw: Raw) -> bool:
    one = made.field
    if one.shape == "rows":
        return any(cell.value for row in made.rows for cell in row if cell.field.shape != "choice")
    if made.options:
        usual = {str(one.default)} if one.shape == "choice" else {"on"} if one.default is True else set()
        return {option.value for option in made.options if option.chosen} != usual
    return made.value != str(one.default) and bool(made.value.strip("0.,"))


def _input(one: Field, name: str, raw: Raw, setting: Setting, error: str = "") -> Input | None:
    shown = Input(one, f"f-{name.replace('.', '-')}", name, unit=_unit(one, setting.fmt), error=error)
    typed = list(raw.get(name, ()))
    if one.shape in ("choice", "picks", "weekdays", "flag"):
        known = _options(one, setting)
        if not known:
            return None
        lost = [(value, value) for value in typed if value not in dict(known)]
        options = tuple(Option(value, label, value in typed) for value, label in (*known, *lost))
        return _with(shown, options=options)
    if one.shape == "range":
        cells = tuple(_cell(one, f"{name}.{end}", raw, setting) for end in (0, 1))
        return _with(shown, rows=(cells,))
    if one.shape == "rows":
        count = _row_count(one, name, raw) + SPARE_ROWS
        rows = tuple(
            tuple(
                cell
                for column in one.columns
                if (cell := _input(column, f"{name}.{row}.{column.name}", raw, setting)) is not None
            )
            for row in range(min(count, 40))
        )
        return _with(shown, rows=rows)
    value = typed[0] if typed else ""
    titles = setting.titles if one.catalogue == "products" else {}
    named = tuple((each, titles[each]) for each in value.split() if each in titles)
    return _with(shown, value=value, named=named)


def _cell(one: Field, name: str, raw: Raw, setting: Setting) -> Input:
    typed = list(raw.get(name, ()))
    return Input(one, f"f-{name.replace('.', '-')}", name, typed[0] if typed else "", unit=_unit(one, setting.fmt))


def _with(shown: Input, **changes: Any) -> Input:
    parts = {"field": shown.field, "id": shown.id, "name": shown.name, "unit": shown.unit, "error": shown.error}
    return Input(**{**parts, **changes})


def _unit(one: Field, fmt: Format) -> Text:
    return fmt.currency if one.shape == "money" or one.unit == "money" else one.unit


def _options(one: Field, setting: Setting) -> list[tuple[str, Text]]:
    if one.shape == "flag":
        return [("on", one.label)]
    if one.shape == "weekdays":
        return list(WEEKDAYS)
    if one.shape == "picks":
        return list(setting.names_of(one.of))
    return list(one.choices)


def _row_count(one: Field, name: str, raw: Raw) -> int:
    """Up to the last row in which something was typed: rows left empty are not kept, else each press adds more."""
    typed = {column.name for column in one.columns if column.shape != "choice"}
    last = 0
    for each, values in raw.items():
        step, _dot, cell = each.removeprefix(f"{name}.").partition(".")
        counts = each.startswith(f"{name}.") and cell.partition(".")[0] in typed and any(values)
        row = whole(step, LAST_ROW) if counts else None
        last = last if row is None else max(last, row + 1)
    return last


def _write(one: Field, name: str, value: Any, fmt: Format, raw: dict[str, list[str]]) -> None:
    if one.shape == "rows":
        for index, row in enumerate(value or ()):
            for column in one.columns:
                found = row.get(column.name)
                _write(column, f"{name}.{index}.{column.name}", column.default if found is None else found, fmt, raw)
    elif one.shape == "range":
        for end, number in enumerate(value or ()):
            raw[f"{name}.{end}"] = ["" if number >= NO_END else _written_number(one, number, fmt)]
    elif one.shape == "flag":
        raw[name] = ["on"] if value else []
    elif one.shape in ("names", "lines"):
        raw[name] = ["\n".join(value or ())]
    elif one.shape in ("picks", "weekdays"):
        raw[name] = [str(each) for each in value or ()]
    elif one.shape == "instant":
        raw[name] = [fmt.local(datetime.fromisoformat(value)).strftime("%Y-%m-%dT%H:%M") if value else ""]
    elif one.shape in ("whole", "money", "decimal"):
        raw[name] = ["" if value == "" and (one.empty or one.wanted) else _written_number(one, value or 0, fmt)]
    else:
        raw[name] = [str(value)]


def _written_number(one: Field, value: Any, fmt: Format) -> str:
    exponent = fmt.exponent if one.shape == "money" or one.unit == "money" else 0
    number = Decimal(str(value)).scaleb(-exponent)
    pattern = "0." + "0" * exponent if exponent and one.shape != "decimal" else "0.######"
    shown: str = format_decimal(number, pattern, locale=fmt.locale)
    return shown


def _read(one: Field, name: str, raw: Raw, fmt: Format) -> Any:
    """The value for the document. Raises Invalid with what to do."""
    typed = [each.replace("\x00", "") for each in raw.get(name, ())]
    text = typed[0].strip() if typed else ""
    if one.shape == "rows":
        return _read_rows(one, name, raw, fmt)
    if one.shape == "range":
        return _read_range(one, name, raw, fmt)
    if one.shape == "flag":
        return bool(typed)
    if one.shape == "picks":
        return typed[:1000]
    if one.shape == "weekdays":
        return sorted({int(each) for each in typed if each in dict(WEEKDAYS)})
    return _read_line(one, text, fmt)


def _read_line(one: Field, text: str, fmt: Format) -> Any:
    if one.shape in ("names", "lines"):
        return _read_lines(one, text)
    if one.shape == "choice":
        if text not in dict(one.choices):
            raise Invalid(_("Choose one of the list."))
        return text
    if one.shape == "text":
        return _read_text(one, text)
    if not text:
        if one.wanted:
            raise Invalid(_("Fill this in."))
        return None if one.empty else 0
    return _read_date(one, text, fmt) if one.shape in ("day", "instant") else _read_number(one, text, fmt)


def _read_text(one: Field, text: str) -> str:
    if one.wanted and not text:
        raise Invalid(_("Fill this in."))
    if len(text) > one.longest:
        raise Invalid(_("Write at most %(count)s characters.") % {"count": one.longest})
    return text


def _read_lines(one: Field, text: str) -> list[str]:
    separators = ("\n",) if one.shape == "lines" else ("\n", ",", ";")
    for separator in separators[1:]:
        text = text.replace(separator, "\n")
    found = list(dict.fromkeys(line.strip()[:255] for line in text.splitlines() if line.strip()))
    if len(found) > LARGEST_LIST:
        raise Invalid(_("Name at most %(count)s.") % {"count": grouped(LARGEST_LIST)})
    return found


def _read_rows(one: Field, name: str, raw: Raw, fmt: Format) -> list[dict[str, Any]]:
    rows = []
    for index in range(min(_row_count(one, name, raw), 200)):
        cells = {column.name: f"{name}.{index}.{column.name}" for column in one.columns}
        filled = [column for column in one.columns if column.shape != "choice" and any(raw.get(cells[column.name], ()))]
        if filled:
            told = [column for column in one.columns if column.shape != "choice" or cells[column.name] in raw]
            row = {column.name: _read(column, cells[column.name], raw, fmt) for column in told}
            rows.append({key: value for key, value in row.items() if value is not None})
    return rows


def _read_range(one: Field, name: str, raw: Raw, fmt: Format) -> list[int] | None:
    ends = [next(iter(raw.get(f"{name}.{end}", ())), "").strip() for end in (0, 1)]
    if not any(ends):
        return None
    low = _read_number(one, ends[0], fmt) if ends[0] else 0
    high = _read_number(one, ends[1], fmt) if ends[1] else NO_END
    if low > high:
        raise Invalid(_("The least must not lie above the most."))
    return [low, high]


def _read_date(one: Field, text: str, fmt: Format) -> str:
    try:
        if one.shape == "day":
            return date.fromisoformat(text).isoformat()
        local = datetime.fromisoformat(text).replace(tzinfo=fmt.zone)
        return local.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise Invalid(_("Write a date such as 2026-11-27.")) from None


def _read_number(one: Field, text: str, fmt: Format) -> Any:
    money = one.shape == "money" or one.unit == "money"
    if one.shape == "decimal":
        number = number_in(text, fmt.locale, decimals=6)
        if number.as_tuple().exponent < -6 or not 0 < number <= 1000:  # type: ignore[operator]
            raise Invalid(_("Write a number above zero, such as %(example)s.") % {"example": _example("1.5", fmt)})
        return format(number.normalize(), "f")
    decimals = fmt.exponent if money else 0
    number = number_in(text, fmt.locale, decimals=decimals, example="1234.5" if money else "120")
    scaled = number.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise Invalid(
            _("%(currency)s has %(decimals)s decimals.") % {"currency": fmt.currency, "decimals": fmt.exponent}
            if money
            else _("Write a whole number.")
        )
    return _inside_bounds(one, int(scaled), money, fmt)


def _inside_bounds(one: Field, value: int, money: bool, fmt: Format) -> int:
    most = NO_END if one.most is None else one.most
    if one.least is not None and value < one.least:
        if money:
            raise Invalid(_("Write an amount above zero.") if one.least else _("Write zero or more."))
        raise Invalid(_("Write %(least)s or more.") % {"least": fmt.points(one.least)})
    if value > most:
        raise Invalid(_("Write %(most)s or less.") % {"most": fmt.points(most)})
    return value


def _example(text: str, fmt: Format) -> str:
    shown: str = format_decimal(Decimal(text), locale=fmt.locale)
    return shown
