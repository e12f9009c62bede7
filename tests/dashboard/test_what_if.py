"""The what-if page: asked, under way, answered in one sentence, with figures that add up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from babel.dates import format_skeleton
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.models import ProgramVersion, Trial
from loyalty.services import trials
from loyalty.services.observations import Person
from loyalty.services.programs import save_draft
from loyalty.worker import outbox
from tests.dashboard.conftest import BEGAN, Ask, Seen, fill, words
from tests.factories import make_order, make_shop, place

PAGE, STOP = reverse("dashboard:what_if"), reverse("dashboard:what_if_stop")
DOUBLE = {"kind": "per_amount", "id": "base", "points": 2, "per_minor": 100}
TIERS = [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 50_000}]


def drafted(ours: Seen) -> None:
    save_draft(shop=ours.shop, revision=0, part={"rules": [DOUBLE], "tiers": TIERS}, at=BEGAN)


def answered(ours: Seen) -> None:
    while outbox.drain_trials(now=timezone.now() + timedelta(seconds=5)):
        pass
    assert Trial.objects.filter(shop=ours.shop).latest("id").state == "done"


def test_it_says_what_it_is_for_before_anything_is_tried(ours: Seen, ask: Ask) -> None:
    assert "There is no draft" in words(ask(PAGE, ours.shop))
    drafted(ours)
    assert "Not tried yet" in words(ask(PAGE, ours.shop))


def test_it_is_asked_answered_and_adds_up(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    under_way = ask(PAGE, ours.shop, "post")
    assert "next in line" in words(under_way)
    assert "0 of 1 members" in words(ask(PAGE, ours.shop)), "whoever leaves and comes back finds it"
    answered(ours)
    told = words(ask(PAGE, ours.shop))
    assert "It would have cost $4.80 more: 1.6% of sales instead of 0.8%." in told
    assert "Cost of rewards $9.60 $4.80 live" in told
    assert "Owed in points $5.60 $0.80 live" in told
    assert "1 from no tier to High" in told
    assert "Your own 1 order from" in told
    assert "Shopper 0 600 1,200 +$6.00" in told
    assert "What makes the difference Low New $0.00 High New $0.00 Points for spending +$4.80 Difference +$4.80" in told
    assert ask(PAGE, ours.shop)["Cache-Control"] == "private, no-store"


def test_orders_from_before_the_first_version_that_earn_are_in_its_span(ours: Seen, ask: Ask) -> None:
    old = timezone.now() - timedelta(days=70)
    place(ours.shop, make_order("old", at=old, prices=(1_000,), currency="USD"), Person(external_id="c0"))
    row = ProgramVersion.objects.get(shop=ours.shop, number=1)
    row.document["earns_from"] = "2000-01-01T00:00:00Z"
    row.save()
    ask(PAGE, ours.shop, "post", what="live")
    answered(ours)
    since = format_skeleton("yMMM", old, locale="en")
    assert f"Your own 2 orders from {since} to" in words(ask(PAGE, ours.shop))


def test_without_a_draft_it_says_what_to_do_and_replays_what_is_live(ours: Seen, ask: Ask) -> None:
    told = words(ask(PAGE, ours.shop))
    assert "Change the program" in told
    assert "Replay version 1" in told
    assert ask(PAGE, ours.shop, "post").status_code == 404, "there is no draft to try"
    ask(PAGE, ours.shop, "post", what="live")
    answered(ours)
    told = words(ask(PAGE, ours.shop))
    assert "What if version 1 had been live from the beginning?" in told
    assert "It would have cost the same: 0.8% of sales." in told
    assert "Version 1 from the beginning $0.00 Difference $0.00" in told
    drafted(ours)
    assert "This is about the program before the draft." in words(ask(PAGE, ours.shop))


def test_an_answer_from_before_changes_were_told_apart_says_so(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    ask(PAGE, ours.shop, "post")
    answered(ours)
    Trial.objects.filter(shop=ours.shop).update(split={})
    assert "Not counted: this answer is from before changes were told apart" in words(ask(PAGE, ours.shop))


@pytest.mark.django_db
def test_a_shop_without_members_is_told_that_nobody_was_replayed(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", currency="USD", name="New", at=BEGAN)
    ask(PAGE, shop, "post", what="live")
    while outbox.drain_trials(now=timezone.now() + timedelta(seconds=5)):
        pass
    told = words(ask(PAGE, shop))
    assert "Nobody to replay yet" in told
    assert "Try an order" in told


def test_a_changed_draft_makes_the_answer_an_old_one(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    ask(PAGE, ours.shop, "post")
    answered(ours)
    effect = words(ask(reverse("dashboard:program"), ours.shop))
    assert "Rewards cost $4.80 becomes $9.60" in effect
    save_draft(shop=ours.shop, revision=1, part={"name": "Other"}, at=BEGAN)
    assert "The draft has changed since this was counted." in words(ask(PAGE, ours.shop))
    assert "becomes $9.60" not in words(ask(reverse("dashboard:program"), ours.shop))


def test_it_can_be_stopped(ours: Seen, ask: Ask) -> None:
    drafted(ours)
    ask(PAGE, ours.shop, "post")
    assert "Stopped 0 of 1 members" in words(ask(STOP, ours.shop, "post"))
    while outbox.drain_trials(now=timezone.now() + timedelta(seconds=5)):
        pass
    assert "Stopped" in words(ask(PAGE, ours.shop))


def test_why_there_is_no_answer_is_said(ours: Seen, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    drafted(ours)
    ask(PAGE, ours.shop, "post")
    trial = Trial.objects.get(shop=ours.shop)
    trials.give_up(shop=ours.shop, trial_id=trial.pk, why="Five workers died.", at=BEGAN)
    assert "It was not finished Five workers died." in words(ask(PAGE, ours.shop))
    ProgramVersion.objects.filter(shop=ours.shop, number=1).delete()
    refused = ask(PAGE, ours.shop, "post")
    assert refused.status_code == 409
    assert "nothing to compare with" in words(refused)


@pytest.mark.django_db
def test_the_answer_costs_the_same_for_few_and_for_many(ask: Ask) -> None:
    costs = []
    for members in (1, 25):
        shop = make_shop(platform="ecwid", currency="USD", name="Ours", at=BEGAN)
        seen = fill(shop, members=members)
        drafted(seen)
        ask(PAGE, shop, "post")
        answered(seen)
        with CaptureQueriesContext(connection) as queries:
            assert ask(PAGE, shop).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 12
