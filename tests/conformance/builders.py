"""Documents and facts with everything that a case leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from loyalty.engine.errors import Invalid
from loyalty.engine.explain import Reason, find
from loyalty.engine.facts import Fact, Line, Order, Refund
from loyalty.engine.program import Program, Version, parse_program
from loyalty.engine.statement import Statement, fold

BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(2099, 1, 1, tzinfo=UTC)


def moment(text: str | None, default: datetime = datetime(2026, 6, 1, tzinfo=UTC)) -> datetime:
    """A bare date is midnight UTC."""
    if text is None:
        return default
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


FRAME = {"name": "Case", "currency": "EUR", "exponent": 2, "time_zone": "UTC"}


def program(**document: Any) -> Program:
    rules = [rule for rule in document.pop("rules", []) if publishable(rule, document)]
    return parse_program({**FRAME, **document, "rules": rules})


def publishable(rule: dict[str, Any], document: dict[str, Any]) -> bool:
    """A rule that gives nothing, or a rate by nothing, is refused by the document's check and so never earns. Any
    other refusal is a fault of this runner and is shown."""
    try:
        parse_program({**FRAME, **document, "rules": [rule]})
    except Invalid as invalid:
        if not invalid.place.endswith((".points", ".per_minor", ".times")):
            raise
        return False
    return True


def version(of: Program, at: datetime = BEGIN, number: int = 1) -> Version:
    return Version(number=number, in_force_from=at, program=of)


def order(lines: Iterable[Line], at: datetime | None = None, **more: Any) -> Order:
    placed = at or moment(None)
    base: dict[str, Any] = {"id": "order", "currency": "EUR", "exponent": 2, "customer_id": "customer"}
    times = {"placed_at": placed, "paid_at": placed, "updated_at": END}
    return Order(**{**base, **times, "lines": tuple(lines), **more})


def line(amount_minor: int, name: str = "1", **more: Any) -> Line:
    return Line(**{"id": name, "quantity": 1, "unit_price_minor": amount_minor, **more})


def refund(name: str, at: datetime, amount_minor: int, **more: Any) -> Refund:
    return Refund(**{"id": name, "at": at, "amount_minor": amount_minor, **more})


def folded(of: Program, *facts: Fact, as_of: datetime = END) -> Statement:
    return fold([version(of)], facts, as_of)


def earned(statement: Statement) -> int:
    return statement.totals["earned"]


def reason_of(statement: Statement) -> Reason:
    """Why the order earned what it earned, or nothing."""
    for movement in statement.movements:
        if movement.kind == "earned":
            return movement.reason
    return statement.nothing[0].reason


def counted_minor(statement: Statement) -> Any:
    counts = find(reason_of(statement), "order.counts")
    return counts.params["amount_minor"] if counts is not None else 0


def rated(points: int, **policies: Any) -> Any:
    return program(rules=[{"id": "rate", "kind": "per_amount", "points": points, "per_minor": 100}], policies=policies)
