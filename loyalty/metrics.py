"""The figures for Prometheus. All but one are read from the tables when they are asked for, so that every process gives
the same answer and a restart forgets nothing; the door's own counter is kept per process, or shared by all processes
of a machine where PROMETHEUS_MULTIPROC_DIR names an empty folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from loyalty.selectors import operations

NOT_COMPARED = timedelta(hours=3)
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED")


class Tables(Collector):
    """What the tables say at `now`."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._queues()
        yield from self._points()
        yield from self._verified()
        yield from self._platforms()
        yield _many("regulars_shops", "Shops", ["platform", "status"], operations.shops_by_status().items())

    def _platforms(self) -> Iterator[GaugeMetricFamily]:
        open_circuits = len(operations.open_circuits())
        yield _one("regulars_circuits_open", "Shops' hosts left alone because they did not answer", open_circuits)
        behind = operations.shops_not_compared(since=self._now - NOT_COMPARED)
        yield _one("regulars_shops_not_compared", "Shops whose orders were not compared for three hours", behind)
        healed = {(kind,): count for kind, count in operations.healed_orders().items()}
        yield _many(
            "regulars_healed_orders", "Orders that webhooks had not told, noted in 90 days", ["was"], healed.items()
        )

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        lags = {(name,): queue.lag_seconds for name, queue in operations.queues(now=self._now).items()}
        yield _many(
            "regulars_queue_lag_seconds", "How long the oldest due row has waited for a worker", ["queue"], lags.items()
        )
        rows = operations.rows_by_state()
        yield _many(
            "regulars_queue_rows", "Rows kept: waiting, done, dead (needs a look)", ["queue", "state"], rows.items()
        )
        attempts = {(kind,): count for kind, count in operations.outbox_attempts().items()}
        yield _many("regulars_outbox_attempts", "Attempts made for the messages kept", ["kind"], attempts.items())

    def _points(self) -> Iterator[GaugeMetricFamily]:
        people = operations.people(now=self._now)
        yield _one("regulars_members", "Members, guests included", people.all)
        yield _one("regulars_members_folded", "Members folded at least once", people.folded)
        yield _one("regulars_members_due", "Members for whom the clock brought what no fold has seen", people.due)
        yield _one("regulars_ledger_last_row", "Number of the newest ledger row", operations.last_ledger_row())
        states = {(state,): count for state, count in operations.redemptions_by_state().items()}
        yield _many("regulars_redemptions", "Redemptions by state", ["state"], states.items())

    def _verified(self) -> Iterator[GaugeMetricFamily]:
        run = operations.last_verify()
        if run is None or run.finished_at is None:
            return
        age_seconds = (self._now - run.finished_at).total_seconds()
        yield _one("regulars_verify_age_seconds", "Since the last whole verify_ledger", age_seconds)
        yield _one("regulars_verify_rows", "Ledger rows that it compared", run.rows)
        yield _one("regulars_verify_faults", "Faults that it found", run.faults)


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def _many(
    name: str, what: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=labels)
    for names, value in values:
        family.add_metric(list(names), value)
    return family


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """With METRICS_TOKEN for whoever bears it; without, for this machine alone and not through a proxy."""
    refusal = _refusal(request)
    if refusal is not None:
        return refusal
    of_tables = CollectorRegistry()
    of_tables.register(Tables(datetime.now(UTC)))
    try:
        text = generate_latest(_of_processes()) + generate_latest(of_tables)
    except Error:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _of_processes() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if settings.METRICS_TOKEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN):
            return None
        answer = HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if _is_this_machine(request):
        return None
    text = "Set METRICS_TOKEN to read the figures from another machine or through a proxy.\n"
    return HttpResponse(text, status=403, content_type="text/plain")


def _is_this_machine(request: HttpRequest) -> bool:
    if any(request.META.get(header) for header in FORWARDED):
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False
