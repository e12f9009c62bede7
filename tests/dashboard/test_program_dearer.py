"""Before publishing it is said whose points buy less, in plain sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.models import Member, Redemption
from loyalty.services.programs import discard_draft, publish_draft, save_draft
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
        (OFF | {"minimum_order_minor": 2_000}, "$5 off needs an order of $20 or more instead of any order."),
        (
            OFF | {"points": 501, "minimum_order_minor": 2_000},
            "501 points instead of 500 points. $5 off needs an order of $20 or more instead of any order. 1 member who",
        ),
        (PERCENT | {"percent": 5}, "10% off becomes dearer: 5 % instead of 10 %."),
        (SLIDER | {"value_minor": 50}, "Pay with points becomes dearer: $0.50 instead of $1."),
        (
            SLIDER | {"minimum_points": 450},
            "Pay with points begins at 500 points instead of 100 points. 1 member who has enough for it now has too little",
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
    rewards = [BAG | {"id": f"b{number}", "name": f"Bag {number}"} for number in range(34)]
    draft = save_draft(shop=seen.shop, revision=0, part={"rewards": rewards}, at=BEGAN)
    publish_draft(shop=seen.shop, revision=draft.revision, at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        page = told(ask, seen, *(each | {"points": 51} for each in rewards))
    assert page.count("becomes dearer") == 30
    assert page.index("Bag 3 becomes dearer") < page.index("27 more lines") < page.index("Bag 4 becomes dearer")
    assert "And 4 more rewards like these." in page
    assert len([query for query in asked if "band_0" in query["sql"]]) == 1


GOLD = {"id": "gold", "name": "Gold", "minimum": 10_000}
SILVER = {"id": "silver", "name": "Silver", "minimum": 5_000}
FULL = OFF | {
    "minimum_order_minor": 1_000,
    "products": ["q1", "q2"],
    "tiers": ["silver", "gold"],
    "limit_per_member": 5,
    "limit_period": "year",
    "limit_total": 50,
    "valid_days": 60,
    "combines": True,
}


def published(seen: Seen, **part: Any) -> None:
    draft = save_draft(shop=seen.shop, revision=0, part={"tiers": [SILVER, GOLD], **part}, at=BEGAN)
    publish_draft(shop=seen.shop, revision=draft.revision, at=timezone.now())


ASKS_MORE: list[tuple[dict[str, Any], str]] = [
    ({"minimum_order_minor": 2_000}, "$5 off needs an order of $20 or more instead of $10."),
    ({"products": ["q1"]}, "$5 off is for the products q1 instead of the products q1, q2."),
    (
        {"products": ["q1"], "collections": ["c"]},
        "$5 off is for the products q1 and the collections c instead of the products q1, q2.",
    ),
    ({"tiers": ["gold"]}, "$5 off is for members of Gold instead of members of Silver, Gold."),
    ({"limit_per_member": 4}, "A member can take $5 off 4 times a year instead of 5 times a year."),
    ({"limit_period": "lifetime"}, "A member can take $5 off 5 times in all instead of 5 times a year."),
    ({"limit_total": 49}, "Of $5 off there are 49 in all instead of 50."),
    ({"stock": 20}, "Of $5 off there are 20 in all instead of 50."),
    ({"valid_days": 1}, "An unused code of $5 off works for 1 day instead of 60."),
    ({"combines": False}, "$5 off doesn’t work together with other discounts any more."),
    ({"cancellable": False}, "A member can’t give an unused code of $5 off back any more."),
]


def test_a_condition_that_asks_more_stands_with_what_it_was(ask: Ask, seen: Seen) -> None:
    rewards = [FULL | {"id": f"r{number}"} for number in range(len(ASKS_MORE))]
    published(seen, rewards=rewards)
    page = told(ask, seen, *(each | changed for each, (changed, _said) in zip(rewards, ASKS_MORE, strict=True)))
    assert [said for _changed, said in ASKS_MORE if f" {said} " not in page] == []
    assert page.count("instead of") == sum(said.count("instead of") for _changed, said in ASKS_MORE)


def test_a_condition_that_asks_less_is_no_news_of_this_kind(ask: Ask, seen: Seen) -> None:
    looser: list[dict[str, Any]] = [
        {"minimum_order_minor": 0},
        {"products": ["q1", "q2", "q3"]},
        {"products": []},
        {"tiers": []},
        {"limit_per_member": 6},
        {"limit_period": "month"},
        {"limit_per_member": None},
        {"limit_total": 51},
        {"limit_total": None},
        {"stock": 50},
        {"valid_days": 61},
    ]
    rewards = [FULL | {"id": f"r{number}"} for number in range(len(looser))]
    published(seen, rewards=rewards)
    page = told(ask, seen, *(each | less for each, less in zip(rewards, looser, strict=True)))
    assert "instead of" not in page
    assert "collected before this" not in page


def test_a_new_condition_says_that_there_was_none(ask: Ask, seen: Seen) -> None:
    now = [
        (SLIDER | {"maximum_percent": 30}, "Pay with points pays up to 30 % of an order instead of 100 %."),
        (OFF | {"id": "off-1", "products": ["q1"]}, "$5 off is for the products q1 instead of everything."),
        (OFF | {"id": "off-2", "segments": ["vip"]}, "$5 off is for members of vip instead of all members."),
        (OFF | {"id": "off-3", "limit_per_member": 1}, "$5 off 1 time in all instead of as often as points last."),
        (OFF | {"id": "off-4", "limit_total": 10}, "Of $5 off there are 10 in all instead of any number."),
    ]
    published(seen, rewards=[SLIDER, *(OFF | {"id": f"off-{number}"} for number in range(1, 5))])
    page = told(ask, seen, *(reward for reward, _said in now))
    assert [said for _reward, said in now if said not in page] == []


def test_what_a_reward_costs_the_shop_and_when_staff_does_it_is_no_loss_of_a_member(ask: Ask, seen: Seen) -> None:
    published(seen, rewards=[BAG | {"value_minor": 500}])
    page = told(ask, seen, BAG | {"value_minor": 300, "valid_days": 3})
    assert "becomes dearer" not in page
    assert "collected before this" not in page


def test_a_tier_that_loses_a_reward_is_counted(ask: Ask, seen: Seen) -> None:
    """The member with 400 points has too little anyhow."""
    for tier, available in (("silver", 400), ("silver", 500), ("gold", 650)):
        Member.objects.filter(shop=seen.shop, available=available).update(tier=tier)
    published(seen, rewards=[FULL])
    for tier, available in (("silver", 400), ("silver", 500), ("gold", 650)):
        Member.objects.filter(shop=seen.shop, available=available).update(tier=tier)
    page = told(ask, seen, FULL | {"tiers": ["gold"]})
    assert "instead of members of Silver, Gold. 1 member with enough points is not on such a tier." in page


def test_who_has_taken_it_as_often_as_the_new_limit_allows_is_counted(ask: Ask, seen: Seen) -> None:
    """Each of the three members has taken `off` once; one of them gave it back, one took it long ago as well."""
    rows = Redemption.objects.filter(shop=seen.shop).order_by("pk")
    assert rows.count() >= 3
    rows.update(reward="other", state="used")
    taken = [rows.filter(member=member).first() for member in Member.objects.filter(shop=seen.shop).order_by("pk")]
    for row in taken:
        assert row is not None
        rows.filter(pk=row.pk).update(reward="off", accepted_at=timezone.now())
    first, second = (row.pk for row in taken[:2] if row)
    rows.filter(pk=first).update(state="returned")
    rows.filter(pk=second).update(accepted_at=timezone.now() - timedelta(days=800))
    others = (PERCENT, SLIDER, BAG)
    page = told(ask, seen, OFF | {"limit_per_member": 1, "limit_total": 2}, *others)
    assert "instead of as often as points last." in page
    assert "2 members have taken it that often already. 2 are taken already. It is sold out then." in page
    discard_draft(shop=seen.shop, revision=1)
    page = told(ask, seen, OFF | {"limit_per_member": 1, "limit_period": "year", "limit_total": 3}, *others)
    assert "1 member has taken it that often already. 2 are taken already." in page
    assert "sold out" not in page


def test_before_publishing_everything_is_asked_in_few_queries(ask: Ask, seen: Seen) -> None:
    changed = {"limit_per_member": 1, "limit_total": 10, "tiers": ["gold"], "points": 700}
    rewards = [OFF | {"id": f"o{number}", "name": f"Off {number}"} for number in range(30)]
    published(seen, rewards=rewards)
    save_draft(shop=seen.shop, revision=0, part={"rewards": [each | changed for each in rewards]}, at=BEGAN)
    with CaptureQueriesContext(connection) as asked:
        ask(PUBLISH, seen.shop)
    assert len(asked) <= 12


def test_a_rule_that_goes_is_said_before_publishing(ask: Ask, seen: Seen) -> None:
    rule = {"kind": "per_order", "id": "every", "points": 10}
    published(seen, rules=[rule])
    save_draft(shop=seen.shop, revision=0, part={"rules": []}, at=BEGAN)
    assert "No more: Every order earns 10 points." in words(ask(PUBLISH, seen.shop))
