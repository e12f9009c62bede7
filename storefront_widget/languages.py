"""In which language a shopper is answered: the page's word, then the browser's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.http import HttpRequest

V = TypeVar("V")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
MOST = 10
LANGUAGES = tuple("en lv cs nb ru th de fr es it pt nl pl sv da fi uk tr ja ko zh ar he".split())


def language_of(request: HttpRequest, offered: Sequence[str] = ()) -> str:
    """The one to answer in: of those the merchant offers, or of all."""
    tags = [tag for tag in LANGUAGES if not offered or tag in offered] or LANGUAGES
    return next((tag for asked in wanted(request) for tag in tags if asked.lower().partition("-")[0] == tag), tags[0])


def wanted(request: HttpRequest) -> list[str]:
    """Language tags, the most wanted first; what is no tag is left out."""
    asked = [request.GET.get("lang", "")]
    ranked: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "")[:500].split(",")[:MOST]:
        tag, _, quality = part.strip().partition(";q=")
        ranked.append((-_quality(quality), tag))
    asked += [tag for _, tag in sorted(ranked, key=lambda each: each[0])]
    return [tag for tag in asked if _TAG.fullmatch(tag)]


def written_in(texts: Mapping[str, V], languages: Sequence[str]) -> V | None:
    """Of what a merchant wrote in several languages the first that somebody asked for; a language without its region
    stands for all of them."""
    for language in languages:
        for tag in (language, language.partition("-")[0]):
            if tag in texts:
                return texts[tag]
    return None


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{1,3})?", text) else 1.0
