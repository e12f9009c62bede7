"""Paid plans as products: the order line is the purchase, it lasts its months, and its refund undoes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty.engine.checkpoint import instants
from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Import, ImportLot, Membership, Order
from loyalty.engine.statement import checkpoint, fold
from tests.engine.factories import day, document, earned, folded, keys, line, order, refund

CARD = {"id": "club", "name": "Club", "products": ["card", "gold-card"], "months": 12, "entry_points": 300}
DOUBLE = {"kind": "multiplier", "id": "twice", "times": "2", "scope": {"plans": ["club"]}}


def club(**more: object):
    plan = {**CARD, **more.pop("plan", {})}
    return document(DOUBLE, plans=[plan], exclusions={"products": ["card", "gold-card"]}, **more)


def card(id: str, at: datetime, **changes: object) -> Order:
    return order(id, at, (line("1", 9_900, product_id="card"),), **changes)


def held(*facts, under=None, at):
    return [(each.id, each.since, each.ends_at) for each in folded(*facts, under=under or club(), as_of=at).plans]


def test_a_year_is_over_by_itself_at_the_shops_own_time_of_day():
    bought = card("a", datetime(2026, 1, 31, 22, 30, tzinfo=UTC))  # 23:30 in Berlin
    under = club(plan={"months": 6})
    end = datetime(2026, 7, 31, 21, 30, tzinfo=UTC)  # 23:30 in Berlin, in summer
    assert held(bought, under=under, at=day(40)) == [("club", bought.paid_at, end)]
    assert folded(bought, under=under, as_of=day(40)).next_due == end
    just_before, then = order("b", end.replace(minute=29), 1000), order("c", end, 1000)
    assert earned(folded(bought, just_before, then, under=under)) == {
        "membership:a:1": 300,
        "order:b": 20,
        "order:c": 10,  # the end belongs to the time after
    }


def test_a_year_bought_while_one_runs_begins_where_that_ends():
    first, second = card("a", day(0)), order("b", day(100), (line("1", 9_900, variant_id="gold-card"),))
    assert held(first, second, at=day(101)) == [("club", day(0), day(365 + 365))]
    assert earned(folded(first, second, under=club())) == {"membership:a:1": 300}


def test_a_year_bought_after_the_end_begins_anew_and_gives_its_entry_again():
    first, second = card("a", day(0)), card("b", day(400))
    assert held(first, second, at=day(500)) == [("club", day(400), day(765))]
    assert earned(folded(first, second, under=club())) == {"membership:a:1": 300, "membership:b:1": 300}


def test_the_refund_of_one_purchase_leaves_the_other():
    first = card("a", day(0), refunds=(refund("f", day(50), 9_900),))
    second = card("b", day(30), cancelled_at=day(60))
    assert held(first, second, at=day(49)) == [("club", day(0), day(730))]
    assert held(first, second, at=day(55)) == [("club", day(0), day(30 + 365))]
    assert held(first, second, at=day(60)) == []


def test_what_the_entry_gave_is_taken_back_with_the_purchase():
    back = (refund("f1", day(5), 3_300, "1"), refund("f2", day(9), 6_600, "1"))
    assert keys(folded(card("a", day(0), refunds=back), under=club())) == [
        ("earned", "membership:a:1", "", 300),
        ("reversed", "refund:f1", "membership:a:1", -100),
        ("reversed", "refund:f2", "membership:a:1", -200),
    ]


def test_what_the_entry_gives_waits_as_long_as_the_orders_points():
    under = club(policies={"hold_days": 14})
    waiting = folded(card("a", day(0)), under=under, as_of=day(13))
    assert [(each.source, each.points, each.until) for each in waiting.pending] == [("membership:a:1", 300, day(14))]
    gone = folded(card("a", day(0), refunds=(refund("f", day(13), 9_900),)), under=under, as_of=day(20))
    assert (gone.available, gone.pending, gone.movements) == (0, (), ())


def test_entry_points_count_for_a_tier_by_points_and_stop_to_with_the_refund():
    tiers = [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 300}]
    under = club(tiers=tiers, policies={"tier_measure": "points"})
    bought = card("a", day(0), refunds=(refund("f", day(50), 9_900),))
    assert folded(bought, under=under, as_of=day(49)).tier.id == "b"
    assert folded(bought, under=under, as_of=day(50)).tier.measure == 0


@pytest.mark.parametrize("changes", [{"paid_at": None}, {"test": True}, {"cancelled_at": day(-1)}])
def test_an_order_that_was_never_really_paid_buys_nothing(changes):
    assert held(card("a", day(0), **changes), at=day(5)) == []


def test_half_a_refund_and_a_restock_leave_the_plan():
    back = (refund("1", day(3), 4_000, "1"), refund("2", day(4), 9_900, "1", money_moved=False))
    assert len(held(card("a", day(0), refunds=back), at=day(5))) == 1


def test_who_is_held_out_has_the_plan_and_no_points():
    under = club(audience={"holdout_percent": 100})
    statement = folded(card("a", day(0), customer_id="7"), under=under, as_of=day(5))
    assert (len(statement.plans), statement.available) == (1, 0)


def test_a_plan_bought_before_an_import_runs_on_without_its_entry():
    brought = Import(id="i", at=day(10), lots=(ImportLot(points=40, at=day(1)),))
    statement = folded(card("a", day(0)), brought, under=club(), as_of=day(20))
    assert (len(statement.plans), statement.available) == (1, 40)


def test_a_plan_sold_elsewhere_ends_by_itself_too():
    told = Membership(id="m", at=day(0), plan="club", event="bought")
    again = Membership(id="n", at=day(10), plan="club", event="renewed")
    assert held(told, again, at=day(20)) == [("club", day(0), day(730))]
    assert held(told, again, Membership(id="o", at=day(15), plan="club", event="ended"), at=day(20)) == []
    assert held(told, at=day(366)) == []


def test_a_checkpoint_knows_purchases_and_ends():
    facts = [card("a", day(0), refunds=(refund("f", day(80), 9_900),)), card("b", day(30)), order("c", day(90), 1000)]
    for mark in (day(1), day(31), day(81)):
        raw = checkpoint(club(), facts, mark)
        later = [fact for fact in facts if max(instants(fact)) > mark]
        for at in (day(85), day(394), day(396)):
            resumed, whole = fold(club(), later, at, raw), fold(club(), facts, at)
            assert (resumed.plans, resumed.available, resumed.next_due) == (
                whole.plans,
                whole.available,
                whole.next_due,
            )


def test_one_product_buys_one_plan():
    with pytest.raises(Invalid, match="one plan only"):
        document(plans=[{**CARD, "id": "x"}, {**CARD, "id": "y"}])
