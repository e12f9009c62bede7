"""The twelve queries of a page hold in the states that a shop without a draft never shows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.engine.presets import PRESETS, Setting
from loyalty.engine.program import to_data
from loyalty.models import Shop
from loyalty.services import trials
from loyalty.services.programs import begin_draft, publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, Ask, Seen, fill
from tests.dashboard.test_pages import MOST_QUERIES
from tests.factories import make_shop

pytestmark = pytest.mark.django_db
PAGES = (
    "",
    "program/",
    "program/publish/",
    "program/discard/",
    "program/what-if/",
    "program/campaigns/",
    "program/products/?q=a",
    "program/versions/?from=1&to=2",
    "program/edit/rewards/cinema/",
    "program/set/audience/",
    "program/try/?order={order}",
    "redemptions/partner-codes/",
    "redemptions/partner-codes/cinema/",
    "redemptions/to-do/",
    "orders/?show=without",
    "members/{member}/",
)


def with_a_draft(shop: Shop) -> None:
    """Version 2 has every preset's things and a partner's codes; a draft beside it, and a what-if asked."""
    money = Setting(currency=shop.currency, exponent=shop.exponent, time_zone=shop.time_zone)
    all_made = [to_data(each.program(money, {one.id: "x" for one in each.inputs})) for each in PRESETS]
    made = [data for data in all_made if not data.get("tiers")]  # the others name tiers of their own
    part = {
        name: list({item["id"]: item for data in made for item in data.get(name, [])}.values())
        for name in ("rules", "rewards", "plans", "segments", "campaigns")
    }
    part["tiers"] = [{"id": f"t{n}", "name": f"T{n}", "minimum": 10_000 * n} for n in range(3)]
    part["rewards"].append({"kind": "partner", "id": "cinema", "name": "Cinema", "points": 100, "cancellable": False})
    now = timezone.now()
    draft = save_draft(shop=shop, revision=0, part=part, at=now, by="x")
    publish_draft(shop=shop, revision=draft.revision, at=now)
    begin_draft(shop=shop, at=now, by="x")
    trials.begin(shop=shop, by="x", at=now)


def counted(ask: Ask, path: str, seen: Seen) -> int:
    with CaptureQueriesContext(connection) as found:
        address = path.format(order=seen.order.pk, member=seen.member.pk)
        assert ask(f"/dashboard/{address}", seen.shop).status_code == 200, path
    return len(found)


def test_a_page_beside_a_draft_keeps_to_its_queries(ask: Ask) -> None:
    few, many = (fill(make_shop(platform="ecwid", at=BEGAN), members=members, orders=2) for members in (2, 30))
    for seen in (few, many):
        with_a_draft(seen.shop)
    found = {path: (counted(ask, path, few), counted(ask, path, many)) for path in PAGES}
    assert {path: both for path, both in found.items() if both[0] != both[1] or max(both) > MOST_QUERIES} == {}
