"""What the platform's webhooks did not tell is found, posted and noted; nobody's store makes another's wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.engine.errors import Invalid, LoyaltyError, Refused, Unavailable
from loyalty.models import HealedOrder, InboxDelivery, OutboxMessage, Reconciliation, Shop, StoredFact
from loyalty.services.intake import TryAgain
from loyalty.services.observations import Found, OrderSeen, Unreadable
from loyalty.services.reconciliations import ask
from loyalty.services.replaying import replay_message
from loyalty.worker import outbox, reconciliation, schedule
from tests.factories import ALICE, T0, assert_books, balance, make_order, make_shop, place, receive, refund_of, seen

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=5)
HOUR = timedelta(hours=1)


class Platform:
    """The orders of one store, as its API lists them, oldest change first."""

    def __init__(self, *found: OrderSeen | Unreadable) -> None:
        self.found = list(found)
        self.asked: list[datetime] = []
        self.error: Exception | None = None

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[Found]:
        self.asked.append(since)
        if self.error:
            raise self.error
        for each in self.found:
            if isinstance(each, Unreadable) or each.order.updated_at >= since:
                yield each

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | Unreadable | None:
        if self.error:
            raise self.error
        return next((each for each in self.found if _name(each) == number.lstrip("#")), None)


def _name(found: OrderSeen | Unreadable) -> str:
    return found.external_id if isinstance(found, Unreadable) else found.order.id


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Platform]:
    stores: dict[int, Platform] = {}
    monkeypatch.setattr(reconciliation, "platform_of", lambda shop: stores[shop.pk])

    def give(shop: Shop, *found: OrderSeen | Unreadable) -> Platform:
        stores[shop.pk] = Platform(*found)
        return stores[shop.pk]

    return give


Give = Callable[..., Platform]


def notes(shop: Shop) -> list[tuple[str, bool, int]]:
    rows = HealedOrder.objects.filter(shop=shop).order_by("pk")
    return list(rows.values_list("number", "was_missing", "points"))


def changed(number: int, at: datetime, **more: Any) -> OrderSeen:
    return seen(make_order(str(number), at=at, prices=(10_000,), **more), ALICE)


def test_what_was_never_told_and_what_had_changed_are_posted_and_noted(given: Give) -> None:
    shop = make_shop()
    yesterday = NOW - timedelta(days=1)
    known, refunded, noted = (make_order(number, at=yesterday, prices=(10_000,)) for number in ("1", "2", "3"))
    for order in (known, refunded, noted):
        place(shop, order)
    back = refund_of(refunded, 0, 4_000, at=NOW - HOUR)
    now_refunded = make_order("2", at=yesterday, prices=(10_000,), refunds=(back,), updated_at=NOW - HOUR)
    only_dated = make_order("3", at=yesterday, prices=(10_000,), updated_at=NOW - HOUR)
    given(shop, seen(known, ALICE), seen(now_refunded, ALICE), seen(only_dated, ALICE), changed(4, NOW - HOUR))
    turn = reconciliation.reconcile(shop=shop, now=NOW)
    assert (turn.looked_at, turn.is_whole) == (4, True)
    assert notes(shop) == [("#2", False, -40), ("#4", True, 100)]
    assert balance(shop) == 360
    shop.refresh_from_db()
    assert shop.orders_cursor == NOW
    reconciliation.reconcile(shop=shop, now=NOW + HOUR)
    assert len(notes(shop)) == 2
    assert_books(shop)


def test_a_comparison_that_finds_nothing_leaves_no_row(given: Give) -> None:
    shop = make_shop()
    place(shop, make_order("1"))
    given(shop, seen(make_order("1"), ALICE))
    reconciliation.reconcile(shop=shop, now=NOW)
    assert not Reconciliation.objects.filter(shop=shop).exists()


def test_what_may_still_be_on_its_way_is_stored_and_not_called_missing(given: Give) -> None:
    shop, behind = make_shop(), make_shop()
    given(shop, changed(1, NOW - timedelta(seconds=30)))
    given(behind, changed(1, NOW - timedelta(minutes=20)), changed(2, NOW - timedelta(minutes=40)))
    receive(shop_id=behind.pk, delivery_id="d", topic="t", body=b"", meta={}, at=NOW - timedelta(minutes=30))
    for each in (shop, behind):
        reconciliation.reconcile(shop=each, now=NOW)
    assert (balance(shop), notes(shop)) == (100, [])
    assert (balance(behind), notes(behind)) == (200, [("#2", True, 100)])


def test_a_crash_loses_no_progress(given: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    store = given(shop, *(changed(number, T0 + number * HOUR) for number in range(1, 7)))
    whole = reconciliation.record_chunk
    chunks = 0

    def dies_in_the_third(*given: Any) -> list[Unreadable]:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise KeyboardInterrupt
        return whole(*given)

    monkeypatch.setattr("loyalty.worker.history.CHUNK", 2)
    monkeypatch.setattr(reconciliation, "record_chunk", dies_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        reconciliation.reconcile(shop=shop, now=NOW)
    assert balance(shop) == 400
    shop.refresh_from_db()
    reconciliation.reconcile(shop=shop, now=NOW)
    assert store.asked[1] == T0 + 4 * HOUR, "it goes on where it was"
    assert balance(shop) == 600
    assert [number for number, _, _ in notes(shop)] == [f"#{number}" for number in range(1, 7)]


def test_a_cursor_never_goes_back(given: Give) -> None:
    shop = make_shop()
    given(shop)
    late = Shop.objects.get(pk=shop.pk)
    reconciliation.reconcile(shop=shop, now=NOW)
    reconciliation.reconcile(shop=late, now=NOW - HOUR)
    shop.refresh_from_db()
    assert shop.orders_cursor == NOW


def test_a_store_with_endless_changes_takes_turns(given: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.worker.history.CHUNK", 2)
    monkeypatch.setattr(reconciliation, "TURN_ORDERS", 4)
    large, small = make_shop(), make_shop()
    given(large, *(changed(number, T0 + number * HOUR) for number in range(1, 11)))
    given(small, changed(1, T0 + HOUR))
    assert reconciliation.reconcile_shops(now=NOW) == 2
    assert (balance(large), balance(small)) == (400, 100)
    for seconds in range(1, 9):
        reconciliation.reconcile_shops(now=NOW + timedelta(seconds=seconds))
    assert balance(large) == 1_000
    assert reconciliation.reconcile_shops(now=NOW + timedelta(seconds=20)) == 0
    assert_books(large)


def test_many_changes_of_one_second_are_one_turn(given: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merchant tags every order at once: a turn that ended within the second would begin there for ever."""
    monkeypatch.setattr("loyalty.worker.history.CHUNK", 2)
    monkeypatch.setattr(reconciliation, "TURN_ORDERS", 2)
    shop = make_shop(at=T0)
    begin = T0 - reconciliation.OVERLAP
    given(shop, *(changed(number, begin) for number in range(1, 8)), changed(8, begin + HOUR))
    assert reconciliation.reconcile(shop=shop, now=NOW).looked_at == 8


@pytest.mark.parametrize("error", [Unavailable("No answer."), TryAgain("Another worker came between"), Refused("No.")])
def test_a_store_that_fails_stops_nobody_else_and_is_asked_again_later(given: Give, error: Exception) -> None:
    mute, heard = make_shop(), make_shop()
    given(mute).error = error
    given(heard, changed(1, T0 + HOUR))
    assert reconciliation.reconcile_shops(now=NOW) == 2
    assert balance(heard) == 100
    mute.refresh_from_db()
    assert mute.orders_cursor is None
    retryable = not isinstance(error, LoyaltyError) or error.retryable
    wait = reconciliation.AGAIN_AFTER if retryable else reconciliation.EVERY
    assert reconciliation.reconcile_shops(now=NOW + wait - timedelta(seconds=1)) == 0
    given(mute, changed(1, T0 + HOUR))
    reconciliation.reconcile_shops(now=NOW + wait)
    assert balance(mute) == 100


def test_a_worker_that_died_leaves_its_shop_to_the_next(given: Give) -> None:
    shop = make_shop()
    given(shop, changed(1, T0 + HOUR))
    assert reconciliation._claimed(NOW) == shop
    assert reconciliation.reconcile_shops(now=NOW) == 0
    assert reconciliation.reconcile_shops(now=NOW + reconciliation.LEASE) == 1
    assert balance(shop) == 100


def test_shops_are_asked_once_an_hour_and_only_while_they_have_the_app(given: Give) -> None:
    shop, new, gone = make_shop(), make_shop(at=NOW - timedelta(minutes=10)), make_shop()
    stores = [given(each) for each in (shop, new, gone)]
    Shop.objects.filter(pk=gone.pk).update(status="uninstalled")
    for minutes in (0, 30, 59, 60):
        reconciliation.reconcile_shops(now=NOW + timedelta(minutes=minutes))
    assert [len(store.asked) for store in stores] == [2, 1, 0]


def asked(shop: Shop, number: str = "", at: datetime = NOW) -> Reconciliation:
    return ask(shop=shop, number=number, asked_by="staff", at=at)


def test_an_order_nobody_told_us_about_is_fetched_by_its_number(given: Give) -> None:
    shop = make_shop()
    given(shop, changed(1042, T0 + HOUR))
    question = asked(shop, " #1042 ")
    outbox.run_now(kind="orders.look_up", subject=str(question.pk), shop_id=shop.pk, now=NOW)
    question.refresh_from_db()
    assert (question.finished_at, question.order_id, question.looked_at) == (NOW, "1042", 1)
    assert notes(shop) == [("#1042", True, 100)]
    assert balance(shop) == 100


def test_a_known_order_and_an_unknown_number_are_answered_too(given: Give) -> None:
    shop = make_shop()
    order = make_order("7", prices=(10_000,))
    place(shop, order)
    given(shop, seen(order, ALICE))
    known, unknown = asked(shop, "7"), asked(shop, "8")
    outbox.drain_messages(now=NOW)
    for each in (known, unknown):
        each.refresh_from_db()
    assert (known.finished_at, known.order_id, known.failure) == (NOW, "7", "")
    assert (unknown.finished_at, unknown.order_id, unknown.looked_at) == (NOW, "", 0)
    assert notes(shop) == []


def test_an_order_that_cannot_be_used_is_kept_and_the_answer_says_why(given: Give) -> None:
    shop = make_shop()
    impossible = seen(make_order("5", prices=(-5,)), ALICE)
    given(shop, impossible, Unreadable(what="order", external_id="6", why="Its price is no number."))
    questions = [asked(shop, "5"), asked(shop, "6")]
    outbox.drain_messages(now=NOW)
    for question in questions:
        question.refresh_from_db()
        assert question.finished_at == NOW
        assert question.failure.endswith(".")
    assert InboxDelivery.objects.filter(shop=shop, state="dead").count() == 2
    assert (notes(shop), StoredFact.objects.filter(shop=shop).count()) == ([], 0)


def test_a_question_is_asked_once_however_often_the_button_is_pressed(given: Give) -> None:
    shop = make_shop()
    given(shop, changed(1, NOW - HOUR))
    assert len({asked(shop).pk for _ in range(3)}) == 1
    assert OutboxMessage.objects.filter(shop=shop, kind="orders.reconcile").count() == 1
    assert schedule.outbox.drain_comparisons(now=NOW) == 1
    assert asked(shop, at=NOW + HOUR).begun_at == NOW + HOUR


@pytest.mark.parametrize("number", ["a" * 65, "1'42", '1"', "1\\", "1\x00", "1\n2"])
def test_what_can_be_no_number_is_not_asked_for(number: str) -> None:
    with pytest.raises(Invalid, match="#1042"):
        asked(make_shop(), number)


def test_the_last_day_is_compared_in_turns_until_it_is_through(given: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.worker.history.CHUNK", 2)
    monkeypatch.setattr(reconciliation, "FIRST_TURN_ORDERS", 2)
    monkeypatch.setattr(reconciliation, "TURN_ORDERS", 4)
    shop = make_shop()
    given(shop, changed(99, T0), *(changed(number, NOW - 10 * HOUR + number * HOUR) for number in range(1, 10)))
    question = asked(shop)
    rounds = 0
    while outbox.drain_comparisons(now=NOW + timedelta(seconds=2 * rounds)):
        rounds += 1
    question.refresh_from_db()
    assert rounds == 4
    assert question.finished_at == NOW + timedelta(seconds=6)
    assert len(notes(shop)) == 9
    assert balance(shop) == 900
    assert OutboxMessage.objects.get(shop=shop, kind="orders.reconcile").state == "done"


def test_a_platform_that_does_not_answer_is_asked_again_and_a_refusal_ends_it(given: Give) -> None:
    shop = make_shop()
    store = given(shop, changed(1, NOW - HOUR))
    store.error = Unavailable("The store did not answer.")
    question = asked(shop, "1")
    outbox.drain_messages(now=NOW)
    question.refresh_from_db()
    assert (question.finished_at, question.failure) == (None, "The store did not answer.")
    store.error = None
    outbox.drain_messages(now=NOW + HOUR)
    question.refresh_from_db()
    assert (question.finished_at, question.failure) == (NOW + HOUR, "")
    store.error = Refused("The app lacks a permission.")
    other = asked(shop, "2")
    outbox.drain_messages(now=NOW)
    other.refresh_from_db()
    assert (other.finished_at, other.failure) == (NOW, "The app lacks a permission.")


def test_a_question_that_is_given_up_ends_and_can_be_tried_again(given: Give) -> None:
    shop = make_shop()
    store = given(shop, changed(1, NOW - HOUR))
    store.error = Unavailable("The store did not answer.")
    question = asked(shop, "1")
    OutboxMessage.objects.filter(shop=shop).update(attempts=11)
    outbox.drain_messages(now=NOW)
    question.refresh_from_db()
    assert (question.finished_at, question.failure) == (NOW, "The store did not answer.")
    message = OutboxMessage.objects.get(shop=shop, kind="orders.look_up")
    assert message.state == "dead"
    store.error = None
    assert replay_message(shop=shop, message_id=message.pk, now=NOW + HOUR)
    outbox.drain_messages(now=NOW + HOUR)
    question.refresh_from_db()
    assert (question.finished_at, question.failure, question.order_id) == (NOW + HOUR, "", "1")


def test_comparisons_are_forgotten_after_a_season(given: Give) -> None:
    shop = make_shop()
    given(shop, changed(1, NOW - HOUR))
    reconciliation.reconcile(shop=shop, now=NOW)
    schedule.forget_old(now=NOW + timedelta(days=89))
    assert HealedOrder.objects.filter(shop=shop).exists()
    schedule.forget_old(now=NOW + timedelta(days=91))
    assert not HealedOrder.objects.filter(shop=shop).exists()
    assert StoredFact.objects.filter(shop=shop, kind="order").count() == 1
