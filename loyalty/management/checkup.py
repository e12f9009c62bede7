"""What `manage.py doctor` looks at. Every finding says what is and, where something is wrong, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import run_checks
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.connection import Connection
from kombu.exceptions import KombuError

from config.checks import LOOPBACK
from loyalty.engine.errors import LoyaltyError
from loyalty.models import VerifyRun, guards
from loyalty.platforms import http
from loyalty.selectors import operations

Level = Literal["ok", "note", "wrong"]
Clock = Callable[[], datetime]

VERIFY_EVERY = timedelta(hours=48)
"""Every night, and one night may fail."""
NOT_COMPARED = timedelta(hours=3)
"""It is done every hour, and two may fail."""
CLOCKS_DIFFER_SECONDS = 2.0
BROKER_SECONDS = 3
HEALTH_SECONDS = 5.0
SHOWN_SHOPS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """`entry` is the heading in docs/runbook.md that says more of it."""

    level: Level
    subject: str
    says: str
    todo: str = ""
    entry: str = ""


def examine(clock: Clock) -> Iterator[Finding]:
    """Everything, in the order in which it would be mended. Without a database the rest of the tables is not asked."""
    yield from _settings()
    yield from _platform_apps()
    database = list(_database())
    yield from database
    yield _broker()
    if all(finding.level == "ok" for finding in database):
        yield _clocks(clock)
        yield from _queues(clock())
        yield _shops()
        yield _circuits(clock())
        yield _reconciler(clock())
        yield _verify(clock())
        yield from _release()
    yield _address()


def _settings() -> Iterator[Finding]:
    found = [*_checked(), *_contradictions()]
    yield from found
    if all(finding.level != "wrong" for finding in found):
        yield Finding("ok", "settings", "Keys and addresses are as they should be.")


def _checked() -> Iterator[Finding]:
    """What `manage.py check` says; of what concerns only us, a warning is wrong too."""
    for message in run_checks():
        is_wrong = message.is_serious() or (message.id or "").startswith("regulars.")
        yield Finding(
            "wrong" if is_wrong else "note",
            "settings",
            str(message.msg),
            str(message.hint or ""),
            entry="Settings contradict each other",
        )


def _contradictions() -> Iterator[Finding]:
    if settings.DEBUG and urlsplit(settings.APP_URL).hostname not in LOOPBACK:
        yield Finding(
            "wrong",
            "settings",
            "DEBUG is on, and its error pages show settings and data.",
            "Remove DEBUG and restart.",
            entry="Settings contradict each other",
        )
    if settings.SECURE_SSL and not settings.TRUSTED_PROXIES:
        yield Finding(
            "wrong",
            "settings",
            "APP_URL is https, and TRUSTED_PROXIES says that no proxy stands in front: every visitor has the proxy's"
            " address, and limits count all of them as one.",
            "Set TRUSTED_PROXIES to the number of your proxies that append to X-Forwarded-For.",
            entry="Settings contradict each other",
        )


def _platform_apps() -> Iterator[Finding]:
    names = ("SHOPIFY_API_KEY", "SHOPIFY_API_SECRET", "ECWID_CLIENT_ID", "ECWID_CLIENT_SECRET")
    for key, secret in (names[:2], names[2:]):
        if bool(getattr(settings, key)) != bool(getattr(settings, secret)):
            lacking = secret if getattr(settings, key) else key
            yield Finding(
                "wrong",
                "platforms",
                f"{key} and {secret} belong together; {lacking} is empty.",
                f"Copy {lacking} from the same app in the platform's partner pages.",
                entry="Settings contradict each other",
            )
    if any(getattr(settings, name) for name in names):
        yield Finding("ok", "platforms", "There are keys of a platform app.")
    else:
        yield Finding(
            "note",
            "platforms",
            "No platform app is set up; only an Ecwid custom app can be connected, at /ecwid/connect.",
            "Set SHOPIFY_API_KEY and SHOPIFY_API_SECRET, or ECWID_CLIENT_ID and ECWID_CLIENT_SECRET.",
            entry="Settings contradict each other",
        )


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error as error:
        yield Finding(
            "wrong",
            "database",
            f"It does not answer ({type(error).__name__}).",
            "Start it, then compare DATABASE_URL with its host, port, name, user and password.",
            entry="The database does not answer",
        )
        return
    if waiting:
        yield Finding(
            "wrong",
            "database",
            f"{waiting} migrations have not run.",
            "Run: manage.py migrate",
            entry="The database does not answer",
        )
        return
    yield Finding("ok", "database", f"{connection.display_name} answers and is migrated.")
    if not guards.are_installed(connection):
        yield Finding(
            "wrong",
            "database",
            "The triggers that keep the ledger append-only are not there.",
            "Somebody removed them. Restore them from a backup's schema, then run: manage.py verify_ledger",
            entry="verify_ledger names rows",
        )


def _broker() -> Finding:
    if not settings.CELERY_BROKER_URL:
        return Finding("ok", "broker", "None is set; `manage.py serve` or `work` does the work.")
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (KombuError, OSError, ValueError, KeyError) as error:
        return Finding(
            "wrong",
            "broker",
            f"It does not answer ({type(error).__name__}). Nothing is lost: the tables keep the work.",
            "Start it or correct CELERY_BROKER_URL; until then run: manage.py work",
            entry="The broker does not answer",
        )
    return Finding("ok", "broker", "It answers.")


def _clocks(clock: Clock) -> Finding:
    if connection.vendor != "postgresql":
        return Finding("ok", "clock", "The database uses this machine's.")
    before = clock()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    apart_seconds = (theirs - (before + (clock() - before) / 2)).total_seconds()
    if abs(apart_seconds) > CLOCKS_DIFFER_SECONDS:
        return Finding(
            "wrong",
            "clock",
            f"This machine's and the database's are {abs(apart_seconds):.1f} s apart.",
            "Let both follow a time server (chrony or systemd-timesyncd): what happened first decides points.",
            entry="The clocks differ",
        )
    return Finding("ok", "clock", f"This machine's and the database's are {abs(apart_seconds):.1f} s apart.")


def _queues(now: datetime) -> Iterator[Finding]:
    for name, queue in operations.queues(now=now).items():
        if queue.lag_seconds > settings.READY_LAG_SECONDS:
            yield Finding(
                "wrong",
                name,
                f"The oldest due row has waited {queue.lag_seconds:,.0f} s for a worker.",
                "Start workers: the Procfile's `worker` and `beat`, or manage.py work. If they run, read their log.",
                entry="A queue is behind",
            )
        if queue.dead:
            yield Finding(
                "wrong",
                name,
                f"{queue.dead:,} rows need a look: they were given up after many attempts or could not be read.",
                f"Open the staff admin's {name} list, state 'Needs a look': each row says why. Mend it, then run:"
                " manage.py replay",
                entry="Rows need a look",
            )
        if not queue.dead and queue.lag_seconds <= settings.READY_LAG_SECONDS:
            yield Finding("ok", name, "Worked off; nothing needs a look.")


def _shops() -> Finding:
    shops = operations.shops_to_reopen()
    if not shops:
        return Finding("ok", "shops", "We have access to all that are active.")
    names = ", ".join(f"{shop.name} ({shop.external_id})" for shop in shops[:SHOWN_SHOPS])
    more = f" and {len(shops) - SHOWN_SHOPS} more" if len(shops) > SHOWN_SHOPS else ""
    return Finding(
        "wrong",
        "shops",
        f"The platform no longer lets us into {names}{more}.",
        "Ask the merchant to open the app once in the platform's admin; that gives us new access.",
        entry="A shop must open the app",
    )


def _reconciler(now: datetime) -> Finding:
    behind = operations.shops_not_compared(since=now - NOT_COMPARED)
    if not behind:
        return Finding("ok", "reconciler", "Every shop's orders were compared with the platform's lately.")
    return Finding(
        "wrong",
        "reconciler",
        f"The orders of {behind:,} shops were not compared with the platform's for"
        f" {NOT_COMPARED.total_seconds() / 3600:.0f} hours or more: what its webhooks did not tell is missing.",
        "Run manage.py reconcile: it says why. If it goes through, no worker is running, or it is behind.",
        entry="Shops are not compared",
    )


def _circuits(now: datetime) -> Finding:
    circuits = operations.open_circuits()
    if not circuits:
        return Finding("ok", "circuits", "No platform is left alone for not answering.")
    named = "; ".join(
        f"{each.host} for {each.shop.name}, {each.failures} times in a row, last {_minutes(now - each.failed_at)} ago"
        for each in circuits[:SHOWN_SHOPS]
    )
    more = f" and {len(circuits) - SHOWN_SHOPS} more" if len(circuits) > SHOWN_SHOPS else ""
    return Finding(
        "wrong",
        "circuits",
        f"Did not answer: {named}{more}. What waits for them is tried again by itself.",
        "Many shops of one platform: look at its status page and at this machine's way out (DNS, firewall). One shop:"
        " open its address in a browser.",
        entry="A platform does not answer",
    )


def _minutes(age: timedelta) -> str:
    return f"{age.total_seconds() / 60:.0f} min"


def _release() -> Iterator[Finding]:
    members = operations.folded_by_newer()
    if members:
        yield Finding(
            "wrong",
            "release",
            f"A newer release has folded {members:,} of the members; this one leaves them alone, and what comes for them waits.",
            "Bring every process of this installation to the newer release. Nothing is lost meanwhile.",
            entry="Stopping and updating",
        )


def _verify(now: datetime) -> Finding:
    run = operations.last_verify()
    todo = "A worker does it every night at VERIFY_HOUR (UTC): start one, or run manage.py verify_ledger now."
    if run is None or run.finished_at is None:
        has_rows = operations.last_ledger_row() > 0
        return Finding(
            "note", "ledger", "It has never been verified.", todo if has_rows else "", entry="The audit has not run"
        )
    hours = (now - run.finished_at).total_seconds() / 3600
    if run.faults:
        return Finding(
            "wrong",
            "ledger",
            f"The last verify, {hours:.0f} h ago, found {run.faults:,} faults among {run.rows:,} rows"
            f"{_members_of(run)}.",
            "The staff admin's list of verify faults says what is wrong with whom, and manage.py verify_ledger whether it"
            " still is.",
            entry="verify_ledger names rows",
        )
    if now - run.finished_at > VERIFY_EVERY:
        return Finding(
            "wrong", "ledger", f"It was last verified {hours:.0f} h ago.", todo, entry="The audit has not run"
        )
    return Finding("ok", "ledger", f"{run.rows:,} rows were verified {hours:.0f} h ago.")


def _members_of(run: VerifyRun) -> str:
    members = operations.members_at_fault(run)
    named = ", ".join(f"{pk} (shop {shop_id})" for pk, shop_id in members[:SHOWN_SHOPS])
    return f", of members {named}{' and others' if len(members) > SHOWN_SHOPS else ''}" if members else ""


def _address() -> Finding:
    host = urlsplit(settings.APP_URL).hostname
    if host in LOOPBACK and not settings.SANDBOX_URL:
        return Finding(
            "note",
            "address",
            f"APP_URL is {settings.APP_URL}: no platform can reach this machine there.",
            "For a real store set APP_URL to the https address that your proxy has from outside.",
            entry="APP_URL does not answer",
        )
    try:
        answer = http.request("GET", f"{settings.APP_URL}/healthz", timeout_seconds=HEALTH_SECONDS)
    except LoyaltyError as error:
        return Finding(
            "wrong",
            "address",
            f"APP_URL/healthz was asked as a platform would: {error.message}",
            "Check DNS, the firewall and the proxy's certificate; the name must lead to a public address.",
            entry="APP_URL does not answer",
        )
    if answer.status != 200:
        return Finding(
            "wrong",
            "address",
            f"APP_URL/healthz answered {answer.status}.",
            "301 or 308: TRUSTED_PROXIES or the proxy's X-Forwarded-Proto is missing. 400: the proxy changes Host."
            " 502 or 503: the app or its database is down.",
            entry="APP_URL does not answer",
        )
    return Finding("ok", "address", f"{settings.APP_URL} answers.")
