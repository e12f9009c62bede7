"""A code that was not used in time gives its points back, or keeps them: as the program said when it was taken."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from loyalty.engine.errors import Refused
from loyalty.engine.policies import Policies
from loyalty.engine.program import Reward, parse_program, to_data
from loyalty.models import ProgramVersion, Redemption, Shop
from loyalty.selectors.members import standing_of
from loyalty.services.programs import publish_draft, save_draft
from loyalty.services.redemptions import begin_issuing, cancel, cancel_own, mark_ready, redeem
from loyalty.worker import schedule
from tests.engine.factories import day, folded, program, redemption, versions
from tests.factories import ALICE, T0, assert_books, balance, make_member, make_order, make_shop, place
from tests.services.test_by_hand import TASTING

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
OVER = NOW + timedelta(days=400)


def keeping(*rewards: Reward) -> Shop:
    shop = make_shop()
    version = ProgramVersion.objects.get(shop=shop)
    program = parse_program(version.document)
    policies = msgspec.structs.replace(program.policies, expired_codes="stay_spent")
    program = msgspec.structs.replace(program, rewards=(*program.rewards, *rewards), policies=policies)
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=to_data(program))
    return shop


def taken(shop: Shop, reward_id: str = "amount-off", at: datetime = NOW) -> Redemption:
    member = make_member(shop, points=600)
    code = redeem(shop=shop, member_id=member.pk, reward_id=reward_id, request_key="k", at=at)
    begin_issuing(shop=shop, number=code.number)
    return mark_ready(shop=shop, number=code.number, external_id="by hand" if reward_id == TASTING.id else "x", at=at)


def test_its_points_stay_spent_and_the_statement_says_why() -> None:
    shop = keeping()
    code = taken(shop)
    assert schedule.expire_codes(now=OVER) == 1
    code.refresh_from_db()
    assert (code.state, balance(shop)) == ("expired", 100)
    statement = standing_of(shop=shop, member=code.member, as_of=OVER)
    assert [(each.source, each.reason.message) for each in statement.nothing] == [
        (f"redemption:{code.number}", "nothing.code_expired")
    ]
    assert_books(shop)


def test_a_gift_that_was_not_used_in_time_took_no_points_to_speak_of() -> None:
    keeps = program(policies=Policies(expired_codes="stay_spent"))
    gift = redemption("G", day(1), 0, given_back_at=day(40), given_back_why="expired")
    assert folded(gift, under=versions(keeps)).nothing == ()


def test_one_that_is_cancelled_in_time_gives_them_back() -> None:
    shop = keeping()
    code = taken(shop)
    cancel(shop=shop, number=code.number, at=NOW + timedelta(days=1))
    assert schedule.expire_codes(now=OVER) == 0
    assert balance(shop) == 600


def test_once_it_has_ended_its_member_does_not_give_it_back_before_the_sweep() -> None:
    shop = keeping()
    code = taken(shop)
    assert code.expires_at is not None
    with pytest.raises(Refused):
        cancel_own(shop=shop, member=code.member, number=code.number, at=code.expires_at)
    assert balance(shop) == 100
    cancel_own(shop=shop, member=code.member, number=code.number, at=code.expires_at - timedelta(seconds=1))
    assert balance(shop) == 600


def test_what_the_shop_did_not_do_in_time_gives_them_back() -> None:
    shop = keeping(TASTING)
    taken(shop, TASTING.id)
    assert schedule.expire_codes(now=OVER) == 1
    assert balance(shop) == 600


def test_what_was_said_when_it_was_taken_holds() -> None:
    shop = keeping()
    taken(shop)
    draft = save_draft(shop=shop, revision=0, part={"policies": {"expired_codes": "return"}}, at=NOW)
    publish_draft(shop=shop, revision=draft.revision, at=NOW + timedelta(days=1))
    assert schedule.expire_codes(now=OVER) == 1
    assert balance(shop) == 100


def test_an_order_of_it_that_is_heard_of_later_takes_them_once() -> None:
    shop = keeping()
    code = taken(shop)
    schedule.expire_codes(now=OVER)
    order = make_order("late", at=NOW + timedelta(days=2), codes=(code.code,))
    place(shop, order, ALICE, at=OVER)
    code.refresh_from_db()
    assert (code.state, code.order_id) == ("used", "late")
    spent = [row for row in standing_of(shop=shop, member=code.member, as_of=OVER).movements if row.kind == "redeemed"]
    assert [row.points for row in spent] == [-500]
    assert_books(shop)
