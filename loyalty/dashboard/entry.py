"""What the two platforms' entries share: what went wrong is said as a page, and no address of theirs is told on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import structlog
from django.http import HttpRequest, HttpResponse

from loyalty.engine.errors import Invalid, LoyaltyError, TooMany, Unauthorized, Unavailable

View = Callable[[HttpRequest], HttpResponse]
Refusal = Callable[[HttpRequest, LoyaltyError], HttpResponse]

log = structlog.get_logger("regulars.entry")

_STATUSES = {Unauthorized: 401, TooMany: 429, Unavailable: 503, Invalid: 400}


def status_of(error: LoyaltyError) -> int:
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 409)


def answering(
    platform: str, *, refused: Refusal, policy: Callable[[HttpRequest], str], referrer: Callable[[HttpRequest], str]
) -> Callable[[View], View]:
    """Wraps an entry: `refused` draws the page of an error, `policy` is the Content-Security-Policy of a page that has
    none of its own, `referrer` the Referrer-Policy of every page."""

    def wrapped(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            try:
                response = view(request)
            except LoyaltyError as error:
                log.warning("entry.refused", platform=platform, page=request.path, code=error.code)
                response = refused(request, error)
            response.setdefault("Content-Security-Policy", policy(request))
            response["Referrer-Policy"] = referrer(request)
            response["Cache-Control"] = "private, no-store"
            response["X-Content-Type-Options"] = "nosniff"
            return response

        return guarded

    return wrapped
