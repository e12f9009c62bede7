"""Birthdays: told once, corrected by staff, celebrated, and forgotten with the person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from loyalty.engine.activities import BirthdayRule
from loyalty.engine.errors import NotFound, Refused
from loyalty.engine.program import default_program
from loyalty.models import LedgerEntry, Member, Shop, StoredFact
from loyalty.selectors.personal_data import document_about
from loyalty.services.observations import Subject
from loyalty.services.posting import fold_and_post, lock_members
from loyalty.services.privacy import redact
from loyalty.services.profiles import choose_notice, correct_birthday, tell_birthday
from loyalty.services.programs import publish
from loyalty.worker.schedule import fold_due
from tests.factories import T0, assert_books, balance, make_member, make_shop

pytestmark = pytest.mark.django_db
TOLD = T0 + timedelta(days=2)
DAY = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def shop() -> Shop:
    made = make_shop()
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    rules = (*base.rules, BirthdayRule(id="b", points=50))
    publish(shop=made, program=msgspec.structs.replace(base, rules=rules), at=T0 + timedelta(days=1))
    make_member(made)
    return made


def alice(shop: Shop) -> Member:
    return Member.objects.get(shop=shop, external_id="7001")


def test_a_birthday_that_was_told_is_celebrated_by_the_clock(shop: Shop) -> None:
    tell_birthday(shop=shop, member_id=alice(shop).pk, birthday="06-01", at=TOLD)
    due = alice(shop).next_due
    assert due == datetime(2026, 5, 31, 21, tzinfo=UTC)
    fold_due(now=due)
    assert balance(shop) == 50
    assert_books(shop)


def test_it_stands_for_a_year_and_staff_correct_it_at_once(shop: Shop) -> None:
    member = alice(shop)
    tell_birthday(shop=shop, member_id=member.pk, birthday="06-01", at=TOLD)
    with pytest.raises(Refused, match="kept for a year"):
        tell_birthday(shop=shop, member_id=member.pk, birthday="06-02", at=TOLD + timedelta(days=364))
    correct_birthday(shop=shop, member_id=member.pk, birthday="06-03", at=TOLD + timedelta(days=1))
    fold_due(now=DAY)
    assert balance(shop) == 0
    fold_due(now=DAY + timedelta(days=3))
    assert balance(shop) == 50
    tell_birthday(shop=shop, member_id=member.pk, birthday="06-02", at=TOLD + timedelta(days=400))


def test_a_birthday_moved_after_it_was_celebrated_is_not_celebrated_twice_a_year(shop: Shop) -> None:
    tell_birthday(shop=shop, member_id=alice(shop).pk, birthday="06-01", at=TOLD)
    fold_due(now=DAY)
    correct_birthday(shop=shop, member_id=alice(shop).pk, birthday="10-01", at=DAY + timedelta(days=1))
    fold_due(now=DAY + timedelta(days=200))
    assert balance(shop) == 50


def test_nobody_tells_anothers(shop: Shop) -> None:
    other = make_shop()
    with pytest.raises(NotFound):
        tell_birthday(shop=other, member_id=alice(shop).pk, birthday="06-01", at=TOLD)
    with pytest.raises(NotFound):
        choose_notice(shop=other, member_id=alice(shop).pk, name="news", wanted=True, at=TOLD)


@pytest.mark.parametrize("celebrated", [False, True])
def test_who_is_forgotten_has_no_birthday_and_the_points_stay(shop: Shop, celebrated: bool) -> None:
    tell_birthday(shop=shop, member_id=alice(shop).pk, birthday="06-01", at=TOLD)
    choose_notice(shop=shop, member_id=alice(shop).pk, name="news", wanted=True, at=TOLD)
    assert "06-01" in str(document_about(shop=shop, members=[alice(shop)], at=TOLD))
    at = DAY + timedelta(days=1) if celebrated else TOLD + timedelta(days=1)
    fold_due(now=at)
    redact(shop=shop, subject=Subject(customer_id="7001"), request_id="1", at=at)
    held = "".join(StoredFact.objects.filter(shop=shop, kind="profile").values_list("body", flat=True))
    assert ("06-01" in held) == celebrated  # the ledger has its date anyway
    assert alice(shop).notified_of == []
    rows = LedgerEntry.objects.filter(shop=shop).count()
    fold_and_post(shop=shop, members=lock_members(shop=shop, member_ids=[alice(shop).pk]), at=at + timedelta(days=800))
    assert (balance(shop), LedgerEntry.objects.filter(shop=shop).count()) == (50 if celebrated else 0, rows)
