"""One story, told by two platforms: what the member reads in the end is the same, line by line."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from loyalty.engine.explain import text
from loyalty.engine.statement import Statement
from loyalty.selectors.members import statement_of
from tests.platforms.stores import NOW, Store, ago, sandbox_url, shipping_minor, stores

__all__ = ["sandbox_url", "shipping_minor", "stores"]

pytestmark = pytest.mark.django_db(transaction=True)


def told(store: Store, statement: Statement) -> dict[str, Any]:
    """The statement without the platform's own names: what orders and redemptions are called, and when a second was."""
    numbers: dict[str, str] = {}

    def plain(said: str) -> str:
        return re.sub(
            r"(?<=Order )\S+?(?=[:,. ]|$)|#\w+", lambda found: numbers.setdefault(found[0], f"N{len(numbers)}"), said
        )

    movements = sorted(statement.movements, key=lambda each: (each.at, each.kind, each.points))
    return {
        "movements": [
            (
                each.kind,
                each.points,
                each.reason.message,
                re.sub(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", "CODE", plain(text(each.reason))),
            )
            for each in movements
        ],
        "nothing": sorted(each.reason.message for each in statement.nothing if "number" in each.reason.params),
        "available": statement.available,
        "pending": statement.pending_points,
        "debt": statement.debt,
        "spent": statement.spent,
        "totals": {kind: points for kind, points in statement.totals.items() if points},
    }


def compared(stores: list[Store]) -> dict[str, Any]:
    """What both say, if they say the same."""
    for store in stores:
        store.hear()
    first, second = (
        told(each, statement_of(shop=each.shop, member=each.member, as_of=NOW + timedelta(minutes=1)))
        for each in stores
    )
    assert first == second
    return first


def test_the_same_story_is_the_same_statement_on_both_platforms(stores: list[Store]) -> None:
    """Earned, unpaid, paid, redeemed, used, refunded in part, cancelled; compared after every chapter."""
    big = [store.order(("Typewriter", "520.00"), at=60) for store in stores]
    assert compared(stores)["available"] == 520

    late = [store.order(("Ink", "22.50"), ("Paper", "7.49"), at=50, pay=False) for store in stores]
    assert compared(stores)["available"] == 520
    for store, order in zip(stores, late, strict=True):
        store.then(order, "pay", at=ago(45))
    assert compared(stores)["available"] == 549

    codes = [store.redeem().code for store in stores]
    assert compared(stores)["available"] == 49
    used = [
        store.order(("Pen", "25.00"), ("Case", "20.00"), at=0, code=code)
        for store, code in zip(stores, codes, strict=True)
    ]
    chapter = compared(stores)
    assert (chapter["available"], chapter["spent"]) == (49 + 40, 500)

    for store, order in zip(stores, big, strict=True):
        store.then(order, "refund", amount="104.00", at=ago(30))
    assert compared(stores)["available"] == 49 + 40 - 104

    for store, order in zip(stores, late, strict=True):
        store.then(order, "cancel", at=ago(20))
    assert compared(stores)["available"] == 20 + 40 - 104

    for store, order in zip(stores, used, strict=True):
        store.then(order, "refund", amount="40.00", at=ago(-1))
    last = compared(stores)
    assert last["available"] == 20 - 104 + 500
