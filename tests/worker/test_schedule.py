"""What the clock brings."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from config.celery import app
from loyalty.engine.errors import Unavailable
from loyalty.models import EmailCode, Member, OAuthState, RateCounter, Shop
from loyalty.services import limits
from loyalty.services.shoppers import request_code
from loyalty.worker import schedule
from tests.factories import ALICE, T0, assert_books, balance, make_order, make_shop, place

pytestmark = pytest.mark.django_db


def test_an_order_dated_in_the_future_counts_when_its_time_has_come() -> None:
    shop = make_shop()
    tomorrow = T0 + timedelta(days=1)
    place(shop, make_order("1", at=tomorrow), at=T0)
    assert balance(shop) == 0
    assert Member.objects.get(shop=shop, external_id=ALICE.external_id).next_due == tomorrow
    assert schedule.fold_due(now=T0 + timedelta(hours=23)) == 0
    assert schedule.fold_due(now=tomorrow) == 1
    assert balance(shop) == 520
    assert_books(shop)


def test_what_is_over_is_forgotten() -> None:
    shop = make_shop()
    request_code(shop=shop, email="alice@shopper.test", at=T0)
    limits.hit("somebody", limit=5, window_seconds=60, at=T0)
    OAuthState.objects.create(nonce="n", platform="ecwid", created_at=T0)
    schedule.forget_old(now=T0 + timedelta(minutes=1))
    assert (EmailCode.objects.filter(shop=shop).count(), RateCounter.objects.count()) == (1, 1)
    schedule.forget_old(now=T0 + timedelta(days=3))
    assert (EmailCode.objects.filter(shop=shop).count(), RateCounter.objects.count()) == (0, 0)
    assert not OAuthState.objects.exists()


def test_a_job_that_fails_does_not_end_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    rounds: list[datetime] = []

    def breaks(*, now: datetime) -> int:
        rounds.append(now)
        if len(rounds) == 3:
            stop.set()
        raise ValueError

    monkeypatch.setattr(schedule, "JOBS", [(breaks, timedelta(0))])
    monkeypatch.setattr(schedule, "IDLE_SECONDS", 0)
    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)
    schedule.run(stop)
    assert len(rounds) == 3
    assert rounds[0] <= datetime.now(UTC)


def test_celery_wakes_every_job_of_the_loop() -> None:
    woken = {entry["task"].rpartition(".")[2] for entry in app.conf.beat_schedule.values()}
    assert woken == {
        "drain_inbox",
        "drain_outbox",
        "fold_due_members",
        "expire_codes",
        "reconcile_shops",
        "forget_old",
    }
    assert len(woken) == len(schedule.JOBS)


def test_a_shop_whose_platform_does_not_answer_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    mute, heard = make_shop(), make_shop()
    seen: list[int] = []

    def reconcile(*, shop: Shop, now: datetime) -> int:
        seen.append(shop.pk)
        if shop.pk == mute.pk:
            raise Unavailable("No answer.")
        return 0

    monkeypatch.setattr(schedule, "reconcile", reconcile)
    assert schedule.reconcile_shops(now=T0 + timedelta(hours=2)) == 2
    assert sorted(seen) == sorted([mute.pk, heard.pk])
