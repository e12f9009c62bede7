"""The history at install."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from loyalty.models import OutboxMessage, QueueState, Shop
from loyalty.worker import outbox
from tests.factories import T0, make_shop

pytestmark = pytest.mark.django_db


def test_an_import_that_is_through_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    imported: list[int] = []

    def import_history(*, shop: Shop, now: object, on_page: Callable[[], None]) -> int:
        imported.append(shop.pk)
        return 0

    monkeypatch.setattr(outbox, "import_history", import_history)
    outbox.drain(now=T0)
    assert OutboxMessage.objects.get(shop=shop, kind="history.import").state == QueueState.DONE
    outbox.drain(now=T0 + timedelta(days=1))
    assert imported == [shop.pk]


def test_an_import_that_broke_off_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()

    def import_history(*, shop: Shop, now: object, on_page: Callable[[], None]) -> int:
        raise ValueError

    monkeypatch.setattr(outbox, "import_history", import_history)
    outbox.drain(now=T0)
    message = OutboxMessage.objects.get(shop=shop, kind="history.import")
    assert (message.state, message.outcome) == (QueueState.WAITING, "ValueError")
    assert message.due_at < T0 + timedelta(minutes=1)


def test_an_import_that_died_is_taken_up_again_in_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    begun: list[int] = []

    def import_history(*, shop: Shop, now: object, on_page: Callable[[], None]) -> int:
        begun.append(shop.pk)
        if len(begun) == 1:
            on_page()
            raise KeyboardInterrupt  # as good as dead: nobody hears of it
        return 0

    monkeypatch.setattr(outbox, "import_history", import_history)
    with pytest.raises(KeyboardInterrupt):
        outbox.drain(now=T0)
    assert outbox.drain(now=T0 + timedelta(minutes=5)) == 0
    assert outbox.drain(now=T0 + timedelta(minutes=11)) == 1
    assert OutboxMessage.objects.get(shop=shop, kind="history.import").state == QueueState.DONE


def test_an_import_of_hours_stays_with_its_worker_and_one_that_lost_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    hours = iter(range(1, 100))
    monkeypatch.setattr(outbox.time, "monotonic", lambda: next(hours) * 400.0)
    rows = OutboxMessage.objects.filter(shop=shop, kind="history.import")
    due: list[datetime] = []

    def import_history(*, shop: Shop, now: object, on_page: Callable[[], None]) -> int:
        for _ in range(50):
            on_page()
            due.append(rows.get().due_at)
            if len(due) == 20:
                rows.update(attempts=2, due_at=due[-1] + timedelta(minutes=10))  # what another's claim does
        return 0

    monkeypatch.setattr(outbox, "import_history", import_history)
    assert outbox.drain(now=T0) == 1
    assert len(due) == 20
    assert due[-1] > T0 + timedelta(hours=2)
    assert rows.get().state == QueueState.WAITING
