"""Campaigns on a calendar."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty.dashboard.campaign_calendar import days_of
from loyalty.dashboard.formatting import format_for
from loyalty.engine.campaigns import Campaign
from loyalty.models import Shop
from loyalty.services.programs import pause, publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, Ask, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
NOVEMBER = [date(2026, 11, 1) + timedelta(days=day) for day in range(30)]


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(platform="ecwid", at=BEGAN)


DOUBLE: dict[str, Any] = {"kind": "multiplier", "id": "double", "times": "2"}


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> datetime:
    """It is noon in the shop: tomorrow's, so that what is live now has begun."""
    local = datetime.combine(local_day(shop) + timedelta(days=1), time(12), format_for(shop).zone)
    monkeypatch.setattr("loyalty.dashboard.pages.timezone.now", lambda: local)
    return local


def local_day(shop: Shop) -> date:
    return format_for(shop).local(timezone.now()).date()


def span(first: int, last: int) -> dict[str, Any]:
    """Days from today on."""
    today = format_for(Shop(locale="en", time_zone="Europe/Riga")).local(timezone.now()).date()
    return {"first_day": str(today + timedelta(days=first)), "last_day": str(today + timedelta(days=last))}


def campaign(key: str, fields: dict[str, Any]) -> dict[str, Any]:
    rules = [rule | {"id": f"double-{key}"} for rule in fields.get("rules", [DOUBLE])]
    return {"id": key, "name": key, **fields, "rules": rules}


def live(shop: Shop, **fields: dict[str, Any]) -> None:
    campaigns = [campaign(key, each) for key, each in fields.items()]
    draft = save_draft(shop=shop, revision=0, part={"campaigns": campaigns}, at=timezone.now())
    publish_draft(shop=shop, revision=draft.revision, at=timezone.now())


def badges(ask: Ask, shop: Shop) -> dict[str, str]:
    page = ask("/dashboard/program/campaigns/", shop).content.decode()
    return dict(
        re.findall(r"<bdi>(\w+)</bdi></a>(?:(?!</li>).)*?badge[^>]*>([^<]+)", page.partition("</table>")[2], re.S)
    )


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
    live(shop, past=span(-3, -1), now=span(0, 1), next=span(2, 3))
    assert badges(ask, shop) == {"past": "Over", "now": "Running", "next": "To come"}


def test_a_campaign_of_other_weekdays_does_not_run_today(ask: Ask, shop: Shop) -> None:
    today = local_day(shop).isoweekday()
    others = [day for day in range(1, 8) if day != today]
    only_rule = [DOUBLE | {"scope": {"weekdays": others}}]
    live(shop, campaign={"weekdays": others}, rule={"rules": only_rule}, today={"weekdays": [today]})
    assert badges(ask, shop) == {"campaign": "Not today", "rule": "Not today", "today": "Running"}


def test_a_campaign_that_begins_or_ends_within_the_day_goes_by_the_hour(ask: Ask, shop: Shop, noon: datetime) -> None:
    live(
        shop,
        later={"starts_at": (noon + timedelta(hours=6)).isoformat()},
        over={"ends_at": (noon - timedelta(hours=1)).isoformat()},
        until={"ends_at": (noon + timedelta(hours=1)).isoformat()},
    )
    assert badges(ask, shop) == {"later": "Today from 6:00\u202fPM", "over": "Over", "until": "Running"}


def test_a_campaign_rests_while_earning_is_paused(ask: Ask, shop: Shop) -> None:
    live(shop, past=span(-3, -1), now=span(-2, 1), next=span(2, 3), off=span(0, 1) | {"enabled": False})
    pause(shop=shop, earning=True, redeeming=False, at=timezone.now())
    assert badges(ask, shop) == {"past": "Over", "now": "Paused with earning", "next": "To come", "off": "Off"}
    page = ask("/dashboard/program/campaigns/", shop).content.decode()
    cell = re.search(r'<td aria-current="date">.*?</td>', page, re.S)
    assert cell is not None
    assert re.findall(r'class="run ([a-z]*)".*?<span class="sr">, ([^<]*)', cell[0]) == [
        ("rests", "Paused with earning"),
        ("rests", "Off"),
    ]


def test_a_campaign_without_a_rule_gives_nothing(ask: Ask, shop: Shop) -> None:
    live(shop, empty={"rules": []})
    assert badges(ask, shop) == {"empty": "Gives nothing yet"}


def test_a_campaign_of_a_version_to_come_says_from_when(ask: Ask, shop: Shop) -> None:
    live(shop, changed=span(-3, 3), kept=span(-3, 3))
    begins = timezone.now() + timedelta(days=40)
    soon, after = local_day(shop) + timedelta(days=40), local_day(shop) + timedelta(days=45)
    campaigns = [
        campaign("changed", span(-3, 90)),
        campaign("kept", span(-3, 3)),
        campaign("later", span(45, 50)),
        campaign("over", span(2, 4)),
    ]
    draft = save_draft(shop=shop, revision=0, part={"campaigns": campaigns}, at=timezone.now())
    publish_draft(shop=shop, revision=draft.revision, at=timezone.now(), in_force_from=begins)
    draft = save_draft(
        shop=shop, revision=0, part={"campaigns": [*campaigns, campaign("typed", {})]}, at=timezone.now()
    )
    fmt = format_for(shop)
    days = [fmt.day(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), timezone.now()) for day in (soon, after)]
    assert badges(ask, shop) == {
        "changed": f"From {days[0]}",
        "kept": "Running",
        "later": f"From {days[1]}",
        "over": "Over",
        "typed": "Draft",
    }
    before = ask(f"/dashboard/program/campaigns/?month={soon - timedelta(days=soon.day):%Y-%m}", shop).content.decode()
    month = ask(f"/dashboard/program/campaigns/?month={soon:%Y-%m}", shop).content.decode()
    assert before.count('class="run draft" href="/dashboard/program/edit/campaigns/changed/"') == 0
    assert month.count('class="run draft" href="/dashboard/program/edit/campaigns/changed/"') >= 1


@pytest.mark.parametrize("month", ["", "2026-13", "9999-01", "0001-01", "x", "2026-11-01", "٢٠٢٦-١١"])
def test_a_month_that_is_none_is_this_month(ask: Ask, shop: Shop, month: str) -> None:
    answer = ask(f"/dashboard/program/campaigns/?month={month}", shop)
    assert answer.status_code == 200
    assert 'aria-current="date"' in answer.content.decode()
