"""Ways to earn with orders, and how they add up."""

import msgspec
import pytest

from loyalty.engine.explain import find, full_text
from loyalty.engine.facts import Segment
from tests.engine.factories import (
    day,
    document,
    earned,
    folded,
    keys,
    line,
    messages,
    order,
    redemption,
    refund,
    versions,
)

TEA = {"collections": ["tea"]}


def tea(price_minor, name="1", **more):
    return line(name, price_minor, collection_ids=("tea",), **more)


def points(*rules, bought=None, base=True, **more):
    return folded(bought or order("A", day(1), 10_000), under=document(*rules, base=base, **more)).available


def multiplier(times, name="m", **more):
    return {"kind": "multiplier", "id": name, "times": times, **more}


def fixed(number, name="f", **more):
    return {"kind": "per_order", "id": name, "points": number, **more}


def test_rates_are_ratios_of_integers():
    rate = {"kind": "per_amount", "id": "r", "points": 3, "per_minor": 100_000}
    assert points(rate, base=False, bought=order("A", day(1), 99_999)) == 2
    assert points({**rate, "full_steps_only": True}, base=False, bought=order("A", day(1), 199_999)) == 3


def test_cashback_is_a_percentage_in_points_of_a_worth():
    assert points({"kind": "cashback", "id": "c", "percent": "2.5", "point_value_minor": 1}, base=False) == 250


def test_a_scope_counts_its_own_lines_only():
    bought = order("A", day(1), (tea(3000), line("2", 5000)), order_discount_minor=800)
    assert points(multiplier("2", scope=TEA), bought=bought) == 72 + 27
    assert points(fixed(10, scope={"products": ["p"]}), bought=bought) == 72


@pytest.mark.parametrize(
    ("scope", "given"),
    [
        ({"minimum_spend_minor": 10_000}, True),
        ({"minimum_spend_minor": 10_001}, False),
        ({"minimum_items": 2}, False),
        ({"first_order": True}, True),
        ({"channels": ["pos"]}, False),
        ({"payment_methods": ["card"]}, True),
        ({"currencies": ["USD"]}, False),
        ({"codes": ["spring"]}, True),
        ({"weekdays": [5]}, True),
        ({"weekdays": [6]}, False),
        ({"starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-03T00:00:00Z"}, True),
        ({"ends_at": "2026-01-02T00:00:00Z"}, False),
        ({"first_day": "2026-01-02", "last_day": "2026-01-02"}, True),
        ({"segments": ["vip"]}, False),
        ({"tiers": ["gold"]}, False),
        ({"plans": ["club"]}, False),
    ],
)
def test_a_condition_holds_or_does_not_and_the_explanation_says_so(scope, given):
    bought = order("A", day(1), 10_000, payment_methods=("card",), discount_codes=("SPRING",))
    more = {"tiers": [{"id": "gold", "name": "G", "minimum": 10**6}], "plans": [{"id": "club", "name": "C"}]}
    statement = folded(bought, under=document(fixed(7, scope=scope), **more))
    assert statement.available == (107 if given else 100)
    assert (find(statement.movements[0].reason, "rule.nothing.unnamed") is None) is given


def test_weekdays_are_those_of_the_shop():
    """Friday 23:30 in London is Saturday in Berlin."""
    late = order("A", day(1).replace(hour=23, minute=30), 10_000)
    assert points(fixed(7, scope={"weekdays": [6]}), bought=late) == 107


def test_campaigns_run_at_once_and_add_up_or_multiply():
    both = [
        {"id": "a", "name": "A", "rules": [multiplier("2", "two")]},
        {"id": "b", "name": "B", "starts_at": "2026-01-01T00:00:00Z", "rules": [multiplier("3", "three"), fixed(5)]},
    ]
    assert points(campaigns=both) == 100 + 100 + 200 + 5
    assert points(campaigns=both, policies={"multipliers": "compound"}) == 600 + 5
    assert points(campaigns=[{**both[0], "weekdays": [1]}, {**both[1], "enabled": False}]) == 100


def test_stacking_takes_the_highest_or_obeys_priority():
    rules = [fixed(30), fixed(150, "g")]
    assert points(*rules) == 280
    assert points(*rules, policies={"stacking": "highest"}) == 150
    ranked = [fixed(30, priority=2, exclusive=True, scope=TEA), fixed(150, "g", priority=1)]
    bought = order("A", day(1), (tea(4000), line("2", 6000)))
    assert points(*ranked, bought=bought, policies={"stacking": "priority"}) == 30 + 150 + 60
    assert points(*ranked, bought=order("A", day(1), (tea(4000),)), policies={"stacking": "priority"}) == 30


def test_caps_count_what_was_awarded_and_a_refund_frees_no_room():
    under = document(caps=[{"per": "day", "points": 120}])
    first = order("A", day(1.1), 10_000, refunds=(refund("F", day(1.2), 10_000),))
    second, next_day = order("B", day(1.3), 10_000), order("C", day(2.1), 10_000)
    assert earned(folded(first, second, next_day, under=under)) == {"order:A": 100, "order:B": 20, "order:C": 100}
    rule = fixed(10, caps=[{"per": "lifetime", "times": 1}])
    assert earned(folded(first, second, under=document(rule))) == {"order:A": 110, "order:B": 100}


def test_milestones_belong_to_the_order_that_completed_them():
    under = document({"kind": "milestone", "id": "m", "steps": [{"orders": 2, "points": 50}]})
    second = order("B", day(2), 1000, refunds=(refund("F", day(9), 500),))
    statement = folded(order("A", day(1), 1000), second, order("C", day(3), 1000), under=under)
    assert earned(statement) == {"order:A": 10, "order:B": 10, "milestone:m:2": 50, "order:C": 10}
    assert [(each.part, each.points) for each in statement.movements if each.kind == "reversed"] == [
        ("order:B", -5),
        ("milestone:m:2", -25),
    ]


def test_a_streak_is_broken_by_a_month_without_an_order():
    under = document({"kind": "streak", "id": "s", "length": 2, "points": 50, "repeats": True}, base=False)
    orders = [order(str(n), day(at), 1000) for n, at in enumerate((1, 5, 40, 100, 130, 160, 190))]
    assert earned(folded(*orders, under=under)) == {
        "streak:s:2026-02": 50,
        "streak:s:2026-05": 50,
        "streak:s:2026-07": 50,
    }


def test_a_goal_is_reached_once_or_again():
    goal = {"kind": "goal", "id": "g", "amount_minor": 10_000, "points": 40}
    orders = [order(str(n), day(n + 1), 6000) for n in range(5)]
    assert earned(folded(*orders, under=document(goal, base=False))) == {"goal:g:1": 40}
    again = earned(folded(*orders, under=document({**goal, "repeats": True}, base=False)))
    assert again == {"goal:g:1": 40, "goal:g:2": 40, "goal:g:3": 40}


def test_an_order_paid_in_part_with_points_earns_on_the_rest_nothing_or_in_full():
    spent = redemption("R", day(1), 0, code="c", value_minor=3000)
    bought = order("A", day(2), 10_000, order_discount_minor=3000, discount_codes=("c",))
    for policy, given in (("rest", 70), ("nothing", 0), ("full", 100)):
        assert folded(spent, bought, under=document(policies={"paid_with_points": policy})).available == given


@pytest.mark.parametrize(
    ("policies", "given"),
    [
        ({}, 90),
        ({"basis": "before_discounts"}, 100),
        ({"count_tax": True}, 109),
        ({"count_shipping": True}, 94),
        ({"count_fees": True}, 91),
        ({"count_gift_card_part": False}, 72),
        ({"count_store_credit_part": False}, 81),
        ({"rounding": "half_up", "count_shipping": True}, 95),
    ],
)
def test_what_counts_is_the_merchants_choice(policies, given):
    bought = order(
        "A",
        day(1),
        10_000,
        order_discount_minor=1000,
        tax_minor=1900,
        shipping_minor=490,
        fee_minor=100,
        gift_card_minor=2298,
        store_credit_minor=1149,
        total_minor=11_490,
    )
    assert folded(bought, under=document(policies=policies)).available == given


def test_tax_that_prices_include_is_taken_out_unless_it_counts():
    bought = order("A", day(1), (line("1", 11_900, tax_minor=1900),), tax_included=True, tax_minor=1900)
    assert folded(bought, under=document()).available == 100
    assert folded(bought, under=document(policies={"count_tax": True})).available == 119


def test_a_discount_that_is_not_allocated_leaves_scoped_rules_alone():
    bought = order("A", day(1), (tea(5000), line("2", 5000)), order_discount_minor=1000)
    rate = {"kind": "per_amount", "id": "t", "points": 1, "per_minor": 100, "scope": TEA}
    assert points(rate, bought=bought) == 90 + 45
    assert points(rate, bought=bought, policies={"order_discount": "not_allocated"}) == 90 + 50


def test_lines_added_after_payment_have_a_hold_of_their_own():
    bought = order("A", day(1), (line("1", 100), line("2", 99_900, added_at=day(20))))
    under = document(policies={"hold_days": 14})
    assert folded(bought, under=under, as_of=day(33)).available == 1
    statement = folded(bought, under=under, as_of=day(34))
    assert [(each.key, each.points) for each in statement.movements] == [
        (("earned", "order:A", ""), 1),
        (("earned", "order:A", f"added:{day(20).isoformat()}"), 999),
    ]


def test_staff_and_excluded_goods_earn_nothing_and_the_order_says_why():
    under = document(exclusions={"segments": ["staff"], "on_sale": True})
    staff = Segment(id="s", at=day(2), segment="staff")
    sale = order("A", day(1), (line("1", 1000, on_sale=True),))
    statement = folded(sale, staff, order("B", day(3), 1000), under=under)
    assert messages(statement) == ["nothing.nothing_counts", "nothing.excluded"]
    assert "on sale" in full_text(statement.nothing[0].reason)


def test_pilot_and_holdout_are_drawn_by_the_customer_for_good():
    orders = [order(str(n), day(1), 1000, customer_id=str(n)) for n in range(300)]
    outside = [folded(each, under=document(audience={"holdout_percent": 20})).available == 0 for each in orders]
    assert 30 <= sum(outside) <= 90
    pilot = document(audience={"kind": "pilot", "percent": 20, "customers": ["7"]})
    inside = [folded(each, under=pilot).available > 0 for each in orders]
    assert 30 <= sum(inside) <= 90
    assert inside[7]
    both = document(audience={"kind": "pilot", "percent": 20, "holdout_percent": 20})
    assert not any(folded(each, under=both).available for each, out in zip(orders, outside, strict=True) if out)


def test_guests_earn_when_they_register_or_never():
    guest = order("A", day(1), 1000, customer_id="")
    assert folded(guest, under=document()).available == 10
    assert messages(folded(guest, under=document(policies={"guest_orders": "nothing"}))) == ["nothing.guest"]


def test_exclusive_says_nothing_where_rules_add_up():
    assert points(fixed(30, priority=2, exclusive=True), fixed(5, "g")) == 135


def test_lines_added_later_make_no_second_order():
    under = document({"kind": "milestone", "id": "m", "steps": [{"orders": 2, "points": 50}]})
    first = order("A", day(1), (line("1", 1000), line("2", 1000, added_at=day(3))))
    first_only = fixed(7, scope={"first_order": True})
    assert "milestone:m:2" not in earned(folded(first, under=under))
    assert folded(first, order("B", day(9), 1000), under=document(first_only)).available == 10 + 7 + 10 + 10


def test_goods_given_back_before_they_were_paid_never_earned():
    back = refund("F", day(2), 400, "1", money_moved=False)
    assert folded(order("A", day(1), (line("1", 400), line("2", 600)), paid_at=day(5), refunds=(back,))).available == 6
    restocked = refund("F", day(9), 400, "1", money_moved=False)
    assert folded(order("A", day(1), (line("1", 400), line("2", 600)), refunds=(restocked,))).available == 10


def test_a_line_whose_share_of_a_discount_was_rounded_down_is_given_back_whole():
    """Three lines of 10.00 with 1.00 off are 9.67 each on paper and 9.66 in one of the refunds."""
    goods = tuple(line(str(n), 1000) for n in range(3))
    rate = {"kind": "per_amount", "id": "r", "points": 3, "per_minor": 1}
    bought = order("A", day(1), goods, order_discount_minor=100, refunds=(refund("F", day(2), 966, "0"),))
    statement = folded(bought, under=document(rate, base=False))
    assert [each.points for each in statement.movements] == [8700, -2900]


def test_a_rule_of_a_campaign_runs_inside_both_windows():
    inside = fixed(5, scope={"starts_at": "2026-01-03T00:00:00Z", "weekdays": [5, 6]})
    campaign = {"id": "c", "name": "C", "starts_at": "2026-01-01T00:00:00Z", "weekdays": [4, 5], "rules": [inside]}
    given = [points(bought=order("A", day(n), 10_000), campaigns=[campaign]) for n in (1, 2, 7, 8)]
    assert given == [100, 100, 100, 105]


def test_a_goal_and_a_segment_are_reached_exactly():
    goal = {"kind": "goal", "id": "g", "amount_minor": 10_000, "points": 40}
    assert earned(folded(order("A", day(1), 10_000), under=document(goal, base=False))) == {"goal:g:1": 40}
    exact = [{"id": "s", "average_minor": [1000, 1000], "order_count": [1, 1], "any_order_minor": [1000, 1000]}]
    assert folded(order("A", day(1), 1000), under=document(segments=exact)).segments == ("s",)


def test_more_gift_card_than_order_leaves_nothing_that_counts():
    bought = order("A", day(1), 1000, gift_card_minor=5000, total_minor=1000)
    statement = folded(bought, under=document(policies={"count_gift_card_part": False}))
    assert messages(statement) == ["nothing.nothing_counts"]
    assert find(statement.nothing[0].reason, "order.counts").params["amount_minor"] == 0


def test_a_multiplier_leaves_fixed_points_alone_unless_it_says_so():
    each = {"kind": "per_item", "id": "i", "points": 30}
    assert points(each, multiplier("2")) == 230
    assert points(each, fixed(5), multiplier("2", fixed_too=True)) == 270


def test_an_article_that_replaces_a_refunded_one_earns():
    goods = (line("1", 1000), line("2", 1000, added_at=day(8)))
    back = refund("F", day(3), 1000, "1")
    exchanged = order("A", day(1), goods, refunds=(back,))
    assert [points for *_, points in keys(folded(exchanged))] == [10, -10, 10]
    early = order("A", day(1), goods, paid_at=day(5), refunds=(back,))
    assert [points for *_, points in keys(folded(early))] == [10]
    half = order(
        "A", day(1), goods, paid_at=day(5), refunds=(refund("F", day(3), 500, "1"), refund("G", day(7), 500, "1"))
    )
    assert [points for *_, points in keys(folded(half))] == [5, -5, 10]


def test_a_streak_that_counts_in_another_period_from_now_on_begins_anew():
    def streak(period: str):
        rule = {"kind": "streak", "id": "s", "period": period, "length": 2, "points": 50}
        return document(rule, base=False)[0].program

    for first, then in (("week", "month"), ("month", "week")):
        under = versions(streak(first), streak(then))
        under[1] = msgspec.structs.replace(under[1], in_force_from=day(31))
        facts = [order("A", day(20), 1000), order("B", day(33), 1000), order("C", day(60), 1000)]
        assert sum(earned(folded(*facts, under=under)).values()) == (50 if then == "month" else 0)
