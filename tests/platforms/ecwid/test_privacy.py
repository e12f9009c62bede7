"""Copies and forgetting on Ecwid: a person is forgotten once the store itself has nothing of them any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.models import Forgotten, InboxDelivery, Member, OutboxMessage, PrivacyRequest, QueueState, Shop
from loyalty.services.intake import record
from loyalty.worker import inbox, outbox
from tests.platforms.ecwid.stand_in import StandIn, notice

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop(stand_in: StandIn, connected: Connect) -> Shop:
    """With one shopper who has 45 points."""
    shop = connected(at=now() - timedelta(hours=2))
    outbox.drain_imports(now=now())
    order = stand_in.order(shop, at=(now() - timedelta(hours=1)).isoformat())
    record(shop=shop, observations=notice(shop, "order.created", at=now(), data={"orderId": order["id"]}), at=now())
    return shop


def member(shop: Shop) -> Member:
    return Member.objects.get(shop=shop, available=45)


def told(shop: Shop, topic: str, event_id: str = "e-9") -> InboxDelivery:
    body = {"eventId": event_id, "storeId": int(shop.external_id), "eventType": topic}
    body["entityId"] = int(member(shop).external_id or 0)
    row = InboxDelivery.objects.create(
        shop=shop,
        delivery_id=event_id,
        topic=topic,
        body=json.dumps(body).encode(),
        due_at=now(),
        received_at=now(),
    )
    work()
    row.refresh_from_db()
    return row


def work() -> None:
    while inbox.drain(now=now()) or outbox.drain_codes(now=now()) or outbox.drain_messages(now=now()):
        pass


@pytest.mark.parametrize("topic", ["customer.personalDataExportRequest", "customer.personal_data_export_request"])
def test_a_copy_is_made_for_the_merchant(shop: Shop, topic: str) -> None:
    assert told(shop, topic).state == QueueState.DONE
    while outbox.drain(now=now()):
        pass
    copy = PrivacyRequest.objects.get(shop=shop)
    assert (copy.kind, "noor@example.com" in copy.document) == (PrivacyRequest.Kind.EXPORT, True)


@pytest.mark.parametrize("topic", ["customer.personalDataRemovalRequest", "customer.personal_data_removal_request"])
def test_a_person_is_forgotten_once_the_store_has_nothing_of_them(stand_in: StandIn, shop: Shop, topic: str) -> None:
    row = told(shop, topic)
    assert (row.state, "Delete the customer" in row.outcome) == (QueueState.DEAD, True)
    assert member(shop).email == "noor@example.com", "A notice alone forgets nobody."
    stand_in.of(shop, f"/customers/{member(shop).external_id}", method="DELETE")
    assert inbox.replay(shop=shop, delivery_pk=row.pk, now=now())
    work()
    assert (member(shop).email, member(shop).name, member(shop).available) == ("", "", 45)
    assert Forgotten.objects.filter(shop=shop).exists()


def test_a_store_that_left_is_forgotten_after_ninety_days_unless_it_comes_back(stand_in: StandIn, shop: Shop) -> None:
    stand_in.of(shop, "/uninstall")
    told(shop, "application.uninstalled")
    message = OutboxMessage.objects.get(shop=shop, kind="privacy.shop")
    assert message.due_at - now() > timedelta(days=89)
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.ACTIVE)
    outbox.drain(now=message.due_at)
    assert member(shop).email == "noor@example.com"


def test_an_owner_who_asks_to_be_forgotten_removes_the_app_first(stand_in: StandIn, shop: Shop) -> None:
    assert "Remove the app" in told(shop, "profile.personalDataRemovalRequest", "e-1").outcome
    stand_in.of(shop, "/uninstall")
    told(shop, "profile.personalDataRemovalRequest", "e-2")
    while outbox.drain(now=now()):
        pass
    assert not Member.objects.filter(shop=shop, email="noor@example.com").exists()
