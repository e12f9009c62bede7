"""Cashback that is paid out by itself: each member once a month, whatever stops and begins again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import OperationalError

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized, Unavailable
from loyalty.engine.program import Reward, parse_program, to_data
from loyalty.models import Member, OutboxMessage, Payout, ProgramVersion, Redemption, Shop
from loyalty.platforms.permits import Permits
from loyalty.services import payouts as service
from loyalty.services.adjustments import adjust
from loyalty.services.observations import Person
from loyalty.services.posting import FoldedByNewer
from loyalty.services.programs import publish
from loyalty.services.redemptions import redeem
from loyalty.services.replaying import can_be_tried, replay_message
from loyalty.worker import outbox, payouts
from tests.factories import T0, assert_books, make_member, make_order, place
from tests.services.test_partner_codes import offering

pytestmark = pytest.mark.django_db
CASH = Reward(
    id="cash", name="Cashback", kind="cashback", points=100, value_minor=50, minimum_points=250, payout_day=20
)
DAY = datetime.fromisoformat("2026-03-20T00:00:00+02:00")  # T0 is 2 March; Riga is two hours ahead until the 29th


class Carries:
    def __init__(self) -> None:
        self.why_not = ""
        self.error: LoyaltyError | None = None
        self.given: list[int] = []

    def cannot_carry(self, permits: Permits, reward: Reward) -> str:
        return self.why_not

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        if self.error is not None:
            raise self.error
        self.given.append(redemption.value_minor)
        return "booking"

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        """Nothing was given."""


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch) -> Carries:
    made = Carries()
    monkeypatch.setattr(payouts, "platform_of", lambda shop: made)
    monkeypatch.setattr(outbox, "platform_of", lambda shop: made)
    return made


def people(shop: Shop, *points: int) -> list[Member]:
    return [make_member(shop, Person(external_id=str(n)), points=each) for n, each in enumerate(points)]


def work(now: datetime) -> int:
    payouts.begin_due(now=now)
    looked_at = 0
    while more := payouts.pay_due(now=now):
        looked_at += more
    return looked_at


def paid(shop: Shop) -> list[tuple[str, int, int]]:
    rows = Redemption.objects.filter(shop=shop).order_by("member__pk", "pk")
    return [(row.member.external_id or "", row.points, row.value_minor) for row in rows]


def change(shop: Shop, **changes: object) -> None:
    version = ProgramVersion.objects.get(shop=shop)
    document = {**version.document, **changes}
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=document)


def test_on_its_day_everybody_with_enough_is_paid_in_whole_steps_once() -> None:
    shop = offering(CASH)
    members = people(shop, 249, 299, 300, 1_050)
    assert work(DAY - timedelta(seconds=1)) == 0
    assert work(DAY) == 2, "249 and 299 are less than the three steps that 250 need"
    assert paid(shop) == [("2", 300, 150), ("3", 1_000, 500)]
    assert work(DAY + timedelta(days=1)) == 0
    first = Redemption.objects.filter(shop=shop).first()
    assert first is not None
    assert (first.reward_data["kind"], first.expires_at, first.request_key) == (
        "store_credit",
        None,
        "payout:cash:2026-03",
    )
    members[3].refresh_from_db()
    assert members[3].available == 50
    done = Payout.objects.get(shop=shop)
    assert (done.period, done.paid, done.finished_at) == ("2026-03", 2, DAY)
    assert_books(shop)


def test_the_next_month_pays_again() -> None:
    shop = offering(CASH)
    (member,) = people(shop, 300)
    work(DAY)
    adjust(shop=shop, member_id=member.pk, points=400, actor="staff", reason="x", key="more", at=DAY)
    assert work(DAY + timedelta(days=31)) == 1
    assert paid(shop) == [("0", 300, 150), ("0", 400, 200)]


def test_who_is_stopped_in_the_middle_pays_nobody_twice_and_leaves_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = offering(CASH)
    people(shop, *[300] * 7)
    monkeypatch.setattr(service, "PAGE", 3)
    real, calls = service.pay_out, []

    def dies(**asked: object) -> Redemption | None:
        calls.append(asked)
        if len(calls) == 5:
            raise SystemExit
        return real(**asked)

    monkeypatch.setattr(service, "pay_out", dies)
    with pytest.raises(SystemExit):
        work(DAY)
    assert len(paid(shop)) == 4
    Payout.objects.filter(shop=shop).update(reached=0)  # as if the last page had not been noted
    work(DAY + timedelta(days=2))
    assert paid(shop) == [(str(number), 300, 150) for number in range(7)]
    assert_books(shop)


def test_two_workers_at_once_pay_once() -> None:
    shop = offering(CASH)
    (member,) = people(shop, 600)
    asked = {"shop": shop, "member_id": member.pk, "reward_id": "cash", "period": "2026-03", "at": DAY}
    assert service.pay_out(**asked) is not None
    adjust(shop=shop, member_id=member.pk, points=900, actor="staff", reason="x", key="more", at=DAY)
    assert service.pay_out(**asked) is None
    assert service.pay_out(**{**asked, "at": DAY + timedelta(days=5)}) is None, "its key lives longer than a day"
    assert len(paid(shop)) == 1


def test_nobody_is_paid_where_the_store_cannot_carry_it_until_it_can(platform: Carries) -> None:
    shop = offering(CASH)
    people(shop, 300)
    platform.why_not = "The app lacks a permission."
    assert work(DAY) == 0
    platform.why_not = ""
    assert work(DAY + timedelta(minutes=59)) == 0, "asked again after an hour"
    assert work(DAY + timedelta(hours=1)) == 1
    assert len(paid(shop)) == 1


def test_a_paying_out_that_could_not_be_done_ends_with_its_month(platform: Carries) -> None:
    shop = offering(CASH)
    people(shop, 300)
    platform.why_not = "The app lacks a permission."
    work(DAY)
    platform.why_not = ""
    work(DAY + timedelta(days=15))
    assert paid(shop) == []
    assert Payout.objects.get(shop=shop).finished_at is not None


def test_a_pause_pays_nobody_until_it_is_over() -> None:
    shop = offering(CASH)
    people(shop, 300)
    change(shop, paused={"redeeming": True})
    assert work(DAY) == 0
    change(shop, paused={})
    assert work(DAY + timedelta(hours=2)) == 1


def test_a_pause_that_begins_in_the_middle_leaves_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = offering(CASH)
    people(shop, 300, 400, 500)
    known = service.pay_out

    def pay(**asked: Any) -> Redemption | None:
        done = known(**asked)
        change(shop, paused={"redeeming": True})
        return done

    with monkeypatch.context() as paused_by_the_first:
        paused_by_the_first.setattr(service, "pay_out", pay)
        work(DAY)
    assert len(paid(shop)) == 1
    change(shop, paused={})
    work(DAY + timedelta(hours=2))
    assert [points for _, points, _ in paid(shop)] == [300, 400, 500]
    assert_books(shop)


def test_a_program_that_is_published_after_the_day_pays_from_the_next_month_on() -> None:
    shop = offering(msgspec.structs.replace(CASH, payout_day=0))
    people(shop, 300)
    program = parse_program(ProgramVersion.objects.get(shop=shop).document)
    publish(shop=shop, program=msgspec.structs.replace(program, rewards=(CASH,)), at=DAY + timedelta(days=1))
    assert work(DAY + timedelta(days=2)) == 0
    assert work(DAY + timedelta(days=31)) == 1


def test_a_store_that_lets_nobody_in_on_the_day_is_paid_when_it_does() -> None:
    shop = offering(CASH)
    people(shop, 300)
    payouts.begin_due(now=DAY)
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.SUSPENDED)
    assert payouts.pay_due(now=DAY) == 0
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.ACTIVE)
    assert work(DAY + timedelta(days=1)) == 1
    assert paid(shop) == [("0", 300, 150)]


def test_one_member_who_cannot_be_folded_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = offering(CASH)
    first, *_ = people(shop, 300, 300, 300)
    real = service.pay_out

    def some(**asked: object) -> Redemption | None:
        if asked["member_id"] == first.pk:
            raise LookupError("unreadable")
        return real(**asked)

    monkeypatch.setattr(service, "pay_out", some)
    work(DAY)
    assert paid(shop) == [("1", 300, 150), ("2", 300, 150)]


@pytest.mark.parametrize("error", [OperationalError("away"), FoldedByNewer("newer")])
def test_what_stops_everybody_is_waited_for_and_leaves_nobody_out(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = offering(CASH)
    people(shop, 300, 300)

    def stops(**asked: object) -> Redemption | None:
        raise error

    with monkeypatch.context() as context:
        context.setattr(service, "pay_out", stops)
        work(DAY)
    work(DAY + timedelta(hours=1))
    assert paid(shop) == [("0", 300, 150), ("1", 300, 150)]


def test_a_months_cashback_lets_the_codes_of_shoppers_be_made_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = offering(CASH)
    people(shop, *[300] * 5)
    monkeypatch.setattr(service, "PAGE", 2)
    monkeypatch.setattr(payouts, "CODES_WAITING", 2)
    payouts.begin_due(now=DAY)
    assert [payouts.pay_due(now=DAY) for _ in range(3)] == [2, 0, 0]
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    assert payouts.pay_due(now=DAY) == 2


def test_members_without_an_account_wait() -> None:
    shop = offering(CASH)
    place(shop, make_order(prices=(50_000,)), Person(email="guest@shopper.test"))
    Member.objects.filter(shop=shop).update(available=500)
    assert work(DAY) == 0
    assert paid(shop) == []


def settle(now: datetime) -> None:
    while outbox.drain_codes(now=now):
        pass


def try_again(shop: Shop, now: datetime) -> int:
    dead = [row for row in OutboxMessage.objects.filter(shop=shop, state="dead") if can_be_tried(row)]
    done = sum(replay_message(shop=shop, message_id=row.pk, now=now) for row in dead)
    settle(now)
    return done


@pytest.mark.parametrize("error", [Refused("The store does not want this."), Unauthorized("Open the app.")])
def test_what_the_store_refuses_is_told_and_paid_once_when_it_is_tried_again(
    error: LoyaltyError, platform: Carries
) -> None:
    shop = offering(CASH)
    people(shop, 300)
    platform.error = error
    work(DAY)
    settle(DAY)
    (dead,) = OutboxMessage.objects.filter(shop=shop, state="dead")
    assert (dead.kind, dead.outcome, balance_of(shop)) == ("reward.pay", error.message, 300)
    assert try_again(shop, DAY) == 1
    assert (platform.given, balance_of(shop)) == ([], 300), "refused again, and told again"
    platform.error = None
    assert try_again(shop, DAY) == 1
    assert (platform.given, balance_of(shop)) == ([150], 0)
    for days in range(3):
        try_again(shop, DAY + timedelta(days=days))
        work(DAY + timedelta(days=days))
    assert platform.given == [150]
    assert_books(shop)


def test_a_store_that_is_away_is_asked_until_it_answers_or_somebody_tries_again(platform: Carries) -> None:
    shop = offering(CASH)
    people(shop, 300, 300)
    platform.error = Unavailable("No answer.")
    work(DAY)
    for hour in range(12):
        settle(DAY + timedelta(hours=hour))
    assert OutboxMessage.objects.filter(shop=shop, kind="reward.pay", state="dead").count() == 2
    platform.error = None
    assert try_again(shop, DAY + timedelta(days=1)) >= 2
    assert platform.given == [150, 150]
    assert_books(shop)


def test_what_the_next_month_paid_or_the_member_spent_is_not_paid_again(platform: Carries) -> None:
    shop = offering(CASH)
    people(shop, 300)
    platform.error = Refused("The store does not want this.")
    work(DAY)
    settle(DAY)
    platform.error = None
    later = DAY + timedelta(days=31)
    work(later)
    settle(later)
    assert try_again(shop, later) == 1
    assert (platform.given, try_again(shop, later)) == ([150], 0)


def test_trying_again_while_redeeming_is_paused_says_so_and_stays_to_be_tried(platform: Carries) -> None:
    shop = offering(CASH)
    people(shop, 300)
    platform.error = Refused("The store does not want this.")
    work(DAY)
    settle(DAY)
    platform.error = None
    change(shop, paused={"redeeming": True})
    try_again(shop, DAY)
    (dead,) = OutboxMessage.objects.filter(shop=shop, state="dead")
    assert "can't be redeemed at the moment" in dead.outcome
    change(shop, paused={})
    try_again(shop, DAY)
    assert platform.given == [150]


def balance_of(shop: Shop) -> int:
    return Member.objects.get(shop=shop).available


def test_nobody_takes_early_what_is_paid_by_itself() -> None:
    shop = offering(CASH)
    (member,) = people(shop, 600)
    with pytest.raises(Refused, match="paid out by itself, on day 20") as refused:
        redeem(shop=shop, member_id=member.pk, reward_id="cash", request_key="k1", at=T0 + timedelta(days=3))
    assert refused.value.code == "paid_by_itself"


def test_whenever_a_member_asks_all_whole_steps_are_paid_or_as_many_as_they_say() -> None:
    shop = offering(msgspec.structs.replace(CASH, payout_day=0))
    (member,) = people(shop, 1_060)
    at = T0 + timedelta(days=3)
    some = redeem(shop=shop, member_id=member.pk, reward_id="cash", request_key="k1", at=at, points=300)
    rest = redeem(shop=shop, member_id=member.pk, reward_id="cash", request_key="k2", at=at)
    assert [(each.points, each.value_minor) for each in (some, rest)] == [(300, 150), (700, 350)]
    with pytest.raises(Refused, match="240 points to go"):
        redeem(shop=shop, member_id=member.pk, reward_id="cash", request_key="k3", at=at)
    for points in (100, 250, -100):
        with pytest.raises(Refused):
            redeem(shop=shop, member_id=member.pk, reward_id="cash", request_key=f"k{points}", at=at, points=points)
    assert_books(shop)


def test_the_document_reads_back() -> None:
    program = parse_program(ProgramVersion.objects.get(shop=offering(CASH)).document)
    assert parse_program(to_data(program)) == program
