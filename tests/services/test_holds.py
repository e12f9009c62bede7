"""The marks of orders whose points wait say what a fold from the start says, whatever happened."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.models import HeldAward, Member, Shop
from loyalty.selectors.dashboard import folded
from loyalty.selectors.programs import version_in_force
from loyalty.services.merging import merge
from loyalty.services.programs import publish
from loyalty.worker.schedule import fold_due
from tests.factories import ALICE, BOB, T0, make_order, make_shop, place, refund_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PEOPLE = (ALICE, BOB)


def holding_shop(days: int) -> Shop:
    shop = make_shop()
    hold(shop, days, T0 + timedelta(hours=1))
    return shop


def hold(shop: Shop, days: int, at: datetime) -> None:
    version = version_in_force(shop, at)
    assert version
    policies = msgspec.structs.replace(version.program.policies, hold_days=days)
    publish(shop=shop, program=msgspec.structs.replace(version.program, policies=policies), at=at)


def marks(shop: Shop) -> dict[str, datetime]:
    return dict(HeldAward.objects.filter(shop=shop).values_list("fact__external_id", "until"))


def waiting(shop: Shop) -> Iterator[tuple[str, datetime]]:
    members = Member.objects.filter(shop=shop, merged_into=None, external_id__isnull=False)
    for each in folded(shop=shop, members=members, as_of=T0).values():
        for held in each.statement.pending:
            yield held.source.removeprefix("order:"), held.until


@pytest.mark.parametrize("seed", range(6))
def test_after_each_thing_that_happens_the_marks_are_what_waits(seed: int) -> None:
    dice, shop, now = random.Random(seed), holding_shop(10), T0 + DAY
    orders = {}
    merged_on = dice.randrange(15, 40)
    for step in range(40):
        now += timedelta(hours=dice.randrange(1, 40))
        fold_due(now=now)
        owner = dice.choice(PEOPLE)
        if step == merged_on:
            merge(shop=shop, kept_id=str(ALICE.external_id), gone_id=str(BOB.external_id), at=now)
        elif step % 13 == 12:
            hold(shop, dice.choice((0, 5, 20)), now)
        elif orders and dice.random() < 0.4:
            order, owner = dice.choice(list(orders.values()))
            changed = dice.choice(
                (
                    {"paid_at": None},
                    {"cancelled_at": now},
                    {"refunds": (refund_of(order, 0, 2_000, at=now),)},
                    {"refunds": (refund_of(order, 0, 900, at=now),)},
                )
            )
            order = msgspec.structs.replace(order, updated_at=now, **changed)
            orders[order.id] = order, dice.choice(PEOPLE)
            place(shop, *orders[order.id], at=now)
        else:
            order = make_order(str(step), at=now - timedelta(hours=dice.randrange(90)), prices=(2_000,))
            order = msgspec.structs.replace(order, updated_at=now)
            orders[order.id] = order, owner
            place(shop, order, owner, at=now)
        assert marks(shop) == dict(waiting(shop)), step


def test_a_mark_goes_when_the_points_come() -> None:
    shop = holding_shop(10)
    place(shop, make_order("1", at=T0 + DAY))
    assert marks(shop) == {"1": T0 + 11 * DAY}
    fold_due(now=T0 + 12 * DAY)
    assert marks(shop) == {}


def test_a_shop_without_a_hold_is_never_asked_for_marks() -> None:
    shop = make_shop()
    with CaptureQueriesContext(connection) as asked:
        place(shop, make_order("1"))
    assert not [query for query in asked if "heldaward" in query["sql"]]


def test_the_migration_has_the_marks_of_before_written_by_the_next_sweep() -> None:
    shop = holding_shop(3_000)
    place(shop, make_order("1", at=T0 + DAY))
    known = marks(shop)
    assert known
    HeldAward.objects.filter(shop=shop).delete()
    migration = importlib.import_module("loyalty.migrations.0032_held_awards")
    migration.fold_holders(apps, None)
    fold_due(now=timezone.now())
    assert marks(shop) == known
