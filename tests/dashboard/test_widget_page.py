"""The widget's settings: what is typed is kept or refused beside it, and the preview shows it before it is saved."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from loyalty.languages import TAGS
from loyalty.languages.catalogs import catalog
from loyalty.models import WidgetSettings
from loyalty.selectors.widget_settings import choices_of, signing_secret_of
from tests.dashboard.conftest import SCRIPT, Ask, Seen, words

pytestmark = pytest.mark.django_db
TYPED = {"theme": "auto", "side": "start", "bottom": "24", "inline": "8", "lang": "lv"}


def overlay_of(page: str) -> dict[str, Any]:
    found = re.search(r'data-overlay="([^"]*)"', page)
    assert found
    read: dict[str, Any] = json.loads(html.unescape(found[1]))
    return read


def test_what_is_saved_stands_in_the_form_again(ours: Seen, ask: Ask) -> None:
    more = {
        "own_colour": "on",
        "colour": "#FFCC00",
        "hidden": "/checkout\n /blog/* \n",
        "launcher": "Balvas",
        "point-zero": "zvaigžņu",
        "point-one": "zvaigzne",
        "point-other": "zvaigznes",
        "question": "Kas?",
        "answer": "Tas.",
        "own_terms": "Mūsu.",
        "origins": "https://Blog.example.com/",
    }
    answer = ask("/dashboard/widget/", ours.shop, "post", **(TYPED | more))
    assert answer.status_code == 200, words(answer)
    kept = choices_of(ours.shop)
    assert (kept.colour, kept.theme, kept.side, kept.bottom, kept.inline) == ("#ffcc00", "auto", "start", 24, 8)
    assert kept.hidden == ("/checkout", "/blog/*")
    assert kept.texts["lv"].launcher == "Balvas"
    assert kept.point["lv"] == {"zero": "zvaigžņu", "one": "zvaigzne", "other": "zvaigznes"}
    assert [(each.question, each.answer) for each in kept.own_questions["lv"]] == [("Kas?", "Tas.")]
    assert kept.origins == ("https://blog.example.com",)
    page = ask("/dashboard/widget/?lang=lv", ours.shop).content.decode()
    for said in ("Balvas", "zvaigznes", "Kas?", "Mūsu.", "https://blog.example.com", "/blog/*"):
        assert said in page
    assert "Balvas" not in ask("/dashboard/widget/?lang=de", ours.shop).content.decode()


@pytest.mark.parametrize("tag", TAGS)
def test_every_form_that_a_languages_sentences_take_can_be_written_and_the_word_alone(
    ours: Seen, ask: Ask, tag: str
) -> None:
    unit = catalog(tag, "panel")["unit"]
    taken = set(unit) if isinstance(unit, Mapping) else {"other"}
    page = ask(f"/dashboard/widget/?lang={tag}", ours.shop).content.decode()
    offered = set(re.findall(r'name="point-(\w+)"', page))
    assert offered == taken | {"other", "name"}
    typed = {f"point-{form}": f"word {form}" for form in offered}
    ask("/dashboard/widget/", ours.shop, "post", **(TYPED | {"lang": tag} | typed))
    assert choices_of(ours.shop).point[tag] == {form: f"word {form}" for form in offered}


def test_the_words_of_another_language_stay(ours: Seen, ask: Ask) -> None:
    ask("/dashboard/widget/", ours.shop, "post", **(TYPED | {"launcher": "Balvas"}))
    ask("/dashboard/widget/", ours.shop, "post", **(TYPED | {"lang": "de", "launcher": "Prämien"}))
    assert {tag: texts.launcher for tag, texts in choices_of(ours.shop).texts.items()} == {
        "lv": "Balvas",
        "de": "Prämien",
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"bottom": "-1"}, "A whole number of pixels"),
        ({"inline": "9999"}, "A whole number of pixels"),
        ({"bottom": "٣"}, "A whole number of pixels"),
        ({"own_colour": "on", "colour": "red"}, "Choose a colour"),
        ({"hidden": "no-slash"}, "Write paths"),
        ({"hidden": "/a\n" * 51}, "Write paths"),
        ({"origins": "http://plain.example.com"}, "https://www.example.com"),
        ({"origins": "javascript:alert(1)"}, "https://www.example.com"),
        ({"point-one": "zvaigzne"}, "Give at least the word"),
        ({"launcher": "x" * 31}, "The button takes 30"),
        ({"question": "Only asked", "answer": ""}, "Each question needs an answer"),
        ({"theme": "neon"}, "Choose one of the three"),
        ({"side": "top"}, "Choose a side"),
        ({"own_terms": "x" * 20_001}, "At most 20,000"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_changes(
    ours: Seen, ask: Ask, typed: dict[str, str], said: str
) -> None:
    answer = ask("/dashboard/widget/", ours.shop, "post", **(TYPED | typed))
    assert answer.status_code == 422
    assert said in words(answer)
    assert not WidgetSettings.objects.filter(shop=ours.shop).exists()
    assert said in words(ask("/dashboard/widget/preview/", ours.shop, "post", **(TYPED | typed)))


def test_the_preview_lays_what_is_typed_over_what_is_saved_and_saves_nothing(ours: Seen, ask: Ask) -> None:
    typed = TYPED | {"own_colour": "on", "colour": "#ffcc00", "launcher": "Balvas"}
    page = ask("/dashboard/widget/preview/", ours.shop, "post", **typed).content.decode()
    found = overlay_of(page)
    assert found["language"] == "lv"
    assert found["overlay"]["texts"]["launcher"] == "Balvas"
    assert found["overlay"]["place"] == {"side": "start", "bottom": 24, "inline": 8, "hidden": []}
    assert found["overlay"]["look"]["light"]["--rg-accent"] != "#ffcc00"
    assert "could not be read" in page, "yellow was moved, and that is said"
    assert not WidgetSettings.objects.filter(shop=ours.shop).exists()


def test_what_a_merchant_types_is_text(ours: Seen, ask: Ask) -> None:
    typed = TYPED | {"greeting": SCRIPT, "own_terms": SCRIPT, "question": SCRIPT, "answer": "</textarea>" + SCRIPT}
    answer = ask("/dashboard/widget/", ours.shop, "post", **typed)
    assert answer.status_code == 200
    assert SCRIPT not in answer.content.decode()


def test_a_secret_is_shown_once_and_is_another_the_next_time(ours: Seen, ask: Ask) -> None:
    page = ask("/dashboard/widget/secret/", ours.shop, "post").content.decode()
    first = signing_secret_of(ours.shop)
    assert first
    assert first in page
    assert first not in ask("/dashboard/widget/", ours.shop).content.decode()
    ask("/dashboard/widget/secret/", ours.shop, "post")
    assert signing_secret_of(ours.shop) not in ("", first)
