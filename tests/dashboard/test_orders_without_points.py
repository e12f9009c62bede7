"""Orders that earned nothing: each says why, and has the button that mends it where one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.engine.basis import Exclusions
from loyalty.models import Checkpoint, HeldAward, Member, Shop, StoredFact
from loyalty.selectors.programs import version_in_force
from loyalty.services.observations import Person
from loyalty.services.posting import fold_and_post
from loyalty.services.programs import pause, publish
from tests.dashboard.conftest import BEGAN, Ask, Seen, words
from tests.factories import ALICE, make_order, make_shop, place

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
GUEST = Person(email="guest@shopper.test", name="Guest G.")


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(platform="ecwid", currency="USD", at=BEGAN)


def without(ask: Ask, shop: Shop) -> str:
    return ask("/dashboard/orders/?show=without", shop).content.decode()


def order(number: str, **more: Any) -> Any:
    return make_order(number, at=BEGAN + 2 * DAY, currency="USD", **more)


@pytest.mark.parametrize(
    ("fields", "person", "said", "button"),
    [
        ({"paid": False}, ALICE, "is not paid yet", "Ask the store again"),
        ({"paid": False, "cancelled_at": BEGAN + 3 * DAY}, ALICE, "was cancelled", ""),
        ({}, GUEST, "wait for an account", "See the guest"),
        ({}, None, "names no customer", ""),
        ({"prices": (3,)}, ALICE, "too little for a point", "See the rule"),
    ],
)
def test_each_says_why_and_what_can_be_done(
    ask: Ask, shop: Shop, fields: dict[str, Any], person: Person | None, said: str, button: str
) -> None:
    place(shop, order("77", **fields), person)
    page = without(ask, shop)
    assert said in page
    buttons = ("Ask the store again", "See the guest", "See the rule", "Give points by hand", "Resume earning")
    assert [each for each in buttons if each in page] == ([button] if button else [])
    detail = ask(f"/dashboard/orders/{StoredFact.objects.get(shop=shop, kind='order').pk}/", shop).content.decode()
    assert not button or button in detail


def test_a_test_order_says_so_and_has_nothing_to_mend(ask: Ask, shop: Shop) -> None:
    place(shop, msgspec.structs.replace(order("77"), test=True))
    page = without(ask, shop)
    assert "is a test order" in page
    assert 'class="mend"' not in page


def test_an_order_from_before_the_program_can_be_paid_for_by_hand(ask: Ask, shop: Shop) -> None:
    place(shop, make_order("1", at=BEGAN - DAY, currency="USD"))
    page = without(ask, shop)
    assert "before the program began" in page
    assert "Give points by hand" in page
    assert f"/dashboard/members/{Member.objects.get(shop=shop).pk}/adjust/" in page


def test_an_excluded_product_leads_to_the_rule_that_leaves_it_out(ask: Ask, shop: Shop) -> None:
    version = version_in_force(shop, timezone.now())
    assert version
    program = msgspec.structs.replace(version.program, exclusions=Exclusions(products=("p1",)))
    publish(shop=shop, program=program, at=BEGAN + DAY)
    place(shop, order("77"))
    assert "/dashboard/program/set/exclusions/" in without(ask, shop)


def test_an_order_of_a_pause_leads_to_its_end(ask: Ask, shop: Shop) -> None:
    pause(shop=shop, earning=True, redeeming=False, at=BEGAN + DAY)
    place(shop, order("77"))
    page = without(ask, shop)
    assert "earning was paused" in page
    assert "Resume earning" in page


def test_messages_that_could_not_be_used_are_named_above_the_list(ask: Ask, ours: Seen) -> None:
    assert "Some messages from your shop could not be used" in without(ask, ours.shop)
    assert "Some messages" not in ask("/dashboard/orders/", ours.shop).content.decode()


def test_a_page_reads_no_facts_of_members_whose_orders_are_posted(ask: Ask, shop: Shop) -> None:
    """What earned stands in the ledger, with its reason; nobody is folded for it."""
    for number in range(5):
        place(shop, order(str(number)))
    with CaptureQueriesContext(connection) as asked:
        page = words(ask("/dashboard/orders/", shop))
    assert "#4" in page
    bodies = [query["sql"] for query in asked if '"loyalty_storedfact"."body"' in query["sql"]]
    assert len(bodies) == 1, "the page's own rows and nothing else"


def test_a_young_order_of_a_long_history_is_read_from_the_checkpoint(ask: Ask, shop: Shop) -> None:
    for number in range(30):
        placed = make_order(str(number), at=BEGAN + timedelta(hours=number), prices=(1_000,), currency="USD")
        place(shop, placed)
    member = Member.objects.get(shop=shop)
    fold_and_post(shop=shop, members=[member], at=timezone.now())
    mark = Checkpoint.objects.get(shop=shop).mark
    place(shop, make_order("young", at=mark + timedelta(hours=1), currency="USD", paid=False))
    with CaptureQueriesContext(connection) as asked:
        page = words(ask("/dashboard/orders/?show=without", shop))
    assert "#young" in page
    assert "is not paid yet" in page
    assert any("loyalty_checkpoint" in query["sql"] for query in asked)
    assert len(asked) <= 8


def test_what_the_list_says_is_what_the_orders_own_page_says(ask: Ask, shop: Shop) -> None:
    place(shop, order("1", prices=(12_300,)))
    fact = StoredFact.objects.get(shop=shop, kind="order")
    row = words(ask("/dashboard/orders/", shop))
    detail = words(ask(f"/dashboard/orders/{fact.pk}/", shop))
    assert "123" in row
    assert "123" in detail


def hold(shop: Shop) -> None:
    """60 days, of orders from three days ago on."""
    live = version_in_force(shop, timezone.now())
    assert live is not None
    policies = msgspec.structs.replace(live.program.policies, hold_days=60)
    program = msgspec.structs.replace(live.program, policies=policies)
    publish(shop=shop, program=program, at=timezone.now() - 3 * DAY)


def test_an_order_whose_points_wait_for_their_day_is_not_among_them(ask: Ask, shop: Shop) -> None:
    hold(shop)
    now = timezone.now()
    place(shop, make_order("waits", at=now - DAY, currency="USD"))
    place(shop, make_order("guest", at=now - DAY, currency="USD"), GUEST)
    assert "1 order earned nothing this week" in words(ask("/dashboard/", shop))
    page = words(ask("/dashboard/orders/?show=without", shop))
    assert "#guest" in page
    assert "#waits" not in page


def test_a_page_is_full_whatever_waits_before_it(ask: Ask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the window over what has earned is used up by orders whose points wait."""
    monkeypatch.setattr("loyalty.selectors.dashboard.ORDERS_LOOKED_AT", 30)
    monkeypatch.setattr("loyalty.selectors.dashboard.ROWS", 3)
    hold(shop)
    now = timezone.now()
    for number in range(40):
        place(shop, make_order(f"waits{number}", at=now - timedelta(hours=1, minutes=number), currency="USD"))
    for number in range(4):
        place(shop, make_order(f"unpaid{number}", at=now - DAY - timedelta(minutes=number), currency="USD", paid=False))
    first = ask("/dashboard/orders/?show=without", shop)
    assert [row.number for row in first.context["rows"]] == ["#unpaid0", "#unpaid1", "#unpaid2"]
    second = ask(f"/dashboard/orders/{first.context['next']}", shop)
    assert [row.number for row in second.context["rows"]] == ["#unpaid3"]
    assert second.context["next"] == ""


def test_an_order_that_posting_has_not_reached_is_left_out_all_the_same(ask: Ask, shop: Shop) -> None:
    hold(shop)
    place(shop, make_order("waits", at=timezone.now() - DAY, currency="USD"))
    HeldAward.objects.filter(shop=shop).delete()
    assert "Every order earned points" in words(ask("/dashboard/orders/?show=without", shop))


def test_points_of_a_line_that_was_added_later_wait_as_well(ask: Ask, shop: Shop) -> None:
    """The first line is worth too little for a point; the second, added after the payment, has a hold of its own."""
    hold(shop)
    now = timezone.now()
    placed = make_order("edited", at=now - DAY, prices=(3, 12_000), currency="USD")
    added = msgspec.structs.replace(placed.lines[1], added_at=now - DAY / 2)
    place(shop, msgspec.structs.replace(placed, lines=(placed.lines[0], added)), at=now)
    fact = StoredFact.objects.get(shop=shop, kind="order")
    assert HeldAward.objects.get(shop=shop).fact == fact
    assert "Pending until" in words(ask("/dashboard/orders/", shop))
    assert "#edited" not in words(ask("/dashboard/orders/?show=without", shop))
    statement = ask(f"/dashboard/members/{fact.member_id}/", shop).content.decode()
    assert statement.count(f"/dashboard/orders/{fact.pk}/") == 2, (
        "the line that waits, and the one that brought nothing"
    )
    HeldAward.objects.filter(shop=shop).delete()
    assert "#edited" not in words(ask("/dashboard/orders/?show=without", shop)), "the fold knows it too"


def test_the_mark_of_an_order_that_became_a_guests_hides_it_no_longer(ask: Ask, shop: Shop) -> None:
    hold(shop)
    now = timezone.now()
    placed = make_order("moved", at=now - DAY, currency="USD")
    place(shop, placed)
    assert HeldAward.objects.filter(shop=shop).exists()
    place(shop, msgspec.structs.replace(placed, updated_at=now), GUEST)
    assert "#moved" in words(ask("/dashboard/orders/?show=without", shop))
    assert "1 order earned nothing this week" in words(ask("/dashboard/", shop))
