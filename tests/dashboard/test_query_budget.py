"""The twelve queries of a page hold in the states that a shop without a draft never shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.engine.presets import PRESETS, Setting
from loyalty.engine.program import to_data
from loyalty.models import BulkRead, Shop, Trial
from loyalty.services import trials
from loyalty.services.programs import begin_draft, publish_draft, save_draft
from loyalty.worker import outbox
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


def test_an_answered_what_if_keeps_to_its_queries(ask: Ask) -> None:
    found = []
    for members in (2, 30):
        seen = fill(make_shop(platform="ecwid", at=BEGAN), members=members, orders=2)
        with_a_draft(seen.shop)
        while outbox.drain_trials(now=timezone.now() + timedelta(seconds=5)):
            pass
        assert Trial.objects.filter(shop=seen.shop).latest("id").state == "done"
        found.append(counted(ask, "program/what-if/", seen))
    assert found[0] == found[1] <= MOST_QUERIES


def test_home_keeps_to_its_queries_while_the_past_is_fetched(ask: Ask) -> None:
    found = []
    for members in (2, 30):
        seen = fill(make_shop(platform="shopify", at=BEGAN), members=members, orders=2)
        for part in ("customers", "orders"):
            BulkRead.objects.create(
                shop=seen.shop, part=part, state="reading", seen=1, total=members, begun_at=timezone.now()
            )
        found.append(counted(ask, "", seen))
    assert found[0] == found[1] <= MOST_QUERIES


POSTS: dict[str, tuple[int, dict[str, str]]] = {
    "program/add/tiers/": (422, {"name": ""}),
    "program/edit/rules/base/": (422, {"points": "many"}),
    "program/set/policies/": (422, {"hold_days": "-1"}),
    "program/reads/policies/": (200, {"hold_days": "14"}),
    "program/file/": (422, {"document": "{"}),
    "program/try/": (422, {}),
    "program/publish/": (422, {"when": "at", "at": "2020-01-01T09:00"}),
}
"""What each is answered with; a page that is shown again must not cost more than the page did."""


def test_a_form_that_is_shown_again_keeps_to_its_queries(ask: Ask) -> None:
    found: dict[str, list[int]] = {path: [] for path in POSTS}
    for members in (2, 30):
        seen = fill(make_shop(platform="ecwid", at=BEGAN), members=members, orders=2)
        with_a_draft(seen.shop)
        for path, (status, data) in POSTS.items():
            with CaptureQueriesContext(connection) as queries:
                answer = ask(f"/dashboard/{path}", seen.shop, "post", revision="1", **data)
            assert answer.status_code == status, path
            found[path].append(len(queries))
    assert {path: both for path, both in found.items() if both[0] != both[1] or max(both) > MOST_QUERIES} == {}
