"""What the pages say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.dashboard.formatting import format_for
from loyalty.engine.tiers import Level
from loyalty.models import (
    BulkRead,
    InboxDelivery,
    LedgerEntry,
    Member,
    OutboxMessage,
    ProgramVersion,
    Redemption,
    Shop,
    StoredFact,
)
from loyalty.selectors import dashboard
from loyalty.selectors.programs import program_of
from loyalty.services.adjustments import adjust
from loyalty.services.observations import Person
from loyalty.services.outbox import leave
from loyalty.services.programs import publish
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, Seen, fill, words
from tests.dashboard.test_access import EXPECTED, address
from tests.factories import ALICE, assert_books, make_order, make_shop, place, receive, refund_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PAGES = [name for name, (_argument, on_get, _on_post) in EXPECTED.items() if on_get == 200]
MOST_QUERIES = 12


def queries(ask: Ask, name: str, seen: Seen) -> int:
    with CaptureQueriesContext(connection) as counted:
        assert ask(address(name, seen), seen.shop).status_code == 200
    return len(counted)


def test_a_page_costs_as_many_queries_at_sixty_rows_as_at_three(ask: Ask) -> None:
    few = fill(make_shop(platform="ecwid", at=BEGAN), members=3, orders=3)
    many = fill(make_shop(platform="ecwid", at=BEGAN), members=60, orders=3)
    for name in PAGES:
        at_three, at_sixty = queries(ask, name, few), queries(ask, name, many)
        assert at_three == at_sixty <= MOST_QUERIES, name


def test_home_of_a_new_shop_says_what_to_do_next(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    page = words(ask("/dashboard/", shop))
    assert "Ready for the first order" in page
    assert "Place an order in your shop and pay it" in page
    assert "Points given" not in page


def test_home_counts_what_happened(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    now = timezone.now()
    place(shop, make_order("1", at=now - DAY, prices=(120_000,)))
    place(shop, make_order("2", at=now - DAY, prices=(30_000,)), None)
    order = make_order("3", at=now - 2 * DAY, prices=(10_000, 5_000))
    refunded = make_order(
        "3",
        at=now - 2 * DAY,
        prices=(10_000, 5_000),
        refunds=(refund_of(order, 1, 5_000, at=now - DAY),),
        updated_at=now,
    )
    place(shop, refunded)
    page = words(ask("/dashboard/", shop))
    assert "Orders seen 3" in page
    assert "Members 1" in page
    assert "Points given 1,300" in page
    assert "Orders 1,350 By hand and brought in 0 Taken back after refunds −50 Given 1,300" in page
    assert "Members placed 67 of every 100 orders." in page


def test_home_and_the_list_name_what_could_not_be_used(ours: Seen, ask: Ask) -> None:
    assert "1 message from your shop could not be used" in words(ask("/dashboard/", ours.shop))
    page = words(ask("/dashboard/deliveries/", ours.shop))
    assert "The total is no amount." in page
    assert "orders/paid" in page


def test_home_says_what_waits_and_for_how_long(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    now = timezone.now()
    OutboxMessage.objects.filter(shop=shop).delete()
    leave(shop=shop, kind="mail", subject="later", at=now + DAY)
    assert "Nothing is queued" in words(ask("/dashboard/", shop))
    leave(shop=shop, kind="mail", subject="now", at=now - timedelta(hours=2))
    assert "1 waits, it came 2 hours ago" in words(ask("/dashboard/", shop))


def test_a_delivery_tried_again_is_back_in_line(ours: Seen, ask: Ask) -> None:
    path = reverse("dashboard:delivery_replay", args=[ours.delivery.pk])
    answer = ask(path, ours.shop, "post")
    assert "In line again" in words(answer)
    assert answer["HX-Push-Url"] == "/dashboard/deliveries/"
    assert InboxDelivery.objects.get(shop=ours.shop, pk=ours.delivery.pk).state == "waiting"
    assert ask(path, ours.shop, "post").status_code == 404, "it is no longer one that needs a look"


def loop(shop: Shop) -> Member:
    """The README's order: 520, redeemed, two lines of 22.50 with the code, one of them refunded."""
    place(shop, make_order("1", at=BEGAN + DAY))
    member = Member.objects.get(shop=shop, external_id=ALICE.external_id)
    seen = fill_redemption(shop, member)
    order = make_order("2", at=BEGAN + 3 * DAY, prices=(2250, 2250), discount=500, codes=(seen,))
    refund = refund_of(order, 0, 2000, at=BEGAN + 4 * DAY)
    place(
        shop,
        make_order(
            "2",
            at=BEGAN + 3 * DAY,
            prices=(2250, 2250),
            discount=500,
            codes=(seen,),
            refunds=(refund,),
            updated_at=BEGAN + 4 * DAY,
        ),
    )
    return member


def fill_redemption(shop: Shop, member: Member) -> str:
    from_reward = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=BEGAN + 2 * DAY)
    begin_issuing(shop=shop, number=from_reward.number)
    mark_ready(shop=shop, number=from_reward.number, external_id="x", at=BEGAN + 2 * DAY)
    return from_reward.code


def test_the_statement_of_the_loop(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    member = loop(shop)
    page = words(ask(f"/dashboard/members/{member.pk}/", shop))
    assert "Available points 290" in page
    for line in ("Order #1", "€5 off", "Order #2", "Order #2 refunded", "Points spent on €5 off returned"):
        assert line in page
    for points in ("+520", "−500", "+40", "−20", "+250"):
        assert points in page
    assert "Thing 1 × 1 €22.50 Thing 2 × 1 €22.50" in page
    assert "−€5.00 Counts for points €40.00" in page
    assert "1 point for every €1 40.00 Points 40" in page
    assert "used in order #2" in page
    assert "Computed again from 3 facts just now. It agrees with the ledger." in page
    assert "Judged by version 1" in page


def hold(shop: Shop, days: int) -> None:
    """The same program, in which points wait for so many days."""
    version = ProgramVersion.objects.get(shop=shop)
    document = {**version.document, "policies": {"hold_days": days}}
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=document)


def test_points_on_hold_stand_above_the_statement_with_their_day(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    hold(shop, 14)
    now = timezone.now()
    place(shop, make_order("1", at=now - 16 * DAY, prices=(10_000,)), at=now)
    place(shop, make_order("2", at=now - 2 * DAY, prices=(7_000,)), at=now)
    member = Member.objects.get(shop=shop)
    page = words(ask(f"/dashboard/members/{member.pk}/", shop))
    fmt = format_for(shop)
    until = fmt.day(now + 12 * DAY, now)
    assert f"Order #2 Pending until {until}" in page
    assert f"Pending 70, until {until}" in page
    assert "Available points 100" in page
    assert page.index("Order #2") < page.index("Order #1")
    assert f"placed {fmt.day(now - 16 * DAY, now)}" in page
    assert f"Pending until {until}" in words(ask("/dashboard/orders/", shop))


def test_a_milestone_on_hold_names_the_order_that_reached_it(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    hold(shop, 14)
    version = ProgramVersion.objects.get(shop=shop)
    second = {"kind": "milestone", "id": "second", "steps": [{"orders": 2, "points": 500}]}
    spend = {
        "kind": "per_amount",
        "id": "spend",
        "points": 1,
        "per_minor": 100,
        "scope": {"minimum_order_minor": 9_000},
    }
    document = {**version.document, "rules": [spend, second]}
    ProgramVersion.objects.filter(shop=shop, pk=version.pk).update(document=document)
    now = timezone.now()
    place(shop, make_order("1", at=now - 3 * DAY, prices=(10_000,)), at=now)
    place(shop, make_order("2", at=now - 2 * DAY, prices=(7_000,)), at=now)
    member, order = Member.objects.get(shop=shop), StoredFact.objects.get(shop=shop, external_id="2")
    until = format_for(shop).day(now + 12 * DAY, now)
    page = ask(f"/dashboard/members/{member.pk}/", shop)
    (line,) = re.findall(r"<details class=\"line\">(?:(?!</details>).)*500.*?</details>", page.content.decode(), re.S)
    assert reverse("dashboard:order", args=[order.pk]) in line
    assert f"Pending until {until}" in line
    assert f"Order #2 is number 2 Pending until {until}" in words(ask(f"/dashboard/orders/{order.pk}/", shop))
    assert f"Pending until {until}" in words(ask("/dashboard/orders/?q=2", shop))
    assert "#2" not in words(ask("/dashboard/orders/?show=without", shop)), "its points only wait"


def test_what_the_clock_alone_has_brought_is_due_and_not_wrong(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    hold(shop, 14)
    now = timezone.now()
    place(shop, make_order("1", at=now - 16 * DAY, prices=(10_000,)), at=now - 10 * DAY)
    member = Member.objects.get(shop=shop)
    page = words(ask(f"/dashboard/members/{member.pk}/", shop))
    assert "The ledger follows within a minute." in page
    assert "Available points 100" in page


def test_a_ledger_that_disagrees_is_said_to(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    member = loop(shop)
    entry = LedgerEntry.objects.filter(shop=shop, kind="earned")[0]
    LedgerEntry.objects.create(
        shop=shop,
        member=member,
        kind="earned",
        source=entry.source,
        revision=9,
        points=7,
        balance_after=297,
        effective_at=entry.effective_at,
        posted_at=entry.posted_at,
        reason=entry.reason,
    )
    assert "1 line differs from the ledger." in words(ask(f"/dashboard/members/{member.pk}/", shop))


def test_an_order_that_earned_nothing_says_why(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    place(shop, make_order("1", at=BEGAN + DAY, paid=False))
    place(shop, make_order("2", at=BEGAN + DAY, prices=(90,)))
    place(shop, make_order("3", at=BEGAN + DAY), None)
    place(shop, make_order("4", at=BEGAN + DAY), Person(email="guest@shopper.test"))
    place(shop, make_order("5", at=BEGAN - DAY))
    place(shop, make_order("6", at=BEGAN + DAY))
    page = words(ask("/dashboard/orders/?show=without", shop))
    for reason in (
        "Order #1 is not paid yet",
        "is too little for a point",
        "nobody to give points to",
        "wait for an account with the same e-mail",
        "was placed before the program began",
    ):
        assert reason in page
    assert "#6" not in page
    reasons = {"1": "is not paid yet", "2": "is too little for a point", "3": "nobody to give points to"}
    for fact in StoredFact.objects.filter(shop=shop, kind="order"):
        assert reasons.get(fact.external_id, "") in words(ask(f"/dashboard/orders/{fact.pk}/", shop))


def test_the_order_page_adds_up(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    loop(shop)
    fact = StoredFact.objects.get(shop=shop, kind="order", external_id="2")
    page = words(ask(f"/dashboard/orders/{fact.pk}/", shop))
    assert "Why this many points? 20" in page
    assert "40 earned, 20 taken back after a refund." in page
    assert "Total €40.00" in page


def test_members_are_found_by_name_mail_and_number(ask: Ask) -> None:
    seen = fill(make_shop(platform="ecwid", at=BEGAN), members=3)
    for search in ("hopper 1", "C1@SHOPPER", "c1"):
        page = words(ask("/dashboard/members/", seen.shop, q=search))
        assert "Shopper 1" in page
        assert "Shopper 2" not in page
    assert "Nobody found" in words(ask("/dashboard/members/", seen.shop, q="100%"))
    assert "Nobody found" in words(ask("/dashboard/members/", seen.shop, q="\x00" + "x" * 5000))


def test_members_of_one_tier_are_listed_where_there_are_tiers(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    assert "All tiers" not in words(ask("/dashboard/members/", fill(shop, members=2).shop))
    live = program_of(ProgramVersion.objects.get(shop=shop))
    levels = (Level(id="items", name="Bean"), Level(id="gold", name="Gold", minimum=100_000))
    publish(shop=shop, program=msgspec.structs.replace(live, tiers=levels), at=BEGAN + timedelta(days=3))
    dear = make_order("dear", at=BEGAN + timedelta(days=4), prices=(200_000,), currency=shop.currency)
    place(shop, dear, Person(external_id="rich", email="rich@shopper.test", name="Rich Roaster"))
    place(shop, make_order("cheap", at=BEGAN + timedelta(days=4), currency=shop.currency), ALICE)
    everybody = words(ask("/dashboard/members/", shop))
    assert "All tiers Bean Gold" in everybody
    gold = words(ask("/dashboard/members/", shop, tier="gold"))
    assert "Rich Roaster" in gold
    assert ALICE.name not in gold
    assert ALICE.name in words(ask("/dashboard/members/", shop, tier="no such tier"))
    assert "Nobody found" in words(ask("/dashboard/members/", shop, tier="gold", q="nobody"))
    ids = dict(Member.objects.filter(shop=shop).values_list("name", "pk"))
    rich = words(ask(f"/dashboard/members/{ids['Rich Roaster']}/", shop)).replace("\u2068", "").replace("\u2069", "")
    assert "Tier Gold" in rich
    assert " to Gold" not in rich
    alice = words(ask(f"/dashboard/members/{ids[ALICE.name]}/", shop)).replace("\u2068", "").replace("\u2069", "")
    money = format_for(shop).money
    spent = make_order("cheap", at=BEGAN, currency=shop.currency).total_minor
    assert f"Tier Bean {money(100_000 - spent)} to Gold {money(spent)} of {money(100_000)} spent" in alice


@pytest.mark.parametrize(("path", "times"), [("members", 1), ("orders", 1), ("redemptions", 2), ("deliveries", 1)])
def test_pages_follow_each_other_without_gap_or_repetition(path: str, times: int, ask: Ask) -> None:
    """`times` is how often each of sixty members stands in the list."""
    seen = fill(make_shop(platform="ecwid", at=BEGAN), members=60)
    shown: list[str] = []
    following = "first"
    while following:
        address = f"/dashboard/{path}/{following.removeprefix('first')}"
        body = ask(address, seen.shop).content.decode()
        shown += [part.split("<")[0] for part in body.split("<bdi>Shopper ")[1:]]
        shown += [part.split("<")[0] for part in body.split("<code><bdi>d")[1:]]
        following = body.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        following = following if 'rel="next"' in body else ""
    assert sorted(shown) == sorted([str(number) for number in range(60)] * times)


@pytest.mark.parametrize(
    "mark", ["x", "1.x", "-5.3", "~", "2026-01-01~2", "9" * 5000, "²", "1.²", "0001-01-01T00:00+14:00~1"]
)
def test_a_mark_that_is_none_starts_at_the_first_page(mark: str, ours: Seen, ask: Ask) -> None:
    for path in ("members", "orders", "redemptions", "deliveries"):
        assert ask(f"/dashboard/{path}/", ours.shop, after=mark, before=mark, skip=mark).status_code == 200
    assert ask(address("member", ours), ours.shop, skip=mark, show=mark).status_code == 200


def test_points_are_given_once_however_often_the_button_is_pressed(ours: Seen, ask: Ask) -> None:
    path = address("adjust", ours)
    key = ask(path, ours.shop).content.decode().partition('name="key" value="')[2].partition('"')[0]
    for _press in range(2):
        answer = ask(path, ours.shop, "post", key=key, points="1,000", direction="give", reason="Late parcel")
        assert answer.status_code == 200
    assert "Shopper 0 got 1,000 points." in words(answer)
    assert answer["HX-Push-Url"] == address("member", ours)
    assert Member.objects.get(shop=ours.shop, pk=ours.member.pk).available == 1_100
    assert "“Late parcel”" in words(answer)
    assert_books(ours.shop)


def test_points_can_be_taken(ours: Seen, ask: Ask) -> None:
    key = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    answer = ask(address("adjust", ours), ours.shop, "post", key=key, points="40", direction="take", reason="Mistake")
    assert "Shopper 0 lost 40 points." in words(answer)
    assert Member.objects.get(shop=ours.shop, pk=ours.member.pk).available == 60


def test_what_is_owed_is_missing_to_the_next_reward_too(ours: Seen, ask: Ask) -> None:
    key = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    answer = ask(address("adjust", ours), ours.shop, "post", key=key, points="140", direction="take", reason="Mistake")
    assert "540 points to $5 off" in words(answer)


@pytest.mark.parametrize(
    "points", ["", "0", "-5", "1.5x", "1e3", "٣", "9" * 30, "1000001", "1.5", "1,5", "1.000", "10,00"]
)
def test_points_that_are_none_are_refused_and_kept_in_the_form(points: str, ours: Seen, ask: Ask) -> None:
    key = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    answer = ask(address("adjust", ours), ours.shop, "post", key=key, points=points, direction="give", reason="Why not")
    assert answer.status_code == 422
    assert "Give a whole number of points, from 1 to 1,000,000." in words(answer)
    assert 'value="Why not"' in answer.content.decode()
    assert Member.objects.get(shop=ours.shop, pk=ours.member.pk).available == 100


def test_an_adjustment_without_a_reason_is_refused(ours: Seen, ask: Ask) -> None:
    answer = ask(address("adjust", ours), ours.shop, "post", key="x", points="5", direction="give", reason="  ")
    assert answer.status_code == 422
    assert "Say why. The member sees it in the statement." in words(answer)


def test_what_shoppers_write_is_text_and_never_markup(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN, name="Evil")
    Shop.objects.filter(pk=shop.pk).update(name=SCRIPT)
    shop.refresh_from_db()
    person = Person(external_id="<i>1", email=f"{SCRIPT}@x.test", name=SCRIPT)
    order = make_order("1", at=BEGAN + DAY)
    line = order.lines[0].__class__(id="l", quantity=1, unit_price_minor=60_000, title=SCRIPT)
    order = order.__class__(
        id='"><script>',
        number=SCRIPT,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        updated_at=order.updated_at,
        currency="EUR",
        exponent=2,
        lines=(line,),
        total_minor=60_000,
        order_discount_minor=1,
        discount_codes=(SCRIPT,),
    )
    place(shop, order, person)
    member = Member.objects.get(shop=shop)
    adjust(shop=shop, member_id=member.pk, points=5, actor=SCRIPT, reason=SCRIPT, key="a", at=timezone.now())
    fill_redemption(shop, member)
    receive(shop_id=shop.pk, delivery_id=SCRIPT, topic="<b>x", body=b"", meta={}, at=BEGAN)
    InboxDelivery.objects.filter(shop=shop).update(state="dead", outcome=SCRIPT)
    fact = StoredFact.objects.get(shop=shop, kind="order")
    paths = [f"members/{member.pk}/", f"members/{member.pk}/adjust/", f"orders/{fact.pk}/"]
    paths += ["", "members/", "orders/", "redemptions/", "deliveries/", "program/"]
    for path in paths:
        for htmx in (True, False):
            page = ask(f"/dashboard/{path}", shop, htmx=htmx, q=SCRIPT if path in ("members/", "orders/") else "")
            assert "<script>alert" not in page.content.decode(), path
            assert "<b>x" not in page.content.decode(), path


@pytest.mark.parametrize(("currency", "exponent", "shown"), [("JPY", 0, "¥60,000"), ("KWD", 3, "KWD 60.000")])
def test_currencies_with_other_decimals(currency: str, exponent: int, shown: str, ask: Ask) -> None:
    shop = make_shop(platform="ecwid", currency=currency, exponent=exponent, at=BEGAN)
    place(shop, make_order("1", at=BEGAN + DAY, prices=(60_000,), currency=currency, exponent=exponent))
    page = words(ask("/dashboard/orders/", shop)).replace("\xa0", " ")
    assert shown in page


def test_the_shops_own_locale_and_time_zone_write_numbers_and_days(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    Shop.objects.filter(pk=shop.pk).update(locale="de-DE", time_zone="Pacific/Auckland")
    shop.refresh_from_db()
    at = datetime(timezone.now().year - 1, 1, 1, 13, tzinfo=UTC)
    place(shop, make_order("1", at=at, prices=(123_456,)))
    page = words(ask("/dashboard/orders/", shop)).replace("\xa0", " ")
    assert "1.234,56 €" in page
    assert "2. Jan." in page, "one o'clock in the afternoon is tomorrow in Auckland"


def test_the_program_reads_back_as_sentences(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", currency="USD", at=BEGAN)
    page = words(ask("/dashboard/program/", shop))
    assert "Members earn 1 point for every $1 they spend on everything ." in page
    assert "$5 off An unused code works for 30 days" in page
    assert "An unused code works for 30 days, then the points come back." in page
    assert "Version 1 is live" in page


def test_staff_take_a_code_back_and_a_used_one_stays(ours: Seen, ask: Ask) -> None:
    path = reverse("dashboard:redemption_cancel", args=[ours.redemption.pk])
    assert "500 points go back" in words(ask(path, ours.shop))
    answer = ask(path, ours.shop, "post")
    assert "The code is taken back: 500 points for Shopper 0." in words(answer)
    ours.redemption.refresh_from_db()
    assert ours.redemption.state == "returned"
    assert Member.objects.get(pk=ours.member.pk, shop=ours.shop).available == 600
    assert "nothing to take back" in words(ask(path, ours.shop))
    Redemption.objects.filter(shop=ours.shop).update(state="used")
    assert "used for an order" in words(ask(path, ours.shop, "post"))
    assert Member.objects.get(pk=ours.member.pk, shop=ours.shop).available == 600


def test_an_import_under_way_says_how_far_it_is(ask: Ask) -> None:
    shop = make_shop(at=BEGAN)
    now = timezone.now()
    BulkRead.objects.create(shop=shop, part="customers", state="reading", seen=150, total=600, begun_at=now)
    BulkRead.objects.create(shop=shop, part="orders", state="gathering", total=1_200, begun_at=now)
    page = words(ask("/dashboard/", shop))
    assert "Reading your customers 150 of 600" in page
    assert "Reading your past orders Your store is gathering them: 1,200 so far" in page


def test_orders_without_points_are_looked_for_in_parts(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "ORDERS_LOOKED_AT", 2)
    shop = make_shop(at=BEGAN)
    for number in range(5):
        place(shop, make_order(f"n{number}", at=BEGAN + timedelta(days=1 + number), paid=number != 0))
    found, after, looks = [], None, 0
    while looks < 10:
        page = dashboard.orders_page(shop=shop, search="", after=after, without_points_at=timezone.now())
        found, looks = found + [fact.number for fact in page.rows], looks + 1
        if not page.after:
            break
        at, _, last = page.after.partition("~")
        after = datetime.fromisoformat(at), int(last)
    assert (found, looks) == (["#n0"], 3)


def test_an_order_is_found_by_its_number_whatever_stands_before_it(ask: Ask) -> None:
    shop = make_shop(at=BEGAN)
    place(shop, make_order("n1", at=BEGAN + timedelta(days=1)))
    place(shop, make_order("n11", at=BEGAN + timedelta(days=1)))
    for search in ("n1", "#n1"):
        page = dashboard.orders_page(shop=shop, search=search, after=None)
        assert [fact.number for fact in page.rows] == ["#n1"]


def test_our_script_signs_before_htmx_asks_for_anything(ours: Seen, ask: Ask) -> None:
    document = ask("/dashboard/", ours.shop, htmx=False).content.decode()
    assert document.index("dashboard/dashboard") < document.index("django_htmx/htmx")
