"""What the merchant reads of orders that the store never told us about, and of what could not be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from loyalty.engine.errors import Refused, Unavailable
from loyalty.models import OutboxMessage, Reconciliation, Shop
from loyalty.services.observations import Found, OrderSeen, Unreadable
from loyalty.services.outbox import leave
from loyalty.services.replaying import REPLAY
from loyalty.worker import outbox, reconciliation
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.factories import ALICE, make_order, make_shop, place, refund_of, seen

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Store:
    """What the platform says; `down` makes it answer with an error."""

    def __init__(self) -> None:
        self.found: list[OrderSeen | Unreadable] = []
        self.down: Exception | None = None

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[Found]:
        if self.down:
            raise self.down
        yield from self.found

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | Unreadable | None:
        if self.down:
            raise self.down
        by_name = {each.external_id if isinstance(each, Unreadable) else each.order.id: each for each in self.found}
        return by_name.get(number.lstrip("#"))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    told = Store()
    monkeypatch.setattr(reconciliation, "platform_of", lambda shop: told)
    return told


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(platform="ecwid", at=BEGAN, currency="USD")


def order(number: int, price: int = 8_000) -> OrderSeen:
    at = timezone.now() - number * HOUR
    return seen(make_order(str(number), at=at, prices=(price,), currency="USD"), ALICE)


def compare(ask: Ask, shop: Shop, **data: str) -> HttpResponse:
    return ask("/dashboard/comparisons/", shop, "post", **data)


def test_three_orders_nobody_told_us_about_and_one_that_had_changed(ask: Ask, shop: Shop, store: Store) -> None:
    known = order(5, 1_000).order
    place(shop, known)
    paid_later = make_order(
        "5",
        at=known.placed_at,
        prices=(1_000,),
        currency="USD",
        refunds=(refund_of(known, 0, 500, at=known.placed_at + HOUR),),
        updated_at=known.placed_at + HOUR,
    )
    store.found = [order(1), order(2), order(3), seen(paid_later, ALICE)]
    reconciliation.reconcile(shop=shop, now=timezone.now())
    said = "3 orders the store never told us about, 1 that had changed; 235 points"
    assert said in words(ask("/dashboard/", shop))
    assert said in words(ask("/dashboard/comparisons/", shop))
    found = Reconciliation.objects.get(shop=shop)
    page = ask(f"/dashboard/comparisons/{found.pk}/", shop)
    assert said in words(page)
    assert "#1 Was missing +80 #2 Was missing +80 #3 Was missing +80 #5 Had changed −5" in words(page)
    assert page.content.decode().count('href="/dashboard/orders/') == 5  # the nav, and every order


def test_the_last_day_is_compared_while_the_merchant_looks_on(ask: Ask, shop: Shop, store: Store) -> None:
    store.found = [order(1)]
    answer = compare(ask, shop)
    assert "1 order the store never told us about; 80 points" in words(answer)
    found = Reconciliation.objects.get(shop=shop)
    assert answer["HX-Push-Url"] == f"/dashboard/comparisons/{found.pk}/"
    again = words(compare(ask, shop))
    assert "Nothing was missing" in again
    assert "The store named 1 order that changed in the last day; it was here as it is." in again


def test_the_angry_customers_order_is_fetched_by_its_number(ask: Ask, shop: Shop, store: Store) -> None:
    store.found = [order(9)]
    nothing = ask("/dashboard/orders/", shop, q="#9")
    assert "No such order here" in words(nothing)
    assert "Ask the store for #9" in words(nothing)
    page = words(compare(ask, shop, number="#9"))
    assert "Order #9 was missing" in page
    assert "It is counted now: 80 points." in page
    assert "Open the order" in page
    assert "is here already" in words(compare(ask, shop, number="9"))


def test_a_number_that_the_store_does_not_know_gets_a_clear_answer(ask: Ask, shop: Shop, store: Store) -> None:
    page = words(compare(ask, shop, number="#404"))
    assert "The store does not know #404" in page
    assert "Open the order" not in page


def test_an_order_that_cannot_be_used_says_why(ask: Ask, shop: Shop, store: Store) -> None:
    store.found = [Unreadable(what="order", external_id="6", why="Its price is no number.")]
    page = words(compare(ask, shop, number="6"))
    assert "Order 6 cannot be used" in page
    assert "Its price is no number." in page


def test_a_store_that_does_not_answer_is_asked_again_and_the_page_says_so(ask: Ask, shop: Shop, store: Store) -> None:
    store.down = Unavailable("The store did not answer.")
    page = words(compare(ask, shop, number="7"))
    assert "The store is being asked" in page
    assert "The store did not answer. We go on trying." in page
    assert "Look again" in page
    store.down, store.found = None, [order(7)]
    outbox.drain_messages(now=timezone.now() + HOUR)
    found = Reconciliation.objects.get(shop=shop)
    assert "Order 7 was missing" in words(ask(f"/dashboard/comparisons/{found.pk}/", shop))


def test_a_store_that_refuses_ends_the_question(ask: Ask, shop: Shop, store: Store) -> None:
    store.down = Refused("The app lacks a permission for this.")
    page = words(compare(ask, shop))
    assert "The store could not be asked" in page
    assert "The app lacks a permission for this." in page


@pytest.mark.parametrize("number", ["", " ", "x" * 65, "1'2", "1\x002"])
def test_what_is_no_number_is_said_beside_the_field(ask: Ask, shop: Shop, store: Store, number: str) -> None:
    answer = compare(ask, shop, number=number)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Reconciliation.objects.filter(shop=shop).exists()


def test_only_so_many_questions_in_ten_minutes(
    ask: Ask, shop: Shop, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty.dashboard.views.COMPARISONS", 2)
    assert [compare(ask, shop, number=str(number)).status_code for number in range(3)] == [200, 200, 422]
    assert compare(ask, make_shop(platform="ecwid", at=BEGAN), number="1").status_code == 200


def test_what_the_store_says_is_text_and_no_markup(ask: Ask, shop: Shop, store: Store) -> None:
    store.found = [Unreadable(what="order", external_id="6", why=f"{SCRIPT} is no price.")]
    for page in (compare(ask, shop, number="6"), ask("/dashboard/comparisons/", shop)):
        assert SCRIPT not in page.content.decode()


def test_what_was_given_up_is_shown_with_what_it_means_and_tried_again(ask: Ask, shop: Shop) -> None:
    kinds = ("reward.issue", "reward.give", "reward.revoke", "history.import", "orders.look_up", "something.new")
    OutboxMessage.objects.filter(shop=shop).delete()
    for kind in kinds:
        leave(shop=shop, kind=kind, subject="1", at=BEGAN)
    leave(shop=shop, kind="mail", subject="code:1", at=BEGAN)
    OutboxMessage.objects.filter(shop=shop).update(state="dead", attempts=12, outcome="The store answered 500.")
    OutboxMessage.objects.filter(shop=shop, kind="mail").update(outcome="SMTPRecipientsRefused")
    assert "7 things could not be done" in words(ask("/dashboard/", shop))
    page = words(ask("/dashboard/undone/", shop))
    for part in (
        "A code could not be made The points are back with the member",
        "A gift could not be made The member does not have it yet",
        "A code that has ended could not be switched off Until it is, whoever has it may still use it.",
        "Your past orders were not read to the end",
        "A comparison with your store was not finished",
        "Something could not be done",
        "A mail could not be sent",
        "The store answered 500.",
        "Something unforeseen went wrong; the server’s log says more (SMTPRecipientsRefused).",
    ):
        assert part in page
    assert page.count("Try again") == 5, "neither the code that was given back nor the code to sign in"
    message = OutboxMessage.objects.get(shop=shop, kind="reward.revoke")
    again = ask(f"/dashboard/undone/{message.pk}/replay/", shop, "post")
    assert "In line again." in words(again)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("waiting", 0)
    twice = ask(f"/dashboard/undone/{message.pk}/replay/", shop, "post")
    assert twice.status_code == 200
    assert "It was put in line already." in words(twice), "pressed twice, or in a second tab"


def test_all_that_can_be_of_use_is_tried_again_at_once(ask: Ask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    OutboxMessage.objects.filter(shop=shop).delete()
    for number in range(3):
        leave(shop=shop, kind="reward.pay", subject=str(number), at=BEGAN)
    leave(shop=shop, kind="reward.issue", subject="1", at=BEGAN)
    leave(shop=shop, kind="mail", subject="code:1", at=BEGAN)
    OutboxMessage.objects.filter(shop=shop).update(state="dead", attempts=12, outcome="The store answered 500.")
    assert "Try all again" in words(ask("/dashboard/undone/", shop))
    monkeypatch.setattr("loyalty.services.replaying.AT_ONCE", 2)
    said = words(ask("/dashboard/undone/replay/", shop, "post"))
    assert "2 things are in line again." in said
    assert "1 more thing is being put in line. Look again" in said
    assert "Try all again" not in said, "it is being done"
    assert outbox.drain(now=timezone.now(), kinds=[REPLAY]) == 1
    said = words(ask("/dashboard/undone/", shop))
    assert "being put in line" not in said
    assert "0 things are in line again." in words(ask("/dashboard/undone/replay/", shop, "post"))
    dead = OutboxMessage.objects.filter(shop=shop, state="dead").values_list("kind", flat=True)
    assert sorted(dead) == ["mail", "reward.issue"]
    assert not OutboxMessage.objects.filter(shop=shop, kind=REPLAY, state="waiting").exists()


def test_nothing_undone_and_nothing_missing_say_so(ask: Ask, shop: Shop) -> None:
    assert "Nothing is left undone" in words(ask("/dashboard/undone/", shop))
    assert "Nothing was missing" in words(ask("/dashboard/comparisons/", shop))
    assert "Not compared with your store yet" in words(ask("/dashboard/", shop))
