"""Friends who were brought: claimed by a code, decided once by the first order that earned, kept as facts of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from loyalty.engine.audience import Audience, place_of
from loyalty.engine.caps import Cap
from loyalty.engine.errors import NotFound, Refused
from loyalty.engine.program import Program, default_program
from loyalty.engine.referrals import ReferralRule
from loyalty.models import Member, OutboxMessage, Redemption, Referral, Shop, StoredFact
from loyalty.selectors.ways_in import friends_of
from loyalty.services import referral_claims, referrals
from loyalty.services.enrolment import leave_program
from loyalty.services.intake import record
from loyalty.services.merging import merge
from loyalty.services.observations import Person, PersonSeen
from loyalty.services.programs import publish
from loyalty.worker import outbox
from loyalty.worker.schedule import end_claims, fold_due
from tests.factories import (
    ALICE,
    BOB,
    T0,
    assert_books,
    balance,
    make_member,
    make_order,
    make_shop,
    place,
    refund_of,
    seen,
)

pytestmark = pytest.mark.django_db
BEGUN = T0 + timedelta(days=1)
NOW = T0 + timedelta(days=30)
THANKS = ReferralRule(id="friends", referrer_points=200, friend_points=50)


def program(*rules: object, **changes: object) -> Program:
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    return msgspec.structs.replace(base, rules=(*base.rules, *rules), **changes)


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    make_member(made, at=T0 + timedelta(hours=1))
    publish(shop=made, program=program(THANKS), at=BEGUN)
    return made


def member(shop: Shop, person: Person = ALICE) -> Member:
    return Member.objects.get(shop=shop, external_id=person.external_id)


def code_of(shop: Shop, person: Person = ALICE) -> str:
    return member(shop, person).referral_code


def buy(shop: Shop, name: str, code: str = "", *, at: datetime = NOW, person: Person = BOB, **more: object) -> None:
    """An order that carries a friend's code; then the worker has its turn."""
    order = make_order(name, at=at, prices=(10_000,), **more)
    record(shop=shop, observations=[replace(seen(order, person), referral=code)], at=order.updated_at)
    outbox.drain_messages(now=order.updated_at)


def states(shop: Shop) -> list[tuple[str, str]]:
    return list(Referral.objects.filter(shop=shop).order_by("pk").values_list("state", "why"))


def test_every_member_has_a_code_of_their_own_that_stays(shop: Shop) -> None:
    make_member(shop, BOB)
    codes = {code_of(shop), code_of(shop, BOB)}
    assert len(codes) == 2
    assert all(referral_claims.normal_code(code) == code for code in codes)
    place(shop, make_order("again", at=NOW))
    assert code_of(shop) in codes


def test_the_first_order_of_a_friend_thanks_both(shop: Shop) -> None:
    buy(shop, "first", code_of(shop).lower())
    assert states(shop) == [("confirmed", "")]
    assert (balance(shop), balance(shop, BOB)) == (200, 150)
    told = StoredFact.objects.filter(shop=shop, kind="referral").values_list("member__external_id", flat=True)
    assert sorted(told) == ["7001", "7002"]
    assert_books(shop)


def test_told_again_and_again_it_is_thanked_once(shop: Shop) -> None:
    for _ in range(2):
        buy(shop, "first", code_of(shop))
    buy(shop, "second", code_of(shop), at=NOW + timedelta(days=1))
    row = Referral.objects.get(shop=shop)
    for _ in range(2):
        assert referrals.confirm(shop=shop, referral_id=row.pk, at=NOW + timedelta(days=2)) is None
    assert (balance(shop), balance(shop, BOB)) == (200, 250)


def test_it_waits_for_the_payment(shop: Shop) -> None:
    buy(shop, "first", code_of(shop), paid=False)
    assert (states(shop), balance(shop)) == ([("claimed", "")], 0)
    buy(shop, "first", code_of(shop), updated_at=NOW + timedelta(hours=1))
    assert (states(shop), balance(shop)) == ([("confirmed", "")], 200)


def test_it_waits_for_the_hold_and_an_order_that_went_back_in_it_thanks_nobody() -> None:
    shop = make_shop()
    make_member(shop, at=T0 + timedelta(hours=1))
    held = program(THANKS)
    publish(
        shop=shop,
        program=msgspec.structs.replace(held, policies=msgspec.structs.replace(held.policies, hold_days=14)),
        at=BEGUN,
    )
    carol = Person(external_id="7003", email="carol@shopper.test")
    buy(shop, "kept", code_of(shop))
    buy(shop, "back", code_of(shop), person=carol)
    order = make_order("back", at=NOW, prices=(10_000,))
    back = refund_of(order, 0, 10_000, at=NOW + timedelta(days=3), refund_id="r2")
    place(shop, msgspec.structs.replace(order, refunds=(back,), updated_at=back.at), carol)
    outbox.drain_messages(now=NOW + timedelta(days=4))
    assert states(shop) == [("claimed", "")] * 2
    over = NOW + timedelta(days=14)
    fold_due(now=over)
    outbox.drain_messages(now=over)
    assert states(shop) == [("confirmed", ""), ("claimed", "")]
    assert balance(shop) == 200
    assert_books(shop)


def test_a_refund_after_the_decision_takes_no_thanks_back(shop: Shop) -> None:
    buy(shop, "first", code_of(shop))
    order = make_order("first", at=NOW, prices=(10_000,))
    back = refund_of(order, 0, 10_000, at=NOW + timedelta(days=3))
    place(shop, msgspec.structs.replace(order, refunds=(back,), updated_at=back.at), BOB)
    assert (balance(shop), balance(shop, BOB), states(shop)) == (200, 50, [("confirmed", "")])


def test_who_bought_before_is_no_new_friend(shop: Shop) -> None:
    buy(shop, "first", at=NOW - timedelta(days=1))
    buy(shop, "second", code_of(shop))
    assert (states(shop), balance(shop)) == ([], 0)


def test_an_older_order_that_turns_up_before_the_decision_refuses_it(shop: Shop) -> None:
    buy(shop, "second", code_of(shop), paid=False)
    buy(shop, "first", at=NOW - timedelta(days=1))
    buy(shop, "second", code_of(shop), updated_at=NOW + timedelta(hours=1))
    assert (states(shop), balance(shop)) == ([("refused", "not_new")], 0)


@pytest.mark.parametrize(
    "person",
    [
        Person(external_id="7002", email="Alice+shop@shopper.test"),
        Person(external_id="7002", email="alice@shopper.test"),
        ALICE,
    ],
)
def test_nobody_brings_themselves(shop: Shop, person: Person) -> None:
    buy(shop, "first", code_of(shop), person=person)
    assert states(shop) == []


def test_addresses_of_one_mailbox_are_one_person() -> None:
    same = ["a.lice+x@gmail.com", "alice@googlemail.com", "ALICE@gmail.com "]
    assert len({referral_claims.mailbox_of(each) for each in same}) == 1
    assert len({referral_claims.mailbox_of(each) for each in ("a.b@shopper.test", "ab@shopper.test", "")}) == 3


@pytest.mark.parametrize("code", ["", "MARTA-7", "A" * 10, "x" * 5000, "'; drop table", "ÄÖÜ" * 4])
def test_what_anybody_may_write_into_an_order_does_nothing(shop: Shop, code: str) -> None:
    buy(shop, "first", code)
    assert (states(shop), balance(shop, BOB)) == ([], 100)


def test_the_code_of_another_shop_is_nobodys_here(shop: Shop) -> None:
    other = make_shop()
    make_member(other)
    buy(shop, "first", code_of(other))
    with pytest.raises(NotFound, match="not the code of a member"):
        referrals.claim(shop=shop, member_id=member(shop, BOB).pk, code=code_of(other), at=NOW)
    assert states(shop) == []


def test_a_new_customer_names_the_friend_and_then_orders(shop: Shop) -> None:
    bob = make_member(shop, BOB, at=NOW)
    for _ in range(2):
        assert referrals.claim(shop=shop, member_id=bob.pk, code=f" {code_of(shop)} ", at=NOW).state == "claimed"
    buy(shop, "first", at=NOW + timedelta(days=1))
    assert (states(shop), balance(shop), balance(shop, BOB)) == ([("confirmed", "")], 200, 150)


def test_claims_in_the_widget_are_refused_with_why(shop: Shop) -> None:
    bob = make_member(shop, BOB, at=NOW)
    carol = make_member(shop, Person(external_id="7003", email="carol@shopper.test"), at=NOW)
    for code, why in ((code_of(shop, BOB), "own_code"), ("nobody", "unknown_friend")):
        with pytest.raises((Refused, NotFound)) as refused:
            referrals.claim(shop=shop, member_id=bob.pk, code=code, at=NOW)
        assert refused.value.code == why
    referrals.claim(shop=shop, member_id=bob.pk, code=code_of(shop), at=NOW)
    with pytest.raises(Refused) as refused:
        referrals.claim(shop=shop, member_id=bob.pk, code=carol.referral_code, at=NOW)
    assert refused.value.code == "claimed_before"
    buy(shop, "bought", person=Person(external_id="7003"))
    with pytest.raises(Refused) as refused:
        referrals.claim(shop=shop, member_id=carol.pk, code=code_of(shop), at=NOW + timedelta(days=1))
    assert refused.value.code == "not_new"


def test_a_claim_is_forgotten_after_ninety_days(shop: Shop) -> None:
    bob = make_member(shop, BOB, at=NOW)
    referrals.claim(shop=shop, member_id=bob.pk, code=code_of(shop), at=NOW)
    buy(shop, "first", at=NOW + timedelta(days=91))
    assert (states(shop), balance(shop)) == ([("claimed", "")], 0)


OVER = NOW + referral_claims.CLAIM_LIFE + referral_claims.LATE


def test_a_claim_that_no_order_followed_ends_with_its_time(shop: Shop) -> None:
    before = NOW - timedelta(hours=1)
    bob, carol = (make_member(shop, Person(external_id=number), at=before) for number in ("7002", "7003"))
    for friend in (bob, carol):
        referrals.claim(shop=shop, member_id=friend.pk, code=code_of(shop), at=NOW)
    assert end_claims(now=OVER - timedelta(seconds=1)) == 0
    buy(shop, "too late", at=NOW + referral_claims.CLAIM_LIFE + timedelta(hours=1))
    assert (end_claims(now=OVER), end_claims(now=OVER)) == (2, 0)
    assert states(shop) == [("refused", "no_order")] * 2
    assert friends_of(shop=shop, member=member(shop)).waiting == 0
    assert balance(shop) == 0


@pytest.mark.parametrize("hold_days", [0, 30])
def test_an_order_that_may_still_earn_is_waited_for_but_not_for_ever(shop: Shop, hold_days: int) -> None:
    held = program(THANKS)
    policies = msgspec.structs.replace(held.policies, hold_days=hold_days)
    publish(shop=shop, program=msgspec.structs.replace(held, policies=policies), at=BEGUN + timedelta(days=1))
    last_day = NOW + referral_claims.CLAIM_LIFE - timedelta(days=1)
    make_member(shop, BOB, at=NOW - timedelta(hours=1))
    referrals.claim(shop=shop, member_id=member(shop, BOB).pk, code=code_of(shop), at=NOW)
    buy(shop, "last day", at=last_day, paid=bool(hold_days))
    assert end_claims(now=OVER) == 0
    assert states(shop) == [("claimed", "")]
    if hold_days:
        fold_due(now=last_day + timedelta(days=30))
        assert (end_claims(now=last_day + timedelta(days=30)), balance(shop)) == (1, 200)
    else:
        assert end_claims(now=OVER + timedelta(days=364)) == 1
        assert states(shop) == [("refused", "no_order")]


def test_so_many_friends_a_month_are_thanked_for() -> None:
    shop = make_shop()
    make_member(shop, at=T0 + timedelta(hours=1))
    rule = msgspec.structs.replace(THANKS, caps=(Cap(per="month", times=2),))
    publish(shop=shop, program=program(rule), at=BEGUN)
    for number in range(3):
        buy(
            shop, f"o{number}", code_of(shop), person=Person(external_id=f"80{number}", email=f"f{number}@shopper.test")
        )
    assert (balance(shop), len(states(shop))) == (400, 3)
    assert Member.objects.get(shop=shop, external_id="802").available == 150


def test_who_left_or_is_left_out_is_not_thanked() -> None:
    held = next(salt for salt in map(str, range(1000)) if place_of(salt, "7001") >= 90 > place_of(salt, "7002"))
    shop = make_shop()
    make_member(shop, at=T0 + timedelta(hours=1))
    publish(shop=shop, program=program(THANKS, audience=Audience(holdout_percent=10, salt=held)), at=BEGUN)
    buy(shop, "first", code_of(shop))
    assert (states(shop), balance(shop), balance(shop, BOB)) == ([("refused", "referrer_excluded")], 0, 100)


def test_a_referrer_who_left_is_not_thanked(shop: Shop) -> None:
    leave_program(shop=shop, member_id=member(shop).pk, at=NOW - timedelta(days=1))
    buy(shop, "first", code_of(shop))
    assert states(shop) == [("refused", "referrer_left")]


def test_the_friend_gets_a_code(shop: Shop) -> None:
    publish(
        shop=shop,
        program=program(msgspec.structs.replace(THANKS, friend_points=0, friend_rewards=("amount-off",))),
        at=NOW,
    )
    buy(shop, "first", code_of(shop), at=NOW + timedelta(days=1))
    [gift] = Redemption.objects.filter(shop=shop)
    assert (gift.member.external_id, gift.points, balance(shop, BOB)) == ("7002", 0, 100)


def test_a_guest_who_gets_an_account_keeps_the_friend_who_brought_them(shop: Shop) -> None:
    guest = Person(email="bob@shopper.test")
    buy(shop, "first", code_of(shop), person=guest)
    assert states(shop) == [("claimed", "")]
    record(shop=shop, observations=[PersonSeen(person=BOB, at=NOW)], at=NOW + timedelta(hours=1))
    outbox.drain_messages(now=NOW + timedelta(hours=1))
    assert (states(shop), balance(shop), balance(shop, BOB)) == ([("confirmed", "")], 200, 150)


def test_merged_members_keep_what_was_decided(shop: Shop) -> None:
    carol = Person(external_id="7003", email="carol@shopper.test")
    make_member(shop, carol, at=NOW)
    buy(shop, "first", code_of(shop))
    merge(shop=shop, kept_id="7003", gone_id="7002", at=NOW + timedelta(days=1))
    row = Referral.objects.get(shop=shop)
    assert (row.friend.external_id, row.state, balance(shop, carol)) == ("7003", "confirmed", 150)
    merge(shop=shop, kept_id="7003", gone_id="7001", at=NOW + timedelta(days=2))
    assert_books(shop)


def test_without_a_rule_a_code_is_not_even_noted() -> None:
    shop = make_shop()
    make_member(shop)
    buy(shop, "first", code_of(shop))
    assert states(shop) == []


def test_two_workers_decide_once(shop: Shop) -> None:
    bob = make_member(shop, BOB, at=NOW)
    referrals.claim(shop=shop, member_id=bob.pk, code=code_of(shop), at=NOW)
    place(shop, make_order("first", at=NOW + timedelta(days=1), prices=(10_000,)), BOB)
    assert OutboxMessage.objects.filter(shop=shop, kind=referral_claims.CONFIRM).count() == 1
    row = Referral.objects.get(shop=shop)
    decided = [referrals.confirm(shop=shop, referral_id=row.pk, at=NOW + timedelta(days=2)) for _ in range(2)]
    assert [each is not None for each in decided] == [True, False]
    outbox.drain_messages(now=NOW + timedelta(days=2))
    assert balance(shop) == 200
