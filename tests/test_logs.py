"""A line of the log says of which request, shop and delivery it is, whoever wrote it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.test import Client
from django.utils import timezone

from config.logs import Line
from loyalty.dashboard import views
from loyalty.dashboard.access import embedded_token
from loyalty.models import InboxDelivery, OutboxMessage, Shop
from loyalty.services.outbox import leave
from loyalty.worker import inbox, outbox, reconciliation
from tests.factories import T0, make_shop, receive

pytestmark = pytest.mark.django_db
deep = structlog.get_logger("regulars.deep")
library = logging.getLogger("some.library")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handlers = [(logging.getLogger(""), Line("%(name)s %(message)s")), (logging.getLogger("regulars"), None)]
    added = []
    for logger, form in handlers:
        handler = logging.StreamHandler(written)
        handler.setFormatter(form or logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        added.append((logger, handler))
    yield written
    for logger, handler in added:
        logger.removeHandler(handler)


class Chatty:
    """A platform whose every step is logged, by us and by a library, without a word of where."""

    def parse(self, shop: Shop, delivery: object) -> list[object]:
        self.orders_changed(shop)
        return []

    def revoke(self, shop: Shop, redemption: object) -> None:
        self.orders_changed(shop)

    def orders_changed(self, shop: Shop, since: object = None) -> Iterator[object]:
        deep.warning("deep.step")
        library.warning("went on")
        return iter(())


def the_two(lines: io.StringIO) -> list[str]:
    return [line for line in lines.getvalue().splitlines() if "deep.step" in line or "went on" in line]


@pytest.fixture
def chatty(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (inbox, outbox, reconciliation):
        monkeypatch.setattr(module, "platform_of", lambda shop: Chatty())


def test_what_happens_to_a_delivery_names_shop_and_delivery(lines: io.StringIO, chatty: None) -> None:
    shop = make_shop()
    receive(shop_id=shop.pk, delivery_id="delivery-17", topic="orders/paid", body=b"{}", meta={}, at=T0)
    inbox.drain(now=T0)
    assert InboxDelivery.objects.get(shop=shop).state == "done"
    for line in the_two(lines):
        assert f"shop={shop.pk}" in line
        assert "delivery=delivery-17" in line
    assert len(the_two(lines)) == 2


def test_what_happens_to_a_message_names_shop_and_message(
    lines: io.StringIO, chatty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).delete()
    monkeypatch.setitem(outbox.HANDLERS, "mail", lambda row, now: Chatty().revoke(row.shop, None))
    message = leave(shop=shop, kind="mail", subject="m", at=T0)
    outbox.drain_messages(now=T0)
    assert len(the_two(lines)) == 2
    for line in the_two(lines):
        assert f"shop={shop.pk}" in line
        assert f"message={message.pk}" in line


def test_a_comparison_names_its_shop(lines: io.StringIO, chatty: None) -> None:
    shop = make_shop()
    reconciliation.reconcile_shops(now=timezone.now())
    assert [f"shop={shop.pk}" in line for line in the_two(lines)] == [True, True]


def test_a_page_that_breaks_names_request_and_shop(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        library.warning("went on")
        raise ZeroDivisionError

    shop = make_shop(platform="ecwid")
    monkeypatch.setattr(views, "home_context", broken)
    headers = {"Authorization": f"Bearer {embedded_token(shop)}", "X-Request-ID": "request-0042"}
    answer = Client(raise_request_exception=False).get("/dashboard/", headers=headers)
    assert (answer.status_code, answer["X-Request-ID"]) == (500, "request-0042")
    (line,) = the_two(lines)
    assert line == f"some.library went on request=request-0042 shop={shop.pk}"
    assert "ZeroDivisionError" in lines.getvalue()
    assert [each for each in lines.getvalue().splitlines() if "Internal Server Error" in each]


def test_what_comes_after_is_of_nobody(lines: io.StringIO, chatty: None) -> None:
    shop = make_shop()
    receive(shop_id=shop.pk, delivery_id="delivery-17", topic="orders/paid", body=b"{}", meta={}, at=T0)
    inbox.drain(now=T0)
    library.warning("later")
    assert lines.getvalue().splitlines()[-1] == "some.library later"
