"""How much a request may bring, judged by what it says of itself, before anything of it is parsed or written to disk."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

PAGES = "/dashboard/"
"""Pages that say it in their own frame (access.py), so that what was typed is not lost."""
DRAINED_TIMES = 4
PIECE_BYTES = 65_536


class BodyLimit:
    """Middleware: what is not a page of a merchant says it in one line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        status = None if request.path.startswith(PAGES) else refusal_of(request)
        if status is None:
            return self.get_response(request)
        return HttpResponse(why(status), status=status, content_type="text/plain; charset=utf-8")


def refusal_of(request: HttpRequest) -> HTTPStatus | None:
    """A body that is too large is read and thrown away, up to some times the limit: a browser whose connection is closed
    while it still sends shows no answer. One without a length would be read as empty, and an empty form as meant."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return HTTPStatus.LENGTH_REQUIRED
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not length.isdigit() or int(length) <= most:
        return None
    left = DRAINED_TIMES * most
    while left > 0 and (piece := request.read(PIECE_BYTES)):
        left -= len(piece)
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def why(status: HTTPStatus) -> str:
    if status == HTTPStatus.LENGTH_REQUIRED:
        return _("The request came without its length, and nothing of it was kept. Send it again from another browser or network.")  # fmt: skip
    return _(
        "At most %(most)s are taken in at once, and nothing of this was kept. Shorten it, or send it in parts."
    ) % {"most": most_shown()}


def most_shown() -> str:
    return f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1_048_576:.0f} MB"
