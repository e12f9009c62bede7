"""What was refused and why, in the reader's language: every page that shows an error asks here for its sentence."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_datetime
from babel.numbers import format_decimal
from django.conf import settings
from django.utils.translation import get_language, gettext, to_locale

from loyalty.dashboard.explanations import isolated
from loyalty.engine.errors import LoyaltyError
from loyalty.engine.phrases import Phrase, filled


def refusal_text(error: LoyaltyError) -> str:
    """The error's sentence. What a page itself refused is translated already, and no catalogue knows it."""
    return said(error.phrase)


def said(phrase: Phrase) -> str:
    """In the active language, with its numbers and days; what a merchant has typed or named stays as it is."""
    return filled(gettext(phrase.template), phrase.params, _shown)


def kept_text(text: str) -> str:
    """What a worker was refused and wrote down in English. Only a sentence that names nothing is in a catalogue."""
    return gettext(text) if text else ""


def grouped(value: int) -> str:
    """As the reader's language writes it in a sentence of its own; `Format` writes the shop's figures."""
    written: str = format_decimal(value, locale=_locale())
    return written


def _locale() -> str:
    return to_locale(get_language() or settings.LANGUAGE_CODE)


def _shown(name: str, value: str | int, how: str) -> str:
    if isinstance(value, Phrase):
        return said(value)
    if how == "!r":
        return isolated(repr(value))
    if name.endswith("_at"):
        return isolated(format_datetime(datetime.fromisoformat(str(value)), "long", locale=_locale()))
    return isolated(grouped(value) if how == ":," and isinstance(value, int) else str(value))
