"""What arrives, however it arrives, becomes the same points."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from loyalty.models import LedgerEntry, Member, Shop, StoredFact
from loyalty.services import intake
from loyalty.services.intake import record
from loyalty.services.observations import Person, PersonSeen, RefundSeen
from loyalty.services.orders import TryAgain
from loyalty.services.posting import lock_members
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from tests.factories import ALICE, BOB, T0, assert_books, balance, make_order, make_shop, place, refund_of, seen

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_the_loop_of_the_readme_ends_at_290() -> None:
    shop = make_shop()
    place(shop, make_order("1", at=T0 + DAY))
    assert balance(shop) == 520
    member = Member.objects.get(shop=shop, external_id=ALICE.external_id)
    redemption = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k1", at=T0 + 2 * DAY)
    assert balance(shop) == 20
    begin_issuing(shop=shop, number=redemption.number)
    mark_ready(shop=shop, number=redemption.number, external_id="x", at=T0 + 2 * DAY)
    order = make_order("2", at=T0 + 3 * DAY, prices=(2250, 2250), discount=500, codes=(redemption.code,))
    place(shop, order)
    assert balance(shop) == 60
    refunded = make_order(
        "2",
        at=T0 + 3 * DAY,
        prices=(2250, 2250),
        discount=500,
        codes=(redemption.code,),
        refunds=(refund_of(order, 0, 2000, at=T0 + 4 * DAY),),
        updated_at=T0 + 4 * DAY,
    )
    place(shop, refunded)
    assert balance(shop) == 290
    redemption.refresh_from_db()
    assert (redemption.state, redemption.order_id) == ("used", "2")
    assert_books(shop)


def test_an_older_snapshot_that_comes_later_changes_nothing() -> None:
    shop = make_shop()
    newer = make_order("1", prices=(10_000,), updated_at=T0 + 2 * DAY)
    older = make_order("1", prices=(90_000,), updated_at=T0 + DAY)
    place(shop, newer)
    place(shop, older)
    assert balance(shop) == 100
    assert_books(shop)


def test_the_same_snapshot_twice_writes_one_row() -> None:
    shop = make_shop()
    place(shop, make_order("1"))
    place(shop, make_order("1"))
    assert LedgerEntry.objects.filter(shop=shop).count() == 1


def test_an_order_that_changes_its_customer_takes_its_points_along() -> None:
    shop = make_shop()
    place(shop, make_order("1", prices=(10_000,)))
    place(shop, make_order("1", prices=(10_000,), updated_at=T0 + 2 * DAY), BOB)
    assert (balance(shop), balance(shop, BOB)) == (0, 100)
    assert_books(shop)


def test_an_order_of_nobody_is_kept_and_earns_nothing() -> None:
    shop = make_shop()
    place(shop, make_order("1"), None)
    assert StoredFact.objects.get(shop=shop).member_id is None
    assert not LedgerEntry.objects.filter(shop=shop).exists()


def test_a_guest_order_waits_for_the_account_with_the_same_email() -> None:
    shop = make_shop()
    place(shop, make_order("1", prices=(3000,)), Person(email="Alice@Shopper.test"))
    assert not LedgerEntry.objects.filter(shop=shop).exists()
    record(shop=shop, observations=[PersonSeen(person=ALICE, at=T0 + 2 * DAY)], at=T0 + 2 * DAY)
    assert balance(shop) == 30
    place(shop, make_order("2", prices=(2000,), at=T0 + 3 * DAY), Person(email="alice@shopper.test"))
    assert balance(shop) == 50
    assert_books(shop)


def test_a_guest_order_in_the_batch_that_gives_the_account_its_email_is_the_accounts() -> None:
    shop = make_shop()
    place(shop, make_order("1", prices=(1000,)), Person(external_id="7001"))
    place(shop, make_order("2", prices=(3000,)), Person(email="alice@shopper.test"))
    order = seen(make_order("3", prices=(2000,), at=T0 + 2 * DAY), Person(email="alice@shopper.test"))
    record(shop=shop, observations=[order, PersonSeen(person=ALICE, at=T0 + 2 * DAY)], at=T0 + 2 * DAY)
    assert balance(shop) == 60
    assert_books(shop)


def test_an_address_typed_for_an_order_changes_no_accounts_own() -> None:
    shop = make_shop()
    place(shop, make_order("1"), ALICE)
    place(shop, make_order("2", at=T0 + 2 * DAY), replace(ALICE, email=BOB.email))
    assert Member.objects.get(shop=shop, external_id=ALICE.external_id).email == ALICE.email
    record(
        shop=shop, observations=[PersonSeen(person=replace(ALICE, email="new@shopper.test"), at=T0)], at=T0 + 3 * DAY
    )
    assert Member.objects.get(shop=shop, external_id=ALICE.external_id).email == "new@shopper.test"


def test_a_guest_renames_no_account() -> None:
    shop = make_shop()
    place(shop, make_order("1"), ALICE)
    place(shop, make_order("2"), Person(email=ALICE.email, name="Somebody else", locale="xx"))
    member = Member.objects.get(shop=shop, external_id=ALICE.external_id)
    assert (member.name, member.locale) == (ALICE.name, "")


def test_an_address_typed_for_an_order_brings_no_guests_orders() -> None:
    shop = make_shop()
    place(shop, make_order("1", prices=(1000,)), ALICE)
    place(shop, make_order("2", prices=(70_000,)), Person(email="guest@shopper.test"))
    place(shop, make_order("3", prices=(2000,)), replace(ALICE, email="guest@shopper.test"))
    assert balance(shop) == 30


def test_a_guest_who_got_an_account_between_the_question_and_the_lock_keeps_no_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = make_shop()
    guest = Person(email="alice@shopper.test")
    place(shop, make_order("1", prices=(3000,)), guest)
    locked = intake.lock_members

    def after_another_worker(*, shop: Shop, member_ids: Iterable[int]) -> list[Member]:
        monkeypatch.setattr(intake, "lock_members", locked)
        record(shop=shop, observations=[PersonSeen(person=ALICE, at=T0 + 2 * DAY)], at=T0 + 2 * DAY)
        return lock_members(shop=shop, member_ids=member_ids)

    monkeypatch.setattr(intake, "lock_members", after_another_worker)
    second = make_order("2", prices=(2000,), at=T0 + 2 * DAY)
    with pytest.raises(TryAgain):
        place(shop, second, guest)
    place(shop, second, guest)
    record(shop=shop, observations=[PersonSeen(person=ALICE, at=T0 + 3 * DAY)], at=T0 + 3 * DAY)
    assert balance(shop) == 50
    assert_books(shop)


def test_a_refund_that_comes_before_its_order_counts_until_a_newer_snapshot_speaks() -> None:
    shop = make_shop()
    order = make_order("1", prices=(10_000, 5_000))
    refund = refund_of(order, 1, 5_000, at=T0 + 2 * DAY)
    record(shop=shop, observations=[RefundSeen(order_id="1", refund=refund)], at=T0 + 2 * DAY)
    place(shop, order, at=T0 + 3 * DAY)
    assert balance(shop) == 100
    spoken = make_order("1", prices=(10_000, 5_000), refunds=(refund,), updated_at=T0 + 3 * DAY)
    place(shop, spoken)
    assert balance(shop) == 100
    assert_books(shop)


def test_two_snapshots_in_one_batch_are_one() -> None:
    shop = make_shop()
    first = make_order("1", paid=False)
    second = make_order("1", updated_at=T0 + 2 * DAY)
    record(shop=shop, observations=[seen(second, ALICE), seen(first, ALICE)], at=T0 + 2 * DAY)
    assert balance(shop) == 520


def test_orders_of_one_shop_give_no_points_in_another() -> None:
    here, there = make_shop(), make_shop()
    place(here, make_order("1", prices=(1000,)))
    place(there, make_order("1", prices=(7000,)))
    assert (balance(here), balance(there)) == (10, 70)
    assert_books(here)
    assert_books(there)


def told(shop: Shop, person: Person, at: datetime) -> None:
    record(shop=shop, observations=[PersonSeen(person=person, at=at)], at=max(at, T0 + 9 * DAY))


def test_an_old_word_of_a_person_that_comes_late_brings_no_old_address_back() -> None:
    shop = make_shop()
    told(shop, ALICE, T0 + DAY)
    told(shop, replace(ALICE, email="new@shopper.test", name="Alice B."), T0 + 3 * DAY)
    told(shop, replace(ALICE, email="old@shopper.test", name="Alice Old"), T0 + 2 * DAY)
    member = Member.objects.get(shop=shop, external_id=ALICE.external_id)
    assert (member.email, member.name) == ("new@shopper.test", "Alice B.")
    told(shop, ALICE, T0 + 4 * DAY)
    member.refresh_from_db()
    assert (member.email, member.name) == (ALICE.email, ALICE.name)


def test_of_two_words_in_one_batch_the_newer_stands() -> None:
    shop = make_shop()
    new, old = replace(ALICE, email="new@shopper.test"), replace(ALICE, email="old@shopper.test")
    both = [PersonSeen(person=new, at=T0 + 2 * DAY), PersonSeen(person=old, at=T0 + DAY)]
    record(shop=shop, observations=both, at=T0 + 3 * DAY)
    assert Member.objects.get(shop=shop).email == "new@shopper.test"


def test_the_first_order_of_an_account_with_a_typed_address_brings_no_guests_orders() -> None:
    shop = make_shop()
    guest = Person(email="guest@shopper.test")
    place(shop, make_order("1", prices=(70_000,)), guest)
    account = Person(external_id="7009", email="guest@shopper.test", email_is_typed=True)
    place(shop, make_order("2", prices=(1000,)), account)
    assert balance(shop, account) == 10
    told(shop, replace(account, email_is_typed=False), T0 + 5 * DAY)
    assert balance(shop, account) == 710
    assert_books(shop)


def test_an_address_of_two_accounts_gives_a_guests_order_to_neither() -> None:
    shop = make_shop()
    told(shop, ALICE, T0 + DAY)
    told(shop, replace(BOB, email=ALICE.email), T0 + DAY)
    place(shop, make_order("1", prices=(1000,)), Person(email=ALICE.email))
    assert (balance(shop), balance(shop, BOB)) == (0, 0)
    place(shop, make_order("2", prices=(2000,)), replace(BOB, email=ALICE.email))
    assert (balance(shop), balance(shop, BOB)) == (0, 20)
    told(shop, replace(BOB, email="bobs@shopper.test"), T0 + 6 * DAY)
    told(shop, ALICE, T0 + 7 * DAY)
    assert (balance(shop), balance(shop, BOB)) == (10, 20)
    assert_books(shop)
