"""The page that says what is wrong, and that it says so only then."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.fixtures import Settings

from loyalty.engine import checkpoint as engine
from loyalty.engine.errors import Unavailable
from loyalty.management import checkup
from loyalty.management.checkup import Finding, examine
from loyalty.models import InboxDelivery, Member, OutboxMessage, Shop, VerifyRun, guards
from loyalty.platforms import http
from loyalty.platforms.http import Answer
from tests.factories import make_member, make_shop, receive
from tests.platforms.faulty_server import FaultyServer, answering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sound(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with nothing wrong; each test spoils one thing."""
    settings.KEYS_MISSING = settings.DEBUG = False
    settings.APP_URL = "https://rewards.example.com"
    settings.SECURE_SSL, settings.TRUSTED_PROXIES = True, 1
    settings.SANDBOX_URL = settings.CELERY_BROKER_URL = ""
    settings.SHOPIFY_API_KEY = settings.SHOPIFY_API_SECRET = "x"
    settings.ECWID_CLIENT_ID = settings.ECWID_CLIENT_SECRET = ""
    settings.READY_LAG_SECONDS = 300
    monkeypatch.setattr(http, "request", lambda *args, **kwargs: Answer(200, {}, b"{}"))
    now = datetime.now(UTC)
    VerifyRun.objects.create(started_at=now, finished_at=now)


def clock() -> datetime:
    return datetime.now(UTC)


def wrong() -> list[Finding]:
    return [finding for finding in examine(clock) if finding.level == "wrong"]


def the_wrong() -> Finding:
    found = wrong()
    assert len(found) == 1, found
    assert found[0].todo
    return found[0]


def test_nothing_is_wrong_and_it_says_so() -> None:
    assert wrong() == []
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert out.getvalue().endswith("Nothing is wrong.\n")


def test_what_is_wrong_stands_on_the_page_with_what_to_do(settings: Settings) -> None:
    settings.DEBUG = True
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 thing is wrong"):
        call_command("doctor", stdout=out)
    page = out.getvalue()
    assert "WRONG  settings    DEBUG is on" in page
    assert "-> Remove DEBUG and restart." in page


SPOILED = {
    "no keys": ({"KEYS_MISSING": True}, "SECRET_KEY"),
    "no key at all": ({"FIELD_ENCRYPTION_KEYS": ["short"]}, "no key"),
    "plain http": ({"APP_URL": "http://rewards.example.com"}, "not https"),
    "no proxy": ({"TRUSTED_PROXIES": 0}, "limits count all of them as one"),
    "half an app": ({"ECWID_CLIENT_ID": "custom-1"}, "ECWID_CLIENT_SECRET is empty"),
    "a sandbox in public": ({"SANDBOX_URL": "http://127.0.0.1:9"}, "SANDBOX_URL is set"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_setting_that_cannot_be(what: str, settings: Settings) -> None:
    changed, said = SPOILED[what]
    for name, value in changed.items():
        setattr(settings, name, value)
    assert said in the_wrong().says


def test_a_database_that_does_not_answer_and_nothing_else_is_asked_of_it() -> None:
    def down(execute: object, sql: str, *rest: object) -> None:
        raise OperationalError("password of user regulars is wrong")

    with connection.execute_wrapper(down):
        finding = the_wrong()
    assert (finding.subject, "password" in finding.says) == ("database", False)
    assert "DATABASE_URL" in finding.todo


def test_a_migration_that_has_not_run() -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("loyalty")
    MigrationRecorder(connection).record_unapplied(*newest)
    assert the_wrong().todo == "Run: manage.py migrate"


def test_guards_that_somebody_removed() -> None:
    guards.remove(connection)
    assert "append-only" in the_wrong().says


def test_a_broker_that_does_not_answer(settings: Settings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.CELERY_BROKER_URL = f"redis://:a-password@127.0.0.1:{nobody.getsockname()[1]}/0"
        finding = the_wrong()
    assert finding.subject == "broker"
    assert "a-password" not in finding.says + finding.todo


@pytest.mark.redis
def test_a_broker_that_answers(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = os.environ["TEST_REDIS_URL"]
    assert wrong() == []


def test_a_queue_that_nobody_works_off_and_one_that_needs_a_look() -> None:
    shop = make_shop(at=clock())
    OutboxMessage.objects.filter(shop=shop).update(state="dead")
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    receive(shop_id=shop.pk, delivery_id="d", topic="orders/paid", body=b"{}", meta={}, at=long_ago)
    inbox, outbox = wrong()
    assert (inbox.subject, outbox.subject) == ("inbox", "outbox")
    assert "has waited 36" in inbox.says
    assert outbox.says.startswith("1 rows need a look")
    InboxDelivery.objects.filter(shop=shop).delete()
    assert wrong() == [outbox]


def test_shops_that_must_open_the_app_are_named() -> None:
    shop = make_shop(name="Halfmoon")
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    shop.status = "needs_reopen"
    shop.save()
    assert f"Halfmoon ({shop.external_id})" in the_wrong().says


@pytest.mark.parametrize(
    ("run", "said"),
    [({"hours": 49}, "last verified 49 h ago"), ({"hours": 1, "faults": 3, "rows": 9}, "found 3 faults among 9 rows")],
)
def test_a_ledger_that_was_not_verified_or_is_not_right(run: dict[str, int], said: str) -> None:
    ended = datetime.now(UTC) - timedelta(hours=run.pop("hours"))
    VerifyRun.objects.all().delete()
    VerifyRun.objects.create(started_at=ended, finished_at=ended, **run)
    assert said in the_wrong().says


@pytest.mark.postgres
def test_clocks_that_differ() -> None:
    ahead = [finding for finding in examine(lambda: clock() + timedelta(seconds=9)) if finding.level == "wrong"]
    assert [finding.subject for finding in ahead] == ["clock"]
    assert "9.0 s apart" in ahead[0].says


@pytest.mark.parametrize("status", [301, 400, 502])
def test_an_address_that_answers_something_else(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "request", lambda *args, **kwargs: Answer(status, {}, b""))
    assert the_wrong().says == f"APP_URL/healthz answered {status}."


def test_an_address_that_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> Answer:
        raise Unavailable("rewards.example.com could not be reached or broke off (NameResolutionError).")

    monkeypatch.setattr(http, "request", unreachable)
    assert "NameResolutionError" in the_wrong().says


@pytest.fixture
def server(settings: Settings) -> Iterator[FaultyServer]:
    server = FaultyServer(answering(b"{}"))
    settings.APP_URL, settings.SECURE_SSL = server.url, False
    yield server
    server.close()


@pytest.mark.django_db(transaction=True)
def test_loopback_is_asked_only_with_the_sandbox(
    server: FaultyServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    finding = checkup._address()
    assert (finding.level, server.requests) == ("note", [])
    settings.SANDBOX_URL = server.url
    assert checkup._address().level == "ok"
    assert server.requests[0].startswith(b"GET /healthz ")


def test_shops_that_nobody_compares(settings: Settings) -> None:
    now = clock()
    idle, lately, new, gone = (make_shop(at=now - timedelta(hours=hours)) for hours in (4, 4, 2, 4))
    Shop.objects.filter(pk=lately.pk).update(orders_cursor=now - timedelta(hours=1))
    Shop.objects.filter(pk=gone.pk).update(status="uninstalled")
    OutboxMessage.objects.across_shops().delete()
    found = the_wrong()
    assert (found.subject, found.says[:22]) == ("reconciler", "The orders of 1 shops ")
    Shop.objects.filter(pk__in=(idle.pk, new.pk)).update(orders_cursor=now - timedelta(hours=2))
    assert wrong() == []


def test_members_whom_a_newer_release_has_folded() -> None:
    make_member(make_shop(at=clock()), points=10)
    OutboxMessage.objects.across_shops().delete()
    assert wrong() == []
    Member.objects.across_shops().update(engine=engine.ENGINE + 1)
    found = the_wrong()
    assert (found.subject, "folded 1 " in found.says) == ("release", True)
