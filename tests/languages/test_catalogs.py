"""Every language says everything, in its own words and in all its forms."""

import json
import re

import pytest
from babel import Locale

from loyalty.languages import TAGS
from loyalty.languages.catalogs import FOLDER, Message, catalog, parts
from storefront_widget.assets import FOLDER as MODULES
from storefront_widget.assets import PARTS

FIELD = re.compile(r"\{(\w+)\}")
NAMES = {"point_name", "Point_name"}
OTHERS = [tag for tag in TAGS if tag != "en"]
SHORT = ("retry", "redeem", "show", "close", "back", "copy", "copied", "again", "sign.in", "guest.join", "launcher")
NOTHING_BUT_NAMES = {
    "explanations/adjusted",
    "explanations/earned.activity.custom",
    "explanations/order.line",
    "explanations/rule.given",
    "history/history.redeemed",
    "panel/points",
    "terms/earn.gift",
    "terms/spend.reward",
    "terms/tiers.perks",
}
"""They hold hardly more than what is put in."""

SAME_WORDS = {
    "da": {"redeem/confirm.title"},
    "fr": {"panel/unit", "panel/point_name", "sign-in/email.label"},
    "nb": {"redeem/confirm.title"},
}
"""The language's own word happens to be the English one."""


def alone(tag: str, part: str) -> dict[str, Message]:
    data: dict[str, Message] = json.loads((FOLDER / tag / f"{part}.json").read_text())
    return data


def forms(message: Message) -> dict[str, str]:
    return {"other": message} if isinstance(message, str) else dict(message)


def fields(message: Message) -> set[str]:
    return {field for form in forms(message).values() for field in FIELD.findall(form)}


def reached(tag: str) -> set[str]:
    """The plural categories that whole numbers come to."""
    return {Locale.parse(tag).plural_form(count) for count in range(1001)}


def messages(tag: str) -> list[tuple[str, Message, Message]]:
    """Of every message its place, the English and the translation."""
    return [
        (f"{part}/{name}", catalog("en", part)[name], own)
        for part in parts()
        for name, own in alone(tag, part).items()
        if name in catalog("en", part)
    ]


def test_the_languages_are_those_that_have_a_folder() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(TAGS)
    assert len(TAGS) == 23


@pytest.mark.parametrize("tag", OTHERS)
def test_no_message_is_missing_and_none_is_left_over(tag: str) -> None:
    assert sorted(path.stem for path in (FOLDER / tag).glob("*.json")) == parts()
    differing = {f"{part}/{name}" for part in parts() for name in alone(tag, part).keys() ^ catalog("en", part).keys()}
    assert not differing


@pytest.mark.parametrize("tag", OTHERS)
def test_each_form_of_the_language_is_there_and_no_other(tag: str) -> None:
    wrong = [place for place, _, own in messages(tag) if not isinstance(own, str) and set(own) != reached(tag)]
    assert not wrong


@pytest.mark.parametrize("tag", OTHERS)
def test_placeholders_are_those_of_the_english(tag: str) -> None:
    """All of them but the bare number in a form for exactly one or two, and the word for points, which may be said
    otherwise; none that nobody fills."""
    for place, english, own in messages(tag):
        counted = {"n"} if not isinstance(english, str) or fields(english) & {"n", "points"} else set()
        for form, text in forms(own).items():
            named = set(FIELD.findall(text))
            free = NAMES | ({"n"} if form in ("zero", "one", "two") else set())
            assert fields(english) - named <= free, f"{place}: {text}"
            assert named <= fields(english) | NAMES | counted, f"{place}: {text}"
            assert not re.search(r"[{}]", FIELD.sub("", text)), f"{place}: {text}"


@pytest.mark.parametrize("tag", OTHERS)
def test_nothing_is_left_in_english(tag: str) -> None:
    known = NOTHING_BUT_NAMES | SAME_WORDS.get(tag, set())
    assert not [place for place, english, own in messages(tag) if own == english and place not in known]


@pytest.mark.parametrize("tag", TAGS)
def test_a_message_is_text_without_markup_and_without_shouting(tag: str) -> None:
    for part in parts():
        for name, message in catalog(tag, part).items():
            for text in forms(message).values():
                assert text == text.strip(), f"{part}/{name}"
                assert text, f"{part}/{name}"
                assert not re.search(r"[<>!！¡&]|\b[hH]ttps?:|[\u0000-\u001f\u2066-\u2069]", text), (
                    f"{part}/{name}: {text}"
                )


@pytest.mark.parametrize("tag", OTHERS)
def test_buttons_stay_short(tag: str) -> None:
    long = {
        place: own
        for place, english, own in messages(tag)
        if place.partition("/")[2] in SHORT and len(str(own)) > max(2 * len(str(english)), 16)
    }
    assert not long


def test_every_message_of_the_browser_is_used_by_a_module() -> None:
    """By its whole id, or by the part of it that is no data ("tab." before a tab's name)."""
    source = "\n".join(path.read_text() for path in MODULES.glob("*.js"))
    said = set(re.findall(r'"([\w.-]+)"', source)) | set(re.findall(r"\b([a-z]\w+):", source))
    begun = tuple(re.findall(r"`([\w.-]+\.)\$\{", source))
    ended = tuple(re.findall(r"\$\{[^}]*\}(\.[\w.-]+)`", source))
    words = {"points", "unit", "point_name"}
    unused = [
        f"{part}/{name}"
        for part in PARTS
        for name in catalog("en", part)
        if name not in said | words and not name.startswith(begun) and not name.endswith(ended)
    ]
    assert not unused
