"""What the program's own names are in the shoppers' languages: one table, a language at a time, kept in the draft."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_beside import Beside, untitled_beside
from loyalty.dashboard.program_fields import PART_NAMES
from loyalty.dashboard.program_views import revision_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.widget_form import language_names
from loyalty.engine.errors import Conflict, Invalid
from loyalty.engine.naming import MAX_CHARACTERS, texts_of
from loyalty.engine.program import Program
from loyalty.languages import best
from loyalty.selectors.widget_settings import choices_of
from loyalty.services.programs import save_draft

MOST_ROWS = 400
"""A form may have a thousand fields."""


@embedded
@require_http_methods(["GET", "POST"])
def program_translations(request: HttpRequest) -> HttpResponse:
    at = untitled_beside(*asked(request))
    wished = request.POST.get("lang") or request.GET.get("lang", "")
    offered = _offered(at)
    if request.method == "GET":
        return page(request, "program_translations", _context(at, offered, wished))
    language = _language(at, offered, wished)
    typed = _typed(request.POST)
    try:
        part = {"translations": _with(at.program, language, typed)}
        save_draft(shop=at.shop, revision=revision_of(request), part=part, at=at.now, by=actor(request))
    except (Invalid, Conflict) as error:
        return _refused(request, typed, error, _context(at, offered, language))
    context = _context(untitled_beside(*asked(request)), offered, language)
    return page(request, "program_translations", context | {"toast": _("Saved in the draft.")})


def _refused(
    request: HttpRequest, typed: dict[str, str], error: Invalid | Conflict, context: dict[str, Any]
) -> HttpResponse:
    long = any(len(said) > MAX_CHARACTERS for said in typed.values())
    told = _("A translation has at most 1,000 characters.") if long else refusal_text(error)
    context["rows"] = [(part, own, typed.get(own, said)) for part, own, said in context["rows"]]
    status = HTTPStatus.CONFLICT if isinstance(error, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
    response = page(request, "program_translations", context | {"error": told}, status=status)
    response["HX-Push-Url"] = "false"
    return response


def _context(at: Beside, offered: Sequence[tuple[str, str]], wished: str) -> dict[str, Any]:
    language = _language(at, offered, wished)
    texts = texts_of(at.program)
    translations = at.program.translations
    own = translations.get(language, {})
    missing = {tag: sum(text not in translations.get(tag, {}) for _part, text in texts) for tag, _name in offered}
    rows = [(PART_NAMES[part], text, own.get(text, "")) for part, text in texts[:MOST_ROWS]]
    return {
        "page": "program",
        "language": language,
        "shop_language": best([at.shop.locale]),
        "language_name": dict(offered)[language],
        "languages": [(tag, name, missing[tag], tag in translations) for tag, name in offered],
        "rows": rows,
        "hidden": len(texts) - len(rows),
        "revision": at.revision,
        "is_draft": at.row is not None,
    }


def _offered(at: Beside) -> list[tuple[str, str]]:
    """Languages that the shop has on, each in its own words."""
    chosen = choices_of(at.shop).languages
    return [(tag, name) for tag, name in language_names() if not chosen or tag in chosen]


def _language(at: Beside, offered: Sequence[tuple[str, str]], wished: str) -> str:
    """The one that was asked for; without a wish the first that lacks something, those that were begun before others.
    The shop's own has the program's names without any translation."""
    tags = [tag for tag, _name in offered]
    if wished:
        return best([wished, at.shop.locale], tags)
    others = [tag for tag in tags if tag != best([at.shop.locale])]
    texts, translations = texts_of(at.program), at.program.translations
    lacking = [tag for tag in others if any(text not in translations.get(tag, {}) for _part, text in texts)]
    begun = [tag for tag in lacking if tag in translations]
    return next(iter((*begun, *lacking, *others, *tags)))


def _typed(posted: QueryDict) -> dict[str, str]:
    """By the text that it translates."""
    pairs = zip(posted.getlist("own"), posted.getlist("said"), strict=False)
    return {own.replace("\r\n", "\n"): said.replace("\r\n", "\n").strip() for own, said in pairs}


def _with(program: Program, language: str, typed: dict[str, str]) -> dict[str, dict[str, str]]:
    """All languages without what the program no longer says."""
    said_now = [text for _part, text in texts_of(program)]
    whole = {**program.translations, language: {**program.translations.get(language, {}), **typed}}
    kept = {tag: {text: texts[text] for text in said_now if texts.get(text)} for tag, texts in whole.items()}
    return {tag: texts for tag, texts in kept.items() if texts}
