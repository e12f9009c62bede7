"""Logs: one line per event, with the ids to follow it by, and without personal data or secrets.

An exception's own words may hold anything - an address with a token in it, a customer's e-mail in a database's detail -
so of an exception only its kind and the way to it are written, whoever logs it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
import uuid
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

Trace = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
FRAMES = 30
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def way_to(error: BaseException) -> str:
    """The kinds of an exception and of what caused it, each with its frames, innermost last."""
    kinds: list[str] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = traceback.extract_tb(each.__traceback__)[-FRAMES:]
        way = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        kinds.append(f"{type(each).__module__}.{type(each).__qualname__} at {way or 'no frame'}")
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return " from ".join(kinds)


def add_way(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: `exc_info` becomes `exception`."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = way_to(error)
    return event


class Line(logging.Formatter):
    """For records of Django and other libraries, with the ids of what was being worked on. What Celery says of a failed
    task names the task and the kind."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, dict) and "exc" in record.args:
            record.args = {**record.args, "exc": "see below", "traceback": "", "args": "", "kwargs": ""}
        record.exc_text = None  # another handler may have rendered it in full
        ids = structlog.contextvars.get_contextvars()
        return " ".join([super().format(record), *(f"{name}={value}" for name, value in sorted(ids.items()))])

    def formatException(self, ei: Trace) -> str:
        return way_to(ei[1]) if ei[1] is not None else ""


def request_id_of(given: str) -> str:
    """What a proxy in front chose, where that is an id; else a new one."""
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


class RequestId:
    """Gives every request an id that its log lines carry and its answer names; a proxy in front may have chosen it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
