"""Lives of members, told in full: each has a program, what happened, and the days on which the statement is read.

`accounts.txt` holds what the engine says of them, word by word, so that no reason, date or sum changes unnoticed.
"""

from __future__ import annotations

from tests.engine.golden.corpus import day, from_start, line, order, program, redeemed, refund
from tests.engine.golden.stories_of_orders import ORDERS
from tests.engine.golden.stories_of_refunds import REFUNDS
from tests.engine.golden.words import REWARDS, TIERS, activity, adjusted, fact

STORIES = {
    **ORDERS,
    **REFUNDS,
    "a life in tiers": (
        from_start(
            program(
                {"kind": "multiplier", "id": "m", "name": "Gold rate", "times": "3", "scope": {"tiers": ["gold"]}},
                tiers=TIERS,
                rewards=REWARDS,
                policies={"tier_period_days": 60, "tier_grace_days": 10},
            )
        ),
        [
            order("A", 1, 12000),
            order("B", 20, 20000, refunds=[refund("B1", 30, 4000)]),
            order("C", 40, 1000),
            fact("issued", "i", 41, gift="tier:silver:coffee"),
            fact("tier_grant", "g", 50, tier="circle", actor="Dana", ends_at=day(75)),
            order("D", 120, 10000),
        ],
        [5, 25, 45, 60, 70, 95, 125, 300],
    ),
    "tiers that are kept, by points of the year": (
        from_start(
            program(
                {"kind": "activity", "id": "r", "name": "Reviews", "activity": "review", "points": 120},
                tiers=[{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 100}],
                policies={"tier_measure": "points", "tier_period": "calendar_year", "tier_kept": "this_year_and_next"},
            )
        ),
        [activity("r1", 10, "review", code="tea"), order("A", 20, 5000), order("B", 380, 2000)],
        [15, 30, 390, 700, 800],
    ),
    "tiers by orders, the present one included": (
        from_start(
            program(
                {"kind": "multiplier", "id": "m", "times": "2", "scope": {"tiers": ["b"]}},
                {"kind": "activity", "id": "r", "activity": "review", "points": 3},
                tiers=[{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 2, "entry_points": 5}],
                policies={
                    "tier_measure": "orders",
                    "tier_period": "calendar_month",
                    "tier_kept": "a_year",
                    "tier_current_order": "yes",
                },
            )
        ),
        [
            order("A", 1, [line("1", 1000), line("2", 500, added_at=day(1.2))]),
            activity("r", 1.3, "review"),
            order("B", 2, 2000),
            order("C", 45, 3000, cancelled_at=day(46)),
        ],
        [1.5, 3, 50, 390],
    ),
    "what shoppers do": (
        from_start(
            program(
                {"kind": "activity", "id": "up", "name": "Welcome", "activity": "sign_up", "points": 100},
                {
                    "kind": "activity",
                    "id": "rev",
                    "name": "Reviews",
                    "activity": "review",
                    "points": 30,
                    "caps": [{"per": "day", "points": 50}, {"per": "lifetime", "times": 3}],
                },
                {"kind": "activity", "id": "quiz", "activity": "custom", "code": "quiz", "points": 8},
                {
                    "kind": "activity",
                    "id": "gold-visit",
                    "activity": "visit",
                    "points": 5,
                    "scope": {"tiers": ["gold"]},
                },
                {"kind": "activity", "id": "vip-visit", "activity": "visit", "points": 6, "scope": {"segments": ["v"]}},
                {
                    "kind": "activity",
                    "id": "may",
                    "activity": "newsletter",
                    "points": 7,
                    "scope": {"last_day": "2026-01-03"},
                },
                {"kind": "referral", "id": "ref", "name": "Friends", "referrer_points": 200, "friend_points": 50},
                {
                    "kind": "birthday",
                    "id": "b",
                    "name": "Birthday",
                    "points": 40,
                    "known_days": 20,
                    "rewards": ["coffee"],
                    "caps": [{"per": "year", "points": 25}],
                },
                tiers=TIERS,
                rewards=REWARDS,
                caps=[{"per": "month", "points": 450}],
            )
        ),
        [
            activity("up", 0, "sign_up"),
            activity("r1", 1, "review", code="Assam"),
            activity("r2", 1.1, "review", code="Cup"),
            activity("r3", 2, "review"),
            activity("r4", 3, "review"),
            activity("q", 3.1, "custom", code="quiz"),
            activity("q2", 3.2, "custom", code="other"),
            activity("v", 3.3, "visit"),
            activity("n", 4, "newsletter"),
            fact("referral", "f1", 5, role="friend", other="m1"),
            fact("referral", "f2", 6, role="referrer", other="m2"),
            fact("referral", "f3", 7, role="referrer", other="m3"),
            fact("profile", "p1", 8, field="birthday", value="1990-01-20"),
            fact("profile", "p2", 60, field="birthday", value="1990-03-20"),
            fact("profile", "p3", 61, field="birthday", value="unknown"),
            fact("profile", "p4", 62, field="consent", value="yes"),
            fact("profile", "p5", 63, field="birthday", value="1992-02-29"),
            fact("profile", "p6", 1094.99, field="birthday", value="1992-01-01"),  # 1 January 2029 in Berlin
        ],
        [0.5, 9, 25, 100, 460, 900, 1100, 1500],
    ),
    "a pilot with a holdout": (
        from_start(
            program(
                {"kind": "activity", "id": "r", "activity": "review", "points": 30},
                audience={
                    "kind": "pilot",
                    "segments": ["test"],
                    "customers": ["c"],
                    "percent": 30,
                    "holdout_percent": 30,
                },
            )
        ),
        [
            *(order(f"o{n}", n, 1000, number=f"#{n}", customer_id=f"c{n}") for n in range(6)),
            order("listed", 6, 1000, customer_id="c"),
            *(activity(f"a{n}", n + 0.5, "review", customer_id=f"c{n}") for n in range(6)),
            activity("nobody", 7, "review"),
            fact("segment", "s", 8, segment="test"),
            activity("inside", 9, "review"),
        ],
        [30],
    ),
    "segments by what was bought": (
        from_start(
            program(
                {
                    "kind": "per_order",
                    "id": "bonus",
                    "name": "Regulars",
                    "points": 50,
                    "scope": {"segments": ["regular"]},
                },
                {"kind": "activity", "id": "v", "activity": "visit", "points": 6, "scope": {"segments": ["spender"]}},
                segments=[
                    {"id": "regular", "order_count": [2, 1000]},
                    {"id": "spender", "average_minor": [2000, 10**9], "points_of_sale": ["pos"]},
                    {"id": "either", "any_of": ["regular", "spender"]},
                    {"id": "neither", "none_of": ["regular", "spender"]},
                    {"id": "one-big", "any_order_minor": [5000, 6000]},
                ],
            )
        ),
        [
            activity("v1", 0, "visit"),
            order("A", 1, 1000),
            order("B", 2, 1500),
            order("C", 3, 5500, channel="pos"),
            activity("v2", 4, "visit"),
            order("D", 5, 500, order_discount_minor=100),
        ],
        [0.5, 1.5, 2.5, 10],
    ),
    "plans and their fees": (
        from_start(
            program(
                {"kind": "per_order", "id": "club-bonus", "points": 10, "scope": {"plans": ["club"]}},
                plans=[
                    {"id": "club", "name": "Club", "entry_points": 70, "fee_points": 30, "fee_seconds": 864000},
                    {"id": "free", "name": "Free", "entry_points": 5},
                ],
                policies={"expiry": "lot", "expiry_days": 365},
            )
        ),
        [
            fact("membership", "m1", 1, plan="club", event="bought"),
            fact("membership", "m2", 2, plan="free", event="bought"),
            fact("membership", "m3", 3, plan="free", event="renewed"),
            fact("membership", "m4", 4, plan="unknown", event="bought"),
            order("A", 5, 1000),
            fact("membership", "m5", 45, plan="club", event="ended"),
            order("B", 46, 1000),
            fact("membership", "m6", 60, plan="club", event="renewed"),
        ],
        [1, 12, 35, 47, 75],
    ),
    "lots that expire, come back and expire again": (
        from_start(program(rewards=REWARDS, policies={"expiry": "lot", "expiry_months": 2})),
        [
            order("A", 1, 30000),
            order("B", 20, 50000),
            redeemed("R", 30, 400, reward_name="4.00 off", given_back_at=day(70), given_back_why="expired"),
            redeemed("S", 31, 100, reward_name="1.00 off", given_back_at=day(32), given_back_why="failed"),
            redeemed("T", 33, 50, given_back_at=day(34), given_back_why="cancelled"),
            redeemed("U", 35, 20, given_back_at=day(36)),
            redeemed("V", 37, 10, used_at=day(38), code="KEPT"),
            adjusted("a", 40, 60),
            adjusted("b", 41, -5),
        ],
        [31.5, 39, 65, 90, 200],
    ),
    "silence": (
        from_start(program(policies={"expiry": "inactivity", "expiry_days": 50})),
        [order("A", 1, 30000), adjusted("a", 30, 10), activity("v", 45, "visit"), order("B", 120, 2000)],
        [40, 94, 100, 130, 180],
    ),
    "a clamped shop": (
        from_start(program(policies={"negative": "clamped", "spent_points": "pro_rata"})),
        [
            order("A", 1, 10000, number="#A", refunds=[refund("A1", 20, 5000), refund("A2", 25, 5000)]),
            redeemed("R", 5, 90, reward_name="Prize", code="PRIZE"),
            redeemed("Q", 6, 30, reward_name="Prize"),
            adjusted("a", 7, -10),
            order("B", 8, 900, number="#B", discount_codes=["PRIZE"], cancelled_at=day(30)),
        ],
        [7.5, 22, 60],
    ),
    "refunds of a held order": (
        from_start(program(policies={"hold_days": 14})),
        [
            order("A", 1, 10000, number="#A", refunds=[refund("A1", 5, 2500), refund("A2", 20, 2500)]),
            order("B", 2, 5000, number="#B", refunds=[refund("B1", 6, 5000)]),
            order("C", 3, 5000, number="#C", cancelled_at=day(7)),
            order(
                "D",
                4,
                [line("1", 1000), line("2", 3000, added_at=day(30), title="Late")],
                number="#D",
                refunds=[refund("D1", 31, 1000, "2")],
            ),
            order("E", 5, 4000, number="#E", paid_at=day(9), refunds=[refund("E1", 8, 1000)]),
        ],
        [3.5, 10, 18, 50],
    ),
    "brought from elsewhere": (
        from_start(program()),
        [
            order("O", -20, 8000, number="#O", refunds=[refund("O1", 30, 4000)]),
            order("Q", -10, 6000, number="#Q", cancelled_at=day(40)),
            fact(
                "import",
                "I",
                10,
                source="the old program",
                lots=[
                    {"points": 100, "at": day(-30)},
                    {"points": 80, "at": day(-20), "order_id": "O"},
                    {"points": 60, "at": day(-10), "order_id": "Q", "available_at": day(50)},
                    {"points": 40, "at": day(-5), "expires_at": day(5)},
                    {"points": 20, "at": day(-5), "available_at": day(15), "expires_at": day(25)},
                ],
            ),
            order("N", 5, 1000, number="#N"),
        ],
        [12, 20, 35, 70],
    ),
    "milestones, streaks and goals": (
        from_start(
            program(
                {
                    "kind": "milestone",
                    "id": "mile",
                    "name": "Miles",
                    "steps": [{"orders": 2, "points": 20}, {"orders": 4, "points": 40}],
                    "scope": {"minimum_order_minor": 1000},
                },
                {"kind": "streak", "id": "weeks", "period": "week", "length": 2, "points": 15, "repeats": True},
                {"kind": "streak", "id": "months", "length": 2, "points": 16},
                {"kind": "goal", "id": "goal", "amount_minor": 5000, "points": 25, "repeats": True},
                {
                    "kind": "goal",
                    "id": "yearly",
                    "amount_minor": 9000,
                    "points": 26,
                    "period": "year",
                    "caps": [{"per": "lifetime", "times": 1}],
                },
                {"kind": "goal", "id": "monthly", "amount_minor": 4000, "points": 27, "period": "month"},
            )
        ),
        [
            *(order(str(n), 6 * n + 1, 2000 + 100 * n, number=f"#{n}") for n in range(7)),
            order("tiny", 50, 500, number="#tiny"),
            order("big", 51, 20000, number="#big", cancelled_at=day(90)),
        ],
        [60, 100],
    ),
    "line by line, to the nearest, before discounts": (
        from_start(
            program(
                {"kind": "multiplier", "id": "a", "name": "A", "times": "2"},
                {"kind": "multiplier", "id": "b", "name": "B", "times": "1.5", "scope": {"collections": ["tea"]}},
                policies={
                    "rounding": "half_up",
                    "rounding_per": "line",
                    "multipliers": "compound",
                    "basis": "before_discounts",
                    "count_gift_card_part": False,
                },
            )
        ),
        [
            order(
                "A",
                1,
                [
                    line("1", 1233, title="Tea", collection_ids=["tea"], discount_minor=200),
                    line("2", 777, 3, title="Cup"),
                    line("3", 500, title="Paid", paid_by="gift_card"),
                ],
                number="#A",
                order_discount_minor=300,
                gift_card_minor=900,
                total_minor=3564,
                refunds=[refund("A1", 10, 1000, "1"), refund("A2", 11, 500)],
            )
        ],
        [5, 30],
    ),
    "rounded up, store credit left out, discounts not allocated": (
        from_start(
            program(
                {"kind": "per_amount", "id": "tea", "points": 2, "per_minor": 300, "scope": {"collections": ["tea"]}},
                {"kind": "per_amount", "id": "steps", "points": 5, "per_minor": 1000, "full_steps_only": True},
                policies={
                    "rounding": "ceil",
                    "order_discount": "not_allocated",
                    "count_store_credit_part": False,
                    "paid_with_points": "full",
                },
            )
        ),
        [
            redeemed("R", 0, 100, value_minor=500, code="OFF5", reward_name="5.00 off"),
            order(
                "A",
                1,
                [line("1", 1250, title="Tea", collection_ids=["tea"]), line("2", 3000, paid_by="store_credit")],
                number="#A",
                order_discount_minor=700,
                discount_codes=["OFF5"],
                store_credit_minor=400,
                total_minor=3550,
                refunds=[refund("A1", 10, 2000, "2")],
            ),
        ],
        [5, 30],
    ),
    "the highest rule, then exclusive ones": (
        [
            {
                "from": day(-100),
                "program": program(
                    {"kind": "per_order", "id": "flat", "name": "Flat", "points": 30},
                    policies={"stacking": "highest"},
                ),
            },
            {
                "from": day(10),
                "program": program(
                    {"kind": "per_order", "id": "vip", "name": "Vip", "points": 90, "priority": 5, "exclusive": True},
                    {"kind": "per_order", "id": "low", "points": 4, "priority": -1},
                    policies={"stacking": "priority"},
                ),
            },
        ],
        [order("A", 1, 2000, number="#A"), order("B", 2, 4000, number="#B"), order("C", 11, 2000, number="#C")],
        [30],
    ),
    "limits by the shop's own day, and the whole program's": (
        from_start(
            program(
                {
                    "kind": "per_order",
                    "id": "daily",
                    "name": "Daily",
                    "points": 12,
                    "caps": [{"per": "day", "points": 12}],
                },
                {
                    "kind": "activity",
                    "id": "r",
                    "activity": "review",
                    "points": 8,
                    "caps": [{"per": "month", "points": 8}],
                },
                {
                    "kind": "goal",
                    "id": "g",
                    "amount_minor": 500,
                    "points": 6,
                    "repeats": True,
                    "caps": [{"per": "day", "times": 2}],
                },
                caps=[{"per": "week", "points": 60}],
            )
        ),
        [
            activity("too early", -101, "review", code="a"),
            activity("unknown", 0, "newsletter"),
            order("A", 4.9, 1000, number="#A"),
            order("B", 4.98, 1100, number="#B"),  # the next day in Berlin
            order("C", 5.5, 3000, number="#C"),
            order("D", 6, 1000, number="#D"),
            activity("r1", 30.9, "review", code="b"),
            activity("r2", 30.98, "review", code="c"),  # the next month in Berlin
            order("E", 31, 9900, number="#E"),
        ],
        [10, 60],
    ),
    "tiers by points, the present order included": (
        from_start(
            program(
                {"kind": "multiplier", "id": "a", "name": "Lesser", "times": "2", "scope": {"tiers": ["b"]}},
                {
                    "kind": "multiplier",
                    "id": "b",
                    "name": "Greater",
                    "times": "3",
                    "scope": {"minimum_order_minor": 2000},
                },
                tiers=[
                    {"id": "a", "name": "A"},
                    {"id": "b", "name": "B", "minimum": 20},
                    {"id": "c", "name": "C", "minimum": 150},
                ],
                policies={"tier_measure": "points", "tier_current_order": "yes", "stacking": "highest"},
            )
        ),
        [
            order("A", 1, 1500),
            order("B", 2, 2000),
            order("C", 3, 1000),
            order("D", 4, 5000, refunds=[refund("D1", 9, 2500)]),
        ],
        [1.5, 2.5, 3.5, 5, 20],
    ),
}
