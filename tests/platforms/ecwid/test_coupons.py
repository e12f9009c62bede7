"""Rewards as coupons: made once, found again, taken back, and worth what they say."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.program import Reward, RewardKind
from loyalty.models import Shop
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.platforms.permits import Permits
from loyalty.services.observations import OrderSeen
from tests.platforms.ecwid.stand_in import StandIn, notice, redemption

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
ecwid = EcwidPlatform()


def test_a_reward_is_a_coupon_that_works_once(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    wanted = redemption(shop, reward_data={"kind": "amount_off", "minimum_order_minor": 2000})
    coupon_id = ecwid.issue(shop, wanted)
    (coupon,) = stand_in.of(shop, "/coupons", method="GET")
    assert str(coupon["id"]) == coupon_id
    assert (coupon["code"], coupon["discount"], coupon["totalLimit"]) == (wanted.code, 5, 20)
    assert (coupon["discountType"], coupon["usesLimit"]) == ("ABS", "SINGLE")
    assert wanted.expires_at is not None
    assert coupon["expirationDate"] == wanted.expires_at.strftime("%Y-%m-%d %H:%M:%S +0000")
    order = stand_in.order(shop, code=wanted.code)
    (seen,) = notice(shop, "order.created", data={"orderId": order["id"]})
    assert isinstance(seen, OrderSeen)
    assert (seen.order.discount_codes, seen.order.order_discount_minor) == ((wanted.code,), 500)


def test_asked_twice_there_is_one_coupon(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    wanted = redemption(shop)
    assert ecwid.issue(shop, wanted) == ecwid.issue(shop, wanted)
    assert len(stand_in.of(shop, "/coupons", method="GET")) == 1


def test_an_answer_that_was_lost_is_found_again(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    wanted = redemption(shop)
    stand_in.faults({"path": "discount_coupons", "method": "POST", "when": "after", "status": 500})
    with pytest.raises(Unavailable):
        ecwid.issue(shop, wanted)
    (coupon,) = stand_in.of(shop, "/coupons", method="GET")
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    assert ecwid.issue(shop, wanted) == str(coupon["id"])
    assert [call.partition(" ")[0] for call, _ in stand_in.calls()] == ["GET"]


def test_somebody_elses_coupon_with_our_code_is_not_adopted(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    wanted = redemption(shop)
    stand_in.of(shop, "/coupons", {"name": "Merchant's own", "code": wanted.code.lower(), "discount": 50})
    with pytest.raises(Refused):
        ecwid.issue(shop, wanted)
    ecwid.revoke(shop, wanted)
    assert len(stand_in.of(shop, "/coupons", method="GET")) == 1


def test_a_revoked_code_is_gone_and_revoking_again_succeeds(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    wanted = redemption(shop)
    wanted.external_id = ecwid.issue(shop, wanted)
    ecwid.revoke(shop, wanted)
    ecwid.revoke(shop, wanted)
    lost = redemption(shop, code="MNPQ-2346-RTUV")
    ecwid.issue(shop, lost)
    ecwid.revoke(shop, lost)
    assert stand_in.of(shop, "/coupons", method="GET") == []


def test_a_reward_that_no_coupon_carries_is_refused_with_a_sentence(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    kinds: tuple[RewardKind, ...] = ("gift_card", "store_credit", "access")
    for kind in kinds:
        assert ecwid.cannot_carry(Permits(shop), Reward(id="r", name="R", kind=kind, points=1)).endswith(".")
        with pytest.raises(Refused):
            ecwid.issue(shop, redemption(shop, reward_data={"kind": kind}))
    assert ecwid.cannot_carry(Permits(shop), Reward(id="r", name="R", kind="amount_off", points=1)) == ""


def test_access_is_a_link_and_never_a_group(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    link = Reward(id="r", name="R", kind="access", points=1, link="https://a.test/x", cancellable=False)
    assert ecwid.cannot_carry(Permits(shop), link) == ""
    assert "Take the tag out" in ecwid.cannot_carry(Permits(shop), msgspec.structs.replace(link, tag="early"))
    opened = redemption(shop, reward_data={"kind": "access", "link": link.link})
    assert ecwid.issue(shop, opened) == "open"
    ecwid.revoke(shop, opened)
    assert stand_in.of(shop, "/coupons", method="GET") == []


def test_cashback_has_no_money_to_be_paid_as(connected: Connect) -> None:
    shop = connected()
    for pays, money in (("store_credit", "store credit"), ("gift_card", "gift cards")):
        made = Reward(id="r", name="R", kind="cashback", points=1, value_minor=1, pays=pays)
        assert money in ecwid.cannot_carry(Permits(shop), made)


@pytest.mark.parametrize(("currency", "value_minor", "discount"), [("JPY", 500, 500), ("KWD", 5005, 5.005)])
def test_coupons_in_currencies_with_no_and_three_decimals(
    stand_in: StandIn, connected: Connect, currency: str, value_minor: int, discount: float
) -> None:
    shop = connected(currency=currency)
    ecwid.issue(shop, redemption(shop, value_minor=value_minor))
    (coupon,) = stand_in.of(shop, "/coupons", method="GET")
    assert coupon["discount"] == discount


@pytest.mark.parametrize(
    ("reward", "total"),
    [
        ({"kind": "percent_off", "percent": 10}, 45.5),
        ({"kind": "free_shipping"}, 45),
        ({"kind": "amount_off"}, 45),
        ({"kind": "amount_off", "collections": ["8102"]}, None),
        ({"kind": "amount_off", "collections": ["8101"], "products": ["690001001"]}, 45),
        ({"kind": "free_product", "products": ["PRODUCT"], "value_minor": 500}, 45),
        ({"kind": "points_slider", "maximum_percent": 12}, 45),
        ({"kind": "points_slider", "maximum_percent": 11}, None),
        ({"kind": "points_slider", "maximum_percent": 50, "minimum_order_minor": 4600}, None),
    ],
)
def test_each_kind_takes_off_what_it_says(
    stand_in: StandIn, connected: Connect, reward: dict[str, object], total: float | None
) -> None:
    """Two notebooks of the category 8101 at 22.50, sent for 5.00."""
    shop = connected()
    stand_in.of(shop, "", {"shipping": 5}, method="PUT")
    if reward.get("products") == ["PRODUCT"]:
        reward = reward | {"products": [str(stand_in.order(shop)["items"][0]["productId"])]}
    wanted = redemption(shop, reward_data=reward)
    ecwid.issue(shop, wanted)
    if total is None:
        with pytest.raises(AssertionError, match=r"does not apply|needs a subtotal"):
            stand_in.order(shop, code=wanted.code)
    else:
        assert stand_in.order(shop, code=wanted.code)["total"] == total


@pytest.mark.parametrize(
    "reward",
    [
        {"kind": "percent_off"},
        {"kind": "percent_off", "percent": 101},
        {"kind": "amount_off", "products": ["gid://shopify/Product/1"]},
        {"kind": "amount_off", "collections": ["²"]},
        {"kind": "free_product", "value_minor": 500},
        {"kind": "free_product", "products": ["690001001"]},
    ],
)
def test_a_reward_that_would_make_a_wrong_coupon_makes_none(
    stand_in: StandIn, connected: Connect, reward: dict[str, object]
) -> None:
    shop = connected()
    with pytest.raises(Refused):
        ecwid.issue(shop, redemption(shop, reward_data=reward))
    assert stand_in.of(shop, "/coupons", method="GET") == []
