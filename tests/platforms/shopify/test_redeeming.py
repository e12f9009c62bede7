"""A redemption against a platform that answers late, wrongly, or not at all: a working code and the points gone, or the
points and no working code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty.models import Member, OutboxMessage, Redemption, Shop
from loyalty.services.codes import ISSUE
from loyalty.services.redemptions import begin_issuing, redeem
from loyalty.worker import outbox, schedule
from loyalty.worker.retry import MAX_ATTEMPTS
from tests.factories import ALICE, assert_books, make_order, place
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    found = stand_in.installed(currency="EUR")
    OutboxMessage.objects.filter(shop=found).delete()
    return found


@pytest.fixture
def member(stand_in: StandIn, shop: Shop) -> Member:
    """With 600 points of an order that the platform has not heard of."""
    person = stand_in.of(shop.external_id, "POST", "customers", {"email": "alma@shopper.test", "name": "Alma Berg"})
    known = type(ALICE)(external_id=str(person["id"]), email="alma@shopper.test", name="Alma Berg")
    place(shop, make_order("start", prices=(60_000,), at=timezone.now()), known)
    return Member.objects.get(shop=shop, external_id=known.external_id)


def take(shop: Shop, member: Member) -> Redemption:
    return redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="one-key-only", at=timezone.now())


def drain(at: datetime) -> None:
    while outbox.drain(now=at):
        pass


def after(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def outcome(stand_in: StandIn, shop: Shop, redemption: Redemption) -> tuple[str, int, bool]:
    """State, balance, and whether the code works at the checkout."""
    redemption.refresh_from_db()
    member = Member.objects.get(shop=shop, pk=redemption.member_id)
    assert_books(shop)
    lines: list[dict[str, Any]] = [{"title": "Lamp", "price": "22.50", "quantity": 2}]
    wanted = {"lines": lines, "customer": int(member.external_id or 0), "code": redemption.code}
    try:
        stand_in.of(shop.external_id, "POST", "orders", wanted)
    except AssertionError:
        return redemption.state, member.available, False
    return redemption.state, member.available, True


def test_a_platform_that_answers_makes_the_code(stand_in: StandIn, shop: Shop, member: Member) -> None:
    redemption = take(shop, member)
    drain(after(0))
    assert outcome(stand_in, shop, redemption) == ("ready", 100, True)


def test_an_answer_that_was_lost_is_no_second_code(stand_in: StandIn, shop: Shop, member: Member) -> None:
    redemption = take(shop, member)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    drain(after(0))
    redemption.refresh_from_db()
    assert redemption.state == "issuing"
    drain(after(10))
    assert outcome(stand_in, shop, redemption) == ("ready", 100, True)


def test_a_worker_that_died_after_the_platform_did_it(stand_in: StandIn, shop: Shop, member: Member) -> None:
    redemption = take(shop, member)
    begun = begin_issuing(shop=shop, number=redemption.number)
    outbox.platform_of(shop).issue(shop, begun)
    drain(after(0))
    assert outcome(stand_in, shop, redemption) == ("ready", 100, True)


def test_a_platform_that_says_no_gives_the_points_back(stand_in: StandIn, shop: Shop) -> None:
    stranger = type(ALICE)(external_id="999", email="nobody@shopper.test")
    place(shop, make_order("start", prices=(60_000,), at=timezone.now()), stranger)
    redemption = take(shop, Member.objects.get(shop=shop, external_id="999"))
    drain(after(0))
    drain(after(5))
    redemption.refresh_from_db()
    assert redemption.state == "failed"
    assert redemption.failure
    assert Member.objects.get(shop=shop, external_id="999").available == 600
    assert_books(shop)


def test_a_platform_that_is_down_for_good_ends_with_the_points(stand_in: StandIn, shop: Shop, member: Member) -> None:
    """The last attempt was made and lost its answer: the code exists, so it is taken away with the points' return."""
    redemption = take(shop, member)
    OutboxMessage.objects.filter(shop=shop, kind=ISSUE).update(attempts=MAX_ATTEMPTS - 1)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    outbox.drain(now=after(0))
    redemption.refresh_from_db()
    assert redemption.state == "failed"
    drain(after(5))
    assert outcome(stand_in, shop, redemption) == ("failed", 600, False)


def test_a_code_past_its_date_stops_and_its_points_return(stand_in: StandIn, shop: Shop, member: Member) -> None:
    redemption = take(shop, member)
    drain(after(0))
    assert schedule.expire_codes(now=after(31 * 86_400)) == 1
    drain(after(31 * 86_400 + 5))
    assert outcome(stand_in, shop, redemption) == ("expired", 600, False)
