"""Errors as RFC 9457 problems: a stable code for the panel, which has its own words, and a sentence for people."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse, JsonResponse

from loyalty.engine.errors import (
    Conflict,
    Invalid,
    LoyaltyError,
    NotFound,
    Refused,
    TooMany,
    Unauthorized,
    Unavailable,
)
from loyalty.languages import Voice

_STATUS: dict[type[LoyaltyError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Forbidden(LoyaltyError):
    """The request may not be made from where it was made."""

    code = "forbidden"


class UnderWay(Conflict):
    """The same request is being worked on at this moment."""

    code = "under_way"
    retry_after_seconds = 2


class WrongForm(LoyaltyError):
    """Not the method, the content type or the size that this address takes."""

    code = "wrong_form"

    def __init__(self, message: str, *, status: HTTPStatus) -> None:
        super().__init__(message)
        self.status = status


def problem(error: LoyaltyError, voice: Voice) -> HttpResponse:
    status = status_of(error)
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "code": error.code,
        "detail": voice.problem(error),
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    seconds = getattr(error, "retry_after_seconds", 0)
    if seconds:
        response["Retry-After"] = str(seconds)
    if status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def status_of(error: LoyaltyError) -> HTTPStatus:
    if isinstance(error, WrongForm):
        return error.status
    if isinstance(error, Forbidden):
        return HTTPStatus.FORBIDDEN
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
