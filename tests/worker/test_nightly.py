"""The ledger is verified every night, once, and staff see with whom it does not agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from loyalty.models import VerifyFault, VerifyRun
from loyalty.selectors import operations
from loyalty.worker import nightly
from tests.factories import T0, make_member, make_shop
from tests.ledger.histories import guards_lifted

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_three(settings: Settings) -> None:
    settings.VERIFY_HOUR = 3
    settings.APP_URL = "https://rewards.example.com"


def test_it_runs_once_a_night_whoever_asks_and_however_often() -> None:
    make_member(make_shop(), points=10)
    begins = nightly.begins_at(datetime(2026, 5, 5, 12, tzinfo=UTC))
    assert (begins.date().day, begins.hour, begins.second) == (5, 3, 0)
    for minutes in (-1, 0, 1, 60, 60 * 23):
        nightly.verify_ledger(now=begins + timedelta(minutes=minutes))
    nightly.verify_ledger(now=begins + 24 * HOUR)
    runs = VerifyRun.objects.order_by("pk").values_list("night", "members", "rows", "faults")
    days = [begins.date() + timedelta(days=day) for day in (-1, 0, 1)]
    assert list(runs) == [(day, 1, 1, 0) for day in days]
    assert not VerifyRun.objects.filter(finished_at=None).exists()


def test_a_run_that_died_is_begun_again_the_same_night() -> None:
    make_member(make_shop(), points=10)
    begins = nightly.begins_at(datetime(2026, 5, 5, 12, tzinfo=UTC))
    VerifyRun.objects.create(night=begins.date(), started_at=begins)
    nightly.verify_ledger(now=begins + HOUR)
    assert VerifyRun.objects.get().finished_at is None
    nightly.verify_ledger(now=begins + 7 * HOUR)
    assert VerifyRun.objects.get().members == 1


def test_installations_begin_at_minutes_of_their_own(settings: Settings) -> None:
    minutes = set()
    for number in range(40):
        settings.APP_URL = f"https://shop-{number}.example.com"
        minutes.add(nightly.begins_at(T0).minute)
    assert len(minutes) > 20


def test_who_is_at_fault_is_kept_for_staff() -> None:
    shop = make_shop()
    member = make_member(shop, points=10)
    with guards_lifted():
        member.ledger.across_shops().update(points=11)
    found = nightly.verify_ledger(now=T0 + timedelta(days=1))
    run = operations.last_verify()
    assert run is not None
    assert found == run.faults > 0
    assert operations.members_at_fault(run) == [(member.pk, shop.pk)]
    assert any(str(fault).startswith("amount: ") for fault in VerifyFault.objects.filter(shop=shop))
