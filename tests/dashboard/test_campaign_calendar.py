"""Campaigns on a calendar."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from loyalty.dashboard.campaign_calendar import days_of
from loyalty.dashboard.formatting import format_for
from loyalty.engine.campaigns import Campaign
from loyalty.models import Shop
from loyalty.services.programs import publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, Ask, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
NOVEMBER = [date(2026, 11, 1) + timedelta(days=day) for day in range(30)]


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(platform="ecwid", at=BEGAN)


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"first_day": date(2026, 11, 27), "last_day": date(2026, 11, 30)}, [27, 28, 29, 30]),
        ({"weekdays": (6,)}, [7, 14, 21, 28]),
        ({"starts_at": datetime(2026, 11, 28, 23, tzinfo=UTC)}, [29, 30]),  # 29 November, 1 o'clock in Riga
        ({"ends_at": datetime(2026, 11, 1, 22, tzinfo=UTC)}, [1]),  # midnight in Riga: not the day that begins then
        ({"first_day": date(2027, 1, 1)}, []),
    ],
)
def test_a_campaign_stands_on_the_days_of_the_shop_on_which_it_runs(
    shop: Shop, fields: dict[str, object], days: list[int]
) -> None:
    campaign = Campaign(id="c", name="C", **fields)  # type: ignore[arg-type]
    assert sorted(day.day for day in days_of(campaign, NOVEMBER, format_for(shop))) == days


def test_the_drafts_campaigns_are_shown_and_lead_to_their_forms(ask: Ask, shop: Shop) -> None:
    rule = {"kind": "multiplier", "id": "double", "times": "2"}
    weekend = {
        "id": "weekend",
        "name": "Double weekend",
        "first_day": "2026-11-28",
        "last_day": "2026-11-29",
        "rules": [rule],
    }
    save_draft(shop=shop, revision=0, part={"campaigns": [weekend]}, at=timezone.now())
    answer = ask("/dashboard/program/campaigns/?month=2026-11", shop)
    page = answer.content.decode()
    assert page.count('class="run draft"') == 2
    assert "/dashboard/program/edit/campaigns/weekend/" in page
    assert "November 2026" in words(answer)
    december = words(ask("/dashboard/program/campaigns/?month=2026-12", shop))
    assert "Nothing runs in this month." in december
    assert "In other months Double weekend" in december


def test_a_live_campaign_says_whether_it_runs_today(ask: Ask, shop: Shop) -> None:
    now = timezone.now()
    today = format_for(shop).local(now).date()
    spans = {"Past": (-3, -1), "Now": (0, 1), "Next": (2, 3)}
    campaigns = [
        {
            "id": name.lower(),
            "name": name,
            "first_day": str(today + timedelta(days=first)),
            "last_day": str(today + timedelta(days=last)),
            "rules": [{"kind": "multiplier", "id": f"double-{name.lower()}", "times": "2"}],
        }
        for name, (first, last) in spans.items()
    ]
    save_draft(shop=shop, revision=0, part={"campaigns": campaigns}, at=now)
    publish_draft(shop=shop, revision=1, at=now)
    page = ask("/dashboard/program/campaigns/", shop).content.decode()
    badges = dict(re.findall(r"<bdi>(Past|Now|Next)</bdi></a>(?:(?!</li>).)*?badge[^>]*>([^<]+)", page, re.S))
    assert badges == {"Past": "Over", "Now": "Running", "Next": "To come"}


@pytest.mark.parametrize("month", ["", "2026-13", "9999-01", "0001-01", "x", "2026-11-01", "٢٠٢٦-١١"])
def test_a_month_that_is_none_is_this_month(ask: Ask, shop: Shop, month: str) -> None:
    answer = ask(f"/dashboard/program/campaigns/?month={month}", shop)
    assert answer.status_code == 200
    assert 'aria-current="date"' in answer.content.decode()
