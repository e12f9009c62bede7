"""What the engine's benchmark folds: one stated program, members' histories, and an order as a platform sends it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty.engine.exchange import from_data
from loyalty.engine.facts import Fact, Line, Order, Redemption, Refund, RefundLine
from loyalty.engine.program import Program, Version

START = datetime(2025, 1, 6, 9, tzinfo=UTC)
DAYS_BETWEEN = 23
COLLECTIONS = ("coffee", "tea", "cups")
DOCUMENT: dict[str, Any] = {
    "name": "Bench",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Berlin",
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100},
        {"kind": "per_amount", "id": "coffee", "points": 1, "per_minor": 100, "scope": {"collections": ["coffee"]}},
        {"kind": "per_order", "id": "large", "points": 50, "scope": {"minimum_order_minor": 8_000}},
        {"kind": "multiplier", "id": "gold-rate", "times": "1.5", "scope": {"tiers": ["gold"]}},
        {"kind": "milestone", "id": "orders", "steps": [{"orders": 4, "points": 400}, {"orders": 10, "points": 1500}]},
    ],
    "tiers": [
        {"id": "member", "name": "Member"},
        {"id": "silver", "name": "Silver", "minimum": 25_000},
        {"id": "gold", "name": "Gold", "minimum": 60_000, "entry_points": 100},
    ],
    "campaigns": [
        {
            "id": "weekends",
            "name": "Weekends",
            "weekdays": [6, 7],
            "rules": [{"kind": "multiplier", "id": "weekend", "times": "2"}],
        }
    ],
    "rewards": [{"id": "amount-off", "name": "5.00 off", "kind": "amount_off", "points": 500, "value_minor": 500}],
    "policies": {"expiry": "lot", "expiry_months": 12, "hold_days": 14},
}
SAID = (
    "five rules (per amount, per amount on one collection, per order, a tier's multiplier, milestones), three tiers by "
    "spend in a rolling year, a weekend campaign, a hold of 14 days, lots that expire after 12 months"
)


def version_of(document: dict[str, Any]) -> list[Version]:
    return [Version(number=1, in_force_from=START, program=from_data(document))]


def draft() -> Program:
    """The same with another rate and a higher way to gold."""
    base, *rules = DOCUMENT["rules"]
    *tiers, gold = DOCUMENT["tiers"]
    changed = {
        "rules": [{**base, "points": 2, "per_minor": 300}, *rules],
        "tiers": [*tiers, {**gold, "minimum": 80_000}],
    }
    return from_data({**DOCUMENT, **changed, "name": "Bench draft"})


def history(member: int, orders: int) -> list[Fact]:
    """So many orders of three lines, three weeks apart; every seventh is refunded in part, every ninth is followed by
    a redemption. Another number is another history, always the same."""
    facts: list[Fact] = []
    for number in range(orders):
        at = START + timedelta(days=DAYS_BETWEEN * number + member % 20, minutes=member % 600)
        facts.append(_order(member, number, at))
        if number % 9 == 8:
            key = f"{member}-{number}"
            facts.append(
                Redemption(id=key, at=at + timedelta(days=15), points=500, reward="amount-off", value_minor=500)
            )
    return facts


def last_of(facts: Sequence[Fact]) -> tuple[datetime, list[Fact]]:
    """An instant just before the last order, and all that happens after it: by then everything about the orders before
    is over."""
    at = max(fact.at for fact in facts if isinstance(fact, Order))
    return at - timedelta(minutes=1), [fact for fact in facts if fact.at >= at]


def until(orders: int) -> datetime:
    return START + timedelta(days=DAYS_BETWEEN * orders + 60)


def _order(member: int, number: int, at: datetime) -> Order:
    lines = tuple(
        Line(
            id=f"{member}{number}{index}",
            quantity=1 + (member + index) % 2,
            unit_price_minor=990 + (member * 37 + number * 101 + index * 613) % 3_000,
            title=f"{COLLECTIONS[index]} {number}",
            product_id=str(8_000 + index),
            variant_id=str(9_000 + index),
            collection_ids=(COLLECTIONS[index],),
            tags=("new",) if index else (),
            vendor="Northlight",
        )
        for index in range(3)
    )
    refunds: tuple[Refund, ...] = ()
    if number % 7 == 6:
        back = RefundLine(line_id=lines[0].id, quantity=1, amount_minor=lines[0].unit_price_minor)
        refunds = (Refund(id=f"r{number}", at=at + timedelta(days=18), amount_minor=back.amount_minor, lines=(back,)),)
    return Order(
        id=f"{member}-{number}",
        number=f"#{1000 + number}",
        customer_id=str(member),
        placed_at=at,
        updated_at=at,
        paid_at=at + timedelta(minutes=1),
        currency="EUR",
        exponent=2,
        lines=lines,
        payment_methods=("card",),
        order_discount_minor=500 if number % 5 == 4 else 0,
        shipping_minor=490,
        tax_minor=800,
        tax_included=True,
        total_minor=sum(line.quantity * line.unit_price_minor for line in lines) + 490,
        refunds=refunds,
    )


def payload() -> str:
    """One order with three lines as a platform's webhook brings it: about 10 KB of JSON."""
    address = {
        name: f"{name} of a shopper"
        for name in ("first_name", "last_name", "address1", "address2", "city", "province", "country", "zip", "phone")
    } | {"latitude": 52.5208, "longitude": 13.4094, "country_code": "DE"}
    head = {f"field_{number}": None if number % 3 else f"text {number}" for number in range(90)}
    names = ("current_subtotal", "current_total", "subtotal", "total", "total_discounts", "total_shipping", "total_tax")
    return json.dumps(
        {
            "id": 5_550_001_000_123,
            "created_at": "2026-03-10T09:30:00+02:00",
            "updated_at": "2026-03-10T09:31:00+02:00",
            **head,
            **{key: value for name in names for key, value in _priced(f"{name}_price", "72.90").items()},
            "customer": {"id": 7_001, "email": "alice@shopper.test", "tags": "", "default_address": address},
            "billing_address": address,
            "shipping_address": address,
            "line_items": [_payload_line(number) for number in range(3)],
            "shipping_lines": [{"id": 1, "title": "Standard", **_priced("price", "4.90"), "tax_lines": [_tax()]}],
            "tax_lines": [_tax()],
            "refunds": [],
        }
    )


def _payload_line(number: int) -> dict[str, Any]:
    flags = {f"flag_{index}": bool(index % 2) for index in range(20)}
    return {
        "id": 90_000_000_000 + number,
        "admin_graphql_api_id": f"gid://platform/LineItem/{90_000_000_000 + number}",
        "title": f"A thing with a name of usual length {number}",
        "name": f"A thing with a name of usual length {number} - large",
        "quantity": 1,
        "product_id": 8_000_000_000 + number,
        "variant_id": 9_000_000_000 + number,
        "sku": f"SKU-{number:06}",
        "vendor": "Northlight",
        "properties": [{"name": "Engraving", "value": "none"}],
        **flags,
        **_priced("price", "24.30"),
        **_priced("total_discount", "0.00"),
        "tax_lines": [_tax()],
        "discount_allocations": [{"discount_application_index": 0, **_priced("amount", "1.67")}],
    }


def _tax() -> dict[str, Any]:
    return {"title": "VAT", "rate": 0.19, "channel_liable": False, **_priced("price", "3.88")}


def _priced(name: str, amount: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": "EUR"}
    return {name: amount, f"{name}_set": {"shop_money": money, "presentment_money": money}}
