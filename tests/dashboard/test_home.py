"""Home: one banner, what is left to do, and the figure of the goal before and since the launch."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from loyalty.models import Launch, OutboxMessage, Shop
from loyalty.selectors.goals import compared
from loyalty.services.launching import follow
from loyalty.services.observations import Person
from loyalty.services.outbox import leave
from loyalty.services.programs import begin_draft, pause, save_draft
from loyalty.services.widget_settings import save
from tests.dashboard.conftest import BEGAN, Ask, Seen, words
from tests.factories import make_order, make_shop, place

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def customer(number: int) -> Person:
    return Person(external_id=f"c{number}", email=f"c{number}@shopper.test", name=f"C {number}")


def ordered(shop: Shop, number: int, at: datetime, price: int = 5_000) -> None:
    name = f"{number}-{at.isoformat()}"
    place(shop, make_order(name, at=at, prices=(price,), currency=shop.currency), customer(number))


@pytest.fixture
def old_shop(db: None) -> Shop:
    return make_shop(platform="ecwid", at=timezone.now() - 100 * DAY)


def test_there_is_one_banner_and_the_rest_is_a_list(ask: Ask, ours: Seen) -> None:
    Shop.objects.filter(pk=ours.shop.pk).update(trouble="The plan has ended.")
    page = ask("/dashboard/", ours.shop).content.decode()
    assert page.count('class="banner"') == 1
    said = words(ask("/dashboard/", ours.shop))
    assert "The plan has ended." in said
    assert said.index("The plan has ended.") < said.index("To do") < said.index("1 message from your shop")
    assert "1 thing could not be done" in said
    assert "1 shopper asks for a copy" in said


@pytest.mark.parametrize(
    ("earning", "redeeming", "heading", "said"),
    [
        (True, True, "Paused", "Earning and redeeming are paused"),
        (True, False, "Running, with something for you", "Earning is paused"),
        (False, True, "Running, with something for you", "Redeeming is paused"),
        (False, False, "Running, with something for you", ""),  # the fixture leaves messages waiting
    ],
)
def test_a_pause_is_said_until_it_ends(
    ask: Ask, old_shop: Shop, earning: bool, redeeming: bool, heading: str, said: str
) -> None:
    ordered(old_shop, 1, timezone.now() - DAY)
    pause(shop=old_shop, earning=earning, redeeming=redeeming, at=timezone.now())
    page = ask("/dashboard/", old_shop).content.decode()
    assert re.findall(r'<h2 id="running">([^<]*)</h2>', page) == [heading]
    assert re.findall(r'class="banner"[^$]*?<h3>([^<]*)</h3>', page) == ([said] if said else [])
    assert ('href="/dashboard/program/pause/"' in page) == bool(said)


def test_what_waits_is_named_and_leads_there(ask: Ask, ours: Seen) -> None:
    begin_draft(shop=ours.shop, at=BEGAN)
    draft = begin_draft(shop=ours.shop, at=BEGAN)
    save_draft(shop=ours.shop, revision=draft.revision, part={"name": "Another"}, at=BEGAN)
    place(ours.shop, make_order("n", at=timezone.now() - DAY, currency="USD", paid=False))
    page = words(ask("/dashboard/", ours.shop))
    assert "Draft 2 is not published" in page
    assert "1 order earned nothing this week" in page


def test_what_is_planned_does_not_wait_and_what_was_tried_in_vain_does(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    OutboxMessage.objects.filter(shop=shop).update(state="done")
    leave(shop=shop, kind="mail", subject="later", at=timezone.now() + DAY)
    assert "Nothing is queued" in words(ask("/dashboard/", shop))
    OutboxMessage.objects.filter(shop=shop, kind="mail").update(attempts=1)
    assert "Being worked on" in words(ask("/dashboard/", shop))


def test_the_checklist_ticks_itself_off_and_goes(ask: Ask, ours: Seen) -> None:
    before = words(ask("/dashboard/", ours.shop))
    assert "Give the widget your colour and words" in before
    save(shop=ours.shop, data={"colour": "#0f5c66"}, at=timezone.now())
    assert "What is left" not in words(ask("/dashboard/", ours.shop))


def test_a_young_program_says_that_there_is_not_enough_data_yet(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=timezone.now() - 5 * DAY)
    follow(shop=shop, goal="larger_orders")
    page = words(ask("/dashboard/goal/", shop))
    assert "Not enough data yet" in page
    assert "Ask again on" in page


def test_too_few_customers_are_no_figure_either(ask: Ask, old_shop: Shop) -> None:
    follow(shop=old_shop, goal="larger_orders")
    ordered(old_shop, 1, timezone.now() - DAY)
    assert "0 before and 1 since; it takes 30 on both sides" in words(ask("/dashboard/goal/", old_shop))


def test_larger_orders_are_compared_with_an_interval(ask: Ask, old_shop: Shop) -> None:
    follow(shop=old_shop, goal="larger_orders")
    now = timezone.now()
    for number in range(40):
        ordered(old_shop, number, now - timedelta(days=110, minutes=number), price=4_000 + number)
        ordered(old_shop, number, now - timedelta(days=10, minutes=number), price=5_000 + number)
    page = words(ask("/dashboard/goal/", old_shop))
    assert "More than before" in page
    assert "Up from €40.2" in page
    assert "seasons change it too" in page


def test_a_share_is_told_in_customers(ask: Ask, old_shop: Shop) -> None:
    follow(shop=old_shop, goal="second_orders")
    now = timezone.now()
    for number in range(40):
        ordered(old_shop, number, now - timedelta(days=170, minutes=number))
        ordered(old_shop, 100 + number, now - timedelta(days=60, minutes=number))
    for number in (*range(20), *range(100, 110)):
        ordered(old_shop, number, now - timedelta(days=150 if number < 100 else 40))
    page = words(ask("/dashboard/goal/", old_shop))
    assert "25.0% Down from 50.0%" in page
    assert re.search(r"Of 100 customers, between 4\d\.\d fewer and [3-9]\.\d fewer than before, 19 times in 20", page)


def test_second_orders_count_within_thirty_days_of_the_first(old_shop: Shop) -> None:
    launched, now = timezone.now() - 100 * DAY, timezone.now()
    for number in range(4):
        ordered(old_shop, number, launched + (15 + number) * DAY)
    ordered(old_shop, 0, launched + 20 * DAY)
    ordered(old_shop, 1, launched + 60 * DAY)
    ordered(old_shop, 9, launched - 60 * DAY)
    ordered(old_shop, 9, launched - 40 * DAY)
    found = compared(shop=old_shop, goal=Launch.Goal.SECOND_ORDERS, launched_at=launched, now=now)
    assert (found.since.count, found.since.mean) == (4, 0.25)
    assert (found.before.count, found.before.mean) == (1, 1.0)
    assert not found.is_enough


def test_kept_customers_and_new_ones(old_shop: Shop) -> None:
    launched, now = timezone.now() - 100 * DAY, timezone.now()
    ordered(old_shop, 1, launched - 5 * DAY)
    ordered(old_shop, 2, launched + 4 * DAY)
    ordered(old_shop, 2, launched + 50 * DAY)
    ordered(old_shop, 3, launched + 5 * DAY)
    kept = compared(shop=old_shop, goal=Launch.Goal.KEPT_CUSTOMERS, launched_at=launched, now=now)
    assert (kept.since.count, kept.since.mean) == (3, pytest.approx(1 / 3))
    new = compared(shop=old_shop, goal=Launch.Goal.NEW_CUSTOMERS, launched_at=launched, now=now)
    assert (new.before.count, new.since.count) == (1, 0)


def test_a_shop_without_a_goal_may_choose_one(ask: Ask, old_shop: Shop) -> None:
    assert "Choose a goal" in words(ask("/dashboard/goal/", old_shop))
    assert "Does it do what you want?" not in words(ask("/dashboard/", old_shop))
    follow(shop=old_shop, goal="new_customers")
    assert "Does it do what you want?" in words(ask("/dashboard/", old_shop))
