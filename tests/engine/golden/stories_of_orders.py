"""Lives made of orders: what counts, what is left out, what earns nothing, each by its reason."""

from __future__ import annotations

from tests.engine.golden.corpus import day, from_start, line, order, program, redeemed, refund
from tests.engine.golden.words import REWARDS, TIERS, activity, fact

EVERY_WAY = program(
    {"kind": "per_item", "id": "each", "name": "Each tea", "points": 3, "scope": {"collections": ["tea"]}},
    {"kind": "cashback", "id": "back", "percent": "2.5", "point_value_minor": 5, "scope": {"vendors": ["Ours"]}},
    {"kind": "multiplier", "id": "double", "name": "Double tea", "times": "2", "scope": {"collections": ["tea"]}},
    {"kind": "multiplier", "id": "half-more", "times": "1.5", "scope": {"channels": ["pos"]}},
    {"kind": "per_order", "id": "big", "name": "Big order", "points": 50, "scope": {"minimum_order_minor": 9000}},
    {"kind": "per_order", "id": "spend", "points": 7, "scope": {"minimum_spend_minor": 4000, "tags": ["new"]}},
    {"kind": "per_order", "id": "many", "points": 9, "scope": {"minimum_items": 4}},
    {"kind": "per_order", "id": "first", "name": "First", "points": 11, "scope": {"first_order": True}},
    {"kind": "per_order", "id": "code", "points": 13, "scope": {"codes": ["HELLO"]}},
    {"kind": "per_order", "id": "cash", "points": 17, "scope": {"payment_methods": ["cash"]}},
    {"kind": "per_order", "id": "dollars", "points": 19, "scope": {"currencies": ["USD"]}},
    {"kind": "per_order", "id": "gold-only", "points": 23, "scope": {"tiers": ["gold"]}},
    {"kind": "per_order", "id": "vips", "points": 29, "scope": {"segments": ["vip"]}},
    {"kind": "per_order", "id": "club", "points": 31, "scope": {"plans": ["club"]}},
    {"kind": "per_order", "id": "drawn", "points": 37, "scope": {"draw_percent": 50, "draw_salt": "x"}},
    {"kind": "per_order", "id": "spring", "points": 41, "scope": {"first_day": "2026-01-02", "last_day": "2026-01-03"}},
    {"kind": "per_order", "id": "fridays", "points": 43, "scope": {"weekdays": [5]}},
    {"kind": "per_order", "id": "capped", "name": "Capped", "points": 47, "caps": [{"per": "week", "points": 60}]},
    {"kind": "per_order", "id": "off", "points": 1000, "enabled": False},
    {"kind": "exclude", "id": "no-cups", "scope": {"products": ["cup"]}},
    tiers=TIERS,
    rewards=REWARDS,
    plans=[{"id": "club", "name": "Club"}],
    exclusions={"products": ["bag"], "collections": ["old"], "tags": ["sale"], "on_sale": True},
    campaigns=[
        {
            "id": "week",
            "name": "Week",
            "starts_at": day(3),
            "ends_at": day(6),
            "rules": [{"kind": "per_order", "id": "campaign", "name": "Campaign", "points": 53}],
        }
    ],
    policies={"count_shipping": True, "count_tax": True, "count_fees": True, "hold_days": 2},
)
BASKET = [
    line("1", 2250, 2, title="Assam", collection_ids=["tea"], discount_minor=150, vendor="Ours"),
    line("2", 1999, title="Cup", product_id="cup"),
    line("3", 500, title="Bag", product_id="bag"),
    line("4", 700, title="Old", collection_ids=["old"]),
    line("5", 800, title="Sale", tags=["sale"]),
    line("6", 900, title="Less", on_sale=True),
    line("7", 5000, title="Card", gift_card=True),
    line("8", 3300, title="Kettle", tags=["new"], vendor="Ours"),
]
COSTS = {"shipping_minor": 490, "tax_minor": 812, "fee_minor": 150, "total_minor": 14641, "number": "#1001"}

EVERY_MOMENT = {
    "waits": order("W", 1, 1000, number="#W", paid_at=None),
    "waits for parcel": order("V", 1, 1000, number="#V", fulfilled_at=None),
    "never paid, cancelled": order("U", 2, 1000, number="#U", paid_at=None, fulfilled_at=None, cancelled_at=day(3)),
    "gone": order("X", 2, 1000, number="#X", cancelled_at=day(2)),
    "back": order("Y", 3, 1000, number="#Y", refunds=[refund("Y1", 3, 1000)]),
    "test": order("T", 4, 1000, number="#T", test=True),
    "guest": order("G", 5, 1000, number="#G", customer_id=""),
    "foreign": order("F", 6, 1000, number="#F", currency="USD"),
    "early": order("E", -200, 1000, number="#E"),
    "gift card": order("C", 7, [line("1", 1000, title="Card", gift_card=True)], number="#C"),
    "little": order("L", 8, 99, number="#L"),
}

ORDERS = {
    "a rule that shuts everything out": (
        from_start(
            program(
                {"kind": "per_order", "id": "thanks", "points": 5, "priority": 9},
                {"kind": "exclude", "id": "stop", "priority": 5},
                policies={"count_shipping": True, "count_tax": True, "count_fees": True},
            )
        ),
        [order("A", 1, [line("1", 1000, product_id="p7")], **COSTS)],
        [5],
    ),
    "tax inside the prices, paid in parts": (
        from_start(
            program(
                exclusions={"on_sale": True},
                policies={"count_gift_card_part": False, "count_store_credit_part": False, "count_fees": True},
            )
        ),
        [
            order(
                "A",
                1,
                [
                    line("1", 1190, 2, title="Taxed", tax_minor=380),
                    line("2", 500, title="Credit", paid_by="store_credit", tax_minor=80),
                    line("3", 300, title="Card", paid_by="gift_card"),
                    line("4", 300, title="Half", discount_minor=400),
                ],
                number="#A",
                tax_included=True,
                tax_minor=460,
                shipping_minor=590,
                fee_minor=100,
                order_discount_minor=238,
                gift_card_minor=500,
                store_credit_minor=300,
            ),
            order("B", 2, [line("1", 1000, tax_minor=190)], number="#B", tax_minor=190, gift_card_minor=595),
            order("C", 3, 1000, number="#C", gift_card_minor=2000, total_minor=1000),
            order("D", 4, [line("1", 0)], number="#D", gift_card_minor=5, total_minor=1),
        ],
        [5],
    ),
    "orders from before the program": (
        from_start(program(earns_from=day(-300))),
        [order("A", -301, 1000, number="#A"), order("B", -300, 1000, number="#B"), order("C", -50, 1000, number="#C")],
        [5],
    ),
    "an order under every rule": (
        from_start(EVERY_WAY),
        [
            order("A", 1, BASKET, order_discount_minor=700, discount_codes=["hello", "SPRING"], **COSTS),
            order("B", 4, 30000, number="#1002", channel="pos", payment_methods=["cash"]),
            order("C", 5, 4000, number="#1003", currency="USD", rate=[9, 10]),
            fact("segment", "s", 8.5, segment="vip"),
            fact("membership", "m", 8.6, plan="club", event="bought"),
            order("D", 9, [line("1", 100, 5, title="Pin")], number="#1004", refunds=[refund("D1", 20, 200, "1")]),
        ],
        [2, 3.5, 10, 12, 60],
    ),
    "orders that give nothing": (from_start(program()), list(EVERY_MOMENT.values()), [30]),
    "orders that give nothing, by choice": (
        from_start(
            program(
                exclusions={"segments": ["staff"], "test_orders": False, "gift_cards": False},
                policies={"guest_orders": "nothing", "moment": "fulfilled", "paid_with_points": "nothing"},
            )
        ),
        [
            *EVERY_MOMENT.values(),
            fact("segment", "in", 9, segment="staff"),
            order("S", 10, 1000, number="#S"),
            activity("sr", 11, "review"),
            fact("segment", "out", 12, segment="staff", inside=False),
            order("P", 13, 1000, number="#P", discount_codes=["CODE"]),
            redeemed("R", 12.5, 5, code="code", reward_name="Little"),
        ],
        [30],
    ),
    "campaigns inside the days of their rules": (
        from_start(
            program(
                campaigns=[
                    {
                        "id": "c",
                        "name": "C",
                        "first_day": "2026-01-05",
                        "last_day": "2026-01-12",
                        "weekdays": [1, 2, 3],
                        "rules": [
                            {
                                "kind": "per_order",
                                "id": "wide",
                                "points": 3,
                                "scope": {"first_day": "2026-01-01", "last_day": "2026-01-31", "weekdays": [1, 4]},
                            },
                            {
                                "kind": "per_order",
                                "id": "narrow",
                                "points": 5,
                                "scope": {"first_day": "2026-01-06", "last_day": "2026-01-07"},
                            },
                            {"kind": "per_order", "id": "never", "points": 1000, "scope": {"weekdays": [7]}},
                        ],
                    },
                    {
                        "id": "d",
                        "name": "D",
                        "starts_at": day(6),
                        "ends_at": day(9),
                        "rules": [
                            {
                                "kind": "per_order",
                                "id": "hours",
                                "points": 7,
                                "scope": {"starts_at": day(7), "ends_at": day(20)},
                            },
                            {
                                "kind": "per_order",
                                "id": "early",
                                "points": 11,
                                "scope": {"starts_at": day(1), "ends_at": day(8)},
                            },
                        ],
                    },
                ]
            )
        ),
        [order(f"o{number}", number, 100, number=f"#{number}") for number in range(2, 13)],
        [20],
    ),
}
