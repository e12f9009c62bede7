"""Why an order earned what it earned, as data and as English."""

from typing import get_args

from loyalty.engine.explain import as_data, find, from_data, full_text, text
from loyalty.engine.messages import MESSAGES
from loyalty.engine.program import Policies, Rule
from tests.engine.factories import day, document, folded, line, order, program, versions


def explained():
    lines = (line("1", 1250, 2, title="Kenya"), line("2", 2000, title="Gift card", gift_card=True))
    held = versions(program(policies=Policies(hold_days=14)))
    bought = order("A", day(1), lines, number="#31042", order_discount_minor=540, shipping_minor=420)
    return folded(bought, under=held).movements[0].reason


def test_an_order_says_what_counts_what_is_left_out_and_what_each_rule_gave():
    assert full_text(explained()).splitlines() == [
        "Order #31042: 19 points",
        "  Counts for points: €19.60",
        "    Kenya × 2: €25.00",
        "    Discount : -€5.40",
        "  Left out",
        "    Gift card: a gift card earns when it is spent, €20.00",
        "    Shipping, €4.20",
        "  Points before rounding: 19.60",
        "    1 point for every €1.00: 19.60",
        "    Rounded down, once: -0.60",
        "  Judged by version 1, in force when the order was placed (Jan 2, 2026)",
        "  Points are given when an order is paid (Jan 2, 2026)",
        "  The points become available on Jan 16, 2026, 14 days later",
    ]


def test_an_explanation_survives_json():
    reason = explained()
    assert from_data(as_data(reason)) == reason
    counts = find(reason, "order.counts")
    assert counts is not None
    assert text(counts) == "Counts for points: €19.60"


def test_every_way_to_earn_has_a_sentence():
    tags = [kind.__struct_config__.tag for kind in get_args(Rule)]
    said = {name.split(".")[1] for name in MESSAGES if name.startswith(("rule.", "earned.", "left_out."))}
    assert [tag for tag in tags if tag not in said and tag != "exclude"] == []


def test_the_days_of_an_explanation_are_those_of_the_shop():
    """2 January 23:30 in London is 3 January in Berlin."""
    late = day(1).replace(hour=23, minute=30)
    reason = folded(order("A", late, 1000)).movements[0].reason
    assert text(find(reason, "order.version")).endswith("(Jan 3, 2026)")


def test_shipping_that_a_rule_takes_out_is_said_in_words_of_its_own():
    rule = {"kind": "exclude", "id": "none", "name": "Nothing today", "priority": 1}
    under = document(rule, policies={"stacking": "priority", "count_shipping": True})
    reason = folded(order("A", lines=1000, shipping_minor=490), under=under).nothing[0].reason
    left_out = find(reason, "order.left_out")
    assert left_out is not None
    assert {each.message for each in left_out.lines} == {"left_out.rule", "left_out.rule.shipping"}
    assert all("{" not in text(each) for each in left_out.lines)


def test_what_a_limit_took_is_not_called_given_before():
    under = document(caps=[{"per": "day", "points": 8}])
    capped = full_text(folded(order("A", day(1), 1000), under=under).movements[0].reason)
    assert "  A limit was reached\n" in capped
    assert "given before" not in capped
    added = (line("1", 300), line("2", 900, added_at=day(1.1)))
    both = full_text(folded(order("A", day(1), added), under=under).movements[1].reason)
    assert "  3 points of it were given before lines were added\n  A limit was reached\n" in both
