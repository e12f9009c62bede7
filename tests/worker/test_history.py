"""A history leaves nothing out silently, and one order stands in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from loyalty.models import InboxDelivery, Shop
from loyalty.services.observations import Found, Unreadable
from loyalty.worker import history, reconciliation
from loyalty.worker.inbox import replay
from tests.factories import ALICE, T0, assert_books, balance, make_order, make_shop, seen

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=5)


class Told:
    """A platform with this history and no other."""

    def __init__(self, *found: Found) -> None:
        self.found = found

    def history(self, shop: Shop) -> Iterator[Found]:
        yield from self.found

    def orders_changed(self, shop: Shop, *, since: object) -> Iterator[Found]:
        yield from self.found


def test_what_cannot_be_read_or_stored_is_kept_for_the_merchant(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    impossible = make_order("2", prices=(-5,))
    told = Told(
        seen(make_order("1", prices=(3_000,)), ALICE),
        Unreadable(what="order", external_id="9", why="Its price is no number."),
        seen(impossible, ALICE),
        seen(make_order("3", prices=(2_000,)), ALICE),
    )
    for module in (history, reconciliation):
        monkeypatch.setattr(module, "platform_of", lambda shop: told)
    for _ in range(2):
        assert history.import_history(shop=shop, now=NOW, on_page=lambda: None) == 4
        reconciliation.reconcile(shop=shop, now=NOW)
    assert balance(shop) == 50
    kept = InboxDelivery.objects.filter(shop=shop, state="dead").order_by("delivery_id")
    assert [(row.delivery_id, row.topic) for row in kept] == [
        ("history:2", "order.history"),
        ("history:9", "order.history"),
    ]
    assert all(row.outcome.endswith(".") for row in kept)
    assert not any(replay(shop=shop, delivery_pk=row.pk, now=NOW) for row in kept)
    assert_books(shop)
