"""What belongs to the member: tiers, expiry, activities, birthdays, plans, segments, imports."""

from loyalty.engine.facts import (
    Activity,
    Adjustment,
    Import,
    ImportLot,
    Issued,
    Membership,
    Profile,
    Referral,
    Segment,
    TierGrant,
)
from loyalty.engine.program import Version
from tests.engine.factories import START, day, document, earned, folded, keys, line, messages, order, redemption, refund

LEVELS = [
    {"id": "member", "name": "Member"},
    {"id": "silver", "name": "Silver", "minimum": 10_000, "entry_points": 25, "entry_rewards": ["mug"]},
    {"id": "gold", "name": "Gold", "minimum": 50_000},
]
MUG = [{"id": "mug", "name": "Mug", "kind": "custom", "points": 300}]


def ladder(*rules, **policies):
    return document(*rules, tiers=LEVELS, rewards=MUG, policies=policies)


def tier_at(number, *facts, under):
    tier = folded(*facts, under=under, as_of=day(number)).tier
    return tier.id if tier else None


def test_up_at_once_with_gifts_once_and_down_when_the_spend_is_too_old():
    under = ladder(tier_period_days=30)
    facts = [order("A", day(1), 12_000), order("B", day(50), 12_000)]
    assert [tier_at(n, *facts, under=under) for n in (0, 1, 30, 31, 50)] == [
        None or "",
        "silver",
        "silver",
        "member",
        "silver",
    ]
    statement = folded(*facts, under=under)
    assert earned(statement)["tier:silver"] == 25
    assert [(gift.key, gift.reward, gift.issued) for gift in statement.gifts] == [("tier:silver:mug", "mug", False)]
    issued = folded(*facts, Issued(id="i", at=day(2), gift="tier:silver:mug"), under=under)
    assert issued.gifts[0].issued


def test_the_statement_says_how_far_it_is_and_when_it_is_looked_at_again():
    tier = folded(order("A", day(1), 12_000), under=ladder(tier_period_days=30), as_of=day(2)).tier
    assert (tier.id, tier.measure, tier.next_id, tier.next_at, tier.review_at) == (
        "silver",
        12_000,
        "gold",
        50_000,
        day(31),
    )


def test_a_grace_delays_the_fall():
    under = ladder(tier_period_days=30, tier_grace_days=10)
    assert [tier_at(n, order("A", day(1), 12_000), under=under) for n in (31, 40, 41)] == ["silver", "silver", "member"]


def test_a_tier_may_be_kept_for_this_calendar_year_and_the_next():
    under = ladder(tier_period="calendar_year", tier_kept="this_year_and_next")
    assert [tier_at(n, order("A", day(1), 12_000), under=under) for n in (400, 729, 730)] == [
        "silver",
        "silver",
        "member",
    ]


def test_a_granted_tier_is_a_floor_until_it_ends():
    grant = TierGrant(id="g", at=day(5), tier="gold", actor="Dana", ends_at=day(20))
    assert [tier_at(n, grant, under=ladder()) for n in (4, 5, 19, 20)] == ["", "gold", "gold", "member"]


def test_a_refund_lowers_the_spend_at_the_orders_own_date():
    bought = order("A", day(1), 12_000, refunds=(refund("F", day(9), 6000),))
    assert [tier_at(n, bought, under=ladder()) for n in (8, 9)] == ["silver", "member"]


def test_the_order_that_lifts_earns_by_the_old_tier_or_by_the_new():
    double = {"kind": "multiplier", "id": "m", "times": "2", "scope": {"tiers": ["silver"]}}
    bought = order("A", day(1), 12_000)
    assert earned(folded(bought, under=ladder(double)))["order:A"] == 120
    assert earned(folded(bought, under=ladder(double, tier_current_order="yes")))["order:A"] == 240


def test_tiers_may_count_points_or_orders():
    levels = [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 2}]
    orders = [order("A", day(1), 1000), order("B", day(2), 1000, cancelled_at=day(5))]
    under = document(tiers=levels, policies={"tier_measure": "orders"})
    assert [tier_at(n, *orders, under=under) for n in (1, 2, 5)] == ["a", "b", "a"]
    levels = [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 15}]
    under = document(tiers=levels, policies={"tier_measure": "points"})
    assert [tier_at(n, *orders, under=under) for n in (1, 2, 5)] == ["a", "b", "a"]


def test_lots_expire_the_earliest_is_spent_first():
    under = document(policies={"expiry": "lot", "expiry_days": 30})
    facts = [order("A", day(1), 1000), order("B", day(11), 1000), redemption("R", day(12), 4)]
    statement = folded(*facts, under=under, as_of=day(31))
    assert keys(statement)[-1] == ("expired", "lot:order:A", "2026-02-01", -6)
    assert (statement.available, statement.next_due) == (10, day(41))


def test_inactivity_takes_everything_in_one_movement_and_any_activity_delays_it():
    under = document(policies={"expiry": "inactivity", "expiry_days": 30})
    facts = [order("A", day(1), 1000), order("B", day(2), 1000), Activity(id="v", at=day(20), kind="visit")]
    assert folded(*facts, under=under, as_of=day(49)).inactive_at == day(50)
    assert keys(folded(*facts, under=under))[-1] == ("expired", "inactivity", "2026-02-20", -20)


def test_switching_expiry_on_dates_open_lots_and_off_takes_the_dates_away():
    plain, dated = document()[0].program, document(policies={"expiry": "lot", "expiry_days": 30})[0].program
    under = [
        Version(number=1, in_force_from=START, program=plain),
        Version(number=2, in_force_from=day(100), program=dated),
        Version(number=3, in_force_from=day(120), program=plain),
    ]
    bought = order("A", day(1), 1000)
    assert folded(bought, under=under[:2], as_of=day(101)).lots[0].expires_at == day(130)
    assert folded(bought, under=under[:2], as_of=day(130)).available == 0
    assert folded(bought, under=under, as_of=day(400)).available == 10


def test_what_expired_from_the_orders_lot_counts_as_taken_back():
    under = document(policies={"expiry": "lot", "expiry_days": 30})
    bought = order("A", day(1), 1000, refunds=(refund("F", day(60), 1000),))
    statement = folded(bought, redemption("R", day(2), 4), under=under)
    assert [each.points for each in statement.movements] == [10, -4, -6, -4]


def test_activities_earn_by_kind_and_code_under_their_caps():
    review = {"kind": "activity", "id": "r", "activity": "review", "points": 30, "caps": [{"per": "month", "times": 1}]}
    code = {"kind": "activity", "id": "c", "activity": "custom", "code": "quiz", "points": 5}
    facts = [
        Activity(id="1", at=day(1), kind="review"),
        Activity(id="2", at=day(2), kind="review"),
        Activity(id="3", at=day(40), kind="review"),
        Activity(id="4", at=day(41), kind="custom", code="quiz"),
        Activity(id="5", at=day(42), kind="custom", code="other"),
    ]
    statement = folded(*facts, under=document(review, code))
    assert earned(statement) == {"activity:1": 30, "activity:3": 30, "activity:4": 5}
    assert messages(statement) == ["nothing.capped.activity", "nothing.no_rule.activity"]


def test_a_birthday_comes_once_a_year_and_must_be_known_before():
    under = document({"kind": "birthday", "id": "b", "points": 100, "rewards": ["mug"]}, rewards=MUG)
    known = Profile(id="p", at=day(1), field="birthday", value="1990-02-28")
    moved = Profile(id="q", at=day(70), field="birthday", value="1990-06-01")
    statement = folded(known, moved, under=under, as_of=day(600))
    assert keys(statement) == [("earned", "birthday:2026", "", 100), ("earned", "birthday:2027", "", 100)]
    assert [gift.key for gift in statement.gifts] == ["birthday:2026:mug", "birthday:2027:mug"]
    late = Profile(id="p", at=day(50), field="birthday", value="1990-02-28")
    assert messages(folded(late, under=under, as_of=day(100))) == ["nothing.birthday_new"]


def test_both_sides_of_a_referral_earn():
    under = document({"kind": "referral", "id": "r", "referrer_points": 200, "friend_points": 50})
    referrer, friend = (Referral(id="x", at=day(1), role=role, other="m") for role in ("referrer", "friend"))
    assert earned(folded(referrer, under=under)) == {"referral:x": 200}
    assert earned(folded(friend, under=under)) == {"referral:x": 50}


def test_a_plan_gives_on_entry_and_its_fee_is_charged_while_it_lasts():
    plan = {"id": "club", "name": "Club", "entry_points": 100, "fee_points": 30, "fee_seconds": 30 * 86_400}
    facts = [
        Membership(id="1", at=day(1), plan="club", event="bought"),
        Membership(id="2", at=day(70), plan="club", event="ended"),
    ]
    statement = folded(*facts, under=document(plans=[plan]))
    assert [(each.kind, each.points, each.at) for each in statement.movements] == [
        ("earned", 100, day(1)),
        ("fee", -30, day(31)),
        ("fee", -30, day(61)),
    ]


def test_segments_come_from_facts_and_from_the_programs_own_definitions():
    under = document(
        {"kind": "per_order", "id": "b", "points": 5, "scope": {"segments": ["regulars"]}},
        segments=[
            {"id": "regulars", "any_of": ["buyers"], "none_of": ["staff"]},
            {"id": "buyers", "order_count": [2, 1000], "average_minor": [500, 5000]},
        ],
    )
    orders = [order(str(n), day(n), 1000) for n in range(1, 5)]
    staff = Segment(id="s", at=day(3.5), segment="staff")
    assert earned(folded(*orders, staff, under=under)) == {"order:1": 10, "order:2": 10, "order:3": 15, "order:4": 10}


def test_imported_lots_keep_their_dates_may_be_on_hold_and_follow_their_order():
    lots = (
        ImportLot(points=100, at=day(-50), expires_at=day(40)),
        ImportLot(points=60, at=day(-5), available_at=day(9), order_id="old"),
    )
    old = order("old", day(-5), 6000, refunds=(refund("F", day(20), 3000),))
    brought = Import(id="I", at=day(1), lots=lots, source="elsewhere")
    waiting = folded(brought, old, as_of=day(2))
    assert (waiting.available, waiting.pending_points, waiting.next_due) == (100, 60, day(9))
    assert keys(folded(brought, old)) == [
        ("imported", "import:I", "0", 100),
        ("imported", "import:I", "1", 60),
        ("reversed", "refund:F", "import:I:1", -30),
        ("expired", "lot:import:I:0", "2026-02-10", -100),
    ]


def test_orders_before_an_import_count_for_tiers_and_earn_nothing():
    brought = Import(id="I", at=day(5), lots=(ImportLot(points=1, at=day(1)),))
    statement = folded(order("A", day(1), 12_000), brought, under=ladder(), as_of=day(9))
    assert (statement.tier.id, messages(statement)) == ("silver", ["nothing.imported"])
    assert "order:A" not in earned(statement)


def test_the_next_reward_is_the_cheapest_out_of_reach():
    reward = folded(order("A", day(1), 9_900), under=ladder()).next_reward
    assert (reward.id, reward.points_to_go) == ("mug", 201)


def test_a_negative_balance_from_an_adjustment_is_a_debt():
    taken = Adjustment(id="1", at=day(1), points=-50, actor="Dana", reason="mistake")
    assert (folded(taken).available, folded(taken).debt) == (-50, 50)


def test_points_that_return_on_the_very_date_of_their_lot_expire_again():
    brought = Import(id="I", at=day(1), lots=(ImportLot(points=50, at=day(1), expires_at=day(30)),))
    spent = redemption("R", day(2), 50, given_back_at=day(30), given_back_why="expired")
    assert keys(folded(brought, spent))[-2:] == [
        ("returned", "redemption:R", "", 50),
        ("expired", "lot:import:I:0", "redemption:R", -50),
    ]


def test_at_one_instant_the_hold_ends_before_anything_expires():
    """Points that become available in the instant in which the member would lapse are activity: nothing lapses then."""
    under = document(policies={"hold_days": 30, "expiry": "inactivity", "expiry_days": 30})
    first = Adjustment(id="1", at=day(0), points=5, actor="Dana", reason="hello")
    statement = folded(first, order("A", day(1), 1000), under=under)
    assert [(each.kind, each.points, each.at) for each in statement.movements] == [
        ("adjusted", 5, day(0)),
        ("earned", 10, day(31)),
        ("expired", -15, day(61)),
    ]


def test_points_given_by_hand_to_a_silent_member_live_for_a_whole_period():
    under = document(policies={"expiry": "inactivity", "expiry_days": 30})
    late = Adjustment(id="1", at=day(200), points=5, actor="Dana", reason="sorry")
    statement = folded(order("A", day(1), 1000), late, under=under)
    assert [(each.points, each.at) for each in statement.movements] == [
        (10, day(1)),
        (-10, day(31)),
        (5, day(200)),
        (-5, day(230)),
    ]


def test_switching_inactivity_on_starts_the_period_that_day():
    plain, silent = document()[0].program, document(policies={"expiry": "inactivity", "expiry_days": 30})[0].program
    under = [
        Version(number=1, in_force_from=START, program=plain),
        Version(number=2, in_force_from=day(100), program=silent),
    ]
    assert folded(order("A", day(1), 1000), under=under, as_of=day(101)).inactive_at == day(130)


def test_months_end_on_the_last_day_where_they_have_no_such_day():
    """31 January, noon in Berlin, and a month: 28 February, noon in Berlin."""
    under = document(policies={"expiry": "lot", "expiry_months": 1})
    lot = folded(order("A", day(30).replace(hour=11), 1000), under=under, as_of=day(31)).lots[0]
    assert lot.expires_at == day(58).replace(hour=11)
    lot = folded(
        order("A", day(29).replace(hour=11), 1000),
        under=document(policies={"expiry": "lot", "expiry_months": 2}),
        as_of=day(31),
    ).lots[0]
    assert lot.expires_at == day(88).replace(hour=10)


def test_an_order_in_the_very_instant_of_an_import_earns():
    brought = Import(id="I", at=day(1), lots=(ImportLot(points=1, at=day(1)),))
    assert earned(folded(order("A", day(1), 1000), brought)) == {"order:A": 10}


def test_one_code_on_two_orders_returns_its_points_once():
    spent = redemption("R", day(2), 100, code="c")
    orders = [
        order(name, day(3), 1000, discount_codes=("c",), cancelled_at=day(at)) for name, at in (("A", 5), ("B", 6))
    ]
    returned = [each for each in keys(folded(spent, *orders)) if each[0] == "returned"]
    assert returned == [("returned", "cancel:A", "redemption:R", 100)]


def test_a_code_that_was_used_before_its_redemption_is_dated_is_not_reserved():
    spent = redemption("R", day(2).replace(second=1), 100, code="c")
    statement = folded(spent, order("A", day(2), 1000, discount_codes=("c",)))
    assert (statement.reserved, statement.spent) == (0, 100)


def test_dates_that_came_with_an_import_are_nobodys_to_change():
    plain, dated = document()[0].program, document(policies={"expiry": "lot", "expiry_days": 30})[0].program
    under = [
        Version(number=1, in_force_from=START, program=dated),
        Version(number=2, in_force_from=day(10), program=plain),
    ]
    brought = Import(id="I", at=day(1), lots=(ImportLot(points=1, at=day(1), expires_at=day(50)),))
    assert folded(brought, under=under, as_of=day(49)).lots[0].expires_at == day(50)


def test_a_longer_period_counts_again_what_had_left_the_shorter():
    short, long = ladder(tier_period_days=30)[0].program, ladder(tier_period_days=365)[0].program
    under = [
        Version(number=1, in_force_from=START, program=short),
        Version(number=2, in_force_from=day(60), program=long),
    ]
    facts = [order("A", day(1), 12_000), order("B", day(40), 100)]
    assert [tier_at(n, *facts, under=under) for n in (30, 59, 60)] == ["silver", "member", "silver"]


def test_lines_that_joined_an_order_at_several_times_count_once_each_for_tiers_by_points():
    lines = (line("1", 1000), line("2", 500, added_at=day(3)), line("3", 300, added_at=day(4)))
    levels = [{"id": "base", "name": "Base"}, {"id": "far", "name": "Far", "minimum": 19}]
    statement = folded(
        order("A", day(2), lines), under=document(tiers=levels, policies={"tier_measure": "points"}), as_of=day(10)
    )
    assert statement.available == 18
    assert (statement.tier.id, statement.tier.measure) == ("base", 18)
