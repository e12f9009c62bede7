"""What must hold when a history is over, judged by an oracle that shares no code with the engine."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.models import InboxDelivery, LedgerEntry, Member, OutboxMessage, Redemption, Shop, StoredFact
from loyalty.services.auditing import audit
from tests.engine.golden import oracle
from tests.engine.golden.corpus import PROGRAMS
from tests.simulator.world import Code, Sale, World

GIVEN_BACK = ("returned", "expired", "failed")
Facts = dict[str, list[dict[str, Any]]]
"""By customer, as the oracle reads them."""


def judge(world: World, program: str, shop: Shop, now: datetime) -> None:
    connection.check_constraints()
    faults = [fault for chunk in audit(shop=shop, now=now) for fault in chunk.faults]
    assert not faults, faults
    for queue in (InboxDelivery, OutboxMessage):
        open_rows = (
            queue.objects.filter(shop=shop).exclude(state="done").exclude(outcome="The store must open the app.")
        )
        assert not open_rows, [(str(row), row.state, row.outcome) for row in open_rows]
    _nothing_is_half_done(world.codes, shop)
    _balances(_facts(world, shop), program, shop, now)


def _nothing_is_half_done(codes: dict[str, Code], shop: Shop) -> None:
    for redemption in Redemption.objects.filter(shop=shop):
        code = codes.get(redemption.code)
        assert redemption.state in ("used", *GIVEN_BACK), redemption.state
        if redemption.state == "used":
            assert code is not None
            assert code.uses == 1
        else:
            assert code is None or not code.works, f"{redemption.state}, and the code works"


def _balances(facts: Facts, program: str, shop: Shop, now: datetime) -> None:
    accounts = Member.objects.filter(shop=shop, external_id__isnull=False)
    assert facts.keys() <= {member.external_id for member in accounts}
    others = LedgerEntry.objects.filter(shop=shop).exclude(member__in=accounts)
    assert not others
    for member in accounts:
        told = oracle.statement(PROGRAMS[program], facts[str(member.external_id)], now)
        expected = {(kind, source, part): points for kind, source, part, points, _ in told["movements"]}
        rows = LedgerEntry.objects.filter(shop=shop, member=member)
        posted: Counter[tuple[str, str, str]] = Counter()
        for kind, source, part, points in rows.values_list("kind", "source", "part", "points"):
            posted[kind, source, part] += points
        differ = {key: f"{posted[key]}, not {expected.get(key, 0)}" for key in {*posted, *expected}}
        differ = {key: told for key, told in differ.items() if posted[key] != expected.get(key, 0)}
        assert not differ, f"Customer {member.external_id}: {differ}"
        assert member.available == member.posted == told["available"]


def _facts(world: World, shop: Shop) -> Facts:
    """What really happened in the store, and the decisions as they were taken."""
    facts: Facts = defaultdict(list)
    accounts = {world.email(number): str(number) for number in range(1, world.customers + 1)}
    for sale in world.sales:
        owner = str(sale.customer) if sale.customer else accounts.get(sale.email)
        if owner:
            facts[owner].append(_order(sale))
    for redemption in Redemption.objects.filter(shop=shop).select_related("member"):
        facts[str(redemption.member.external_id)].append(_redeemed(redemption))
    for row in StoredFact.objects.filter(shop=shop, kind="adjustment").select_related("member"):
        facts[str(row.member.external_id)].append(_adjusted(row))
    return facts


def _order(sale: Sale) -> dict[str, Any]:
    return {
        "type": "order",
        "id": str(sale.number),
        "placed_at": sale.at.isoformat(),
        "paid_at": sale.at.isoformat() if sale.is_paid else None,
        "fulfilled_at": sale.fulfilled_at and sale.fulfilled_at.isoformat(),
        "cancelled_at": sale.cancelled_at and sale.cancelled_at.isoformat(),
        "lines": [
            {"id": str(90_000 + index), "quantity": quantity, "unit_price_minor": price}
            for index, (price, quantity) in enumerate(sale.lines)
        ],
        "order_discount_minor": sum(sale.off),
        "discount_codes": [sale.code] if sale.code else [],
        "refunds": [
            {
                "id": str(number),
                "at": at.isoformat(),
                "amount_minor": minor,
                "lines": [{"line_id": str(90_000 + line), "quantity": 1, "amount_minor": minor}],
            }
            for number, at, line, minor in sale.refunds
        ],
    }


def _redeemed(redemption: Redemption) -> dict[str, Any]:
    is_back = redemption.state in GIVEN_BACK and redemption.closed_at
    return {
        "type": "redemption",
        "id": str(redemption.number),
        "at": redemption.accepted_at.isoformat(),
        "points": redemption.points,
        "code": redemption.code,
        "given_back_at": redemption.closed_at.isoformat() if is_back and redemption.closed_at else None,
        "given_back_why": redemption.state if redemption.state == "expired" else "",
    }


def _adjusted(row: StoredFact) -> dict[str, Any]:
    points = json.loads(row.body)["points"]
    return {"type": "adjustment", "id": row.external_id, "at": row.at.isoformat(), "points": points}
