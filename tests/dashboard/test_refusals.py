"""A refusal of the engine or a service, in the language of whoever reads the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.utils import translation
from pytest_django.fixtures import Settings

from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import Invalid, TooMany
from loyalty.engine.phrases import Phrase
from loyalty.services.notes import MOST_CHARACTERS
from tests.dashboard.conftest import Ask, Seen, words

GERMAN = {
    "At most {most:,} notes, not {count}.": "Höchstens {most:,} Notizen, nicht {count}.",
    "Try again in {wait}.": "Versuchen Sie es in {wait} noch einmal.",
    "{count} minutes": "{count} Minuten",
    "There is no tier {id!r}.": "Es gibt keine Stufe {id!r}.",
    "It begins at {begins_at}.": "Es beginnt am {begins_at}.",
    "A note has at most {most:,} characters.": "Eine Notiz hat höchstens {most:,} Zeichen.",
}


@pytest.fixture
def german(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A catalogue as `compilemessages` leaves it."""
    catalog = Catalog(locale="de", domain="django")
    for template, translated in GERMAN.items():
        catalog.add(template, translated)
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalog)
    settings.LOCALE_PATHS, settings.LANGUAGES, settings.LANGUAGE_CODE = [tmp_path], [("de", "Deutsch")], "de"
    with translation.override("de"):
        yield


def test_the_template_is_translated_and_its_numbers_are_the_readers(german: None) -> None:
    error = Invalid("At most {most:,} notes, not {count}.", params={"most": 1_000_000, "count": 2026})
    assert refusal_text(error) == "Höchstens 1.000.000 Notizen, nicht 2026."
    assert error.message == "At most 1,000,000 notes, not 2026."


def test_a_part_of_a_sentence_is_translated_too(german: None) -> None:
    wait = Phrase("{count} minutes", {"count": 2})
    error = TooMany("Try again in {wait}.", retry_after_seconds=120, params={"wait": wait})
    assert refusal_text(error) == "Versuchen Sie es in 2 Minuten noch einmal."


def test_what_a_merchant_typed_stays_as_it_is(german: None) -> None:
    error = Invalid("There is no tier {id!r}.", params={"id": "{count} minutes"})
    assert refusal_text(error) == "Es gibt keine Stufe '{count} minutes'."


def test_a_day_is_written_as_the_reader_writes_it(german: None) -> None:
    error = Invalid("It begins at {begins_at}.", params={"begins_at": "2026-12-01T09:05:00+00:00"})
    assert refusal_text(error).startswith("Es beginnt am 1. Dezember 2026")


def test_from_right_to_left_what_is_put_in_keeps_its_own_direction() -> None:
    with translation.override("ar"):
        shown = refusal_text(Invalid("There is no tier {id!r}.", params={"id": "gold"}))
    assert shown == "There is no tier \u2068'gold'\u2069."


def test_the_page_says_it(german: None, ours: Seen, ask: Ask) -> None:
    path = f"/dashboard/members/{ours.member.pk}/notes/"
    refused = ask(path, ours.shop, "post", key="a" * 36, text="ω" * (MOST_CHARACTERS + 1))
    assert refused.status_code == 422
    assert "Eine Notiz hat höchstens 1.000 Zeichen." in words(refused)


def test_in_english_it_is_what_the_error_says() -> None:
    error = Invalid("At most {most:,} of {id!r}.", params={"most": 1_000_000, "id": "it's"})
    with translation.override("en"):
        assert refusal_text(error) == error.message == """At most 1,000,000 of "it's"."""
