"""The circuit breaker: a host that does not answer for a shop is left alone for a while, by every process, and then
tried by one caller. Nobody waits for its timeouts meanwhile, and other shops notice nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from django.db.models import F

from loyalty.engine.errors import LoyaltyError, Unavailable
from loyalty.models import Circuit, Shop

log = structlog.get_logger("regulars.circuit")
FAILURES = 5
"""So many in a row open it."""
REST_SECONDS = 30
LONGEST_REST_SECONDS = 900
"""It doubles with every caller who tried in vain, up to this."""


class Resting(Unavailable):
    """Nothing was sent: the host failed too often just now."""

    code = "resting"


def utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def guarded(shop: Shop, host: str) -> Iterator[None]:
    """Around one call. An Unavailable that names its own wait (throttling) counts neither way; any other one is a
    failure; every other answer, a refusal too, says that the host is there. Raises Resting while the circuit is open."""
    rows = Circuit.objects.filter(shop=shop, host=host)
    known = rows.first()
    if known is not None and known.open_until is not None:
        _admit(known, host)
    try:
        yield
    except Unavailable as error:
        if not error.retry_after_seconds:
            _failed(shop, host)
        raise
    except LoyaltyError:
        if known is not None:
            rows.delete()
        raise
    if known is not None:
        rows.delete()


def _admit(known: Circuit, host: str) -> None:
    """Lets the one caller through who moves the end of the rest; one who dies meanwhile has moved it all the same."""
    now, until = utc_now(), known.open_until
    if until is not None and until <= now:
        rows = Circuit.objects.filter(shop=known.shop_id, pk=known.pk, open_until=until)
        again = now + _rest(known.failures)
        if rows.update(open_until=again):
            return
        until = again
    seconds = math.ceil((until - now).total_seconds()) if until else REST_SECONDS
    raise Resting(
        "{host} did not answer several times; it is asked again in a while.",
        retry_after_seconds=seconds,
        params={"host": host},
    )


def _failed(shop: Shop, host: str) -> None:
    now = utc_now()
    Circuit.objects.bulk_create([Circuit(shop=shop, host=host, failed_at=now)], ignore_conflicts=True)
    rows = Circuit.objects.filter(shop=shop, host=host)
    rows.update(failures=F("failures") + 1, failed_at=now)
    failures = rows.values_list("failures", flat=True).first() or 0
    if failures >= FAILURES:
        rows.update(open_until=now + _rest(failures))
        log.warning("circuit.open", shop=shop.pk, host=host, failures=failures)


def _rest(failures: int) -> timedelta:
    doublings = min(max(failures - FAILURES, 0), 10)
    return timedelta(seconds=min(REST_SECONDS * 2**doublings, LONGEST_REST_SECONDS))
