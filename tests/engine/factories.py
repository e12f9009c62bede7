"""Facts and programs for the engine's tests, with everything a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from loyalty.engine.facts import Fact, Line, Order, Redemption, Refund, RefundLine
from loyalty.engine.program import Program, Version, default_program, parse_program
from loyalty.engine.statement import Statement, fold

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=3650)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def program(**changes: object) -> Program:
    base = default_program("EUR", 2, "Europe/Berlin", "Points")
    values = {name: getattr(base, name) for name in base.__struct_fields__}
    return Program(**{**values, **changes})


def versions(*programs: Program, at: datetime = START) -> list[Version]:
    chosen = programs or (program(),)
    return [Version(number=n, in_force_from=at + timedelta(days=n - 1), program=p) for n, p in enumerate(chosen, 1)]


def line(id: str = "1", price_minor: int = 1000, quantity: int = 1, **changes: object) -> Line:
    return Line(**{"id": id, "unit_price_minor": price_minor, "quantity": quantity, **changes})


def order(id: str = "1", at: datetime = START, lines: tuple[Line, ...] | int = 1000, **changes: object) -> Order:
    """Placed and paid at `at`; a number of minor units is one line of that price."""
    chosen = (line(price_minor=lines),) if isinstance(lines, int) else lines
    base = {"id": id, "placed_at": at, "updated_at": at, "paid_at": at, "currency": "EUR", "exponent": 2}
    return Order(**{**base, "lines": chosen, **changes})


def refund(id: str, at: datetime, amount_minor: int, line_id: str = "", **changes: object) -> Refund:
    lines = (RefundLine(line_id=line_id, quantity=1, amount_minor=amount_minor),) if line_id else ()
    return Refund(**{"id": id, "at": at, "amount_minor": amount_minor, "lines": lines, **changes})


def redemption(id: str, at: datetime, points: int = 500, **changes: object) -> Redemption:
    return Redemption(**{"id": id, "at": at, "points": points, "reward": "amount-off", **changes})


def folded(*facts: Fact, as_of: datetime = LATER, under: list[Version] | None = None) -> Statement:
    return fold(under or versions(), facts, as_of)


def keys(statement: Statement) -> list[tuple[str, str, str, int]]:
    return [(*movement.key, movement.points) for movement in statement.movements]


def document(*rules: dict, base: bool = True, at: datetime = START, **more: object) -> list[Version]:
    """One published version: a point for every 1.00, and what else is given."""
    frame = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "Europe/Berlin"}
    first = [{"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}] if base else []
    return [Version(number=1, in_force_from=at, program=parse_program({**frame, "rules": [*first, *rules], **more}))]


def earned(statement: Statement) -> dict[str, int]:
    """What was earned, by source."""
    return {each.source: each.points for each in statement.movements if each.kind == "earned"}


def messages(statement: Statement) -> list[str]:
    return [each.reason.message for each in statement.nothing]
