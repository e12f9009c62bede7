"""The receiving door: the signature over the raw bytes, the shop, one INSERT, 200. Nothing else.

Forged or not ours: 401 and no row. Database down: 503, so that the sender tries again. Signed but unreadable: stored,
200, and shown to the merchant as failed. It stands in front of Django (config/wsgi.py): sessions, languages and the
rest of the house's middleware would cost more than all it does (`manage.py bench door`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Counter

from config.logs import request_id_of
from loyalty.engine.errors import Unauthorized
from loyalty.models import Shop
from loyalty.platforms.base import Signed
from loyalty.platforms.registry import platform_named
from loyalty.services.intake import receive

log = structlog.get_logger("regulars.door")
RECEIVED = Counter(
    "regulars_webhooks_received_total", "Webhooks by platform and what the door answered", ["platform", "answer"]
)
Answer = tuple[int, str]
"""The status, and why in a word."""
DOORS = {"/shopify/webhooks": ("shopify", ("POST",)), "/ecwid/webhooks": ("ecwid", ("POST", "PUT"))}


class Door:
    """A WSGI application in front of another, which gets all that is no webhook."""

    def __init__(self, house: WSGIApplication) -> None:
        self.house = house

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") not in DOORS:
            return self.house(environ, start_response)
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        with structlog.contextvars.bound_contextvars(request=request_id):
            status, headers, body = _answer(environ)
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, ("X-Request-ID", request_id), _length(body)])
        return [body]


@csrf_exempt
def receive_webhook(request: HttpRequest) -> HttpResponse:
    """The same, where Django serves alone."""
    status, headers, body = _answer(request.META)
    return HttpResponse(body, status=status, headers=dict(headers))


def _length(body: bytes) -> tuple[str, str]:
    return ("Content-Length", str(len(body)))


def _answer(environ: WSGIEnvironment) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body."""
    platform, methods = DOORS[environ["PATH_INFO"]]
    status, why = _receive(environ, platform) if environ["REQUEST_METHOD"] in methods else (405, "bad_method")
    RECEIVED.labels(platform=platform, answer=why).inc()
    if status == 200:
        return status, [], b""
    log.warning("door.refused", platform=platform, why=why)
    headers = [("Content-Type", "application/json")] + ([("Allow", ", ".join(methods))] if status == 405 else [])
    return status, headers, json.dumps({"error": why}).encode()


def _receive(environ: WSGIEnvironment, platform: str) -> Answer:
    most = settings.WEBHOOK_MAX_BYTES
    # A proxy may pass a body on in chunks, without its length; where the server ends it, it is read all the same.
    unsaid = most + 1 if environ.get("wsgi.input_terminated") else 0
    length = environ.get("CONTENT_LENGTH") or ""
    if length and not (length.isascii() and length.isdigit()):
        return 400, "bad_length"
    if length and int(length) > most:
        return 413, "too_large"
    body = environ["wsgi.input"].read(int(length) if length else unsaid)
    if len(body) > most:
        return 413, "too_large"
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        return 415, "not_json"
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    try:
        return _with_database(
            lambda: _keep(
                platform, platform_named(platform).read_webhook(headers=headers, query=query, body=body), body
            )
        )
    except Unauthorized as error:
        return 401, error.code
    except (DatabaseError, InterfaceError) as error:
        log.warning("door.database_down", error=type(error).__name__)
        return 503, "database_down"


def _with_database(keep: Callable[[], Answer]) -> Answer:
    """A connection is kept from one request to the next and not asked first whether it still lives; one that has gone
    away meanwhile, or leads to a server that only reads since another took over, is opened anew, once. `keep` holds
    every question to the database: one asked outside would find the dead connection for ever."""
    try:
        return keep()
    except (DatabaseError, InterfaceError):
        connection.close()
        return keep()


def _keep(platform: str, signed: Signed, body: bytes) -> Answer:
    is_new = receive(
        platform=platform,
        store=signed.store,
        number=signed.told_number,
        is_by_name=signed.is_of(""),
        delivery_id=signed.delivery_id,
        topic=signed.topic,
        body=body,
        meta=signed.meta,
        at=datetime.now(UTC),
    )
    if not is_new:
        numbers = list(
            Shop.objects.filter(platform=platform, external_id=signed.store).values_list("number", flat=True)
        )
        if not numbers:
            return 401, "unknown_shop"
        if not signed.is_of(numbers[0]):
            return 401, "wrong_shop"
    return 200, "stored"
