"""Tiers as customer groups: only of people nobody else has put into a group, and once each, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.engine.program import default_program, parse_program, to_data
from loyalty.models import EcwidStore, Member, ProgramVersion, Shop
from loyalty.platforms.ecwid import oauth, tiers
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.worker import inbox, schedule
from tests.platforms.ecwid.stand_in import StandIn, notice

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
SCOPES = (
    "read_store_profile read_orders read_customers update_customers create_customers read_discount_coupons"
    " read_promotion create_promotion update_promotion delete_promotion"
).split()
LEVELS = [{"id": "silver", "name": "Silver", "minimum": 4000}, {"id": "gold", "name": "Gold", "minimum": 20000}]


def now() -> datetime:
    return datetime.now(UTC)


class Turns:
    """Each call is the next turn of the schedule."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> int:
        self.at += timedelta(seconds=tiers.TURN_SECONDS)
        return schedule.carry_tiers(now=self.at)


@pytest.fixture
def turn() -> Turns:
    return Turns()


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    store = stand_in.new_store()
    token = stand_in.of(store, "/token", {"scopes": SCOPES})["access_token"]
    began = now() - timedelta(hours=2)
    shop = oauth.connect_pasted(store=store, token=token, client_secret="", at=began)
    launch(shop=shop, at=began)
    document = to_data(default_program("EUR", 2, "UTC", "Paper Heron")) | {"tiers": LEVELS}
    parse_program(document)
    ProgramVersion.objects.filter(shop=shop).update(document=document)
    EcwidStore.objects.create(shop=shop, tier_groups=True)
    return shop


def buy(stand_in: StandIn, shop: Shop, email: str = "noor@example.com", price: int = 45) -> dict[str, Any]:
    placed = stand_in.order(
        shop, email=email, lines=[{"title": "Ink", "price": price}], at=(now() - timedelta(minutes=9)).isoformat()
    )
    hear(shop, placed["id"])
    return placed


def hear(shop: Shop, order_id: str) -> None:
    seen = notice(shop, "order.updated", at=now(), data={"orderId": order_id})
    record(shop=shop, observations=seen, at=now())


def of_api(stand_in: StandIn, shop: Shop, path: str) -> Any:
    return tiers.ShopClient(shop).get(path)


def group_of(stand_in: StandIn, shop: Shop, email: str = "noor@example.com") -> str:
    number = Member.objects.get(shop=shop, email=email).external_id
    return str(of_api(stand_in, shop, f"customers/{number}").get("customerGroupName") or "General")


def test_a_member_is_in_the_group_of_the_tier_and_follows_it(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    placed = buy(stand_in, shop)
    assert turn() == 1
    assert group_of(stand_in, shop) == "Rewards: Silver"
    buy(stand_in, shop, price=160)
    assert turn() == 1
    assert group_of(stand_in, shop) == "Rewards: Gold"
    stand_in.of(shop, f"/orders/{placed['id']}/status", {"payment": "CANCELLED"})
    hear(shop, placed["id"])
    assert turn() == 1
    assert group_of(stand_in, shop) == "Rewards: Silver"
    assert turn() == 0


def test_who_is_in_a_group_of_the_merchants_stays_there(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    buy(stand_in, shop)
    wholesale = tiers.ShopClient(shop).post("customer_groups", {"name": "Wholesale"})["id"]
    number = Member.objects.get(shop=shop).external_id
    stand_in.of(shop, f"/customers/{number}", {"customerGroupId": wholesale}, method="PATCH")
    turn()
    assert group_of(stand_in, shop) == "Wholesale"
    assert turn() == 0, "And is not asked about at every turn."


def test_our_own_writes_make_no_rounds(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    """The store tells us of the customer that we have just moved, of the group, the coupon, the stored value."""
    buy(stand_in, shop)
    inbox_of(stand_in, shop)
    for _ in range(3):
        turn()
        inbox_of(stand_in, shop)
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    for _ in range(3):
        turn()
        inbox_of(stand_in, shop)
    assert stand_in.calls() == []


def inbox_of(stand_in: StandIn, shop: Shop) -> None:
    """Carries every delivery that was not carried yet to the parser, as the door would."""
    carried = stand_in.__dict__.setdefault("carried", set())
    for sent in stand_in.deliveries(shop, ""):
        if sent["id"] not in carried:
            carried.add(sent["id"])
            row = {"topic": sent["topic"], "body": sent["body"].encode()}
            shop.deliveries.create(delivery_id=str(sent["id"]), due_at=now(), received_at=now(), **row)
    while inbox.drain(now=now()):
        pass


def test_an_answer_that_was_lost_makes_no_second_group(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    buy(stand_in, shop)
    stand_in.faults({"path": "customer_groups", "method": "POST", "when": "after", "status": 500})
    assert turn() == 0
    assert turn() == 1
    names = [each["name"] for each in of_api(stand_in, shop, "customer_groups")["items"]]
    assert sorted(name for name in names if name.startswith("Rewards")) == ["Rewards: Gold", "Rewards: Silver"]


def test_a_group_that_the_merchant_deleted_is_made_again(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    buy(stand_in, shop)
    turn()
    store = EcwidStore.objects.get(shop=shop)
    tiers.ShopClient(shop).delete(f"customer_groups/{store.groups['silver']}")
    buy(stand_in, shop, email="ines@example.com")
    turn()
    assert group_of(stand_in, shop, "ines@example.com") == "Rewards: Silver"


def test_a_tier_may_have_a_part_off_every_order(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    EcwidStore.objects.filter(shop=shop).update(perks={"silver": 10})
    buy(stand_in, shop)
    turn()
    placed = stand_in.order(shop, lines=[{"title": "Ink", "price": 50}], signed_in=True)
    assert (placed["total"], placed["discountInfo"][0]["description"]) == (45, "Silver: 10% off")
    EcwidStore.objects.filter(shop=shop).update(perks={"silver": 20})
    turn()
    assert stand_in.order(shop, lines=[{"title": "Ink", "price": 50}], signed_in=True)["total"] == 40
    tiers.ShopClient(shop).post(
        "promotions", {"name": "The merchant's own", "discountBase": "SUBTOTAL", "amount": 1, "triggers": {}}
    )
    EcwidStore.objects.filter(shop=shop).update(perks={})
    turn()
    assert [each["name"] for each in of_api(stand_in, shop, "promotions")["items"]] == ["The merchant's own"]
    assert turn() == 0


def test_switched_off_the_promotions_go_and_the_groups_stay(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    EcwidStore.objects.filter(shop=shop).update(perks={"silver": 10})
    buy(stand_in, shop)
    turn()
    tiers.switch_off(shop)
    assert of_api(stand_in, shop, "promotions")["items"] == []
    assert group_of(stand_in, shop) == "Rewards: Silver"
    assert turn() == 0
    EcwidStore.objects.filter(shop=shop).update(tier_groups=True)
    assert turn() == 1, "Switched on again everybody is told of again."


def test_a_store_without_the_permission_or_the_feature_is_asked_once_and_says_why(
    stand_in: StandIn, shop: Shop, turn: Turns
) -> None:
    stand_in.of(shop, "", {"features": ["API", "DISCOUNT_COUPONS"]}, method="PUT")
    buy(stand_in, shop)
    turn()
    shop.refresh_from_db()
    assert (shop.status, "customer groups" in shop.trouble) == (Shop.Status.ACTIVE, True)
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    turn()
    assert stand_in.calls() == []


def test_a_store_that_is_out_is_told_later(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    buy(stand_in, shop)
    stand_in.faults({"status": 503, "times": 1})
    assert turn() == 0
    assert turn() == 1


def test_without_the_merchants_word_no_group_is_made(stand_in: StandIn, shop: Shop, turn: Turns) -> None:
    EcwidStore.objects.filter(shop=shop).update(tier_groups=False)
    buy(stand_in, shop)
    assert turn() == 0
    assert group_of(stand_in, shop) == "General"
