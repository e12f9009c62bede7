"""What the engine and the services say is in what translators get, though they know no gettext."""

from __future__ import annotations

import io
from functools import cache

import pytest
from babel.messages.extract import extract

from config.bootstrap import ROOT
from loyalty.engine.errors import LoyaltyError, NotFound
from loyalty.engine.messages import MESSAGES
from loyalty.engine.phrases import Phrase
from loyalty.engine.presets import preset
from loyalty.engine.program import parse_program
from loyalty.management.commands.makemessages import REASONS, Command, marked

SMALL: dict[str, object] = {"name": "x", "currency": "EUR", "exponent": 2, "time_zone": "UTC"}
KEYWORDS = [option.removeprefix("--keyword=") for option in Command.xgettext_options if option.startswith("--keyword=")]


@cache
def collected() -> frozenset[str]:
    """The first argument of every call that the command names, as another reader than xgettext finds it."""
    found: set[str] = set()
    for room in ("engine", "services", "selectors", "platforms"):
        for path in (ROOT / "loyalty" / room).rglob("*.py"):
            source = path.read_text()
            text = marked(source) if path == ROOT / REASONS else source
            keywords = dict.fromkeys([*KEYWORDS, "gettext_noop"])
            found |= {str(each[1]) for each in extract("python", io.BytesIO(text.encode()), keywords=keywords)}
    return frozenset(found)


def refused(document: dict[str, object]) -> Phrase:
    with pytest.raises(LoyaltyError) as error:
        parse_program(document)
    return error.value.phrase


def test_a_refusal_of_the_engine_is_collected_as_its_template() -> None:
    unknown = refused({**SMALL, "rules": [{"kind": "birthday", "id": "b", "rewards": ["nothing"]}]})
    assert unknown == "There is no reward 'nothing'; add it or take it out here."
    assert unknown.template == "There is no reward {id!r}; add it or take it out here."
    assert unknown.template in collected()


def test_what_a_document_lacks_is_collected_too() -> None:
    lacking = refused({"name": "x"})
    assert lacking == "Object missing required field `currency`."
    assert lacking.template in collected()


def test_every_kind_of_error_is_collected() -> None:
    with pytest.raises(NotFound) as error:
        preset("nowhere")
    assert error.value.phrase.template in collected()
    assert "Too many tries. Try again in {wait}." in collected()
    assert "{count} seconds" in collected()
    assert "The draft was changed meanwhile by {who}. Look at it, then save again." in collected()


def test_every_reason_is_collected() -> None:
    assert set(MESSAGES.values()) <= collected()


def test_a_reason_on_two_lines_is_not_lost_in_silence() -> None:
    with pytest.raises(ValueError, match="give each its own line"):
        marked('MESSAGES = {\n    "a": "one",\n    "b": (\n        "two"\n    ),\n}\n')
