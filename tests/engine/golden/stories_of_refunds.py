"""Lives in which something is taken back: by units, by lines, in proportion, before and after the award."""

from __future__ import annotations

from tests.engine.golden.corpus import day, from_start, line, order, program, redeemed, refund
from tests.engine.golden.words import activity, fact

TAXED = [
    line("1", 1000, 3, title="Tea", tax_minor=480, collection_ids=["tea"]),
    line("2", 500, title="Card", gift_card=True),
    line("3", 2000, title="Cup", tax_minor=320, discount_minor=300),
]


def units_back(name, at, line_id, quantity, minor=0, **more):
    return {
        **refund(name, at, minor),
        "lines": [{"line_id": line_id, "quantity": quantity, "amount_minor": minor}],
        **more,
    }


REFUNDS = {
    "goods that cost nothing go back by units": (
        from_start(program({"kind": "per_order", "id": "flat", "points": 100})),
        [
            order(
                "A",
                1,
                [line("1", 0, 4)],
                number="#A",
                refunds=[units_back("A1", 5, "1", 1), units_back("A2", 6, "1", 3)],
            ),
            order("B", 2, [line("1", 0, 4)], number="#B", refunds=[units_back("B1", 5, "1", 1)]),
            order("C", 3, [line("1", 0, 2), line("2", 900)], number="#C", refunds=[units_back("C1", 5, "1", 1)]),
            redeemed("R", 3.5, 80, code="FREE", reward_name="A free cup"),
            order(
                "D", 4, [line("1", 0, 4)], number="#D", discount_codes=["FREE"], refunds=[units_back("D1", 6, "1", 1)]
            ),
        ],
        [4, 10],
    ),
    "taxed goods go back line by line": (
        from_start(
            program(
                {"kind": "per_item", "id": "each", "points": 7, "scope": {"collections": ["tea"]}},
                policies={"count_shipping": True, "count_fees": True, "count_tax": True},
            )
        ),
        [
            order(
                name,
                number,
                TAXED,
                number=f"#{name}",
                tax_included=included,
                tax_minor=800,
                shipping_minor=600,
                fee_minor=200,
                order_discount_minor=470,
                refunds=[
                    units_back(f"{name}1", 10, "1", 1, 850, tax_minor=160),
                    refund(f"{name}2", 11, 0, shipping_minor=300, fee_minor=200),
                    refund(f"{name}3", 12, 700),
                    units_back(f"{name}4", 13, "gone", 1, 100),
                    refund(f"{name}5", 14, 500, money_moved=False),
                ],
            )
            for number, (name, included) in enumerate((("A", True), ("B", False)), 1)
        ],
        [10.5, 11.5, 12.5, 20],
    ),
    "refunded before it was awarded": (
        from_start(
            program(
                {"kind": "per_amount", "id": "tea", "points": 3, "per_minor": 200, "scope": {"collections": ["tea"]}},
                {"kind": "milestone", "id": "one", "steps": [{"orders": 1, "points": 30}]},
                tiers=[{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 2500}],
                policies={"moment": "fulfilled", "hold_days": 5, "order_discount": "not_allocated"},
            )
        ),
        [
            order(
                "A",
                1,
                [line("1", 1000, 2, collection_ids=["tea"]), line("2", 3000)],
                number="#A",
                fulfilled_at=day(10),
                order_discount_minor=500,
                refunds=[units_back("A1", 5, "1", 1, 900), refund("A2", 12, 1000), units_back("A3", 30, "2", 1, 2700)],
            )
        ],
        [9, 11, 13, 40],
    ),
    "lines that are added later": (
        from_start(
            program(
                {"kind": "per_order", "id": "flat", "points": 10},
                tiers=[{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 3000, "entry_points": 5}],
                caps=[{"per": "day", "points": 45}],
                policies={"hold_days": 3},
            )
        ),
        [
            order(
                "A",
                1,
                [
                    line("1", 1000),
                    line("2", 2000, added_at=day(2)),
                    line("3", 9000, added_at=day(2)),
                    line("4", 500, added_at=day(8)),
                ],
                number="#A",
                refunds=[units_back("A1", 3, "2", 1, 2000), units_back("A2", 9, "4", 1, 250)],
            )
        ],
        [1.5, 2.5, 6, 8.5, 20],
    ),
    "spent points come back with the order": (
        from_start(program(policies={"expiry": "lot", "expiry_days": 30, "spent_points": "full_refund_only"})),
        [
            order("A", 1, 50000, number="#A"),
            redeemed("R", 2, 300, code="ONE", reward_name="First"),
            redeemed("S", 3, 50, reward_name="Second", order_id="B"),
            order(
                "B",
                4,
                [line("1", 4000), line("2", 1000)],
                number="#B",
                discount_codes=["one", "ONE", "other"],
                refunds=[refund("B1", 20, 2000), refund("B2", 40, 3000)],
            ),
            redeemed("T", 60, 10, code="LATE"),
            order("C", 59.5, 2000, number="#C", discount_codes=["LATE"], cancelled_at=day(59.7)),
        ],
        [19, 25, 45, 70],
    ),
    "a scope by the shop's own clock": (
        from_start(
            program(
                {"kind": "activity", "id": "v", "activity": "visit", "points": 6, "scope": {"weekdays": [6]}},
                {
                    "kind": "activity",
                    "id": "r",
                    "activity": "review",
                    "points": 8,
                    "caps": [{"per": "day", "times": 1}],
                },
                {"kind": "activity", "id": "p", "activity": "visit", "points": 9, "scope": {"plans": ["club"]}},
                {"kind": "streak", "id": "s", "period": "week", "length": 2, "points": 15},
                plans=[{"id": "club", "name": "Club"}],
            )
        ),
        [
            activity("friday-night", 1.98, "visit"),  # 2 January 23:31 UTC, a Saturday in Berlin
            activity("saturday-night", 2.98, "visit"),
            activity("r1", 4.9, "review", code="a"),
            activity("r2", 4.98, "review", code="b"),  # the next day in Berlin
            activity("r3", 5.5, "review", code="c"),
            fact("membership", "m", 6, plan="club", event="bought"),
            activity("member", 7, "visit"),
            order("A", 3.98, 1000),  # Sunday 23:31 UTC is Monday in Berlin
            order("B", 11.5, 1000),
        ],
        [30],
    ),
    "of age by the shop's own day": (
        from_start(
            program(
                {"kind": "activity", "id": "v", "activity": "visit", "points": 6, "scope": {"segments": ["adult"]}},
                {"kind": "per_order", "id": "o", "points": 9, "scope": {"segments": ["adult-buyer"]}},
                segments=[
                    {"id": "adult", "minimum_age": 18},
                    {"id": "adult-buyer", "minimum_age": 18, "order_count": [1, 9]},
                ],
            )
        ),
        [
            activity("unknown", 1, "visit"),
            fact("profile", "p", 2, field="birthday", value="2008-01-10"),
            order("A", 3, 100),
            activity("young", 8.9, "visit"),
            activity("of age", 8.98, "visit"),  # 9 January 23:31 UTC is the tenth in Berlin
            order("B", 9, 100),
            fact("profile", "q", 20, field="birthday", value="2008-02-29"),
            activity("younger", 57.9, "visit"),
            activity("older", 59, "visit"),
        ],
        [2.5, 15, 30, 70],
    ),
    "what earned nothing takes nothing back": (
        from_start(
            program() | {"rules": [{"kind": "per_item", "id": "tea", "points": 10, "scope": {"collections": ["tea"]}}]}
        ),
        [
            order(
                "A",
                1,
                [line("1", 1000, collection_ids=["tea"], on_sale=True), line("2", 1000)],
                number="#A",
                refunds=[units_back("A1", 5, "2", 1, 1000), units_back("A2", 6, "1", 1, 500)],
            )
        ],
        [5.5, 10],
    ),
}
