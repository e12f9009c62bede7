"""The receiving door: the signature over the raw bytes, the shop, one INSERT, 200. Nothing else.

Forged or not ours: 401 and no row. Database down: 503, so that the sender tries again. Signed but unreadable: stored,
200, and shown to the merchant as failed.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from prometheus_client import Counter

from loyalty.engine.errors import Unauthorized
from loyalty.models import Shop
from loyalty.platforms.registry import platform_named
from loyalty.services.intake import receive

log = structlog.get_logger("regulars.door")
RECEIVED = Counter(
    "regulars_webhooks_received_total", "Webhooks by platform and what the door answered", ["platform", "answer"]
)


def _answer(platform: str, status: int, why: str, **context: str) -> HttpResponse:
    RECEIVED.labels(platform=platform, answer=why).inc()
    if status != 200:
        log.warning("door.refused", platform=platform, why=why, **context)
        return JsonResponse({"error": why}, status=status)
    return HttpResponse(status=200)


def _receive(request: HttpRequest, platform: str) -> HttpResponse:
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return _answer(platform, 400, "bad_length")
    if length > settings.WEBHOOK_MAX_BYTES:
        return _answer(platform, 413, "too_large")
    body = request.read(settings.WEBHOOK_MAX_BYTES + 1)
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        return _answer(platform, 413, "too_large")
    headers = {name.lower(): value for name, value in request.headers.items()}
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _answer(platform, 415, "not_json")
    try:
        signed = platform_named(platform).read_webhook(headers=headers, query=request.GET.dict(), body=body)
        known = Shop.objects.filter(platform=platform, external_id=signed.store).values_list("pk", "number").first()
        if known is None:
            return _answer(platform, 401, "unknown_shop", store=signed.store, delivery=signed.delivery_id)
        if not signed.is_of(known[1]):
            return _answer(platform, 401, "wrong_shop", store=signed.store, delivery=signed.delivery_id)
        receive(
            shop_id=known[0],
            delivery_id=signed.delivery_id,
            topic=signed.topic,
            body=body,
            meta=signed.meta,
            at=datetime.now(UTC),
        )
    except Unauthorized as error:
        return _answer(platform, 401, error.code)
    except DatabaseError as error:
        return _answer(platform, 503, "database_down", error=type(error).__name__)
    return _answer(platform, 200, "stored")


@csrf_exempt
@require_http_methods(["POST"])
def shopify_webhooks(request: HttpRequest) -> HttpResponse:
    return _receive(request, Shop.Platform.SHOPIFY)


@csrf_exempt
@require_http_methods(["POST", "PUT"])
def ecwid_webhooks(request: HttpRequest) -> HttpResponse:
    return _receive(request, Shop.Platform.ECWID)
