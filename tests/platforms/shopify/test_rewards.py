"""Every kind of reward that Shopify carries, from points to a paid order that used it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.conf import settings
from django.utils import timezone

from loyalty.engine.errors import Refused
from loyalty.engine.facts import Order, decode
from loyalty.engine.program import Reward, parse_program, to_data
from loyalty.models import Credential, Member, OutboxMessage, ProgramVersion, Redemption, Shop, StoredFact
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import access, discounts, rewards, store_credit
from loyalty.platforms.shopify.client import execute
from loyalty.services.codes import REVOKE
from loyalty.services.redemptions import begin_issuing, cancel, cancel_own, give_back, redeem
from loyalty.worker import outbox, schedule
from loyalty.worker.reconciliation import reconcile
from loyalty.worker.retry import MAX_ATTEMPTS
from tests.factories import ALICE, assert_books, make_order, place
from tests.platforms.shopify.stand_in import StandIn

MONEY_SCOPES = ["write_gift_cards", "read_store_credit_accounts", "write_store_credit_account_transactions"]


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    """A store that charges 4.00 for shipping, with every permission."""
    app = {
        "client_id": settings.SHOPIFY_API_KEY,
        "client_secret": settings.SHOPIFY_API_SECRET,
        "app_url": settings.APP_URL,
        "scopes": [*settings.SHOPIFY_SCOPES, *MONEY_SCOPES],
    }
    stand_in.ask("PUT", "/_sandbox/shopify/app", app)
    found = stand_in.installed(currency="EUR", shipping_minor=400)
    OutboxMessage.objects.filter(shop=found).delete()
    return found


@pytest.fixture
def member(stand_in: StandIn, shop: Shop) -> Member:
    """With 600 points."""
    person = stand_in.of(shop.external_id, "POST", "customers", {"email": "alma@shopper.test", "name": "Alma Berg"})
    known = type(ALICE)(external_id=str(person["id"]), email="alma@shopper.test", name="Alma Berg")
    place(shop, make_order("start", prices=(60_000,), at=timezone.now()), known)
    return Member.objects.get(shop=shop, external_id=known.external_id)


def goods(stand_in: StandIn, shop: Shop) -> dict[str, Any]:
    """A product with more than one variant: its numbers, and its dearest price."""
    found = next(row for row in stand_in.of(shop.external_id, "GET", "products") if len(row["variants"]) > 1)
    return {
        "id": str(found["id"]),
        "collection": str(found["collections"][0]),
        "variant": found["variants"][0]["id"],
        "dearest": max(variant["price_minor"] for variant in found["variants"]),
        "dearest_variant": max(found["variants"], key=lambda variant: variant["price_minor"])["id"],
    }


def offer(shop: Shop, **reward: Any) -> None:
    """The program offers this reward alone."""
    version = ProgramVersion.objects.get(shop=shop)
    made = Reward(**{"id": "it", "name": "Reward", "points": 500, **reward})
    program = msgspec.structs.replace(parse_program(version.document), rewards=(made,))
    ProgramVersion.objects.filter(shop=shop).update(document=to_data(program))


def take(shop: Shop, member: Member, key: str = "key-00000001", points: int | None = None) -> Redemption:
    now = timezone.now()
    made = redeem(shop=shop, member_id=member.pk, reward_id="it", request_key=key, at=now, points=points)
    drain()
    made.refresh_from_db()
    return made


def drain(after_seconds: float = 0) -> None:
    while outbox.drain(now=timezone.now() + timedelta(seconds=after_seconds)):
        pass


def buy(stand_in: StandIn, shop: Shop, member: Member, lines: list[dict[str, Any]], **more: Any) -> Any:
    wanted = {"lines": lines, "customer": int(member.external_id or 0), **more}
    return stand_in.of(shop.external_id, "POST", "orders", wanted)


def refused(stand_in: StandIn, shop: Shop, member: Member, lines: list[dict[str, Any]], **more: Any) -> bool:
    try:
        buy(stand_in, shop, member, lines, **more)
    except AssertionError:
        return True
    return False


def used(shop: Shop, redemption: Redemption, order: Any) -> Order:
    """The order as the app knows it; the redemption is linked to it, and the points stay spent."""
    reconcile(shop=shop, now=timezone.now())
    redemption.refresh_from_db()
    assert (redemption.state, redemption.order_id) == ("used", str(order["id"]))
    assert_books(shop)
    found = decode(StoredFact.objects.get(shop=shop, kind="order", external_id=str(order["id"])).body)
    assert isinstance(found, Order)
    assert found.paid_at is not None
    return found


LAMPS = [{"title": "Lamp", "price": "22.50", "quantity": 2}]


def test_an_amount_off(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="amount_off", value_minor=500, minimum_order_minor=3000)
    code = take(shop, member)
    few = [{"title": "Lamp", "price": "22.50", "quantity": 1}]
    assert refused(stand_in, shop, member, few, code=code.code)
    order = used(shop, code, buy(stand_in, shop, member, LAMPS, code=code.code))
    assert (order.order_discount_minor, order.total_minor) == (500, 4_500 - 500 + 400)
    assert refused(stand_in, shop, member, LAMPS, code=code.code)


def test_a_percentage_off_one_collection(stand_in: StandIn, shop: Shop, member: Member) -> None:
    known = goods(stand_in, shop)
    offer(shop, kind="percent_off", percent=10, collections=(known["collection"],))
    code = take(shop, member)
    assert refused(stand_in, shop, member, LAMPS, code=code.code)
    both = [{"variant": known["dearest_variant"], "quantity": 1}, *LAMPS]
    order = used(shop, code, buy(stand_in, shop, member, both, code=code.code))
    assert order.order_discount_minor == 0
    assert [line.discount_minor for line in order.lines] == [round(known["dearest"] / 10), 0]


def test_free_shipping(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="free_shipping", combines=True, minimum_order_minor=4000)
    code = take(shop, member)
    order = used(shop, code, buy(stand_in, shop, member, LAMPS, code=code.code))
    assert (order.shipping_minor, order.order_discount_minor, order.total_minor) == (0, 0, 4_500)


def test_a_free_product_is_one_unit_of_it(stand_in: StandIn, shop: Shop, member: Member) -> None:
    known = goods(stand_in, shop)
    offer(shop, kind="free_product", products=(known["id"],))
    code = take(shop, member)
    assert refused(stand_in, shop, member, LAMPS, code=code.code)
    three = [{"variant": known["dearest_variant"], "quantity": 3}]
    order = used(shop, code, buy(stand_in, shop, member, three, code=code.code))
    assert order.total_minor == 2 * known["dearest"] + 400


def test_a_product_that_the_store_does_not_have_gives_the_points_back(shop: Shop, member: Member) -> None:
    offer(shop, kind="free_product", products=("404",))
    code = take(shop, member)
    assert code.state == "failed"
    assert "no product" in code.failure
    member.refresh_from_db()
    assert member.available == 600


def test_points_as_money_pay_half_of_an_order_at_most(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="points_slider", points=100, value_minor=500, maximum_percent=50)
    code = take(shop, member, points=500)
    assert code.value_minor == 2_500
    assert refused(stand_in, shop, member, LAMPS, code=code.code)
    three = [{"title": "Lamp", "price": "22.50", "quantity": 3}]
    order = used(shop, code, buy(stand_in, shop, member, three, code=code.code))
    assert order.total_minor == 6_750 - 2_500 + 400


def test_a_gift_card_pays_and_keeps_what_is_left(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="gift_card", value_minor=5_000)
    card = take(shop, member)
    assert (card.state, card.expires_at) == ("ready", None)
    assert card.external_id.startswith("gid://shopify/GiftCard/")
    assert platform_of(shop).apply_code_url(shop, card) == ""
    first = buy(stand_in, shop, member, LAMPS, code=card.code.lower())
    assert first["payment_gateway_names"] == ["gift_card"]
    second = buy(stand_in, shop, member, LAMPS, code=card.code)
    assert second["payment_gateway_names"] == ["gift_card", "shopify_payments"]
    third = buy(stand_in, shop, member, LAMPS, code=card.code)
    assert third["payment_gateway_names"] == ["shopify_payments"]
    reconcile(shop=shop, now=timezone.now())
    facts = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=[first["id"], second["id"], third["id"]])
    known = {fact.external_id: decode(fact.body) for fact in facts}
    for order in (first, second, third):
        told = known[str(order["id"])]
        assert isinstance(told, Order)
        assert told.payment_methods == tuple(order["payment_gateway_names"])
    assert_books(shop)


def test_a_gift_card_whose_answer_was_lost_is_made_once(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="gift_card", value_minor=5_000)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    card = take(shop, member)
    assert card.state == "issuing"
    drain(10)
    card.refresh_from_db()
    assert card.state == "ready"
    assert rewards.issue(shop, card) == card.external_id


def test_a_gift_card_that_came_to_nothing_is_switched_off(stand_in: StandIn, shop: Shop, member: Member) -> None:
    """The last try lost its answer: the points are back, so the card that exists must not pay."""
    offer(shop, kind="gift_card", value_minor=5_000)
    now = timezone.now()
    card = redeem(shop=shop, member_id=member.pk, reward_id="it", request_key="key-00000001", at=now)
    OutboxMessage.objects.filter(shop=shop).update(attempts=MAX_ATTEMPTS - 1)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    drain()
    drain(10)
    card.refresh_from_db()
    assert card.state == "failed"
    order = buy(stand_in, shop, member, [{"title": "Lamp", "price": "1.00"}], code="")
    assert order["payment_gateway_names"] == ["shopify_payments"]
    assert refused(stand_in, shop, member, LAMPS, code=card.code)
    rewards.revoke(shop, card)


def test_store_credit_is_booked_and_pays(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="store_credit", value_minor=5_000)
    credit = take(shop, member)
    assert (credit.state, credit.order_id) == ("used", "")
    order = buy(stand_in, shop, member, LAMPS, use_credit=True)
    assert order["payment_gateway_names"] == ["shopify_store_credit"]
    member.refresh_from_db()
    assert member.available == 100
    assert_books(shop)


def test_store_credit_whose_answer_was_lost_is_booked_once(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="store_credit", value_minor=5_000)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 2})
    credit = take(shop, member)
    assert credit.state == "issuing"
    drain(10)
    drain(100)
    credit.refresh_from_db()
    assert credit.state == "used"
    exact = buy(stand_in, shop, member, [{"title": "Chair", "price": "46.00"}], use_credit=True)
    assert exact["payment_gateway_names"] == ["shopify_store_credit"]
    after = buy(stand_in, shop, member, LAMPS, use_credit=True)
    assert after["payment_gateway_names"] == ["shopify_payments"]


def test_two_equal_credits_are_two(stand_in: StandIn, shop: Shop, member: Member) -> None:
    """The second must not take the first one's booking for its own, also where the first has not heard the answer."""
    offer(shop, kind="store_credit", points=200, value_minor=5_000)
    now = timezone.now()
    made = [
        redeem(shop=shop, member_id=member.pk, reward_id="it", request_key=f"key-0000000{number}", at=now)
        for number in (1, 2)
    ]
    begin_issuing(shop=shop, number=made[0].number)
    lost = rewards.issue(shop, made[0])
    outbox.run_now(kind="reward.issue", subject=str(made[1].number), shop_id=shop.pk, now=timezone.now())
    made[1].refresh_from_db()
    assert made[1].state == "issuing"
    drain(10)
    drain(60)
    for each in made:
        each.refresh_from_db()
    assert [each.state for each in made] == ["used", "used"]
    assert made[0].external_id == lost != made[1].external_id
    order = buy(stand_in, shop, member, [{"title": "Desk", "price": "96.00"}], use_credit=True)
    assert order["payment_gateway_names"] == ["shopify_store_credit"]


def test_store_credit_that_came_to_nothing_is_taken_back_once(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="store_credit", value_minor=5_000)
    now = timezone.now()
    credit = redeem(shop=shop, member_id=member.pk, reward_id="it", request_key="key-00000001", at=now)
    begin_issuing(shop=shop, number=credit.number)
    rewards.issue(shop, credit)
    give_back(shop=shop, number=credit.number, why="failed", at=timezone.now())
    drain()
    assert not OutboxMessage.objects.filter(shop=shop, kind=REVOKE, state="dead").exists()
    rewards.revoke(shop, credit)
    order = buy(stand_in, shop, member, LAMPS, use_credit=True)
    assert order["payment_gateway_names"] == ["shopify_payments"]
    member.refresh_from_db()
    assert member.available == 600


def credit_of(shop: Shop, member: Member) -> int:
    """What the store owes this customer, in minor units, as Shopify tells it."""
    told = execute(shop, "store_credit_of", {"customer": f"gid://shopify/Customer/{member.external_id}"})["customer"]
    rows = [row for account in told["storeCreditAccounts"]["nodes"] for row in account["transactions"]["nodes"]]
    signs = {"StoreCreditAccountCreditTransaction": 1, "StoreCreditAccountDebitTransaction": -1}
    return sum(signs[row["__typename"]] * int(abs(Decimal(row["amount"]["amount"])) * 100) for row in rows)


def lost_credit(shop: Shop, member: Member, key: str) -> Redemption:
    """Shopify books it, and whoever asked dies before they heard of it."""
    credit = redeem(shop=shop, member_id=member.pk, reward_id="it", request_key=key, at=timezone.now())
    begin_issuing(shop=shop, number=credit.number)
    rewards.issue(shop, credit)
    return credit


def test_store_credit_that_was_taken_back_is_not_the_next_ones(stand_in: StandIn, shop: Shop, member: Member) -> None:
    offer(shop, kind="store_credit", points=200, value_minor=5_000)
    lost = lost_credit(shop, member, "key-00000001")
    cancel(shop=shop, number=lost.number, at=timezone.now())
    drain()
    assert credit_of(shop, member) == 0
    assert take(shop, member, "key-00000002").state == "used"
    assert credit_of(shop, member) == 5_000


def test_a_late_taking_back_leaves_the_credit_of_another_that_has_not_heard_of_it(
    stand_in: StandIn, shop: Shop, member: Member
) -> None:
    offer(shop, kind="store_credit", points=200, value_minor=5_000)
    ended = redeem(shop=shop, member_id=member.pk, reward_id="it", request_key="key-00000001", at=timezone.now())
    begin_issuing(shop=shop, number=ended.number)
    cancel(shop=shop, number=ended.number, at=timezone.now())
    lost = lost_credit(shop, member, "key-00000002")
    outbox.run_now(kind=REVOKE, subject=str(ended.number), shop_id=shop.pk, now=timezone.now())
    drain(30)
    drain(60)
    lost.refresh_from_db()
    assert (lost.state, credit_of(shop, member)) == ("used", 5_000)


def test_two_equal_credits_that_came_to_nothing_are_each_taken_back(
    stand_in: StandIn, shop: Shop, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(shop, kind="store_credit", points=200, value_minor=5_000)
    with monkeypatch.context() as both_at_once:
        both_at_once.setattr(store_credit, "_booked", lambda *_: None)
        for key in ("key-00000001", "key-00000002"):
            lost = lost_credit(shop, member, key)
            give_back(shop=shop, number=lost.number, why="failed", at=timezone.now())
    assert credit_of(shop, member) == 10_000
    drain()
    assert credit_of(shop, member) == 0
    for ended in Redemption.objects.filter(shop=shop):
        rewards.revoke(shop, ended)
    assert credit_of(shop, member) == 0


def test_a_code_whose_discount_the_merchant_renamed_is_ended_all_the_same(
    stand_in: StandIn, shop: Shop, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(shop, kind="amount_off", value_minor=500)
    with monkeypatch.context() as renamed:
        renamed.setattr(discounts, "title_of", lambda _: "Autumn thank-you")
        code = take(shop, member)
    cancel(shop=shop, number=code.number, at=timezone.now())
    drain()
    assert refused(stand_in, shop, member, LAMPS, code=code.code)


@pytest.mark.parametrize(
    ("reward", "why"),
    [
        ({"kind": "free_product"}, "Name the product"),
        ({"kind": "amount_off", "products": ("a-lamp",)}, "Shopify's numbers"),
        ({"kind": "amount_off", "products": ("1",), "collections": ("2",)}, "leave one of them out"),
        ({"kind": "free_shipping", "products": ("1",)}, "whole order"),
        ({"kind": "gift_card", "minimum_order_minor": 100}, "leave out the minimum order"),
        ({"kind": "cashback", "minimum_order_minor": 100}, "leave out the minimum order"),
        ({"kind": "access"}, "Say what it opens"),
        ({"kind": "access", "tag": "Rewards-Tier:gold"}, "those of the tiers"),
    ],
)
def test_what_shopify_cannot_carry_says_why(shop: Shop, reward: dict[str, Any], why: str) -> None:
    made = Reward(**{"id": "it", "name": "It", "points": 1, "value_minor": 500, **reward})
    assert why in platform_of(shop).cannot_carry(Permits(shop), made)


def test_money_needs_its_permission_and_says_which(shop: Shop) -> None:
    card = Reward(id="it", name="It", kind="gift_card", points=1, value_minor=500)
    assert platform_of(shop).cannot_carry(Permits(shop), card) == ""
    Credential.objects.filter(shop=shop).update(scopes=" ".join(settings.SHOPIFY_SCOPES))
    assert "write_gift_cards" in platform_of(shop).cannot_carry(Permits(shop), card)


EVENING = {
    "kind": "access",
    "tag": "members evening",
    "link": "https://a.test/x",
    "valid_days": 3,
    "cancellable": False,
}


def tags(shop: Shop, member: Member) -> list[str]:
    (node,) = execute(shop, "customers_shown", {"ids": [f"gid://shopify/Customer/{member.external_id}"]})["nodes"]
    return [tag for tag in node["tags"] if not tag.startswith("rewards-tier:")]


def close(at: datetime) -> None:
    schedule.end_access(now=at)
    while outbox.drain_codes(now=at):
        pass


def test_access_is_a_tag_for_its_days_and_the_points_stay_spent(shop: Shop, member: Member) -> None:
    offer(shop, **EVENING)
    opened = take(shop, member)
    assert (opened.state, tags(shop, member)) == ("ready", ["members evening"])
    assert opened.expires_at == opened.accepted_at + timedelta(days=3)
    rewards.issue(shop, opened)
    assert tags(shop, member) == ["members evening"]
    ends = opened.accepted_at + timedelta(days=3)
    close(ends - timedelta(seconds=1))
    assert tags(shop, member) == ["members evening"]
    schedule.expire_codes(now=ends + timedelta(days=30))
    opened.refresh_from_db()
    assert opened.state == "ready", "no code that expires: nothing is given back"
    close(ends)
    close(ends)
    opened.refresh_from_db()
    member.refresh_from_db()
    assert (opened.state, opened.closed_at, tags(shop, member), member.available) == ("used", ends, [], 100)
    assert_books(shop)


def test_a_tag_that_another_access_needs_stays_until_that_one_ends(shop: Shop, member: Member) -> None:
    offer(shop, **EVENING, points=300)
    first = take(shop, member)
    offer(shop, **{**EVENING, "valid_days": 10}, points=300)
    take(shop, member, "key-00000002")
    close(first.accepted_at + timedelta(days=3))
    assert tags(shop, member) == ["members evening"]
    close(first.accepted_at + timedelta(days=11))
    assert tags(shop, member) == []


def test_access_that_staff_take_back_is_closed_and_returns_the_points(shop: Shop, member: Member) -> None:
    offer(shop, **EVENING)
    opened = take(shop, member)
    with pytest.raises(Refused, match="can't be given back"):
        cancel_own(shop=shop, member=member, number=opened.number, at=timezone.now())
    cancel(shop=shop, number=opened.number, at=timezone.now())
    drain()
    member.refresh_from_db()
    assert (tags(shop, member), member.available) == ([], 600)
    rewards.revoke(shop, opened)
    assert_books(shop)


def test_access_without_an_account_has_nobody_to_open_for(shop: Shop) -> None:
    offer(shop, **EVENING)
    place(shop, make_order("guest", prices=(60_000,), at=timezone.now()), type(ALICE)(email="guest@shopper.test"))
    guest = Member.objects.get(shop=shop, email="guest@shopper.test")
    made = Redemption(shop=shop, member=guest, number=uuid4(), reward_data={"kind": "access", "tag": "x"})
    with pytest.raises(Refused, match="customer account"):
        access.issue(shop, made)
    access.revoke(shop, made)


def test_a_link_alone_needs_nothing_of_the_store(shop: Shop, member: Member) -> None:
    offer(shop, **{**EVENING, "tag": ""})
    assert take(shop, member).state == "ready"
    assert tags(shop, member) == []


def test_a_tag_needs_its_permission(shop: Shop) -> None:
    made = Reward(id="it", name="It", points=1, **EVENING)
    assert platform_of(shop).cannot_carry(Permits(shop), made) == ""
    Credential.objects.filter(shop=shop).update(scopes="read_orders")
    assert "lacks write_customers" in platform_of(shop).cannot_carry(Permits(shop), made)


@pytest.mark.parametrize("pays", ["store_credit", "gift_card"])
def test_cashback_pays_all_whole_steps_as_money(shop: Shop, member: Member, pays: str) -> None:
    offer(shop, kind="cashback", pays=pays, points=250, value_minor=200)
    paid = take(shop, member)
    member.refresh_from_db()
    assert (paid.points, paid.value_minor, paid.expires_at, member.available) == (500, 400, None, 100)
    assert paid.state == ("used" if pays == "store_credit" else "ready")
    assert paid.reward_data["kind"] == pays
    assert platform_of(shop).cannot_carry(Permits(shop), Reward(id="c", name="C", kind="cashback", points=1)) == ""
    Credential.objects.filter(shop=shop).update(scopes="")
    assert "lacks" in platform_of(shop).cannot_carry(Permits(shop), Reward(id="c", name="C", kind="cashback", points=1))
    assert_books(shop)
