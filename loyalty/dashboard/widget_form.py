"""The widget's settings as a form, one language at a time, and back. What a language's form does not show stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from babel import Locale
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.dashboard.typed import whole
from loyalty.engine.errors import Invalid
from loyalty.languages import TAGS
from loyalty.models.widget import WidgetChoices
from loyalty.services.widget_settings import checked

EMPTY_QUESTIONS = 2
MOST_QUESTIONS = 30
MOST_CHARACTERS = 25_000

CATEGORIES: dict[str, Promise] = {
    "zero": gettext_lazy("for none"),
    "one": gettext_lazy("for one"),
    "two": gettext_lazy("for two"),
    "few": gettext_lazy("for a few"),
    "many": gettext_lazy("for many"),
    "other": gettext_lazy("for all other numbers"),
}
"""CLDR's forms of a plural; which of them a language has is Babel's to say."""

ALONE = "name"
"""The word where no number stands beside it."""
WHOLE_NUMBERS = range(1_001)

_FIELDS = {"hidden": "hidden", "origins": "origins", "colour": "colour", "bottom": "bottom", "inline": "inline"}


@dataclass(frozen=True, slots=True)
class Word:
    """What so many points are called."""

    name: str
    label: str
    example: str
    """A number of this form; none for the word alone."""
    value: str


@dataclass(frozen=True, slots=True)
class WidgetForm:
    """As it stands in the page; `errors` by the name of the input."""

    language: str
    values: dict[str, str]
    languages: tuple[str, ...]
    words: tuple[Word, ...]
    questions: tuple[tuple[int, str, str], ...]
    errors: dict[str, str] = field(default_factory=dict)


def form_of(choices: WidgetChoices, language: str) -> WidgetForm:
    texts = choices.texts.get(language)
    point: Mapping[Any, str] = choices.point.get(language, {})
    asked = [(each.question, each.answer) for each in choices.own_questions.get(language, ())]
    values = {
        "colour": choices.colour,
        "theme": choices.theme,
        "side": choices.side,
        "bottom": str(choices.bottom),
        "inline": str(choices.inline),
        "hidden": "\n".join(choices.hidden),
        "origins": "\n".join(choices.origins),
        "launcher": texts.launcher if texts else "",
        "title": texts.title if texts else "",
        "greeting": texts.greeting if texts else "",
        "own_terms": choices.own_terms.get(language, ""),
    }
    return WidgetForm(language, values, choices.languages, _words(language, point), _rows(asked))


def form_as_typed(posted: QueryDict, language: str, errors: dict[str, str]) -> WidgetForm:
    names = ("theme", "side", "bottom", "inline", "hidden", "origins", "launcher", "title", "greeting", "own_terms")
    values = {name: posted.get(name, "")[:MOST_CHARACTERS] for name in names} | {"colour": _colour(posted)}
    point = {form: posted.get(f"point-{form}", "") for form in (*CATEGORIES, ALONE)}
    languages = tuple(tag for tag in TAGS if tag in posted.getlist("languages"))
    return WidgetForm(language, values, languages, _words(language, point), _rows(_asked(posted)), errors)


def choices_from(posted: QueryDict, before: WidgetChoices, language: str) -> WidgetChoices:
    """Raises Invalid, with the input's name as the place where one is to blame."""
    data: dict[str, Any] = msgspec.to_builtins(before)
    data |= {
        "colour": _colour(posted),
        "theme": posted.get("theme", ""),
        "side": posted.get("side", ""),
        "bottom": _pixels(posted, "bottom"),
        "inline": _pixels(posted, "inline"),
        "hidden": _lines(posted, "hidden"),
        "origins": [line.rstrip("/").lower() for line in _lines(posted, "origins")],
        "languages": [tag for tag in TAGS if tag in posted.getlist("languages")],
    }
    texts = {name: posted.get(name, "").strip() for name in ("launcher", "title", "greeting")}
    shown = (*categories_of(language), ALONE)
    typed = {form: posted.get(f"point-{form}", "").strip() for form in shown}
    unseen = {form: word for form, word in before.point.get(language, {}).items() if form not in shown}
    point = unseen | {form: word for form, word in typed.items() if word}
    asked = [{"question": question, "answer": answer} for question, answer in _asked(posted)]
    of_language: dict[str, Any] = {
        "texts": texts if any(texts.values()) else None,
        "point": point or None,
        "own_terms": posted.get("own_terms", "").strip() or None,
        "own_questions": asked or None,
    }
    for name, value in of_language.items():
        kept = {tag: each for tag, each in data.get(name, {}).items() if tag != language}
        data[name] = kept if value is None else {**kept, language: value}
    try:
        return checked(data)
    except Invalid as error:
        raise _placed(error) from error


def categories_of(language: str) -> list[str]:
    """The plural forms that the language has for whole numbers, "other" among them always."""
    rule = Locale.parse(language).plural_form
    reached = {rule(number) for number in WHOLE_NUMBERS} | {"other"}
    return [category for category in CATEGORIES if category in reached]


def language_names() -> list[tuple[str, str]]:
    """Each in its own words."""
    return [(tag, str(Locale.parse(tag).get_display_name(tag) or tag).capitalize()) for tag in TAGS]


def _words(language: str, point: Mapping[Any, str]) -> tuple[Word, ...]:
    rule = Locale.parse(language).plural_form
    found = []
    for category in categories_of(language):
        example = next((str(number) for number in (*WHOLE_NUMBERS[1:], 0) if rule(number) == category), "1.5")
        found.append(Word(f"point-{category}", str(CATEGORIES[category]), example, point.get(category, "")))
    return (*found, Word(f"point-{ALONE}", _("without a number"), "", point.get(ALONE, "")))


def _rows(asked: list[tuple[str, str]]) -> tuple[tuple[int, str, str], ...]:
    rows = [*asked, *[("", "")] * min(EMPTY_QUESTIONS, MOST_QUESTIONS - len(asked))]
    return tuple((number, *row) for number, row in enumerate(rows, 1))


def _asked(posted: QueryDict) -> list[tuple[str, str]]:
    """Questions with their answers; a row with neither is none."""
    pairs = zip(posted.getlist("question"), posted.getlist("answer"), strict=False)
    stripped = [(question.strip(), answer.strip()) for question, answer in pairs]
    return [(question, answer) for question, answer in stripped if question or answer][: MOST_QUESTIONS + 1]


def _colour(posted: QueryDict) -> str:
    return "" if posted.get("own_colour") != "on" else posted.get("colour", "").strip().lower()[:16]


def _lines(posted: QueryDict, name: str) -> list[str]:
    return [line.strip() for line in posted.get(name, "")[:MOST_CHARACTERS].splitlines() if line.strip()]


def _pixels(posted: QueryDict, name: str) -> int:
    typed = posted.get(name, "").strip().removesuffix("px").strip()
    pixels = whole(typed, 400)
    if pixels is None:
        raise Invalid(_("A whole number of pixels, from 0 to 400."), place=name)
    return pixels


def _placed(error: Invalid) -> Invalid:
    """The document's place as the name of an input, with a sentence for who typed it."""
    place = error.place or "$"
    said = {
        "hidden": _("Write paths of your shop, one a line, such as /checkout or /blog/*."),
        "colour": _("Choose a colour such as #0f5c66."),
        "texts": _("The button takes 30 characters, the title 60, the greeting 200."),
        "point": _("Give at least the word for all other numbers, in at most 30 characters."),
        "own_terms": _("At most 20,000 characters."),
        "own_questions": _("Each question needs an answer: at most 300 and 3,000 characters, and 30 of them."),
        "theme": _("Choose one of the three."),
        "side": _("Choose a side."),
    }
    name = next(iter(re.findall(r"\w+", place)), "")
    return Invalid(said.get(name, error.phrase), place=name if name in said or name in _FIELDS else "")
