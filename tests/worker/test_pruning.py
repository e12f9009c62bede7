"""What is done leaves the queues after some days; points, facts and what needs a look stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from loyalty.models import InboxDelivery, LedgerEntry, OutboxMessage, StoredFact
from loyalty.services import pruning
from loyalty.worker import schedule
from tests.factories import T0, make_order, make_shop, place, receive

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_what_is_done_leaves_after_its_days_and_nothing_else(settings: Settings) -> None:
    settings.QUEUE_KEEP_DAYS = 3
    shop = make_shop()
    place(shop, make_order("1"))
    for number, (state, done_at) in enumerate(
        [("done", T0), ("done", T0 + 2 * DAY), ("dead", T0), ("dead", None), ("waiting", None)]
    ):
        receive(shop_id=shop.pk, delivery_id=f"d{number}", topic="t", body=b"", meta={}, at=T0)
        InboxDelivery.objects.filter(shop=shop, delivery_id=f"d{number}").update(state=state, done_at=done_at)
        row = OutboxMessage.objects.create(shop=shop, kind="mail", subject=f"{number}", due_at=T0, created_at=T0)
        OutboxMessage.objects.filter(shop=shop, pk=row.pk).update(state=state, done_at=done_at)
    before = [model.objects.filter(shop=shop).count() for model in (StoredFact, LedgerEntry)]
    assert schedule.prune(now=T0 + 3 * DAY + timedelta(seconds=1)) == 2
    kept = InboxDelivery.objects.filter(shop=shop).order_by("pk").values_list("delivery_id", flat=True)
    assert list(kept) == ["d1", "d2", "d3", "d4"]
    assert set(OutboxMessage.objects.filter(shop=shop, kind="mail").values_list("subject", flat=True)) == set("1234")
    assert schedule.prune(now=T0 + 30 * DAY) == 2
    assert [model.objects.filter(shop=shop).count() for model in (StoredFact, LedgerEntry)] == before


def test_many_rows_leave_in_short_transactions_and_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 10)
    shop = make_shop()
    InboxDelivery.objects.bulk_create(
        InboxDelivery(
            shop=shop, delivery_id=f"{n}", topic="t", body=b"", state="done", due_at=T0, received_at=T0, done_at=T0
        )
        for n in range(45)
    )
    with CaptureQueriesContext(connection) as sql:
        assert pruning.prune(before=T0 + DAY, limit=20) == 20
    assert sum("DELETE" in query["sql"] for query in sql) == 2
    assert pruning.prune(before=T0 + DAY, limit=100) == 25
    assert pruning.prune(before=T0 + DAY, limit=100) == 0
