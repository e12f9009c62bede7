"""Facts that no platform means are refused; those that are only odd are defined, and explained."""

from datetime import UTC, datetime

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import (
    EARLIEST,
    LATEST,
    Activity,
    Adjustment,
    Import,
    ImportLot,
    Membership,
    Profile,
    Referral,
    Segment,
    TierGrant,
    decode,
    encode,
    validate,
)
from tests.engine.factories import day, document, folded, keys, line, order, redemption, refund


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        (order(lines=(line(quantity=-1),)), "lines[0].quantity"),
        (order(lines=(line(price_minor=-1),)), "lines[0].unit_price_minor"),
        (order(lines=(line(price_minor=10**15, quantity=10),)), "lines[0].unit_price_minor"),
        (order(lines=(line("1"), line("1"))), "lines"),
        (order(refunds=(refund("a", day(1), -5),)), "refunds[0].amount_minor"),
        (order(refunds=(refund("a", day(1), 5), refund("a", day(2), 5))), "refunds"),
        (order(at=datetime(2150, 1, 1, tzinfo=UTC)), "at"),
        (order(at=day(1).replace(tzinfo=None)), "at"),
        (order(exponent=7), "exponent"),
        (order(rate=(0, 1)), "rate"),
        (order(id=""), "id"),
        (redemption("r", day(1), -5), "points"),
        (Adjustment(id="a", at=day(1), points=0, actor="x", reason="y"), "points"),
        (Import(id="i", at=day(1), lots=(ImportLot(points=0, at=day(1)),)), "lots[0].points"),
    ],
)
def test_nonsense_is_refused_with_its_place(fact, place):
    with pytest.raises(Invalid) as invalid:
        validate(fact)
    assert invalid.value.place == place


def test_a_refund_larger_than_its_order_is_a_full_refund():
    fact = order("A", day(1), 1000, refunds=(refund("F", day(2), 999_999),))
    validate(fact)
    assert keys(folded(fact)) == [("earned", "order:A", "", 10), ("reversed", "refund:F", "order:A", -10)]


def test_a_refund_of_an_unknown_line_comes_from_the_whole_order():
    fact = order("A", day(1), (line("1", 500), line("2", 500)), refunds=(refund("F", day(2), 500, "nope"),))
    validate(fact)
    assert folded(fact).available == 5


def test_an_order_in_another_currency_earns_at_its_own_frozen_rate():
    assert folded(order("A", day(1), 1000, currency="USD", rate=(9, 10))).available == 9
    assert folded(order("A", day(1), 1000, currency="JPY", exponent=0, rate=(6, 10))).available == 6


def test_facts_survive_being_stored():
    fact = order("A", day(1), (line("1", 500),), refunds=(refund("F", day(2), 5, "1"),))
    assert decode(encode(fact)) == fact
    assert encode(decode(encode(fact))) == encode(fact)
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"type":"order","id":"1"}')


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        (Activity(id="a", at=day(1), kind="dance"), "kind"),
        (Membership(id="m", at=day(1), plan="p", event="stolen"), "event"),
        (Referral(id="r", at=day(1), role="uncle", other="m"), "role"),
        (redemption("r", day(1), 5, given_back_why="whim"), "given_back_why"),
    ],
)
def test_a_word_that_means_nothing_is_refused(fact, place):
    with pytest.raises(Invalid, match="is none of") as invalid:
        validate(fact)
    assert invalid.value.place == place


def test_the_most_extreme_facts_that_pass_fold_without_an_exception():
    begin, end = EARLIEST, LATEST
    huge = tuple(line(str(n), 10**9, 1_000_000) for n in range(3))
    facts = [
        order("huge", begin, huge, order_discount_minor=10**15, currency="KWD", exponent=4, rate=(10**12, 1)),
        order("free", begin, (line("1", 0, 0),), refunds=(refund("a", begin, 10**15), refund("b", end, 0))),
        order("none", begin, (), total_minor=-5, refunds=(refund("c", begin, 5, "nope"),)),
        order("backwards", end, 1000, paid_at=begin, cancelled_at=begin, fulfilled_at=end),
        redemption("r", end, 10**12, given_back_at=begin, given_back_why="failed", code="x" * 9999),
        Adjustment(id="a", at=begin, points=-(10**12), actor="", reason=""),
        Import(id="i", at=end, lots=(ImportLot(points=10**12, at=begin, expires_at=begin, available_at=begin),)),
        Profile(id="p", at=begin, field="birthday", value="0001-01-01"),
        Profile(id="q", at=day(1), field="birthday", value="9999-12-31"),
        Membership(id="m", at=begin, plan="club", event="renewed"),
        TierGrant(id="g", at=begin, tier="nowhere", actor="", ends_at=begin),
        Segment(id="s", at=begin, segment="", inside=False),
    ]
    for fact in facts:
        validate(fact)
    plan = {"id": "club", "name": "C", "fee_points": 1, "fee_seconds": 86_400}
    for policies in (
        {"expiry": "inactivity", "expiry_months": 120, "negative": "clamped"},
        {"expiry": "lot", "expiry_days": 3660, "hold_days": 3660, "rounding_per": "line", "rounding": "ceil"},
    ):
        under = document(
            {"kind": "birthday", "id": "b", "points": 1},
            plans=[plan],
            tiers=[{"id": "t", "name": "T"}],
            policies=policies,
            at=begin,
        )
        for as_of in (begin, day(1), end):
            statement = folded(*facts, under=under, as_of=as_of)
            assert sum(each.points for each in statement.movements) == statement.available
