"""Whether a store lets us in: plans, bills, settings, deleted orders and customers, and what a merchant reads of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from loyalty.dashboard.access import embedded_token
from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.models import BulkRead, InboxDelivery, Member, QueueState, Shop, ShopperDevice
from loyalty.platforms.ecwid import client as rest
from loyalty.platforms.ecwid import history, oauth
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.services.intake import record
from loyalty.services.observations import NothingToDo, OrderSeen
from loyalty.worker import inbox
from tests.platforms.ecwid.stand_in import AT, StandIn, notice, redemption

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
ecwid = EcwidPlatform()


def status(shop: Shop) -> str:
    shop.refresh_from_db()
    return shop.status


@pytest.mark.parametrize(
    "spelling", ["application.subscriptionStatusChanged", "application.subscription_status_changed"]
)
def test_a_suspended_subscription_stops_the_store_and_a_renewed_one_brings_it_back(
    stand_in: StandIn, connected: Connect, spelling: str
) -> None:
    shop = connected()
    stand_in.of(shop, "/subscription", {"status": "SUSPENDED"})
    (told,) = notice(shop, spelling, data={"newSubscriptionStatus": "ACTIVE"})
    assert isinstance(told, NothingToDo)
    assert (status(shop), "subscription" in shop.trouble) == (Shop.Status.SUSPENDED, True)
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    with pytest.raises(Unauthorized):
        ecwid.issue(shop, redemption(shop))
    assert stand_in.calls() == []
    stand_in.of(shop, "/subscription", {"status": "TRIAL"})
    notice(shop, spelling)
    assert (status(shop), shop.trouble) == (Shop.Status.ACTIVE, "")


def test_a_notice_alone_suspends_nothing(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    notice(shop, "application.subscriptionStatusChanged", data={"newSubscriptionStatus": "SUSPENDED"})
    assert status(shop) == Shop.Status.ACTIVE


def test_what_came_while_the_store_was_closed_is_read_when_it_opens_again(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    order = stand_in.order(shop, at=datetime.now(UTC).isoformat())
    stand_in.of(shop, "", {"suspended": True}, method="PUT")
    body = f'{{"eventId":"e","storeId":{shop.external_id},"eventType":"order.created","data":{{"orderId":"{order["id"]}"}}}}'
    now = datetime.now(UTC)
    InboxDelivery.objects.create(
        shop=shop, delivery_id="e", topic="order.created", body=body.encode(), due_at=now, received_at=now
    )
    inbox.drain(now=now)
    assert InboxDelivery.objects.get(shop=shop).state == QueueState.DEAD
    assert status(shop) == Shop.Status.SUSPENDED
    stand_in.of(shop, "", {"suspended": False}, method="PUT")
    notice(shop, "profile.subscriptionStatusChanged", at=now)
    inbox.drain(now=now)
    assert (status(shop), Member.objects.get(shop=shop).available) == (Shop.Status.ACTIVE, 45)


def test_the_merchant_reads_what_is_refused_and_what_to_do(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    stand_in.of(shop, "", {"features": ["API"]}, method="PUT")
    with pytest.raises(Refused):
        ecwid.issue(shop, redemption(shop))
    shop.refresh_from_db()
    page = Client().get("/dashboard/", headers={"Authorization": f"Bearer {embedded_token(shop)}"}).content.decode()
    assert "upgrade the plan" in page


def test_the_stores_settings_are_followed_and_another_currency_stops_it(stand_in: StandIn, connected: Connect) -> None:
    shop = connected(title="Paper Heron")
    stand_in.of(shop, "", {"title": "Quill & Co"}, method="PUT")
    notice(shop, "profile.updated")
    shop.refresh_from_db()
    assert shop.name == "Quill & Co"
    Shop.objects.filter(pk=shop.pk).update(currency="USD")
    shop.refresh_from_db()
    notice(shop, "profile.updated")
    assert status(shop) == Shop.Status.SUSPENDED
    assert "sells in EUR" in shop.trouble
    Shop.objects.filter(pk=shop.pk).update(currency="EUR")
    shop.refresh_from_db()
    notice(shop, "profile.updated")
    assert (status(shop), shop.trouble) == (Shop.Status.ACTIVE, "")


def test_opening_the_app_brings_a_suspended_store_back(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.SUSPENDED, trouble="The store is suspended.")
    token = stand_in.token(shop.external_id)
    oauth.connect_pasted(store=shop.external_id, token=token, client_secret="", at=AT)
    assert (status(shop), shop.trouble) == (Shop.Status.ACTIVE, "")


def test_an_order_whose_deletion_nobody_told_us_of_is_found(stand_in: StandIn, connected: Connect) -> None:
    shop = connected(at=datetime.now(UTC) - timedelta(hours=2))
    now = datetime.now(UTC)
    kept, gone = (stand_in.order(shop, at=(now - timedelta(minutes=back)).isoformat()) for back in (2, 1))
    since = now - timedelta(hours=1)
    record(shop=shop, observations=list(ecwid.orders_changed(shop, since=since)), at=now)  # type: ignore[arg-type]
    assert Member.objects.get(shop=shop).available == 90
    stand_in.of(shop, f"/orders/{gone['id']}", method="DELETE")
    later = now + timedelta(minutes=1)
    seen = [each for each in ecwid.orders_changed(shop, since=since) if isinstance(each, OrderSeen)]
    assert [each.order.id for each in seen] == [kept["id"], gone["id"]]
    record(shop=shop, observations=seen, at=later)
    assert Member.objects.get(shop=shop).available == 45
    assert [each.order.id for each in ecwid.orders_changed(shop, since=since) if isinstance(each, OrderSeen)] == [
        kept["id"]
    ]


def test_a_deleted_order_that_is_named_by_its_inner_number_alone_stops_nothing(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    now = datetime.now(UTC)
    order = stand_in.order(shop, at=now.isoformat())
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"deleted_order_id": False})
    stand_in.of(shop, f"/orders/{order['id']}", method="DELETE")
    assert list(ecwid.orders_changed(shop, since=now - timedelta(hours=1))) == []


def test_a_store_without_a_list_of_deleted_orders_is_reconciled_all_the_same(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    now = datetime.now(UTC)
    stand_in.order(shop, at=now.isoformat())
    stand_in.faults({"path": "orders/deleted", "status": 404})
    assert len(list(ecwid.orders_changed(shop, since=now - timedelta(hours=1)))) == 1


def test_a_deleted_customer_is_signed_out_and_keeps_the_points(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    customer = stand_in.of(shop, "/customers", {"email": "ines@example.com", "name": "Inês Duarte"})
    member = Member.objects.create(shop=shop, external_id=str(customer["id"]), enrolled_at=AT)
    device = ShopperDevice.objects.create(
        shop=shop, member=member, token_hash="x", created_at=AT, expires_at=AT + timedelta(days=30)
    )
    notice(shop, "customer.deleted", entityId=customer["id"])
    device.refresh_from_db()
    assert device.ended_at is None, "The store still has the customer, whatever the notice says."
    stand_in.of(shop, f"/customers/{customer['id']}", method="DELETE")
    notice(shop, "customer.deleted", entityId=customer["id"])
    device.refresh_from_db()
    assert device.ended_at == AT
    assert Member.objects.filter(shop=shop, pk=member.pk).exists()


def test_a_long_list_waits_for_a_busy_store_and_gives_up_on_one_that_is_out(
    stand_in: StandIn, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connected()
    stand_in.order(shop)
    waited: list[int] = []
    monkeypatch.setattr(rest.time, "sleep", waited.append)
    stand_in.faults({"status": 429, "retry_after": 7, "times": 2, "path": "/orders"})
    assert len([each for each in ecwid.history(shop) if isinstance(each, OrderSeen)]) == 1
    assert waited == [7, 7]
    stand_in.faults({"status": 503, "times": 1, "path": "/orders"})
    with pytest.raises(Unavailable):
        list(ecwid.history(shop))


def test_a_history_says_how_far_it_is_and_goes_on_where_it_broke_off(
    stand_in: StandIn, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "STEPS_BACK", 100)
    shop = connected(at=datetime.now(UTC) - timedelta(days=60))
    until = datetime.now(UTC) - timedelta(days=1)
    made = stand_in.of(
        shop,
        "/history",
        {
            "seed": 3,
            "from": (until - timedelta(days=50)).isoformat(),
            "to": until.isoformat(),
            "customers": 20,
            "orders": 350,
        },
    )
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    reader = ecwid.history(shop)
    first = [next(reader) for _ in range(made["customers"] + 250)]
    reader.close()
    read = BulkRead.objects.get(shop=shop, part="orders")
    assert (read.seen, read.total) == (200, made["orders"])
    page = Client().get("/dashboard/", headers={"Authorization": f"Bearer {embedded_token(shop)}"}).content.decode()
    assert f"200 of {made['orders']}" in page
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    rest = list(ecwid.history(shop))
    orders = {each.order.id for each in [*first, *rest] if isinstance(each, OrderSeen)}
    assert len(orders) == made["orders"]
    assert min(call for call, _ in stand_in.calls() if "/orders" in call).endswith("offset=100")
    assert not BulkRead.objects.filter(shop=shop).exists()
