"""The Program page and the forms of its parts. Each form works as a plain one; with script it reads itself back as it
is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_beside import Beside, beside
from loyalty.dashboard.program_changes import title_of
from loyalty.dashboard.program_edit import (
    Spot,
    Tried,
    fresh_form,
    moved,
    new_spot,
    read_back,
    reads,
    save,
    spot_of,
    switched,
    without_item,
)
from loyalty.dashboard.program_fields import CAMPAIGN_KINDS, LISTS, NEW_NAMES, PART_NAMES, SINGLES
from loyalty.dashboard.program_forms import Raw, Setting, at_path
from loyalty.dashboard.program_page import page_context
from loyalty.dashboard.program_rule_fields import RULES
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.what_if import effect_of
from loyalty.engine.errors import Conflict, Invalid
from loyalty.selectors.catalogue import sold_lately
from loyalty.services.programs import save_draft

MOVES = {"up": -1, "down": 1}


@embedded
@require_GET
def program(request: HttpRequest) -> HttpResponse:
    return _program(request)


@embedded
@require_http_methods(["GET", "POST"])
def program_add(request: HttpRequest, part: str) -> HttpResponse:
    """First which kind, where there are several, then its form."""
    if part not in LISTS:
        raise Http404
    at = _beside(request)
    setting = Setting(at.fmt, at.program)
    kind_name = (request.POST if request.method == "POST" else request.GET).get("kind", "")[:64]
    spot = new_spot(part, kind_name, setting)
    if spot is not None:
        return _form(request, at, spot, setting)
    if kind_name or request.method == "POST":
        raise Http404
    kinds = {name: RULES[name] for name in CAMPAIGN_KINDS} if part == "campaigns" else LISTS[part]
    context = {"page": "program", "part": part, "title": NEW_NAMES[part], "kinds": kinds.items()}
    return page(request, "program_kinds", context)


@embedded
@require_http_methods(["GET", "POST"])
def program_edit(request: HttpRequest, part: str, item_id: str = "") -> HttpResponse:
    at = _beside(request)
    spot = spot_of(at, part, item_id) if (part in SINGLES) != bool(item_id) else None
    if spot is None:
        raise Http404
    return _form(request, at, spot, Setting(at.fmt, at.program, _titles(at, spot)))


@embedded
@require_POST
def program_reads(request: HttpRequest, part: str) -> HttpResponse:
    """What is typed so far, read back."""
    at = _beside(request)
    setting = Setting(at.fmt, at.program)
    item_id = request.POST.get("item", "")
    spot = spot_of(at, part, item_id) if item_id or part in SINGLES else None
    if spot is None and part in LISTS and not item_id:
        spot = new_spot(part, request.POST.get("kind", "")[:64], setting)
    if spot is None:
        raise Http404
    return page(request, "program_reads", {"reads": reads(at, spot, _raw(request), setting)})


@embedded
@require_POST
def program_change(request: HttpRequest, part: str, item_id: str) -> HttpResponse:
    """Takes one thing out, switches it, or moves it by one place."""
    at = _beside(request)
    spot = spot_of(at, part, item_id) if part in LISTS else None
    wanted = request.POST.get("do", "")
    if spot is None or wanted not in ("remove", "on", "off", *MOVES):
        raise Http404
    if wanted == "remove":
        changed, told = without_item(at.program, part, item_id), _("%(what)s is taken out of the draft.")
    elif wanted in MOVES:
        changed, told = moved(at.program, part, item_id, MOVES[wanted]), _("%(what)s has moved.")
    else:
        changed = switched(at.program, part, item_id, wanted == "on")
        told = _("%(what)s is on in the draft.") if wanted == "on" else _("%(what)s is off in the draft.")
    try:
        save_draft(shop=at.shop, revision=revision_of(request), part=changed, at=at.now, by=actor(request))
    except (Invalid, Conflict) as refused:
        setting = Setting(at.fmt, at.program)
        return _show_form(
            request, at, spot, setting, Tried(fresh_form(spot, setting), meanwhile=refusal_text(refused)), 409
        )
    return saved(request, told % {"what": title_of(part, spot.item)})


def saved(request: HttpRequest, toast: str) -> HttpResponse:
    """The Program page with a word of what was done."""
    response = _program(request, toast)
    response["HX-Push-Url"] = reverse("dashboard:program")
    return response


def revision_of(request: HttpRequest) -> int:
    typed = request.POST.get("revision", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _program(request: HttpRequest, toast: str = "") -> HttpResponse:
    at = _beside(request)
    return page(request, "program", {**page_context(at), "effect": effect_of(at), "toast": toast})


def _beside(request: HttpRequest) -> Beside:
    return beside(*asked(request))


def _raw(request: HttpRequest) -> Raw:
    return {name: request.POST.getlist(name) for name in request.POST}


def _titles(at: Beside, spot: Spot) -> dict[str, str]:
    """Asked for only where the thing names products."""
    named = any(at_path(spot.item, one.name) for one in spot.kind.fields() if one.catalogue == "products")
    return sold_lately(shop=at.shop) if named else {}


def _form(request: HttpRequest, at: Beside, spot: Spot, setting: Setting) -> HttpResponse:
    if request.method == "GET":
        return _show_form(request, at, spot, setting, Tried(fresh_form(spot, setting)))
    tried = save(at, spot, _raw(request), revision_of(request), setting, actor(request))
    if tried.saved:
        return saved(request, _("Saved in the draft. Shoppers see nothing of it until you publish."))
    response = _show_form(request, at, spot, setting, tried, 409 if tried.meanwhile else 422)
    response["HX-Push-Url"] = "false"  # a refused form is no step to go back to
    return response


def _show_form(
    request: HttpRequest, at: Beside, spot: Spot, setting: Setting, tried: Tried, status: int = 200
) -> HttpResponse:
    typed = _raw(request) if request.method == "POST" and tried.form and "do" not in request.POST else None
    told = reads(at, spot, typed, setting) if typed else None
    if told is None and not spot.is_new:
        told = read_back(at.program, spot, setting)
    items: Sequence[Any] = getattr(at.program, spot.part) if spot.part in LISTS else ()
    context: dict[str, Any] = {
        "page": "program",
        "part": spot.part,
        "part_name": PART_NAMES[spot.part],
        "spot": spot,
        "here": _address(spot),
        "title": spot.title if spot.is_new or spot.part in SINGLES else title_of(spot.part, spot.item),
        "form": tried.form,
        "meanwhile": tried.meanwhile,
        "revision": at.revision,
        "field": request.GET.get("field", "")[:100],
        "reads": told,
        "on": spot.item.get("enabled", True),
        "can_switch": not spot.is_new and spot.part in ("rules", "rewards", "campaigns"),
        "first": bool(items) and items[0].id == spot.id,
        "last": bool(items) and items[-1].id == spot.id,
    }
    return page(request, "program_form", context, status)


def _address(spot: Spot) -> str:
    if spot.is_new:
        return reverse("dashboard:program_add", args=[spot.part])
    if spot.part in SINGLES:
        return reverse("dashboard:program_set", args=[spot.part])
    return reverse("dashboard:program_edit", args=[spot.part, spot.id])
