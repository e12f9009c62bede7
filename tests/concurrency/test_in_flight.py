"""Two transactions that cannot see each other's rows: the second is begun while the first is done and not committed.
Whichever way round they come, nobody's points fall between them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Event

import pytest
from django.db import connection, connections, transaction

from loyalty.engine.facts import Order
from loyalty.models import Member, Shop, StoredFact
from loyalty.services.intake import record
from loyalty.services.observations import Observation, Person, PersonSeen, RefundSeen
from loyalty.services.orders import TryAgain
from tests.concurrency.races import deadlocks, race
from tests.factories import ALICE, T0, assert_books, balance, make_member, make_order, make_shop, place, refund_of, seen

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=30)
WAIT_SECONDS = 300
_SOMEBODY_WAITS = """
SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""
_LOOK_ANEW = "SELECT pg_stat_clear_snapshot()"
GUEST = Person(email=ALICE.email)


def tell(shop: Shop, *observations: Observation) -> None:
    """As a worker does it: another try where another worker came between."""
    while True:
        try:
            return record(shop=shop, observations=observations, at=NOW)
        except TryAgain:
            continue


def overlap(first: Callable[[], None], second: Callable[[], None]) -> None:
    """Does `first` and commits it only when `second` has ended, or waits for it."""
    is_done = Event()

    def run(work: Callable[[], None]) -> None:
        try:
            is_done.wait(WAIT_SECONDS)
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            other = pool.submit(run, second)
            first()
            is_done.set()
            _until_it_waits_or_ended(other)
        other.result(WAIT_SECONDS)


def _until_it_waits_or_ended(other: Future[None]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not other.done():
        with connection.cursor() as cursor:
            cursor.execute(_LOOK_ANEW)
            cursor.execute(_SOMEBODY_WAITS)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.002)


def both_ways(one: Observation, other: Observation, prepare: Callable[[Shop], None] = lambda _: None) -> list[Shop]:
    shops = []
    for first, second in ((one, other), (other, one)):
        shop = make_shop()
        prepare(shop)
        overlap(partial(tell, shop, first), partial(tell, shop, second))
        shops.append(shop)
    return shops


def paid() -> Order:
    return make_order("1", prices=(6000,))


def lone_refund() -> RefundSeen:
    order = paid()
    return RefundSeen(order_id=order.id, refund=refund_of(order, 0, 2000, at=order.updated_at + timedelta(hours=1)))


def test_a_guest_who_orders_while_the_account_is_made() -> None:
    account = PersonSeen(person=ALICE, at=NOW)
    for shop in both_ways(seen(paid(), GUEST), account):
        assert balance(shop) == 60
        assert_books(shop)


def test_a_guest_who_orders_while_the_account_takes_over_that_address() -> None:
    def prepare(shop: Shop) -> None:
        make_member(shop, Person(external_id=ALICE.external_id, email="before@shopper.test"))

    for shop in both_ways(seen(paid(), GUEST), PersonSeen(person=ALICE, at=NOW), prepare):
        assert balance(shop) == 60
        assert_books(shop)


def test_a_guest_who_orders_again_while_the_account_adopts_the_guest() -> None:
    def prepare(shop: Shop) -> None:
        place(shop, make_order("0", prices=(1000,)), GUEST)

    for shop in both_ways(seen(paid(), GUEST), PersonSeen(person=ALICE, at=NOW), prepare):
        assert balance(shop) == 70
        assert_books(shop)


def test_a_refund_that_comes_alone_while_its_order_is_stored() -> None:
    for shop in both_ways(seen(paid(), ALICE), lone_refund()):
        assert balance(shop) == 40
        assert_books(shop)


def test_a_refund_that_comes_alone_while_its_order_finds_an_owner() -> None:
    later = seen(make_order("1", prices=(6000,), updated_at=paid().updated_at + timedelta(minutes=1)), ALICE)
    for shop in both_ways(later, lone_refund(), lambda shop: place(shop, paid(), None)):
        assert balance(shop) == 40
        assert_books(shop)


@pytest.fixture
def slow_inserts() -> Iterator[None]:
    """A row takes a millisecond, so that two inserts of many rows are sure to meet."""
    tables = (Member._meta.db_table, StoredFact._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(_SLOWLY)
        for table in tables:
            cursor.execute(f"CREATE TRIGGER slow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION slowly()")
        yield
        for table in tables:
            cursor.execute(f"DROP TRIGGER slow ON {table}")
        cursor.execute("DROP FUNCTION slowly()")


_SLOWLY = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END $$
"""


def people_to_come(batch: int) -> list[Observation]:
    return [PersonSeen(person=Person(external_id=f"{batch}{number}"), at=NOW) for number in range(40)]


def orders_to_come(batch: int) -> list[Observation]:
    """Of nobody: no member's lock keeps them apart."""
    return [seen(make_order(f"{batch}-{number}"), None) for number in range(40)]


def refunds_of_orders_to_come(batch: int) -> list[Observation]:
    orders = [make_order(f"{batch}-{number}") for number in range(40)]
    refunds = [refund_of(order, 0, 100, at=NOW, refund_id=f"r{order.id}") for order in orders]
    return [RefundSeen(order_id=order.id, refund=gone) for order, gone in zip(orders, refunds, strict=True)]


@pytest.mark.usefixtures("slow_inserts")
@pytest.mark.parametrize("to_come", [people_to_come, orders_to_come, refunds_of_orders_to_come])
def test_workers_with_the_same_news_in_different_order_do_not_lock_each_other_out(
    to_come: Callable[[int], list[Observation]],
) -> None:
    shop = make_shop()
    before = deadlocks()
    for batch in range(3):
        news = to_come(batch)
        results = race([partial(tell, shop, *random.Random(racer).sample(news, len(news))) for racer in range(4)])
        assert results == [set()] * 4
    assert deadlocks() == before
    stored = Member.objects.filter(shop=shop).count() + StoredFact.objects.filter(shop=shop).count()
    assert stored == 3 * len(news)
