"""The command asks as the merchant's button does, and says what came of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from loyalty.engine.errors import Unavailable
from loyalty.models import Reconciliation, Shop
from loyalty.services.observations import Found, OrderSeen
from loyalty.worker import reconciliation
from tests.factories import ALICE, balance, make_order, make_shop, seen

pytestmark = pytest.mark.django_db


class Store:
    """One missing order, and one store that does not answer."""

    def __init__(self, mute: Shop | None = None) -> None:
        at = timezone.now() - timedelta(hours=1)
        self.order = seen(make_order("1042", at=at, prices=(8_000,)), ALICE)
        self.mute = mute

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[Found]:
        if shop == self.mute:
            raise Unavailable("The store did not answer.")
        yield self.order

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | None:
        return self.order if number.lstrip("#") == "1042" else None


def reconcile(monkeypatch: pytest.MonkeyPatch, store: Store, *arguments: str) -> str:
    monkeypatch.setattr(reconciliation, "platform_of", lambda shop: store)
    out = io.StringIO()
    call_command("reconcile", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_a_shop_is_compared_and_what_was_missing_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, other = make_shop(), make_shop()
    said = reconcile(monkeypatch, Store(), "--shop", str(shop.pk))
    assert said == f"Halfmoon ({shop.pk}): 1 orders compared, 1 were missing, 0 had changed; 80 points.\n"
    assert balance(shop) == 80
    assert not Reconciliation.objects.filter(shop=other).exists()


def test_one_order_is_asked_for_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    assert "1 were missing" in reconcile(monkeypatch, Store(), "--shop", str(shop.pk), "--order", "#1042")
    assert "0 were missing" in reconcile(monkeypatch, Store(), "--shop", str(shop.pk), "--order", "1042")
    assert "does not know #7." in reconcile(monkeypatch, Store(), "--shop", str(shop.pk), "--order", "#7")


def test_a_store_that_does_not_answer_fails_the_command_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    mute, heard = make_shop(), make_shop()
    with pytest.raises(CommandError, match="1 of 2"):
        reconcile(monkeypatch, Store(mute))
    assert balance(heard) == 80
    assert Reconciliation.objects.get(shop=mute).failure == "The store did not answer."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--order", "1"], "--shop"), (["--shop", "99999"], "no shop"), (["--shop", "{shop}", "--order", "1'"], "#1042")],
)
def test_what_cannot_be_asked_is_said(monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str) -> None:
    shop = make_shop()
    with pytest.raises(CommandError, match=says):
        reconcile(monkeypatch, Store(), *(each.format(shop=shop.pk) for each in arguments))
