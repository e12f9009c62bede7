"""The history at install."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.models import OutboxMessage, QueueState, Shop
from loyalty.worker import outbox
from tests.factories import T0, make_shop

pytestmark = pytest.mark.django_db


def test_an_import_that_is_through_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    imported: list[int] = []

    def import_history(*, shop: Shop, now: object) -> int:
        imported.append(shop.pk)
        return 0

    monkeypatch.setattr(outbox, "import_history", import_history)
    outbox.drain(now=T0)
    assert OutboxMessage.objects.get(shop=shop, kind="history.import").state == QueueState.DONE
    outbox.drain(now=T0 + timedelta(days=1))
    assert imported == [shop.pk]


def test_an_import_that_broke_off_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()

    def import_history(*, shop: Shop, now: object) -> int:
        raise ValueError

    monkeypatch.setattr(outbox, "import_history", import_history)
    outbox.drain(now=T0)
    message = OutboxMessage.objects.get(shop=shop, kind="history.import")
    assert (message.state, message.outcome) == (QueueState.WAITING, "ValueError")
    assert message.due_at < T0 + timedelta(minutes=1)
