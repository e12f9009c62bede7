"""Two customers become one member, whatever comes before, between and after."""

from __future__ import annotations

import io
import random
from datetime import timedelta

import pytest
from django.core.management import call_command

from loyalty.engine.errors import Invalid
from loyalty.models import LedgerEntry, Member, ProgramVersion, Redemption, Shop, StoredFact
from loyalty.services.adjustments import adjust
from loyalty.services.intake import record
from loyalty.services.merging import merge
from loyalty.services.observations import OrderSeen, PeopleMerged, PersonSeen
from loyalty.services.redemptions import redeem
from loyalty.worker import schedule
from tests.factories import ALICE, BOB, T0, assert_books, make_member, make_order, make_shop, place, refund_of, seen

pytestmark = pytest.mark.django_db
LATER = T0 + timedelta(days=9)


def join(shop: Shop, kept: str = "7001", gone: str = "7002") -> None:
    merge(shop=shop, kept_id=kept, gone_id=gone, at=LATER)


def assert_proven(shop: Shop) -> None:
    assert_books(shop)
    call_command("verify_ledger", stdout=io.StringIO())


def test_both_histories_are_one_and_the_other_comes_to_nothing() -> None:
    shop = make_shop()
    alice, bob = make_member(shop, ALICE, points=100), make_member(shop, BOB, points=30)
    join(shop)
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.available, bob.available, bob.merged_into) == (130, 0, alice)
    assert (bob.name, bob.email) == ("", "")
    assert list(LedgerEntry.objects.filter(shop=shop, member=bob).order_by("pk").values_list("points", flat=True)) == [
        30,
        -30,
    ]
    assert_proven(shop)
    before = LedgerEntry.objects.filter(shop=shop).count()
    join(shop)
    assert LedgerEntry.objects.filter(shop=shop).count() == before


def test_what_comes_late_for_the_one_who_is_gone_counts_for_the_other() -> None:
    shop = make_shop()
    alice = make_member(shop, ALICE, points=100)
    place(shop, order := make_order("9", prices=(2_000,)), BOB)
    join(shop)
    refunded = make_order("9", prices=(2_000,), refunds=(refund_of(order, 0, 2_000, at=LATER),), updated_at=LATER)
    place(shop, refunded, BOB)
    place(shop, make_order("10", prices=(700,)), BOB, at=LATER)
    alice.refresh_from_db()
    assert alice.available == 107
    assert Member.objects.filter(shop=shop).count() == 2
    assert_proven(shop)


def test_codes_move_along_even_under_the_same_request_key() -> None:
    shop = make_shop()
    members = [make_member(shop, person, points=1_000) for person in (ALICE, BOB)]
    for member in members:
        redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="same", at=LATER)
    join(shop)
    assert Redemption.objects.filter(shop=shop, member=members[0]).count() == 2
    assert_proven(shop)


def test_a_chain_of_merges_ends_at_one_member() -> None:
    shop = make_shop()
    carol = ALICE.__class__(external_id="7003", email="carol@shopper.test", name="Carol")
    for person in (ALICE, BOB, carol):
        make_member(shop, person, points=10)
    join(shop, kept="7002", gone="7003")
    join(shop, kept="7001", gone="7002")
    place(shop, make_order("late", prices=(500,)), carol, at=LATER)
    assert Member.objects.get(shop=shop, external_id="7001").available == 35
    assert_proven(shop)


def test_customers_we_never_met_are_one_when_they_come() -> None:
    shop = make_shop()
    join(shop)
    place(shop, make_order("9", prices=(2_000,)), BOB, at=LATER)
    assert Member.objects.get(shop=shop, external_id="7001").available == 20
    assert StoredFact.objects.get(shop=shop, kind="order").member == Member.objects.get(shop=shop, external_id="7001")
    assert_proven(shop)


def test_the_balance_does_not_depend_on_when_the_merge_arrives() -> None:
    orders = [
        seen(make_order(str(number), prices=(1_000 * number,)), ALICE if number % 2 else BOB) for number in range(1, 6)
    ]
    chance = random.Random(5)
    for _ in range(8):
        shop = make_shop()
        messages: list[OrderSeen | PeopleMerged] = [*orders, PeopleMerged(kept_id="7001", gone_id="7002")]
        for message in chance.sample(messages, len(messages)):
            record(shop=shop, observations=[message], at=LATER)
        assert Member.objects.get(shop=shop, external_id="7001").available == 150
        assert_proven(shop)


def test_a_late_word_of_who_is_gone_changes_nothing_of_who_is_kept() -> None:
    """Else codes to sign in would go to the address that was given up."""
    shop = make_shop()
    make_member(shop, ALICE)
    make_member(shop, BOB)
    join(shop)
    record(shop=shop, observations=[PersonSeen(person=BOB, at=LATER)], at=LATER)
    kept = Member.objects.get(shop=shop, external_id="7001")
    assert (kept.email, kept.name) == (ALICE.email, ALICE.name)


def test_points_for_who_is_gone_are_refused_and_nothing_is_written() -> None:
    shop = make_shop()
    gone = [make_member(shop, person) for person in (ALICE, BOB)][1]
    join(shop)
    with pytest.raises(Invalid, match="became one with another"):
        adjust(shop=shop, member_id=gone.pk, points=5, actor="Dana", reason="Late", key="k", at=LATER)
    assert not StoredFact.objects.filter(shop=shop, kind="adjustment").exists()
    assert_proven(shop)


def test_the_sweep_is_done_with_who_is_gone() -> None:
    """Whom nobody folds any more would stand at the head of the line for ever."""
    shop = make_shop()
    first = ProgramVersion.objects.get(shop=shop)
    begins = LATER + timedelta(days=30)
    ProgramVersion.objects.create(shop=shop, number=2, document=first.document, in_force_from=begins, published_at=T0)
    for person in (ALICE, BOB):
        make_member(shop, person, points=10)
    join(shop)
    assert schedule.fold_due(now=begins) == 1
    assert schedule.fold_due(now=begins) == 0
    assert_proven(shop)
