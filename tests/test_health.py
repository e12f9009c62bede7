"""What a balancer, a scraper and a person on duty are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from config.bootstrap import ROOT
from loyalty import metrics
from loyalty.models import InboxDelivery, OutboxMessage, Shop
from loyalty.services.redemptions import redeem
from tests.factories import T0, make_member, make_shop, receive

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-the-scraper"


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.READY_LAG_SECONDS = 300
    settings.METRICS_TOKEN = ""


def delivered(shop: Shop, *, age: timedelta) -> InboxDelivery:
    at = datetime.now(UTC) - age
    receive(shop_id=shop.pk, delivery_id=f"d{age.total_seconds()}", topic="orders/paid", body=b"{}", meta={}, at=at)
    return InboxDelivery.objects.filter(shop=shop).latest("pk")


def quiet_shop() -> Shop:
    """Nothing of the install is left to do."""
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    return shop


def test_ready_with_the_figures_of_the_queues() -> None:
    shop = quiet_shop()
    delivered(shop, age=timedelta(seconds=100))
    InboxDelivery.objects.filter(pk=delivered(shop, age=timedelta(hours=9)).pk, shop=shop).update(state="dead")
    call_command("verify_ledger")
    answer = Client().get("/readyz")
    told = answer.json()
    assert (answer.status_code, told["status"], told["reasons"]) == (200, "ok", [])
    assert 100 <= told["queue_lag_seconds"]["inbox"] < 130
    assert told["queue_lag_seconds"]["outbox"] == 0
    assert told["dead_letters"] == {"inbox": 1, "outbox": 0}
    assert 0 <= told["last_verify_age_seconds"] < 30
    assert answer["Cache-Control"].startswith("max-age=0")


def test_not_ready_where_a_due_row_waited_longer_than_the_limit() -> None:
    delivered(quiet_shop(), age=timedelta(seconds=301))
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert re.fullmatch(r"The inbox's oldest due row has waited 30\d s; the limit is 300 s.", *answer.json()["reasons"])


def test_what_is_planned_for_later_does_not_wait() -> None:
    delivered(quiet_shop(), age=-timedelta(hours=1))
    assert Client().get("/readyz").json()["queue_lag_seconds"]["inbox"] == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_database_that_does_not_answer_is_a_503(path: str) -> None:
    def down(execute: object, sql: str, *rest: object) -> None:
        raise OperationalError("connection to 10.0.0.7 refused for user regulars")

    with connection.execute_wrapper(down):
        answer = Client().get(path)
    assert answer.status_code == 503
    assert b"10.0.0.7" not in answer.content


def figures(**headers: str) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_the_figures_are_what_the_tables_hold() -> None:
    shop = quiet_shop()
    member = make_member(shop, points=520)
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0 + timedelta(days=9))
    OutboxMessage.objects.filter(shop=shop, kind="reward.issue").update(attempts=3)
    delivered(shop, age=timedelta(seconds=50))
    call_command("verify_ledger", "--shop", str(shop.pk))
    assert ("regulars_verify_rows", ()) not in figures()
    OutboxMessage.objects.filter(shop=shop, kind="reward.issue").update(state="waiting")
    call_command("verify_ledger")
    Client().post("/shopify/webhooks", data=b"{}", content_type="application/json")
    found = figures()
    assert found["regulars_queue_rows", ("inbox", "waiting")] == 1
    assert found["regulars_queue_rows", ("outbox", "dead")] == 0
    assert 50 <= found["regulars_queue_lag_seconds", ("inbox",)] < 80
    assert found["regulars_outbox_attempts", ("reward.issue",)] == 3
    assert found["regulars_redemptions", ("reserved",)] == 1
    assert found["regulars_redemptions", ("used",)] == 0
    assert found["regulars_members", ()] == found["regulars_members_folded", ()] == 1
    assert found["regulars_members_due", ()] == 0
    assert found["regulars_shops", ("shopify", "active")] == 1
    assert found["regulars_ledger_last_row", ()] >= 2
    assert found["regulars_verify_rows", ()] == 2
    assert found["regulars_verify_faults", ()] == 0
    assert found["regulars_verify_age_seconds", ()] < 30
    received = [name for name, _ in found if name == "regulars_webhooks_received_total"]
    assert received


def test_the_runbook_knows_every_figure_it_asks_for_and_has_an_entry_for_every_alert() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    make_shop()
    call_command("verify_ledger")
    Client().post("/shopify/webhooks", data=b"{}", content_type="application/json")
    asked = set(re.findall(r"regulars_[a-z_]+", runbook))
    assert len(asked) >= 6
    assert asked <= {name for name, _ in figures()}
    entries = {title.lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", runbook, re.M)}
    alerts = re.findall(r"\]\(#([\w-]+)\)", runbook)
    assert len(alerts) >= 10
    assert set(alerts) <= entries


def test_figures_are_for_this_machine_alone_until_there_is_a_token(settings: Settings) -> None:
    assert Client().get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code == 403
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        assert Client().get("/metrics", headers={header: "127.0.0.1"}).status_code == 403
    settings.METRICS_TOKEN = TOKEN
    for wrong in ({}, {"Authorization": TOKEN}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer ü"}):
        assert Client().get("/metrics", headers=wrong).status_code == 401
    far = Client(REMOTE_ADDR="192.0.2.7").get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert far.status_code == 200


def test_processes_of_one_machine_share_their_counters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for process, count in ((11, 2), (12, 3)):
        counter = values.MultiProcessValue(lambda process=process: process)(
            "counter", "doors", "doors_total", ("answer",), ("stored",), "Answers of the door"
        )
        counter.inc(count)
    text = metrics.generate_latest(metrics._of_processes()).decode()
    assert 'doors_total{answer="stored"} 5.0' in text
