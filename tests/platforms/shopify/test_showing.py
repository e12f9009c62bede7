"""Balance and tier beside the customer: what the theme's pages show, and the tag that lets a tier in early."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from loyalty.engine.program import parse_program, to_data
from loyalty.engine.tiers import Level
from loyalty.models import Member, OutboxMessage, ProgramVersion, Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import client, showing
from loyalty.services.intake import record
from loyalty.services.showing import SHOW, leave_shown
from loyalty.worker import outbox
from tests.factories import ALICE, make_order, place
from tests.platforms.shopify.stand_in import StandIn


@pytest.fixture
def shop(stand_in: StandIn) -> Shop:
    """With a tier from 1,000.00 on."""
    found = stand_in.installed(currency="EUR")
    version = ProgramVersion.objects.get(shop=found)
    tiers = (Level(id="gold", name="Gold members", minimum=100_000),)
    program = msgspec.structs.replace(parse_program(version.document), tiers=tiers)
    ProgramVersion.objects.filter(shop=found).update(document=to_data(program))
    OutboxMessage.objects.filter(shop=found).delete()
    return found


@pytest.fixture
def customer(stand_in: StandIn, shop: Shop) -> str:
    wanted = {"email": "alma@shopper.test", "name": "Alma Berg", "tags": ["wholesale"]}
    return str(stand_in.of(shop.external_id, "POST", "customers", wanted)["id"])


def earn(shop: Shop, customer: str, price: int, order_id: str = "first") -> None:
    who = type(ALICE)(external_id=customer, email="alma@shopper.test")
    place(shop, make_order(order_id, prices=(price,), at=timezone.now()), who)


def waiting(shop: Shop) -> list[str]:
    rows = OutboxMessage.objects.filter(shop=shop, kind=SHOW, state="waiting")
    return list(rows.values_list("subject", flat=True))


def drain() -> int:
    return outbox.drain_shown(now=timezone.now() + timedelta(seconds=16))


def beside(shop: Shop, customer: str) -> dict[str, Any]:
    """What Shopify keeps: balance, tier and tags."""
    nodes = client.execute(shop, "customers_shown", {"ids": [f"gid://shopify/Customer/{customer}"]})["nodes"]
    (node,) = nodes
    return {
        "balance": node["balance"] and node["balance"]["value"],
        "tier": node["tier"] and node["tier"]["value"],
        "tags": node["tags"],
    }


def test_points_and_tier_are_told_once_for_all_changes_of_a_moment(shop: Shop, customer: str) -> None:
    earn(shop, customer, 60_000)
    earn(shop, customer, 60_000, "second")
    assert len(waiting(shop)) == 1
    assert outbox.drain_shown(now=timezone.now()) == 0
    assert drain() == 1
    gold = {"balance": "1200", "tier": "Gold members", "tags": ["wholesale", "rewards-tier:gold"]}
    assert beside(shop, customer) == gold
    assert waiting(shop) == []


def test_a_tier_that_is_lost_loses_its_tag_and_name(shop: Shop, customer: str) -> None:
    earn(shop, customer, 120_000)
    drain()
    Member.objects.filter(shop=shop, external_id=customer).update(tier="", available=7)
    leave_shown(shop_id=shop.pk, member_ids=[Member.objects.get(shop=shop).pk], at=timezone.now())
    drain()
    assert beside(shop, customer) == {"balance": "7", "tier": None, "tags": ["wholesale"]}


def test_what_stands_there_already_is_not_written_again(
    shop: Shop, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(shop, customer, 120_000)
    drain()
    asked: list[str] = []
    execute = showing.execute

    def counted(shop: Shop, name: str, variables: Any) -> Any:
        asked.append(name)
        return execute(shop, name, variables)

    monkeypatch.setattr(showing, "execute", counted)
    leave_shown(shop_id=shop.pk, member_ids=[Member.objects.get(shop=shop).pk], at=timezone.now())
    assert drain() == 1
    assert asked == ["customers_shown"]


def test_our_own_tag_comes_back_as_a_webhook_and_starts_nothing(stand_in: StandIn, shop: Shop, customer: str) -> None:
    earn(shop, customer, 120_000)
    drain()
    told = next(row for row in stand_in.of(shop.external_id, "GET", "customers") if str(row["id"]) == customer)
    assert "rewards-tier:gold" in told["tags"]
    gid, now = f"gid://shopify/Customer/{customer}", timezone.now().isoformat()
    named = {"id": int(customer), "admin_graphql_api_id": gid, "email": "alma@shopper.test", "state": "disabled"}
    body = json.dumps({**named, "created_at": now, "updated_at": now}).encode()
    delivery = Delivery(delivery_id="own", topic="customers/update", body=body, meta={}, received_at=timezone.now())
    record(shop=shop, observations=platform_of(shop).parse(shop, delivery), at=timezone.now())
    assert waiting(shop) == []


def test_a_change_while_the_worker_writes_is_told_too(
    shop: Shop, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(shop, customer, 60_000)
    show = outbox._show

    def slow(*given: Any) -> None:
        show(*given)
        earn(shop, customer, 10_000, "meanwhile")

    monkeypatch.setattr(outbox, "_show", slow)
    drain()
    monkeypatch.undo()
    assert beside(shop, customer)["balance"] == "600"
    assert len(waiting(shop)) == 1
    outbox.drain_shown(now=timezone.now() + timedelta(seconds=40))
    assert beside(shop, customer)["balance"] == "700"


def test_a_customer_who_is_gone_keeps_nobody_from_being_shown(shop: Shop, customer: str) -> None:
    earn(shop, "999", 5_000, "gone")
    earn(shop, customer, 5_000)
    assert drain() == 2
    assert beside(shop, customer)["balance"] == "50"
    assert waiting(shop) == []


def test_a_shop_that_left_and_a_platform_without_a_place_get_no_message(shop: Shop, customer: str) -> None:
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.UNINSTALLED)
    earn(shop, customer, 5_000)
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.ACTIVE, platform="ecwid")
    earn(shop, customer, 5_000, "second")
    assert waiting(shop) == []
