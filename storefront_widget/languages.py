"""In which language a shopper is answered: the page's word, then the browser's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.http import HttpRequest

from loyalty.languages import TAGS, Voice, accepted, best, named
from loyalty.models.widget import WidgetChoices

V = TypeVar("V")


def language_of(request: HttpRequest, chosen: Sequence[str] = ()) -> str:
    """The one to answer in: of those the merchant has chosen, or of all."""
    return best(wanted(request), offered(chosen))


def page_language(request: HttpRequest, chosen: Sequence[str]) -> str:
    """The page's own word, if it decides the language by itself: then the answer is the same for every browser."""
    asked = request.GET.get("lang", "")
    return asked if any(named(tag, offered(chosen)) for tag in accepted(asked)) else ""


def voice_of(request: HttpRequest, choices: WidgetChoices) -> Voice:
    language = language_of(request, choices.languages)
    words = written_in(choices.point, [language])
    return Voice(language, {str(category): word for category, word in words.items()} if words else None)


def offered(chosen: Sequence[str]) -> Sequence[str]:
    return [tag for tag in TAGS if tag in chosen] or TAGS


def wanted(request: HttpRequest) -> list[str]:
    """Language tags, the most wanted first; what is no tag is left out."""
    return [*accepted(request.GET.get("lang", "")), *accepted(request.headers.get("Accept-Language", ""))]


def written_in(texts: Mapping[str, V], languages: Sequence[str]) -> V | None:
    """Of what a merchant wrote in several languages the first that somebody asked for; a language without its region
    stands for all of them."""
    for language in languages:
        for tag in (language, language.partition("-")[0]):
            if tag in texts:
                return texts[tag]
    return None
