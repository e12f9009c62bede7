"""Operations on refunds of an order: what they take back and what returns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.engine.errors import Refused
from loyalty.engine.facts import Import, ImportLot, Order, Redemption, Refund
from loyalty.engine.refunds import check_refunds, increments
from loyalty.engine.statement import Statement, fold
from tests.conformance.builders import BEGIN, earned, folded, line, moment, order, program, rated, refund, version

Data = dict[str, Any]
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""An instant before any order here is paid."""


def reversals(statement: Statement, bought: Order) -> list[int]:
    """What each refund took back, in the order of the refunds; nothing is nothing."""
    taken = {each.source: abs(each.points) for each in statement.movements if each.kind == "reversed"}
    return [taken.get(f"refund:{each.id}", 0) for each in bought.refunds]


def after(amounts: list[int]) -> tuple[Refund, ...]:
    return tuple(
        refund(str(index), datetime(2027, 1, 1, 0, 0, index, tzinfo=UTC), amount)
        for index, amount in enumerate(amounts)
    )


def earn_then_refund(given: Data, policy: Data) -> Data:
    lines = [line(amount, str(index)) for index, amount in enumerate(given["lines"])]
    bought = order(lines, order_discount_minor=given.get("discount_minor", 0), refunds=after(given["refunds_minor"]))
    statement = folded(rated(given["rate_points_per_major"]), bought)
    return {"earned": earned(statement), "reversals": reversals(statement, bought)}


def refund_after_rule_change(given: Data, policy: Data) -> Data:
    now = given.get("rate_at_refund")
    later = rated(now) if isinstance(now, int) and now else program()
    versions = [version(rated(given["rate_at_order"])), version(later, datetime(2026, 7, 1, tzinfo=UTC), 2)]
    bought = order([line(given["original_spend_minor"])], refunds=after([given["refund_minor"]]))
    statement = fold(versions, [bought], datetime(2028, 1, 1, tzinfo=UTC))
    return {"reversed": abs(statement.totals["reversed"])}


def refund_earn_and_spend(given: Data, policy: Data) -> Data:
    """The order costs as many minor units as the fraction has parts, and gives its points as a whole."""
    part, whole = given["refund_fraction"]
    returned = policy.get("return_spent_points_on_partial_refund")
    partial = given.get("return_spent_on_partial", returned != "none")
    rules = [{"id": "order", "kind": "per_order", "points": given["earned"]}] if given["earned"] else []
    document = program(rules=rules, policies={"spent_points": "pro_rata" if partial else "full_refund_only"})
    start = Import(id="start", at=BEGIN, lots=(ImportLot(points=given["start"], at=BEGIN),))
    spent = Redemption(id="r", at=BEFORE, points=given["spent"], reward="r", order_id="order")
    facts = [*([start] if given["start"] else []), *([spent] if given["spent"] else [])]
    bought = order([line(whole)], refunds=after([part]))
    before = folded(document, *facts, bought, as_of=moment(None))
    statement = folded(document, *facts, bought)
    return {
        "balance_before_refund": before.available,
        "earned_removed": abs(statement.totals["reversed"]),
        "spent_returned": statement.totals["returned"],
        "balance": statement.available,
    }


def refund_reversal(given: Data, policy: Data) -> Data:
    document = program(rules=[{"id": "order", "kind": "per_order", "points": given["original_points"]}])
    refunds = after(increments(given["cumulative_refunded_minor"]))
    bought = order([line(given["original_spend_minor"])], refunds=refunds)
    try:
        check_refunds(bought)
    except Refused as refused:
        return {"error": {"refund_exceeds_order": "refund_exceeds_original"}[refused.code]}
    statement = folded(document, bought)
    return {"reversals": reversals(statement, bought), "balance_after": statement.available}


OPERATIONS = {
    "earn_then_refund": earn_then_refund,
    "refund_after_rule_change": refund_after_rule_change,
    "refund_earn_and_spend": refund_earn_and_spend,
    "refund_reversal": refund_reversal,
}
