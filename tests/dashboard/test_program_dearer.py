"""Before publishing it is said whose points buy less, in plain sentences."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.models import Member
from loyalty.services.programs import publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, Ask, Seen, fill, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
PUBLISH = reverse("dashboard:program_publish")
OFF = {"id": "off", "name": "Off", "kind": "amount_off", "points": 500, "value_minor": 500}
PERCENT = {"id": "percent", "name": "Percent", "kind": "percent_off", "points": 300, "percent": 10}
SLIDER = {"id": "slide", "name": "Pay with points", "kind": "points_slider", "points": 100, "value_minor": 100}
BAG = {"id": "bag", "name": "A bag", "kind": "custom", "points": 50}


@pytest.fixture
def seen(db: None) -> Seen:
    """Three members, with 400, 500 and 650 points."""
    seen = fill(make_shop(platform="ecwid", currency="USD", at=BEGAN), members=3)
    for member, available in zip(Member.objects.filter(shop=seen.shop).order_by("pk"), (400, 500, 650), strict=True):
        Member.objects.filter(shop=seen.shop, pk=member.pk).update(available=available)
    draft = save_draft(shop=seen.shop, revision=0, part={"rewards": [OFF, PERCENT, SLIDER, BAG]}, at=BEGAN)
    publish_draft(shop=seen.shop, revision=draft.revision, at=BEGAN)
    return seen


def told(ask: Ask, seen: Seen, *rewards: dict[str, Any]) -> str:
    save_draft(shop=seen.shop, revision=0, part={"rewards": list(rewards)}, at=BEGAN)
    return words(ask(PUBLISH, seen.shop)).replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            OFF | {"points": 600},
            "600 points instead of 500 points. 1 member who has enough for it now has too little then.",
        ),
        (OFF | {"value_minor": 400}, "$5 off becomes dearer: $4 instead of $5."),
        (
            OFF | {"points": 600, "value_minor": 400},
            "$5 off becomes dearer: 600 points for $4 instead of 500 points for $5.",
        ),
        (OFF | {"minimum_order_minor": 2_000}, "$5 off needs an order of $20 or more."),
        (
            OFF | {"points": 501, "minimum_order_minor": 2_000},
            "501 points instead of 500 points. $5 off needs an order of $20 or more. 1 member who",
        ),
        (PERCENT | {"percent": 5}, "10% off becomes dearer: 5 % instead of 10 %."),
        (SLIDER | {"value_minor": 50}, "Pay with points becomes dearer: $0.50 instead of $1."),
        (
            SLIDER | {"minimum_points": 450},
            "Pay with points begins at 500 points. 1 member who has enough for it now has too little then.",
        ),
        (
            {"id": "percent", "name": "Percent", "kind": "custom", "points": 350},
            "10% off becomes dearer: 350 points instead of 300 points.",
        ),
        (BAG | {"points": 60}, "A bag becomes dearer: 60 points instead of 50 points."),
    ],
)
def test_a_reward_that_becomes_dearer_says_for_how_many(
    ask: Ask, seen: Seen, changed: dict[str, Any], said: str
) -> None:
    others = [each for each in (OFF, PERCENT, SLIDER, BAG) if each["id"] != changed["id"]]
    page = told(ask, seen, changed, *others)
    assert said in page
    assert page.count("becomes dearer") + page.count("needs an order") + page.count("begins at") >= 1
    assert "3 members hold 1,550 points, collected before this." in page


@pytest.mark.parametrize("gone", [[], [OFF | {"enabled": False}]])
def test_a_reward_that_is_gone_says_who_has_enough_for_it(ask: Ask, seen: Seen, gone: list[dict[str, Any]]) -> None:
    page = told(ask, seen, *gone, PERCENT, SLIDER, BAG)
    assert "$5 off can’t be taken any more. 2 members have enough for it now." in page
    assert "Codes of rewards that are gone still work until they expire." in page


@pytest.mark.parametrize("better", [{"points": 400}, {"value_minor": 600}, {"points": 600, "value_minor": 600}])
def test_what_is_as_good_or_better_is_no_news_of_this_kind(ask: Ask, seen: Seen, better: dict[str, int]) -> None:
    page = told(ask, seen, OFF | better, PERCENT, SLIDER, BAG)
    assert "dearer" not in page
    assert "collected before this" not in page


def test_many_are_told_in_one_question(ask: Ask, seen: Seen) -> None:
    rewards = [BAG | {"id": f"b{number}", "name": f"Bag {number}"} for number in range(12)]
    draft = save_draft(shop=seen.shop, revision=0, part={"rewards": rewards}, at=BEGAN)
    publish_draft(shop=seen.shop, revision=draft.revision, at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        page = told(ask, seen, *(each | {"points": 51} for each in rewards))
    assert page.count("becomes dearer") == 8
    assert "And 4 more rewards like these." in page
    assert len([query for query in asked if "band_0" in query["sql"]]) == 1
