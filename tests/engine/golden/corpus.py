"""Programs and histories of the golden corpus, as plain data. Every program meets every history.

Days count from 1 January 2026, UTC. A program is one version, or several with the day each begins.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = BEGIN + timedelta(days=400)

TEA = {"collections": ["tea"]}


def day(number):
    return (BEGIN + timedelta(days=number)).isoformat()


def program(*extra_rules, base=1, per_minor=100, **document):
    rule = {"kind": "per_amount", "id": "base", "points": base, "per_minor": per_minor}
    frame = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Berlin"}
    return {**frame, "rules": [rule, *extra_rules], **document}


def from_start(document):
    return [{"from": day(-100), "program": document}]


def policies(**chosen):
    return from_start(program(policies=chosen))


PROGRAMS = {
    "plain": from_start(program()),
    "one per ten": from_start(program(per_minor=1000)),
    "held 14 days": policies(hold_days=14),
    "clamped": policies(negative="clamped"),
    "lots expire after 6 months": policies(expiry="lot", expiry_months=6),
    "lots expire after 90 days": policies(expiry="lot", expiry_days=90),
    "silent for 3 months": policies(expiry="inactivity", expiry_months=3),
    "tea counts double": from_start(program({"kind": "multiplier", "id": "m", "times": "2", "scope": TEA})),
    "50 for 50.00": from_start(
        program({"kind": "per_order", "id": "b", "points": 50, "scope": {"minimum_spend_minor": 5000}})
    ),
    "10 for each tea": from_start(program({"kind": "per_item", "id": "i", "points": 10, "scope": TEA})),
    "highest": from_start(program({"kind": "per_order", "id": "f", "points": 100}, policies={"stacking": "highest"})),
    "half up": from_start(program(per_minor=30, policies={"rounding": "half_up"})),
    "up, line by line": from_start(program(policies={"rounding": "ceil", "rounding_per": "line"})),
    "tiers": from_start(
        program(
            {"kind": "multiplier", "id": "m", "times": "1.5", "scope": {"tiers": ["silver"]}},
            tiers=[{"id": "member", "name": "M"}, {"id": "silver", "name": "S", "minimum": 10000, "entry_points": 25}],
            policies={"tier_period_days": 60},
        )
    ),
    "nothing returns": policies(spent_points="none"),
    "all or nothing returns": policies(spent_points="full_refund_only"),
    "codes stay spent": policies(expired_codes="stay_spent"),
    "shipping counts": policies(count_shipping=True),
    "when placed": policies(moment="placed"),
    "when fulfilled": policies(moment="fulfilled"),
    "third order": from_start(program({"kind": "milestone", "id": "n", "steps": [{"orders": 3, "points": 100}]})),
    "reviews": from_start(program({"kind": "activity", "id": "r", "activity": "review", "points": 30})),
    "five per euro from day 50": [*from_start(program()), {"from": day(50), "program": program(base=5)}],
    "expiry from day 40": [
        *from_start(program()),
        {"from": day(40), "program": program(policies={"expiry": "lot", "expiry_days": 30})},
    ],
    "no sale": from_start(program(exclusions={"tags": ["sale"]})),
}


def line(name, minor, quantity=1, **more):
    return {"id": name, "quantity": quantity, "unit_price_minor": minor, **more}


def order(name, at, lines, **more):
    paid = {"placed_at": day(at), "paid_at": day(at), "fulfilled_at": day(at + 1), "updated_at": day(399)}
    base = {"type": "order", "id": name, "currency": "EUR", "exponent": 2, "customer_id": "c", **paid}
    return {**base, "lines": lines if isinstance(lines, list) else [line("1", lines)], **more}


def refund(name, at, minor, line_id="", **more):
    lines = [{"line_id": line_id, "quantity": 1, "amount_minor": minor}] if line_id else []
    return {"id": name, "at": day(at), "amount_minor": minor, "lines": lines, **more}


def redeemed(name, at, points, **more):
    return {"type": "redemption", "id": name, "at": day(at), "points": points, "reward": "r", **more}


TWO = [line("1", 2250, collection_ids=["tea"]), line("2", 2250)]

HISTORIES = {
    "one order": [order("A", 1, 52000)],
    "the loop": [
        order("A", 1, 52000),
        redeemed("R", 2, 500, code="TAKE"),
        order("B", 3, TWO, order_discount_minor=500, discount_codes=["take"], refunds=[refund("F", 30, 2000, "1")]),
    ],
    "thirds": [order("A", 1, 1000, refunds=[refund("x", 20, 334), refund("y", 21, 333), refund("z", 22, 333)])],
    "cancelled": [order("A", 1, 2550, cancelled_at=day(9))],
    "tea refunded": [
        order(
            "A",
            1,
            [line("1", 2250, 2, collection_ids=["tea"]), line("2", 1000, discount_minor=100)],
            order_discount_minor=700,
            refunds=[refund("F", 40, 4000, "1")],
        )
    ],
    "given back": [
        {"type": "import", "id": "I", "at": day(0), "lots": [{"points": 300, "at": day(-50), "expires_at": day(100)}]},
        order("A", 1, 3000),
        redeemed("R", 20, 320, given_back_at=day(120)),
    ],
    "not used in time": [
        order("A", 1, 5000),
        redeemed("R", 20, 40, given_back_at=day(120), given_back_why="expired"),
    ],
    "debt": [
        order("A", 1, 10000, refunds=[refund("F", 30, 10000)]),
        redeemed("R", 20, 80),
        order("B", 35, 5000),
    ],
    "five orders": [
        *(order(str(n), 20 * n + 1, [line("1", 6000, collection_ids=["tea"])]) for n in range(5)),
        {"type": "activity", "id": "v", "at": day(33), "kind": "review"},
    ],
    "shipping": [
        order(
            "A",
            1,
            [line("1", 1990), line("2", 0)],
            shipping_minor=490,
            refunds=[refund("F", 25, 0, shipping_minor=490), refund("G", 26, 995, "1")],
        )
    ],
    "sale and gift card": [
        order(
            "A",
            1,
            [line("1", 1500, tags=["sale"]), line("2", 2500), line("3", 5000, gift_card=True)],
            refunds=[refund("F", 50, 4500)],
        )
    ],
    "late": [
        order(
            "A",
            45,
            8000,
            paid_at=day(55),
            fulfilled_at=day(60),
            refunds=[refund("F", 58, 4000, "1"), refund("G", 80, 1000)],
        )
    ],
    "by hand": [
        {"type": "adjustment", "id": "1", "at": day(5), "points": 100, "actor": "Dana", "reason": "late"},
        {"type": "adjustment", "id": "2", "at": day(6), "points": -150, "actor": "Dana", "reason": "mistake"},
        order("A", 50, 2000),
    ],
}
