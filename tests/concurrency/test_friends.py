"""Friends claimed and decided by many at once: one decision, thanks once, and no two who wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from loyalty.engine.program import default_program
from loyalty.engine.referrals import ReferralRule
from loyalty.models import Member, Referral, Shop
from loyalty.services import referrals
from loyalty.services.intake import record
from loyalty.services.observations import Person
from loyalty.services.programs import publish
from tests.concurrency.races import deadlocks, failures, race
from tests.factories import ALICE, BOB, T0, assert_books, balance, make_member, make_order, make_shop, place, seen

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=30)


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    rules = (*base.rules, ReferralRule(id="friends", referrer_points=200, friend_points=50))
    publish(shop=made, program=msgspec.structs.replace(base, rules=rules), at=T0 + timedelta(days=1))
    return made


def test_a_claim_is_decided_once_whoever_decides_it(shop: Shop) -> None:
    alice, bob = make_member(shop), make_member(shop, BOB, at=NOW)
    claims: list[Callable[[], object]] = [
        lambda: referrals.claim(shop=shop, member_id=bob.pk, code=alice.referral_code, at=NOW) for _ in range(8)
    ]
    assert failures(race(claims)) == []
    row = Referral.objects.get(shop=shop)
    place(shop, make_order("first", at=NOW + timedelta(days=1), prices=(10_000,)), BOB)
    at = NOW + timedelta(days=2)
    decided = race([lambda: referrals.confirm(shop=shop, referral_id=row.pk, at=at) for _ in range(8)])
    assert failures(decided) == []
    assert sum(each is not None for each in decided) == 1
    assert (balance(shop), balance(shop, BOB)) == (200, 150)
    assert_books(shop)


def test_of_two_friends_who_say_they_brought_somebody_one_did(shop: Shop) -> None:
    members = [make_member(shop, Person(external_id=str(n), email=f"m{n}@shopper.test")) for n in range(6)]
    bob = make_member(shop, BOB, at=NOW)
    told = race(
        [
            lambda code=each.referral_code: referrals.claim(shop=shop, member_id=bob.pk, code=code, at=NOW)
            for each in members
        ]
    )
    assert [getattr(each, "code", "") for each in failures(told)] == ["claimed_before"] * 5
    assert Referral.objects.filter(shop=shop).count() == 1


def test_friends_who_bring_each_other_in_one_moment_block_nobody(shop: Shop) -> None:
    """Every order carries another buyer's code, in both directions: who claims locks both, in the order of their ids."""
    before = deadlocks()
    people = [Person(external_id=str(n), email=f"m{n}@shopper.test") for n in range(8)]
    members = [make_member(shop, person, at=NOW) for person in people]
    codes = [Member.objects.get(pk=member.pk, shop=shop).referral_code for member in members]

    def buy(number: int) -> None:
        order = make_order(f"o{number}", at=NOW + timedelta(days=1), prices=(1_000,))
        told = replace(seen(order, people[number]), referral=codes[(number + 1) % 8 if number % 2 else number - 1])
        record(
            shop=shop, observations=[told, seen(make_order(f"p{number}", at=NOW + timedelta(days=2)), ALICE)], at=NOW
        )

    assert failures(race([lambda number=number: buy(number) for number in range(8)])) == []
    assert deadlocks() == before
    assert Referral.objects.filter(shop=shop).count() == 8
    assert_books(shop)
