"""Who brings themselves under another mailbox is held for staff; the address that tells is never kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from loyalty.engine.errors import Conflict, NotFound
from loyalty.models import HouseholdMark, Referral, Shop
from loyalty.platforms import same_person as reading
from loyalty.selectors.personal_data import document_about
from loyalty.selectors.ways_in import friends_of
from loyalty.services import same_person
from loyalty.services.enrolment import leave_program
from loyalty.services.merging import merge
from loyalty.services.observations import Person, Subject
from loyalty.services.privacy import redact
from loyalty.services.referrals import decide_held
from tests.factories import ALICE, BOB, assert_books, balance, make_shop, place
from tests.services.test_referrals import NOW, buy, code_of, make_order, member, shop, states

__all__ = ["shop"]
pytestmark = pytest.mark.django_db
HOME, PHONE = "home:lv:lv1010:brivibasiela1:berzina", "phone:29123456"


def held(shop: Shop, mark: str = HOME) -> Referral:
    place(shop, make_order("hers", at=NOW - timedelta(days=1), prices=(0,)), replace(ALICE, marks=(mark, "phone:1")))
    buy(shop, "first", code_of(shop), person=replace(BOB, marks=(mark, "phone:2")))
    return Referral.objects.get(shop=shop)


@pytest.mark.parametrize(("mark", "why"), [(HOME, "same_home"), (PHONE, "same_phone")])
def test_a_friend_of_the_same_household_is_held_and_nobody_is_thanked_yet(shop: Shop, mark: str, why: str) -> None:
    held(shop, mark)
    assert states(shop) == [("held", why)]
    assert (balance(shop), balance(shop, BOB)) == (0, 100)
    assert friends_of(shop=shop, member=member(shop)).waiting == 1
    buy(shop, "second", at=NOW + timedelta(days=1))
    assert states(shop) == [("held", why)], "whatever comes later"


def test_staff_say_that_they_are_two_and_both_are_thanked_once(shop: Shop) -> None:
    row = held(shop)
    assert decide_held(shop=shop, referral_id=row.pk, thanked=True, at=NOW).state == "confirmed"
    assert (balance(shop), balance(shop, BOB)) == (200, 150)
    with pytest.raises(Conflict, match="does not wait"):
        decide_held(shop=shop, referral_id=row.pk, thanked=False, at=NOW)
    assert states(shop) == [("confirmed", "")]
    assert_books(shop)


def test_staff_say_that_they_are_one_and_nobody_is_thanked(shop: Shop) -> None:
    row = held(shop)
    decide_held(shop=shop, referral_id=row.pk, thanked=False, at=NOW)
    assert (states(shop), balance(shop), balance(shop, BOB)) == ([("refused", "same_home")], 0, 100)
    assert friends_of(shop=shop, member=member(shop)).waiting == 0


def test_who_left_meanwhile_is_not_thanked_whatever_staff_say(shop: Shop) -> None:
    row = held(shop)
    leave_program(shop=shop, member_id=member(shop).pk, at=NOW + timedelta(hours=1))
    decide_held(shop=shop, referral_id=row.pk, thanked=True, at=NOW + timedelta(hours=2))
    assert states(shop) == [("refused", "referrer_left")]


def test_the_same_home_of_another_shop_says_nothing(shop: Shop) -> None:
    other = make_shop()
    held(shop)
    theirs = HouseholdMark.objects.filter(shop=shop)
    assert not HouseholdMark.objects.filter(shop=other).exists()
    assert theirs.count() == 4
    row = theirs.get(member=member(shop), kind="home")
    place(other, make_order("x", at=NOW), replace(ALICE, marks=(HOME,)))
    assert not HouseholdMark.objects.filter(shop=other, digest=row.digest).exists(), "it thanks for no friends"
    with pytest.raises(NotFound):
        decide_held(shop=other, referral_id=Referral.objects.get(shop=shop).pk, thanked=True, at=NOW)


def test_only_digests_are_kept_and_they_go_with_the_person(shop: Shop) -> None:
    held(shop)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM loyalty_householdmark")
        assert "brivibas" not in str(cursor.fetchall())
    (about,) = document_about(shop=shop, members=[member(shop)], at=NOW)["people"]
    assert sorted(about["households_told_apart_by"]) == ["home", "phone"]
    redact(shop=shop, subject=Subject(customer_id="7002"), request_id="r1", at=NOW)
    assert set(HouseholdMark.objects.filter(shop=shop).values_list("member", flat=True)) == {member(shop).pk}
    buy(shop, "late word", person=replace(BOB, marks=(HOME,)), at=NOW + timedelta(days=1))
    assert set(HouseholdMark.objects.filter(shop=shop).values_list("member", flat=True)) == {member(shop).pk}


def test_two_members_who_become_one_keep_what_either_had(shop: Shop) -> None:
    held(shop)
    merge(shop=shop, kept_id="7001", gone_id="7002", at=NOW)
    rows = HouseholdMark.objects.filter(shop=shop)
    assert (rows.count(), set(rows.values_list("member", flat=True))) == (3, {member(shop).pk})


def test_a_reseller_who_sends_everywhere_is_like_nobody_for_long(shop: Shop) -> None:
    for number in range(same_person.MOST + 5):
        place(shop, make_order(f"o{number}", at=NOW), replace(ALICE, marks=(f"{HOME}{number}",)))
    assert HouseholdMark.objects.filter(shop=shop).count() == same_person.MOST


def test_they_are_forgotten_in_two_years(shop: Shop) -> None:
    held(shop)
    latest = max(HouseholdMark.objects.filter(shop=shop).values_list("seen_at", flat=True))
    assert same_person.forget(before=latest + same_person.KEPT) == 2
    assert same_person.forget(before=latest + same_person.KEPT + timedelta(seconds=1)) == 2


def test_one_household_is_the_same_however_it_is_typed() -> None:
    one = reading.home(surname="Bērziņa", street="Brīvības iela 1", postal_code="LV-1010", country="LV")
    other = reading.home(surname="BĒRZIŅA ", street="brīvības iela, 1", postal_code="lv 1010", country="lv")
    assert [*one] == [*other] != []
    assert [*reading.home(surname="", street="Main 1", postal_code="1", country="LV")] == []
    assert [*reading.phone("+371 29 123 456")] == [*reading.phone("29123456")] == [PHONE]
    for none in (None, "", "12 34", 5):
        assert [*reading.phone(none)] == []
    assert Person(marks=("a",)) == Person(), "what they are is no part of who somebody is"
