"""Facts that no platform means are refused; those that are only odd are defined, and explained."""

from datetime import UTC, datetime

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Adjustment, Import, ImportLot, decode, encode, validate
from tests.engine.factories import day, folded, keys, line, order, redemption, refund


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
