"""The program as a file: out to keep or to carry to another shop, in as the draft."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_beside import Beside, beside
from loyalty.dashboard.program_views import revision_of, saved
from loyalty.dashboard.refusals import grouped, refusal_text
from loyalty.engine.errors import Conflict, Invalid
from loyalty.engine.exchange import MAX_CHARACTERS, from_json, from_yaml, to_json
from loyalty.engine.program import Program
from loyalty.services.programs import replace_draft

MAX_BYTES = 4 * MAX_CHARACTERS
"""A character of UTF-8 has at most four."""


@embedded
@require_http_methods(["GET", "POST"])
def program_file(request: HttpRequest) -> HttpResponse:
    """A file, or text pasted, becomes the draft: nothing of it is seen by shoppers until it is published."""
    at = beside(*asked(request))
    if request.method == "GET":
        return _shown(request, at)
    pasted = request.POST.get("document", "")
    try:
        program = _program_in(*_document(request, pasted))
        replace_draft(shop=at.shop, revision=revision_of(request), program=program, at=at.now, by=actor(request))
    except (Invalid, Conflict) as refused:
        where = _("At %(place)s: ") % {"place": refused.place} if refused.place not in ("", "$") else ""
        response = _shown(request, at, pasted, f"{where}{refusal_text(refused)}", 422)
        response["HX-Push-Url"] = "false"
        return response
    return saved(request, _("The file is in the draft. Shoppers see nothing of it until you publish."))


def _document(request: HttpRequest, pasted: str) -> tuple[str, str]:
    """Its name and its text: the file's where there is one. Raises Invalid for what is no text."""
    file = request.FILES.get("file")
    if file is None:
        if not pasted.strip():
            raise Invalid(_("Choose a file, or paste its text."))
        return "", pasted
    if (file.size or 0) > MAX_BYTES:
        raise Invalid(_("The file is too large for a program; it has at most %(count)s characters.") % {"count": grouped(MAX_CHARACTERS)})  # fmt: skip
    try:
        return file.name or "", file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(_("The file is no text in UTF-8. Choose a program’s JSON or YAML file.")) from None


def _program_in(name: str, text: str) -> Program:
    """JSON where it says so or begins as it does, else YAML."""
    return from_json(text) if name.endswith(".json") or text.lstrip().startswith("{") else from_yaml(text)


def _shown(request: HttpRequest, at: Beside, pasted: str = "", error: str = "", status: int = 200) -> HttpResponse:
    number = at.row.number if at.row else at.latest.number if at.latest else 1
    context = {
        "page": "program",
        "document": to_json(at.program),
        "name": f"program-{number}.json",
        "draft": at.row,
        "revision": at.revision,
        "pasted": pasted,
        "error": error,
    }
    return page(request, "program_file", context, status)
