"""A page asks as often for thousands of orders and movements as for a few hundred."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loyalty.engine.program import to_data
from loyalty.management.large_shop import BESIDE, large_shop
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.programs import version_in_force
from loyalty.services.programs import publish_draft, save_draft
from tests.dashboard.conftest import BEGAN, Ask, fill
from tests.dashboard.test_access import EXPECTED
from tests.factories import make_shop

MOST_QUERIES = 12


def addresses(shop: Shop) -> dict[str, str]:
    found = {
        name: reverse(f"dashboard:{name}", args=argument or [])
        for name, (argument, on_get, _on_post) in EXPECTED.items()
        if on_get == 200 and not isinstance(argument, str) and name != "store"  # which is Ecwid's alone
    }
    member = Member.objects.filter(shop=shop, external_id__isnull=False).order_by("pk")[0]
    order = StoredFact.objects.filter(shop=shop, kind="order", member=member).order_by("pk")[0]
    found["member"] = reverse("dashboard:member", args=[member.pk])
    found["order"] = reverse("dashboard:order", args=[order.pk])
    found["orders without points"] = reverse("dashboard:orders") + "?show=without"
    found["members searched"] = reverse("dashboard:members") + "?q=shopper"
    return found


def asked(ask: Ask, shop: Shop) -> dict[str, int]:
    counted = {}
    for name, address in addresses(shop).items():
        ask(address, shop)
        with CaptureQueriesContext(connection) as queries:
            assert ask(address, shop).status_code == 200, name
        counted[name] = len(queries)
    return counted


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_page_costs_the_same_at_ten_and_at_a_thousand_rows(ask: Ask) -> None:
    few = make_shop(at=BEGAN, name="Few")
    rewards = to_data(version_in_force(few, BEGAN).program)["rewards"]  # type: ignore[union-attr]
    draft = save_draft(shop=few, revision=0, part={"rewards": [*rewards, *BESIDE]}, at=BEGAN)
    publish_draft(shop=few, revision=draft.revision, at=BEGAN)
    fill(few, members=10, orders=2)
    many = large_shop(movements=2_000, now=timezone.now(), on_movements=lambda rows: None)
    assert StoredFact.objects.filter(shop=many, kind="order").count() >= 1_000
    at_ten, at_a_thousand = asked(ask, few), asked(ask, many)
    assert {name: count for name, count in at_a_thousand.items() if count > MOST_QUERIES} == {}
    assert {name: (count, at_ten[name]) for name, count in at_a_thousand.items() if count > at_ten[name]} == {}
