"""What staff write down about a member for each other."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from loyalty.dashboard import rows as row_of
from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.typed import FORM_KEY
from loyalty.dashboard.views import MAX_ID, member_of
from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import Member
from loyalty.selectors.notes import notes_of
from loyalty.services.notes import MOST_CHARACTERS, add_note, delete_note


@embedded
@require_http_methods(["GET", "POST"])
def notes(request: HttpRequest, member_id: int) -> HttpResponse:
    """All notes and the field for another; the form brings its own key."""
    shop, _fmt, now = asked(request)
    found = member_of(shop, member_id)
    if request.method == "GET":
        return _notes(request, found)
    typed = request.POST.get("text", "").replace("\x00", "").replace("\r\n", "\n")
    key = request.POST.get("key", "")
    try:
        if not FORM_KEY.fullmatch(key):
            raise Invalid(_("This form has lost its number. Open it again from the member’s page."))
        add_note(shop=shop, member_id=found.pk, text=typed, actor=actor(request), key=key, at=now)
    except Invalid as error:
        response = _notes(request, found, typed=typed, error=refusal_text(error), status=422)
        response["HX-Push-Url"] = "false"  # a refused form is no step to go back to
        return response
    return _notes(request, found, toast=_("Written down."))


@embedded
@require_POST
def note_delete(request: HttpRequest, member_id: int, note_id: int) -> HttpResponse:
    """What it said goes into the field, for whoever pressed by mistake."""
    shop, _fmt, _now = asked(request)
    found = member_of(shop, member_id)
    try:
        text = delete_note(shop=shop, member_id=found.pk, note_id=min(note_id, MAX_ID))
    except NotFound:
        raise Http404 from None
    toast = _("Deleted. What it said is in the field, should you want it back.")
    response = _notes(request, found, typed=text, toast=toast)
    response["HX-Push-Url"] = reverse("dashboard:notes", args=[found.pk])
    return response


def _notes(
    request: HttpRequest, found: Member, *, typed: str = "", error: str = "", toast: str = "", status: int = 200
) -> HttpResponse:
    shop, fmt, now = asked(request)
    context = {
        "member": row_of.member_row(found, fmt),
        "notes": [row_of.note_row(each, fmt, now) for each in notes_of(shop=shop, member=found)],
        "key": str(uuid.uuid4()),
        "typed": typed,
        "error": error,
        "most": MOST_CHARACTERS,
        "toast": toast,
    }
    return page(request, "notes", context, status=status)
