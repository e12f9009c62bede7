"""The whole way on Ecwid: signed webhook, door, inbox, fetch, ledger; a code at the checkout; a refund; gone and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from loyalty.models import InboxDelivery, LedgerEntry, Member, QueueState, Redemption, Shop
from loyalty.platforms.ecwid import oauth
from loyalty.services.redemptions import redeem
from loyalty.worker import inbox, outbox
from tests.platforms.ecwid.stand_in import AT, CLIENT_SECRET, StandIn

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]


def now() -> datetime:
    return datetime.now(UTC)


def ago(minutes: int) -> datetime:
    return now() - timedelta(minutes=minutes)


class Post:
    """Carries what the stand-in has queued to the door, each delivery once, and lets the workers work."""

    def __init__(self, stand_in: StandIn, shop: Shop) -> None:
        self.stand_in, self.shop, self.carried = stand_in, shop, set[int]()

    def carry(self, client: Client | None = None, **changes: str) -> list[int]:
        statuses = []
        for sent in self.stand_in.deliveries(self.shop, ""):
            if sent["id"] not in self.carried:
                self.carried.add(sent["id"])
                headers = {**sent["headers"], **changes}
                content_type = headers.pop("Content-Type")
                answer = (client or Client()).post(
                    "/ecwid/webhooks", sent["body"], content_type=content_type, headers=headers
                )
                statuses.append(answer.status_code)
        return statuses

    def work(self) -> None:
        while inbox.drain(now=now()) or outbox.drain(now=now()):
            pass


@pytest.fixture
def shop(stand_in: StandIn, connected: Connect) -> Shop:
    """Connected before its first order, so that all of them earn; the import of its empty past is done."""
    shop = connected(at=ago(minutes=120))
    outbox.drain(now=now())
    return shop


@pytest.fixture
def post(stand_in: StandIn, shop: Shop) -> Post:
    return Post(stand_in, shop)


def balance(shop: Shop) -> int:
    return Member.objects.get(shop=shop, email="noor@example.com").available


def test_earn_redeem_refund_uninstall_and_come_back(stand_in: StandIn, shop: Shop, post: Post) -> None:
    stand_in.order(shop, lines=[{"sku": "TYPEW"}], at=ago(minutes=60).isoformat())
    assert set(post.carry()) == {200}
    post.work()
    assert balance(shop) == 520

    member = Member.objects.get(shop=shop)
    taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k-1", at=ago(minutes=30))
    post.work()
    taken.refresh_from_db()
    assert (taken.state, balance(shop)) == (Redemption.State.READY, 20)

    order = stand_in.order(shop, lines=[{"sku": "NB-DOT"}, {"sku": "NB-PLAIN"}], code=taken.code)
    post.carry()
    post.work()
    taken.refresh_from_db()
    assert (order["total"], taken.state, taken.order_id) == (40, Redemption.State.USED, order["id"])
    assert balance(shop) == 60

    stand_in.of(shop, f"/orders/{order['id']}/refund", {"amount": 20})
    post.carry()
    post.work()
    assert balance(shop) == 290

    stand_in.of(shop, "/uninstall")
    post.carry()
    post.work()
    shop.refresh_from_db()
    assert shop.status == Shop.Status.UNINSTALLED
    key = stand_in.token(shop.external_id)
    again = oauth.connect_pasted(store=shop.external_id, token=key, client_secret="", at=now())
    post.work()
    assert (again.pk, balance(again)) == (shop.pk, 290)
    assert InboxDelivery.objects.filter(shop=shop, state=QueueState.DEAD).count() == 0


def test_what_comes_twice_and_backwards_is_counted_once(stand_in: StandIn, shop: Shop, post: Post) -> None:
    order = stand_in.order(shop, pay=False)
    stand_in.of(shop, f"/orders/{order['id']}/pay", {})
    stand_in.of(shop, f"/orders/{order['id']}/refund", {"amount": 22.5})
    post.carry()
    post.carried.clear()
    post.carry()
    post.work()
    assert balance(shop) == 23
    rows = LedgerEntry.objects.filter(shop=shop).count()
    post.carried.clear()
    post.carry()
    post.work()
    assert (balance(shop), LedgerEntry.objects.filter(shop=shop).count()) == (23, rows)


@pytest.mark.parametrize(("currency", "points"), [("JPY", 45), ("KWD", 45)])
def test_orders_in_currencies_with_no_and_three_decimals_earn(
    stand_in: StandIn, connected: Connect, currency: str, points: int
) -> None:
    shop = connected(at=ago(minutes=120), currency=currency)
    outbox.drain(now=now())
    stand_in.order(shop)
    post = Post(stand_in, shop)
    post.carry()
    post.work()
    assert balance(shop) == points


def test_a_guest_who_gets_an_account_brings_the_orders_along(stand_in: StandIn, shop: Shop, post: Post) -> None:
    stand_in.order(shop, customer_record=False)
    post.carry()
    post.work()
    assert not Member.objects.filter(shop=shop, external_id__isnull=False).exists()
    stand_in.order(shop)
    post.carry()
    post.work()
    account = Member.objects.get(shop=shop, external_id__isnull=False)
    assert (account.email, account.available) == ("noor@example.com", 90)


def test_an_order_that_changes_its_customer_takes_its_points_along(stand_in: StandIn, shop: Shop, post: Post) -> None:
    order = stand_in.order(shop)
    post.carry()
    post.work()
    other = stand_in.of(shop, "/customers", {"email": "ines@example.com", "name": "Inês Duarte"})
    moved = {"customerId": other["id"], "email": "ines@example.com"}
    stand_in.of(shop, f"/orders/{order['id']}", moved, method="PATCH")
    post.carry()
    post.work()
    assert balance(shop) == 0
    assert Member.objects.get(shop=shop, email="ines@example.com").available == 45


def test_a_forged_delivery_leaves_no_row(stand_in: StandIn, shop: Shop, post: Post) -> None:
    stand_in.order(shop)
    assert set(post.carry(**{"X-Ecwid-Webhook-Signature": "AAAA"})) == {401}
    assert not InboxDelivery.objects.filter(shop=shop).exists()


def test_the_secret_of_a_custom_app_speaks_for_its_own_store_alone(
    stand_in: StandIn, shop: Shop, settings: object
) -> None:
    settings.ECWID_CLIENT_SECRET = "another-public-apps-secret"  # type: ignore[attr-defined]
    post = Post(stand_in, shop)
    stand_in.order(shop)
    assert set(post.carry()) == {401}
    oauth.connect_pasted(
        store=shop.external_id, token=stand_in.token(shop.external_id), client_secret=CLIENT_SECRET, at=AT
    )
    post.carried.clear()
    assert set(post.carry()) == {200}
    other = stand_in.connected()
    stand_in.order(other)
    assert set(Post(stand_in, other).carry()) == {401}


def test_an_outage_while_fetching_delays_and_loses_nothing(stand_in: StandIn, shop: Shop, post: Post) -> None:
    stand_in.order(shop)
    post.carry()
    stand_in.faults({"times": 10, "status": 503})
    inbox.drain(now=now())
    assert not Member.objects.filter(shop=shop, available__gt=0).exists()
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-faults")
    InboxDelivery.objects.filter(shop=shop, state=QueueState.WAITING).update(due_at=now())
    post.work()
    assert balance(shop) == 45


def test_an_amount_nobody_can_pay_is_kept_and_shown_with_its_reason(stand_in: StandIn, shop: Shop, post: Post) -> None:
    order = stand_in.order(shop)
    post.carry()
    stand_in.of(shop, f"/orders/{order['id']}", {"couponDiscount": 0.125}, method="PATCH")
    post.work()
    dead = InboxDelivery.objects.filter(shop=shop, state=QueueState.DEAD)
    assert {row.topic for row in dead} == {"order.created"}
    assert f"Order {order['id']}: couponDiscount" in dead[0].outcome
    assert not LedgerEntry.objects.filter(shop=shop).exists()
