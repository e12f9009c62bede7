"""What msgspec says of a document that does not fit, as a refusal whose sentence can be said in another language."""

from __future__ import annotations

import re

import msgspec

from loyalty.engine.errors import Invalid
from loyalty.engine.phrases import Phrase

_KNOWN = (
    (
        re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`"),
        Phrase("Expected `{wanted}`, got `{found}`."),
    ),
    (re.compile(r"Expected `(?P<wanted>[^`]+)`"), Phrase("Expected `{wanted}`.")),
    (re.compile(r"Object missing required field `(?P<field>.+)`"), Phrase("Object missing required field `{field}`.")),
    (re.compile(r"Object contains unknown field `(?P<field>.+)`"), Phrase("Object contains unknown field `{field}`.")),
    (re.compile(r"Invalid enum value (?P<found>.+)"), Phrase("Invalid enum value {found}.")),
    (re.compile(r"Invalid value (?P<found>.+)"), Phrase("Invalid value {found}.")),
)
_ELSE = Phrase("{problem}.")


def misread(error: msgspec.ValidationError) -> Invalid:
    """With the place in the document. A sentence that we do not know stays as msgspec has it."""
    message, _, place = str(error).partition(" - at ")
    place = place.strip("`") or "$"
    for said, phrase in _KNOWN:
        if found := said.fullmatch(message):
            return Invalid(phrase, place=place, params=found.groupdict())
    return Invalid(_ELSE, place=place, params={"problem": message})
