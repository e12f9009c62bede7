"""What may happen so many times happens so many times, whoever asks at once."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from loyalty.models import (
    LedgerEntry,
    Member,
    OutboxMessage,
    PartnerCode,
    ProgramVersion,
    RateCounter,
    Redemption,
    Shop,
)
from loyalty.services.intake import record
from loyalty.services.observations import Person
from loyalty.services.partner_codes import upload
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from tests.concurrency.deliveries import wait_until_alone
from tests.concurrency.nursery import Nursery
from tests.concurrency.races import deadlocks
from tests.factories import T0, assert_books, balance, make_member, make_order, make_shop, seen
from tests.services.test_partner_codes import offering

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=30)


REVERSALS, WORKERS = 500, 20
CLIENTS, PEOPLE, START = 16, 4, 3000


def test_five_hundred_reversals_each_asked_for_twice_by_twenty_workers_are_five_hundred(nursery: Nursery) -> None:
    shop = make_shop()
    people = [Person(external_id=str(number), email=f"{number}@shopper.test") for number in range(50)]
    orders = [make_order(str(number), prices=(5000,)) for number in range(REVERSALS)]
    record(shop=shop, observations=[seen(order, people[n % 50]) for n, order in enumerate(orders)], at=NOW)
    asked = [*range(REVERSALS)] * 2
    random.Random(5).shuffle(asked)
    before = deadlocks()
    shares = [{"shop": shop.pk, "numbers": asked[worker::WORKERS], "at": NOW.isoformat()} for worker in range(WORKERS)]
    nursery.race("clients.reverse", shares)
    wait_until_alone()
    assert deadlocks() == before
    reversed_rows = LedgerEntry.objects.filter(shop=shop, kind="reversed")
    assert [*reversed_rows.values_list("points", flat=True)] == [-20] * REVERSALS
    assert [balance(shop, person) for person in people] == [10 * (50 - 20)] * 50
    assert_books(shop)


@pytest.mark.parametrize("launched", [True, False])
def test_of_sixteen_who_change_the_draft_at_once_one_does_and_one_publishes_it(
    nursery: Nursery, launched: bool
) -> None:
    shop = make_shop()
    if not launched:
        ProgramVersion.objects.filter(shop=shop).delete()
    before = deadlocks()
    savers = [{"shop": shop.pk, "points": number, "at": NOW.isoformat()} for number in range(1, 17)]
    assert Counter(nursery.race("clients.draft", savers)) == {"saved 1": 1, "draft_changed": 15}
    publishers = [{"shop": shop.pk, "at": NOW.isoformat()}] * 16
    number = 2 if launched else 1
    assert Counter(nursery.race("clients.publish", publishers)) == {f"version {number}": 1, "not_found": 15}
    assert ProgramVersion.objects.filter(shop=shop).count() == number
    assert deadlocks() == before


def test_two_hundred_calls_by_forty_at_a_limit_of_ten_are_ten(nursery: Nursery) -> None:
    calls = {"key": "codes/1", "limit": 10, "times": 5, "at": NOW.isoformat()}
    assert sum(nursery.race("clients.call", [calls] * 40)) == 10
    assert RateCounter.objects.get().hits == 10


def test_a_reward_that_three_may_have_is_had_by_three_of_twenty_members(nursery: Nursery) -> None:
    shop = make_shop()
    version = ProgramVersion.objects.get(shop=shop)
    version.document["rewards"][0]["limit_total"] = 3
    version.save(update_fields=["document"])
    members = [make_member(shop, Person(external_id=str(number)), points=500) for number in range(20)]
    racers = [{"shop": shop.pk, "member": member.pk, "key": "only-key", "at": NOW.isoformat()} for member in members]
    told = nursery.race("clients.take", racers)
    assert told.count("limit_total") == 17
    assert sorted(Member.objects.filter(shop=shop).values_list("available", flat=True)) == [0] * 3 + [500] * 17
    assert_books(shop)


def test_the_last_three_codes_of_a_partner_go_to_three_of_fifty_members_and_none_twice(nursery: Nursery) -> None:
    shop = offering()
    upload(shop=shop, reward_id="cinema", text="A\nB\nC", usable_until=None, at=NOW)
    members = [make_member(shop, Person(external_id=str(number)), points=100) for number in range(50)]
    racers = [
        {"shop": shop.pk, "member": member.pk, "key": "only-key", "at": NOW.isoformat(), "reward": "cinema"}
        for member in members
    ]
    told = nursery.race("clients.take", racers)
    assert told.count("out_of_stock") == 47
    holders = PartnerCode.objects.filter(shop=shop).values_list("redemption__member", flat=True)
    assert len(set(holders)) == 3
    assert sorted(Member.objects.filter(shop=shop).values_list("available", flat=True)) == [0] * 3 + [100] * 47
    assert_books(shop)


def reserved(shop: Shop) -> str:
    """The number of a redemption whose code is being made."""
    member = make_member(shop, points=500)
    number = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="only-key", at=NOW).number
    begin_issuing(shop=shop, number=number)
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    return str(number)


def end_by_a_hundred(nursery: Nursery, shop: Shop, number: str, hows: tuple[str, ...]) -> set[str]:
    """What they were told."""
    racers = [{"shop": shop.pk, "number": number, "how": how, "at": NOW.isoformat()} for how in hows * 34][:100]
    random.Random(7).shuffle(racers)
    before = deadlocks()
    told = nursery.race("clients.end", racers)
    wait_until_alone()
    assert deadlocks() == before
    return set(told)


def test_one_reservation_finished_cancelled_and_expired_by_a_hundred_at_once_ends_in_one_state(
    nursery: Nursery,
) -> None:
    shop = make_shop()
    number = reserved(shop)
    told = end_by_a_hundred(nursery, shop, number, ("ready", "cancelled", "expired"))
    redemption = Redemption.objects.get(shop=shop)
    assert redemption.state in ("returned", "expired")
    # A code that is still being made cannot expire; what is told after the end is the end.
    assert told <= {"ready", "Refused", redemption.state}
    assert LedgerEntry.objects.filter(shop=shop, kind="returned").count() == 1
    assert balance(shop) == 500
    left = OutboxMessage.objects.filter(shop=shop, state="waiting", subject=number)
    assert [message.kind for message in left] == ["reward.revoke"]
    assert_books(shop)


def test_one_code_used_cancelled_and_expired_by_a_hundred_at_once_gave_its_discount_for_its_points(
    nursery: Nursery,
) -> None:
    """The order has the discount, whatever was said of the code before it was heard."""
    shop = make_shop()
    number = reserved(shop)
    mark_ready(shop=shop, number=number, external_id="gid", at=NOW)
    told = end_by_a_hundred(nursery, shop, number, ("used", "cancelled", "expired"))
    assert Redemption.objects.get(shop=shop).state == "used"
    assert len(told - {"used"}) <= 1
    rows = LedgerEntry.objects.filter(shop=shop, kind="returned")
    assert sum(rows.values_list("points", flat=True)) == 0
    assert balance(shop) == 10
    assert_books(shop)


def test_sixteen_clients_of_earning_redeeming_and_refunding_never_lock_each_other_out(nursery: Nursery) -> None:
    shop_around(nursery, turns=20, seconds=60)


@pytest.mark.load
def test_sixteen_clients_of_earning_redeeming_and_refunding_for_a_minute(nursery: Nursery) -> None:
    turns = shop_around(nursery, turns=1_000_000, seconds=60)
    print(f"{turns} postings in a minute")


def shop_around(nursery: Nursery, *, turns: int, seconds: float) -> int:
    shop = make_shop()
    people = [Person(external_id=str(number)) for number in range(PEOPLE)]
    for person in people:
        make_member(shop, person, points=START)
    limits = {"people": PEOPLE, "turns": turns, "seconds": seconds, "at": NOW.isoformat()}
    before = deadlocks()
    clients = [{"shop": shop.pk, "seed": seed, **limits} for seed in range(1, CLIENTS + 1)]
    said: Counter[str] = Counter()
    for each in nursery.race("clients.shop_around", clients, seconds=seconds + 60):
        said.update(each)
    wait_until_alone()
    assert deadlocks() == before
    assert {who.external_id: balance(shop, who) - START for who in people} == said
    assert_books(shop)
    return LedgerEntry.objects.filter(shop=shop).count()
