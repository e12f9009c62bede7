"""Is the process alive, can it reach its database, and is the work being done?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from loyalty.selectors import operations


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where a query comes back, 503 where it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "database down"}, status=503)
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 where the queues are kept up with, 503 with the reasons where they are not. What needs a person but no other
    server - dead letters, an old verify - is told and fails nothing."""
    try:
        found = _found(datetime.now(UTC))
    except Error as error:
        reason = f"The database does not answer, or its tables are not migrated ({type(error).__name__})."
        return JsonResponse({"status": "not ready", "reasons": [reason]}, status=503)
    return JsonResponse(found, status=503 if found["reasons"] else 200)


def _found(now: datetime) -> dict[str, Any]:
    queues = operations.queues(now=now)
    verified = operations.last_verify()
    limit = settings.READY_LAG_SECONDS
    reasons = [
        f"The {name}'s oldest due row has waited {queue.lag_seconds:.0f} s; the limit is {limit} s."
        for name, queue in queues.items()
        if queue.lag_seconds > limit
    ]
    age = (now - verified.finished_at).total_seconds() if verified and verified.finished_at else None
    return {
        "status": "not ready" if reasons else "ok",
        "reasons": reasons,
        "queue_lag_seconds": {name: round(queue.lag_seconds, 1) for name, queue in queues.items()},
        "dead_letters": {name: queue.dead for name, queue in queues.items()},
        "last_verify_age_seconds": None if age is None else round(age),
    }
