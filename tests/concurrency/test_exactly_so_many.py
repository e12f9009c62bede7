"""What may happen so many times happens so many times, whoever asks at once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from loyalty.engine.errors import Refused, TooMany
from loyalty.models import LedgerEntry, Member, OutboxMessage, ProgramVersion, RateCounter, Redemption, Shop
from loyalty.services import limits
from loyalty.services.intake import record
from loyalty.services.observations import Person, RefundSeen
from loyalty.services.orders import TryAgain
from loyalty.services.redemptions import begin_issuing, give_back, mark_ready, redeem
from tests.concurrency.races import deadlocks, failures, race
from tests.factories import ALICE, T0, assert_books, balance, make_member, make_order, make_shop, place, refund_of, seen

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=30)


def reverse(shop: Shop, refunds: list[RefundSeen]) -> None:
    for refund in refunds:
        while True:
            try:
                record(shop=shop, observations=[refund], at=NOW)
                break
            except TryAgain:
                continue


def test_sixty_reversals_each_asked_for_twice_by_ten_workers_are_sixty() -> None:
    shop = make_shop()
    people = [Person(external_id=str(number), email=f"{number}@shopper.test") for number in range(12)]
    orders = [make_order(str(number), prices=(5000,)) for number in range(60)]
    record(shop=shop, observations=[seen(order, people[n % 12]) for n, order in enumerate(orders)], at=NOW)
    asked = [
        RefundSeen(order_id=order.id, refund=refund_of(order, 0, 2000, at=NOW, refund_id=f"r{order.id}"))
        for order in orders
    ] * 2
    random.Random(5).shuffle(asked)
    before = deadlocks()
    results = race([partial(reverse, shop, asked[worker::10]) for worker in range(10)])
    assert results == [None] * 10
    assert deadlocks() == before
    assert list(LedgerEntry.objects.filter(shop=shop, kind="reversed").values_list("points", flat=True)) == [-20] * 60
    assert [balance(shop, person) for person in people] == [5 * (50 - 20)] * 12
    assert_books(shop)


def test_forty_calls_by_twenty_at_a_limit_of_ten_are_ten() -> None:
    def call_twice() -> Counter[bool]:
        return Counter(_passes() for _ in range(2))

    results = race([call_twice] * 20)
    assert sum((result for result in results if isinstance(result, Counter)), Counter()) == {True: 10, False: 30}
    assert RateCounter.objects.get().hits == 10


def _passes() -> bool:
    try:
        limits.hit("codes/1", limit=10, window_seconds=60, at=NOW)
    except TooMany:
        return False
    return True


def test_a_reward_that_three_may_have_is_had_by_three_of_twenty_members() -> None:
    shop = make_shop()
    version = ProgramVersion.objects.get(shop=shop)
    version.document["rewards"][0]["limit_total"] = 3
    version.save(update_fields=["document"])
    members = [make_member(shop, Person(external_id=str(number)), points=500) for number in range(20)]
    results = race(
        [
            partial(redeem, shop=shop, member_id=member.pk, reward_id="amount-off", request_key="only-key", at=NOW)
            for member in members
        ]
    )
    assert Counter(type(result) for result in results) == {Redemption: 3, Refused: 17}
    assert sorted(Member.objects.filter(shop=shop).values_list("available", flat=True)) == [0] * 3 + [500] * 17
    assert_books(shop)


@pytest.mark.parametrize("seed", range(5))
def test_one_code_used_cancelled_and_expired_by_thirty_at_once_ends_in_one_state(seed: int) -> None:
    shop = make_shop()
    member = make_member(shop, points=500)
    number = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="only-key", at=NOW).number
    code = begin_issuing(shop=shop, number=number).code
    mark_ready(shop=shop, number=number, external_id="gid", at=NOW)
    OutboxMessage.objects.filter(shop=shop).update(state="done")

    def use() -> None:
        place(shop, make_order("10", prices=(1000,), at=NOW, codes=(code,)), ALICE)

    racers = [
        use,
        partial(give_back, shop=shop, number=number, why="cancelled", at=NOW),
        partial(give_back, shop=shop, number=number, why="expired", at=NOW),
    ] * 10
    random.Random(seed).shuffle(racers)
    before = deadlocks()
    results = race(racers)
    assert {type(failure) for failure in failures(results)} <= {TryAgain}
    assert deadlocks() == before
    redemption = Redemption.objects.get(shop=shop)
    is_used = redemption.state == "used"
    assert redemption.state in ("used", "returned", "expired")
    assert balance(shop) == 10 + (0 if is_used else 500)
    assert LedgerEntry.objects.filter(shop=shop, kind="returned").count() == (0 if is_used else 1)
    assert OutboxMessage.objects.filter(shop=shop, state="waiting").count() == (0 if is_used else 1)
    assert_books(shop)


def _client(shop: Shop, seed: int) -> Counter[str]:
    """Twenty turns of one client: an order, a refund of one of its orders, a redemption, or one taken back. What it
    says of itself is in points per customer."""
    rng = random.Random(seed)
    orders: list[tuple[int, str]] = []
    taken: list[tuple[str, Redemption]] = []
    said: Counter[str] = Counter()
    for turn in range(20):
        choice = rng.random()
        who = str(rng.randrange(4))
        if choice < 0.5 or not orders:
            number = seed * 1000 + turn
            place(shop, make_order(str(number), prices=(20_000,)), Person(external_id=who), at=NOW)
            orders.append((number, who))
            said[who] += 200
        elif choice < 0.7:
            number, who = orders.pop()
            gone = refund_of(make_order(str(number), prices=(20_000,)), 0, 8000, at=NOW, refund_id=f"r{number}")
            reverse(shop, [RefundSeen(order_id=str(number), refund=gone)])
            said[who] -= 80
        elif choice < 0.9 or not taken:
            with suppress(Refused):
                taken.append((who, _take(shop, who, f"{seed}-{turn}")))
                said[who] -= 500
        else:
            who, redemption = taken.pop()
            give_back(shop=shop, number=redemption.number, why="cancelled", at=NOW)
            said[who] += 500
    return said


def _take(shop: Shop, who: str, key: str) -> Redemption:
    member = Member.objects.get(shop=shop, external_id=who)
    return redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key=key, at=NOW)


def test_sixteen_clients_of_earning_redeeming_and_refunding_never_lock_each_other_out() -> None:
    shop = make_shop()
    people = [Person(external_id=str(number)) for number in range(4)]
    for person in people:
        make_member(shop, person, points=3000)
    before = deadlocks()
    results = race([partial(_client, shop, seed) for seed in range(1, 17)])
    assert not failures(results)
    assert deadlocks() == before
    for person in people:
        said = sum(result[person.external_id] for result in results if isinstance(result, Counter))
        assert balance(shop, person) == 3000 + said
    assert_books(shop)
