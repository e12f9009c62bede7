"""A redemption is never half, and asked once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.program import Reward, RewardKind, parse_program, to_data
from loyalty.models import LedgerEntry, Member, OutboxMessage, ProgramVersion, Redemption, Shop
from loyalty.selectors.members import statement_of
from loyalty.selectors.widget import offers, program_now
from loyalty.services.codes import CODE_ALPHABET, new_code
from loyalty.services.observations import Grant
from loyalty.services.redemptions import begin_issuing, cancel, give_back, mark_ready, redeem
from loyalty.services.shops import mark_needs_reopen, store_grant
from tests.factories import BOB, T0, assert_books, balance, make_member, make_order, make_shop, place

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)


def take(shop: Shop, member: Member, key: str = "k1", reward: str = "amount-off") -> Redemption:
    return redeem(shop=shop, member_id=member.pk, reward_id=reward, request_key=key, at=NOW)


def test_redeeming_takes_the_points_and_leaves_the_code_to_the_outbox() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=520))
    assert balance(shop) == 20
    assert redemption.state == "reserved"
    message = OutboxMessage.objects.get(shop=shop, kind="reward.issue")
    assert message.subject == str(redemption.number)
    assert_books(shop)


def test_the_same_key_gives_the_same_redemption_and_another_request_under_it_a_conflict() -> None:
    shop = make_shop()
    member = make_member(shop, points=2000)
    assert take(shop, member).pk == take(shop, member).pk
    with pytest.raises(Conflict):
        take(shop, member, reward="another")
    assert balance(shop) == 1500


def test_too_few_points_are_refused_with_what_is_missing() -> None:
    shop = make_shop()
    member = make_member(shop, points=380)
    with pytest.raises(Refused, match="120 points to go"):
        take(shop, member)
    assert not Redemption.objects.filter(shop=shop).exists()
    assert balance(shop) == 380


def test_a_member_of_another_shop_cannot_redeem_here() -> None:
    here, there = make_shop(), make_shop()
    stranger = make_member(there, BOB, points=900)
    with pytest.raises(NotFound):
        take(here, stranger)
    assert balance(there, BOB) == 900


def test_a_failed_code_gives_the_points_back_once() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=500))
    begin_issuing(shop=shop, number=redemption.number)
    give_back(shop=shop, number=redemption.number, why="failed", at=NOW)
    again = give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
    assert again.state == "failed"
    assert balance(shop) == 500
    assert LedgerEntry.objects.filter(shop=shop, kind="returned").count() == 1
    assert OutboxMessage.objects.filter(shop=shop, kind="reward.revoke", state="waiting").count() == 1
    assert_books(shop)


def test_a_code_that_was_made_after_the_redemption_ended_is_taken_away() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=500))
    begin_issuing(shop=shop, number=redemption.number)
    give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
    late = mark_ready(shop=shop, number=redemption.number, external_id="gid", at=NOW)
    assert late.state == "returned"
    assert late.external_id == "gid"


def test_a_used_code_is_linked_to_its_order_and_stays_used() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=500))
    begin_issuing(shop=shop, number=redemption.number)
    mark_ready(shop=shop, number=redemption.number, external_id="gid", at=NOW)
    place(shop, make_order("9", at=NOW, codes=(redemption.code.lower(),), prices=(1000,)), at=NOW)
    redemption.refresh_from_db()
    assert (redemption.state, redemption.order_id) == ("used", "9")
    assert give_back(shop=shop, number=redemption.number, why="expired", at=NOW).state == "used"
    assert_books(shop)


@pytest.mark.parametrize("why", ["expired", "cancelled"])
def test_an_order_with_a_code_that_had_ended_here_keeps_the_points_spent(why: str) -> None:
    """The discount was given; heard in time or late comes to the same."""
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=520))
    begin_issuing(shop=shop, number=redemption.number)
    mark_ready(shop=shop, number=redemption.number, external_id="gid", at=NOW)
    give_back(shop=shop, number=redemption.number, why=why, at=NOW + timedelta(days=31))
    assert balance(shop) == 520
    order = make_order("9", at=NOW + timedelta(days=29), codes=(redemption.code,), prices=(1000,), discount=500)
    place(shop, order, at=NOW + timedelta(days=32))
    redemption.refresh_from_db()
    assert (redemption.state, redemption.order_id) == ("used", "9")
    assert balance(shop) == 20 + 5
    assert_books(shop)


def test_a_code_passed_on_is_its_owners_expense_and_nobody_elses() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=520))
    begin_issuing(shop=shop, number=redemption.number)
    give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
    place(shop, make_order("9", at=NOW, codes=(redemption.code,), prices=(1000,), discount=500), BOB, at=NOW)
    assert (balance(shop), balance(shop, BOB)) == (20, 5)
    assert_books(shop)


def test_a_gift_card_that_was_handed_over_is_not_taken_back() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=500))
    begin_issuing(shop=shop, number=redemption.number)
    Redemption.objects.filter(shop=shop).update(reward_data={"kind": "gift_card"})
    mark_ready(shop=shop, number=redemption.number, external_id="gid", at=NOW)
    with pytest.raises(Refused, match="is money"):
        cancel(shop=shop, number=redemption.number, at=NOW)
    assert balance(shop) == 0


def test_a_code_that_could_not_be_taken_away_is_when_the_store_lets_us_in_again() -> None:
    shop = make_shop()
    redemption = take(shop, make_member(shop, points=500))
    begin_issuing(shop=shop, number=redemption.number)
    mark_ready(shop=shop, number=redemption.number, external_id="gid", at=NOW)
    cancel(shop=shop, number=redemption.number, at=NOW)
    messages = OutboxMessage.objects.filter(shop=shop, kind="reward.revoke")
    messages.update(state="dead")
    store_grant(shop=shop, grant=Grant(access_token="renewed, as every hour"), at=NOW)
    assert [message.state for message in messages] == ["dead"]
    mark_needs_reopen(shop=shop)
    store_grant(shop=shop, grant=Grant(access_token="new"), at=NOW)
    assert sorted(messages.values_list("state", "subject")) == [
        ("done", str(redemption.number)),
        ("waiting", str(redemption.number)),
    ]


def test_a_key_is_free_again_after_a_day() -> None:
    shop = make_shop()
    member = make_member(shop, points=1_000)
    first = take(shop, member)
    again = redeem(
        shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k1", at=NOW + timedelta(hours=23)
    )
    later = redeem(
        shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k1", at=NOW + timedelta(hours=24)
    )
    assert again.pk == first.pk != later.pk
    assert balance(shop) == 0


def test_codes_are_twelve_letters_without_look_alikes() -> None:
    code = new_code()
    assert len(code.replace("-", "")) == 12
    assert not set(code) & set("0O1IL5S")
    assert len(set(CODE_ALPHABET)) == len(CODE_ALPHABET)


def paying(shop: Shop, kind: RewardKind, **more: int) -> None:
    """A program of one reward that is money."""
    version = ProgramVersion.objects.get(shop=shop)
    reward = Reward(id="money", name="Five", kind=kind, points=500, value_minor=500, **more)
    program = msgspec.structs.replace(parse_program(version.document), rewards=(reward,))
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=to_data(program))


def test_a_gift_card_has_a_code_of_its_own_kind_no_end_and_no_way_back() -> None:
    shop = make_shop()
    paying(shop, "gift_card")
    redemption = take(shop, make_member(shop, points=500), reward="money")
    assert redemption.expires_at is None
    assert len(redemption.code) == 16
    assert redemption.code.isalnum()
    begin_issuing(shop=shop, number=redemption.number)
    assert mark_ready(shop=shop, number=redemption.number, external_id="card", at=NOW).state == "ready"
    with pytest.raises(Refused, match="is money"):
        give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
    assert balance(shop) == 0
    assert_books(shop)


def test_a_gift_card_that_could_not_be_made_gives_the_points_back() -> None:
    shop = make_shop()
    paying(shop, "gift_card")
    redemption = take(shop, make_member(shop, points=500), reward="money")
    begin_issuing(shop=shop, number=redemption.number)
    give_back(shop=shop, number=redemption.number, why="failed", at=NOW)
    assert balance(shop) == 500


def test_store_credit_is_used_as_soon_as_it_is_booked() -> None:
    shop = make_shop()
    paying(shop, "store_credit")
    redemption = take(shop, make_member(shop, points=500), reward="money")
    begin_issuing(shop=shop, number=redemption.number)
    booked = mark_ready(shop=shop, number=redemption.number, external_id="booking", at=NOW)
    assert (booked.state, booked.closed_at, booked.expires_at) == ("used", NOW, None)
    assert give_back(shop=shop, number=redemption.number, why="failed", at=NOW).state == "used"
    assert balance(shop) == 0


def test_what_can_be_had_once_a_month_can_be_had_again_next_month_by_the_shops_calendar() -> None:
    shop = make_shop()
    member = make_member(shop, points=2000)
    program = program_now(shop=shop, at=NOW)
    assert program is not None
    monthly = msgspec.structs.replace(program.rewards[0], limit_per_member=1, limit_period="month")
    changed = msgspec.structs.replace(program, rewards=(monthly,))
    ProgramVersion.objects.filter(shop=shop).update(document=to_data(changed))
    midnight = next_month(NOW, program.time_zone)
    assert reachable(shop, member, NOW)
    take(shop, member)
    for at in (NOW, midnight - timedelta(seconds=1)):
        assert not reachable(shop, member, at)
        with pytest.raises(Refused, match="once a month, and was"):
            redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k2", at=at)
    assert reachable(shop, member, midnight)
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k3", at=midnight)


def next_month(at: datetime, time_zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(time_zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (local + timedelta(days=32)).replace(day=1)


def reachable(shop: Shop, member: Member, at: datetime) -> bool:
    program = program_now(shop=shop, at=at)
    assert program is not None
    statement = statement_of(shop=shop, member=member, as_of=at)
    found = offers(shop=shop, member=member, program=program, statement=statement, rewards=program.rewards, at=at)
    return found[0].reachable
