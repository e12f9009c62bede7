"""Widget: how it looks, where it stands, what it says, beside the widget itself with what is not saved yet."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from babel import Locale
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import asked, page
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.widget_form import WidgetForm, choices_from, form_as_typed, form_of, language_names
from loyalty.engine.errors import Invalid
from loyalty.languages import TAGS, best
from loyalty.models import Shop
from loyalty.models.widget import WidgetChoices
from loyalty.selectors.widget_look import Moved, look_of
from loyalty.selectors.widget_settings import choices_of, signing_secret_of
from loyalty.services.widget_settings import new_signing_secret, save

LOADER = "/widget/v1/loader.js"
OUR_COLOUR = "#2b3263"
"""As widget.css has it."""


@embedded
@require_http_methods(["GET", "POST"])
def widget(request: HttpRequest) -> HttpResponse:
    """The form, and what it does."""
    shop, _fmt, now = asked(request)
    language = _language(request, shop)
    before = choices_of(shop)
    if request.method == "GET":
        return _page(request, shop, form_of(before, language), before)
    try:
        after = choices_from(request.POST, before, language)
        save(shop=shop, data=msgspec.to_builtins(after), at=now)
    except Invalid as error:
        typed = form_as_typed(request.POST, language, {error.place or "": refusal_text(error)})
        response = _page(request, shop, typed, before, status=422)
        response["HX-Push-Url"] = "false"
        return response
    return _page(request, shop, form_of(after, language), after, toast=_("Saved. Shoppers see it within a minute."))


@embedded
@require_POST
def widget_preview(request: HttpRequest) -> HttpResponse:
    """What is typed and not saved, for the widget in the page's frame; what can't be read yet leaves it as it was."""
    shop, _fmt, _now = asked(request)
    language = _language(request, shop)
    try:
        choices = choices_from(request.POST, choices_of(shop), language)
    except Invalid as error:
        return page(request, "widget_says", {"says": refusal_text(error)})
    return page(request, "widget_says", _preview(choices, language))


@embedded
@require_POST
def widget_secret(request: HttpRequest) -> HttpResponse:
    """A new secret for the shop's own backend, shown this once."""
    shop, _fmt, now = asked(request)
    secret = new_signing_secret(shop=shop, at=now)
    choices = choices_of(shop)
    response = _page(request, shop, form_of(choices, _language(request, shop)), choices, secret=secret)
    response["HX-Push-Url"] = "false"
    return response


def _page(
    request: HttpRequest, shop: Shop, form: WidgetForm, choices: WidgetChoices, status: int = 200, **more: str
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "names": [(tag, name, tag in form.languages) for tag, name in language_names()],
        "written": sorted({*choices.texts, *choices.point, *choices.own_terms, *choices.own_questions}),
        "language_name": dict(language_names())[form.language],
        "rtl": Locale.parse(form.language).text_direction == "rtl",
        "colour": form.values["colour"] or OUR_COLOUR,
        "loader": LOADER,
        "preview_script": static("dashboard/preview.js"),
        "preview_style": static("dashboard/preview.css"),
        "shop_key": f"{shop.platform}:{shop.external_id}",
        "has_secret": bool(signing_secret_of(shop)),
        **_preview(choices, form.language),
        **more,
    }
    return page(request, "widget", context, status=status)


def _preview(choices: WidgetChoices, language: str) -> dict[str, Any]:
    """What is laid over the public answer, in its own form."""
    look = look_of(choices.colour)
    texts = choices.texts.get(language)
    overlay = {
        "look": {"theme": choices.theme, "light": look.light, "dark": look.dark},
        "place": {"side": choices.side, "bottom": choices.bottom, "inline": choices.inline, "hidden": []},
        "texts": {name: getattr(texts, name) for name in ("launcher", "title", "greeting")} if texts else {},
        "point": choices.point.get(language),
        "languages": list(TAGS),
        "live": True,
    }
    return {
        "overlay": json.dumps({"language": language, "overlay": overlay}),
        "moved": [_moved(one) for one in look.moved],
    }


def _moved(moved: Moved) -> str:
    places = {
        ("light", "accent"): _(
            "On light pages, buttons and links use %(shown)s: text in %(wanted)s could not be read."
        ),
        ("light", "card"): _("On light pages, the member’s card uses %(shown)s: text on %(wanted)s could not be read."),
        ("dark", "accent"): _("On dark pages, buttons and links use %(shown)s: text in %(wanted)s could not be read."),
        ("dark", "card"): _("On dark pages, the member’s card uses %(shown)s: text on %(wanted)s could not be read."),
    }
    words = {"shown": moved.shown, "wanted": moved.wanted}
    return places.get((moved.theme, moved.name), _("%(shown)s is used instead of %(wanted)s.")) % words


def _language(request: HttpRequest, shop: Shop) -> str:
    """The one whose words the form shows: what was asked for, else the shop's own."""
    wanted = (request.POST if request.method == "POST" else request.GET).get("lang", "")
    return wanted if wanted in TAGS else best([shop.locale])
