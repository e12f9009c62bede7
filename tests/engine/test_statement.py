"""What a member has after the things that happen to every member."""

from datetime import timedelta

from loyalty.engine.facts import Adjustment, Import, ImportLot
from loyalty.engine.program import Policies
from tests.engine.factories import START, day, folded, keys, line, order, program, redemption, refund, versions


def test_the_loop_of_the_demo_comes_to_520_then_20_then_60_then_290():
    big = order("A", day(1), 52_000)
    spent = redemption("R", day(2), 500, code="TAKE-500", value_minor=500)
    two = (line("1", 2250), line("2", 2250))
    second = order("B", day(3), two, order_discount_minor=500, discount_codes=("take-500",))
    returned = order(
        "B",
        day(3),
        two,
        order_discount_minor=500,
        discount_codes=("take-500",),
        refunds=(refund("F", day(4), 2000, "1"),),
    )
    assert folded(big).available == 520
    reserved = folded(big, spent)
    assert (reserved.available, reserved.reserved) == (20, 500)
    used = folded(big, spent, second)
    assert (used.available, used.reserved) == (60, 0)
    final = folded(big, spent, returned)
    assert final.available == 290
    assert keys(final) == [
        ("earned", "order:A", "", 520),
        ("redeemed", "redemption:R", "", -500),
        ("earned", "order:B", "", 40),
        ("reversed", "refund:F", "order:B", -20),
        ("returned", "refund:F", "redemption:R", 250),
    ]
    assert final.totals["earned"] == 560
    assert [movement.order_id for movement in final.movements] == ["A", "", "B", "B", "B"]


def test_three_refunds_of_a_third_take_back_exactly_the_award():
    refunds = tuple(refund(str(n), day(n), amount) for n, amount in ((2, 334), (3, 333), (4, 333)))
    statement = folded(order("A", day(1), 1000, refunds=refunds))
    assert [movement.points for movement in statement.movements] == [10, -3, -3, -4]
    assert statement.available == 0


def test_a_cancelled_order_gives_back_everything_once():
    statement = folded(order("A", day(1), 1000, cancelled_at=day(2), refunds=(refund("F", day(3), 1000),)))
    assert keys(statement) == [("earned", "order:A", "", 10), ("reversed", "cancel:A", "", -10)]


def test_points_on_hold_are_pending_and_then_available():
    held = versions(program(policies=Policies(hold_days=14)))
    waiting = folded(order("A", day(1), 1000), as_of=day(2), under=held)
    assert (waiting.available, waiting.pending_points, waiting.next_due) == (0, 10, day(15))
    assert waiting.pending[0].until == day(15)
    over = folded(order("A", day(1), 1000), as_of=day(15), under=held)
    assert (over.available, over.pending_points, over.next_due) == (10, 0, None)


def test_a_refund_during_the_hold_reduces_what_opens():
    held = versions(program(policies=Policies(hold_days=14)))
    refunded = order("A", day(1), 1000, refunds=(refund("F", day(5), 400),))
    assert folded(refunded, as_of=day(6), under=held).pending_points == 6
    assert keys(folded(refunded, under=held)) == [("earned", "order:A", "", 6)]


def test_an_unused_code_returns_its_points_to_the_lot_they_came_from():
    brought = Import(id="I", at=day(0), lots=(ImportLot(points=300, at=day(0), expires_at=day(100)),))
    given_back = redemption("R", day(2), 300, given_back_at=day(10), given_back_why="failed")
    statement = folded(brought, order("A", day(1), 30_000), given_back, as_of=day(50))
    assert [(lot.source, lot.left) for lot in statement.lots] == [("import:I:0", 300), ("order:A", 300)]
    assert folded(brought, order("A", day(1), 30_000), given_back, as_of=day(100)).available == 300


def test_a_debt_is_paid_by_the_next_award():
    statement = folded(
        order("A", day(1), 10_000, refunds=(refund("F", day(3), 10_000),)),
        redemption("R", day(2), 100),
        order("B", day(4), 15_000),
    )
    assert (statement.available, statement.debt) == (50, 0)
    assert (
        folded(order("A", day(1), 10_000, refunds=(refund("F", day(3), 10_000),)), redemption("R", day(2), 100)).debt
        == 100
    )


def test_clamped_takes_what_is_there_and_forgives_the_rest():
    clamped = versions(program(policies=Policies(negative="clamped")))
    statement = folded(
        order("A", day(1), 10_000, refunds=(refund("F", day(3), 10_000),)), redemption("R", day(2), 60), under=clamped
    )
    assert (statement.available, statement.debt, statement.forgiven) == (0, 0, 60)


def test_adjustments_say_who_and_why():
    statement = folded(Adjustment(id="1", at=day(1), points=100, actor="Dana K.", reason="Parcel came late"))
    assert keys(statement) == [("adjusted", "adjustment:1", "", 100)]


def test_an_order_that_earns_nothing_says_why():
    reasons = {
        "nothing.waiting.paid": order("1", day(1), 1000, paid_at=None),
        "nothing.test": order("2", day(1), 1000, test=True),
        "nothing.no_program": order("3", START - timedelta(days=1), 1000),
        "nothing.cancelled": order("4", day(1), 1000, cancelled_at=day(1)),
        "nothing.too_small": order("5", day(1), 99),
        "nothing.currency": order("6", day(1), 1000, currency="USD"),
    }
    for message, fact in reasons.items():
        statement = folded(fact)
        assert statement.movements == ()
        assert [nothing.reason.message for nothing in statement.nothing] == [message]


def test_gift_cards_earn_when_they_are_spent_not_when_they_are_bought():
    statement = folded(order("1", day(1), (line("1", 1000), line("2", 2000, gift_card=True))))
    assert statement.available == 10


def test_a_fact_from_the_future_is_due_then():
    assert folded(order("A", day(5), 1000), as_of=day(2)).next_due == day(5)
