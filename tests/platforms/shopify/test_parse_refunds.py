"""Refunds: the goods, the tax and the shipping apart; a restock moves no money."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Refund
from loyalty.services.observations import NothingToDo, PersonSeen, RefundSeen
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.test_parse_orders import observe, read


def only(record: dict[str, Any]) -> Refund:
    (refund,) = read(record).refunds
    return refund


def test_a_refunded_line_is_worth_what_was_paid_for_it() -> None:
    refund = only(p.order(refunds=[p.refund(1, p.returned(1, "20.00"), paid_back="20.00")]))
    assert (refund.id, refund.amount_minor, refund.money_moved) == ("80001", 2000, True)
    assert [(line.line_id, line.quantity, line.amount_minor) for line in refund.lines] == [("90001", 1, 2000)]


def test_a_refund_that_comes_alone_is_the_same_refund() -> None:
    record = p.refund(1, p.returned(1, "20.00"), paid_back="20.00")
    (alone,) = observe(record, "refunds/create")
    assert alone == RefundSeen(order_id="5550001", refund=only(p.order(refunds=[record])))


def test_tax_on_top_is_told_apart() -> None:
    refund = only(p.order(refunds=[p.refund(1, p.returned(1, "22.50", tax="4.50"), paid_back="27.00")]))
    assert (refund.amount_minor, refund.tax_minor) == (2250, 450)


@pytest.mark.parametrize("subtotal", ["22.50", "18.60"])
def test_included_tax_is_taken_out_once_whichever_way_the_subtotal_is_told(subtotal: str) -> None:
    record = p.order(taxes_included=True, refunds=[p.refund(1, p.returned(1, subtotal, tax="3.90"))])
    refund = only(record)
    assert (refund.amount_minor, refund.tax_minor) == (1860, 390)


def test_a_restock_moves_no_money() -> None:
    kept = p.refund(1, p.returned(1, "22.50"), paid_back=None, order_adjustments=[p.adjustment("22.50")])
    refund = only(p.order(refunds=[kept]))
    assert (refund.money_moved, refund.amount_minor, refund.lines[0].quantity) == (False, 0, 1)
    removed = only(p.order(refunds=[p.refund(1, p.returned(1, "22.50"), paid_back=None)]))
    assert (removed.money_moved, removed.amount_minor) == (False, 2250)


@pytest.mark.parametrize(
    ("status", "moved"), [("success", True), ("pending", True), ("failure", False), ("error", False)]
)
def test_a_transaction_that_failed_moved_nothing(status: str, moved: bool) -> None:
    refund = p.refund(1, p.returned(1, "22.50"))
    refund["transactions"][0]["status"] = status
    assert only(p.order(refunds=[refund])).money_moved is moved


def test_money_without_lines_is_goods() -> None:
    refund = only(p.order(refunds=[p.refund(1, paid_back="10.00", order_adjustments=[p.adjustment("-10.00")])]))
    assert (refund.amount_minor, refund.lines) == (1000, ())


def test_less_money_than_the_lines_were_worth_is_what_was_given() -> None:
    record = p.refund(
        1, p.returned(1, "22.50"), p.returned(2, "22.50"), paid_back="30.00", order_adjustments=[p.adjustment("15.00")]
    )
    refund = only(p.order(refunds=[record]))
    assert refund.amount_minor == sum(line.amount_minor for line in refund.lines) == 3000


def test_shipping_is_no_goods_and_is_counted_once() -> None:
    told_twice = p.refund(
        1,
        p.returned(1, "22.50"),
        order_adjustments=[p.adjustment("-6.00", "shipping_refund", tax="-1.20")],
        refund_shipping_lines=[p.amount("subtotal_amount", "6.00")],
    )
    refund = only(p.order(refunds=[told_twice]))
    assert (refund.amount_minor, refund.shipping_minor, refund.tax_minor) == (2250, 600, 120)
    by_line = p.refund(1, refund_shipping_lines=[p.amount("subtotal_amount", "6.00")])
    assert only(p.order(refunds=[by_line])).shipping_minor == 600


def test_refunds_stand_in_the_order_of_their_dates() -> None:
    first = p.refund(2, p.returned(1, "1.00"), processed_at="2026-03-11T08:00:00Z")
    later = p.refund(1, p.returned(2, "1.00"), processed_at="2026-03-12T08:00:00Z")
    assert [refund.id for refund in read(p.order(refunds=[later, first])).refunds] == ["80002", "80001"]


@pytest.mark.parametrize(
    "record",
    [
        p.refund(1, order_id=None),
        p.refund(1, admin_graphql_api_id="gid://shopify/Order/80001"),
        p.refund(1, {"line_item_id": None, "quantity": 1}),
        p.refund(1, {**p.returned(1, "1.00"), "quantity": "many"}),
        p.refund(1, {**p.returned(1, "1.00"), "subtotal_set": p.bag("1.00", "USD")}),
        p.refund(1, processed_at=None, created_at=None),
        p.order(),
    ],
)
def test_a_refund_that_cannot_be_used_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        observe(record, "refunds/create")


def test_a_customer_is_somebody_and_signs_up_with_an_account() -> None:
    (made,) = observe(p.customer(), "customers/create")
    assert isinstance(made, PersonSeen)
    assert (made.person.external_id, made.person.email) == ("7001", "alma@shopper.test")
    assert made.signed_up_at is not None
    (guest,) = observe(p.customer(state="disabled"), "customers/update")
    assert guest.signed_up_at is None


@pytest.mark.parametrize("topic", ["orders/edited", "orders/delete", "app_subscriptions/update", "themes/publish"])
def test_what_changes_nothing_says_why(topic: str) -> None:
    (found,) = observe({"id": 1}, topic)
    assert isinstance(found, NothingToDo)
    assert found.why.endswith(".")
