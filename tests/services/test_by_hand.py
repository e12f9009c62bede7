"""What staff do by hand waits for them, is done once, and returns the points where it could not be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.engine.errors import Conflict, Refused
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.services.redemptions import cancel, cancel_own, give_back, mark_done, redeem
from loyalty.worker import outbox, schedule
from tests.factories import T0, assert_books, balance, make_member
from tests.services.test_partner_codes import offering

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
TASTING = Reward(id="tasting", name="A tasting", kind="custom", points=100)


def promised(reward: Reward = TASTING) -> tuple[Shop, Redemption]:
    shop = offering(reward)
    member = make_member(shop, points=100)
    redemption = redeem(shop=shop, member_id=member.pk, reward_id=reward.id, request_key="k1", at=NOW)
    outbox.run_now(kind="reward.issue", subject=str(redemption.number), shop_id=shop.pk, now=NOW)
    redemption.refresh_from_db()
    return shop, redemption


def test_it_waits_for_staff_who_say_once_that_it_is_done() -> None:
    shop, redemption = promised()
    assert (redemption.state, redemption.external_id, balance(shop)) == ("ready", "by hand", 0)
    done = mark_done(shop=shop, number=redemption.number, note="See you on Friday at six.", actor="staff 1", at=NOW)
    assert (done.state, done.note, done.closed_at) == ("used", "See you on Friday at six.", NOW)
    again = mark_done(
        shop=shop, number=redemption.number, note="Another word.", actor="staff 1", at=NOW + timedelta(days=1)
    )
    assert (again.note, again.closed_at) == ("See you on Friday at six.", NOW)
    with pytest.raises(Conflict):
        cancel(shop=shop, number=redemption.number, at=NOW)
    assert balance(shop) == 0
    assert_books(shop)


def test_what_could_not_be_done_returns_the_points_and_says_why() -> None:
    shop, redemption = promised()
    give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW, failure="The cellar is shut.")
    redemption.refresh_from_db()
    assert (redemption.state, redemption.failure, balance(shop)) == ("returned", "The cellar is shut.", 100)
    with pytest.raises(Conflict):
        mark_done(shop=shop, number=redemption.number, note="", actor="staff 1", at=NOW)
    assert_books(shop)


def test_a_member_gives_it_back_while_it_is_not_done() -> None:
    shop, redemption = promised()
    cancel_own(shop=shop, member=redemption.member, number=redemption.number, at=NOW)
    while outbox.drain_codes(now=NOW):
        pass
    redemption.refresh_from_db()
    assert (redemption.state, balance(shop)) == ("returned", 100)


def test_what_nobody_does_in_its_time_returns_the_points() -> None:
    shop, redemption = promised()
    assert schedule.expire_codes(now=NOW + timedelta(days=29)) == 0
    assert schedule.expire_codes(now=NOW + timedelta(days=31)) == 1
    redemption.refresh_from_db()
    assert (redemption.state, balance(shop)) == ("expired", 100)


def test_a_discount_code_is_not_done_by_hand() -> None:
    shop = offering(Reward(id="off", name="Off", kind="amount_off", points=100, value_minor=100))
    member = make_member(shop, points=100)
    redemption = redeem(shop=shop, member_id=member.pk, reward_id="off", request_key="k1", at=NOW)
    with pytest.raises(Refused, match="not done by hand"):
        mark_done(shop=shop, number=redemption.number, note="", actor="staff 1", at=NOW)
