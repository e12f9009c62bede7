"""What was given up comes back in line once, and nothing else does."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from loyalty.models import InboxDelivery, OutboxMessage, Redemption, Shop
from loyalty.platforms import registry
from loyalty.selectors.operations import queues
from loyalty.services.intake import keep_unreadable
from loyalty.services.observations import Unreadable
from loyalty.services.outbox import leave
from loyalty.services.redemptions import redeem
from loyalty.worker import outbox
from tests.factories import T0, assert_books, balance, make_member, make_shop, receive

pytestmark = pytest.mark.django_db


def replay(*arguments: str) -> str:
    out = io.StringIO()
    call_command("replay", *arguments, stdout=out)
    return out.getvalue()


def given_up(shop: Shop) -> None:
    receive(shop_id=shop.pk, delivery_id="d", topic="orders/paid", body=b"{}", meta={}, at=T0)
    InboxDelivery.objects.filter(shop=shop).update(state="dead", attempts=12, outcome="Why.")
    OutboxMessage.objects.filter(shop=shop).update(state="dead", attempts=12, outcome="Why.")


def test_dead_deliveries_and_messages_are_in_line_again_once() -> None:
    here, there = make_shop(), make_shop()
    given_up(here)
    given_up(there)
    said = replay("--shop", str(here.pk))
    assert said == f"Halfmoon ({here.pk}): 1 deliveries, 1 messages, 0 reservations are in line again.\n"
    for row in (InboxDelivery.objects.get(shop=here), OutboxMessage.objects.get(shop=here)):
        assert (row.state, row.attempts, row.outcome) == ("waiting", 0, "")
        assert row.due_at <= datetime.now(UTC)
    assert InboxDelivery.objects.get(shop=there).state == "dead"
    assert replay("--shop", str(here.pk)) == ""
    assert f"({there.pk}): 1 deliveries" in replay()


def test_a_message_that_has_a_younger_twin_and_a_mail_with_an_old_code_stay_where_they_are() -> None:
    shop = make_shop()
    given_up(shop)
    leave(shop=shop, kind="history.import", subject="history", at=T0)
    OutboxMessage.objects.create(shop=shop, kind="mail", subject="code:7", state="dead", due_at=T0, created_at=T0)
    assert "0 messages" in replay()
    assert OutboxMessage.objects.filter(shop=shop, state="waiting").count() == 1


def test_what_a_history_could_not_use_is_neither_dead_nor_replayed() -> None:
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    keep_unreadable(shop=shop, found=[Unreadable(what="order", external_id="7", why="Why.")], at=T0)
    assert replay() == ""
    assert queues(now=datetime.now(UTC))["inbox"].dead == 0
    assert InboxDelivery.objects.get(shop=shop).outcome == "Why."


def test_a_reservation_that_hung_ends_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).delete()
    member = make_member(shop, points=520)
    hung = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0 + timedelta(days=1))
    OutboxMessage.objects.filter(shop=shop).delete()
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_ledger", stdout=io.StringIO())
    assert "1 reservations" in replay()
    call_command("verify_ledger", stdout=io.StringIO())
    assert replay() == ""
    monkeypatch.setattr(registry.platform_named("shopify"), "issue", lambda *_: "a-discount")
    outbox.drain(now=datetime.now(UTC))
    assert Redemption.objects.get(shop=shop, pk=hung.pk).state == "ready"
    assert balance(shop) == 20
    assert_books(shop)


def test_a_shop_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="There is no shop 12345"):
        replay("--shop", "12345")
