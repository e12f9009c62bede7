"""For each law an engine that breaks it, and as little else as can be: the law's own test must go red on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any
from unittest.mock import patch

import msgspec

from loyalty.engine import awards, reversals
from loyalty.engine.facts import Fact, Order
from loyalty.engine.statement import Movement, Statement, checkpoint, fold
from tests.properties.laws import Engine

replace = msgspec.structs.replace


def in_order_of_arrival(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """1. Tells what gave nothing in the order in which the facts came."""
    statement = fold(versions, facts, as_of, start)
    arrived = {f"order:{fact.id}": place for place, fact in enumerate(facts) if isinstance(fact, Order)}
    nothing = sorted(statement.nothing, key=lambda each: arrived.get(each.source, 0))
    return replace(statement, nothing=tuple(nothing))


def forgetful_checkpoint(versions: Any, facts: list[Fact], mark: datetime) -> bytes:
    """2. Forgets the last fact before its mark."""
    before = [fact for fact in facts if isinstance(fact, Order) and fact.placed_at <= mark]
    return checkpoint(versions, [fact for fact in facts if fact not in before[:1]], mark)


def rich(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """3. Shows a balance that its movements do not add up to, once something was taken back."""
    statement = fold(versions, facts, as_of, start)
    return replace(statement, available=statement.available + (1 if statement.totals["reversed"] else 0))


def one_more() -> Any:
    made: Counter[int] = Counter()

    def counted(award: Any, refunded: Any) -> int:
        made[id(award)] += 1
        return min(award.points, due_back(award, refunded) + made[id(award)])

    return patch.object(reversals, "due_back", counted)


def generous(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """4. Takes a point more for every single refund that was made."""
    with one_more():
        return fold(versions, facts, as_of, start)


due_back = reversals.due_back


def nervous(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """5. Refuses what cannot be: a refund larger than its order."""
    statement = fold(versions, facts, as_of, start)
    if statement.debt > 20:
        raise ValueError("this member owes too much")
    return statement


def superstitious(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """6. Thinks that odd days are worth something."""
    statement = fold(versions, facts, as_of, start)
    return replace(statement, reserved=statement.reserved + as_of.toordinal() % 7)


def gossiping() -> Callable[..., Statement]:
    """7. Counts the members it has seen, and lets each know how many came before."""
    others = [0]
    known: list[Fact] = []

    def gossip(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
        if facts and not any(fact in known for fact in facts):
            others[0] += 1
            known[:] = facts
        statement = fold(versions, facts, as_of, start)
        return replace(statement, reserved=statement.reserved + others[0] % 1000)

    return gossip


def hindsight(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """8. Names what was earned after the moment of looking at it."""
    statement = fold(versions, facts, as_of, start)
    day = as_of.date().isoformat()
    named = [
        Movement(each.kind, each.source, each.part + day, each.points, each.at, each.reason, each.order_id)
        for each in statement.movements
    ]
    return replace(statement, movements=tuple(named))


def whole_euros() -> Any:
    def rough(*args: Any) -> Any:
        basis = exact(*args)
        euros = [amount // (100 * basis.denominator) * 100 for amount in basis.amounts]
        basis.amounts, basis.denominator = euros, 1
        return basis

    return patch.object(awards, "basis_of", rough)


def by_the_euro(versions: Any, facts: list[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """9. Counts only the whole euros of each line."""
    with whole_euros():
        return fold(versions, facts, as_of, start)


def checkpoint_by_the_euro(versions: Any, facts: list[Fact], mark: datetime) -> bytes:
    with whole_euros():
        return checkpoint(versions, facts, mark)


exact = awards.basis_of

BROKEN: dict[str, Engine] = {
    "convergence": Engine(fold=in_order_of_arrival),
    "cache": Engine(checkpoint=forgetful_checkpoint),
    "books": Engine(fold=rich),
    "refunds": Engine(fold=generous),
    "calm": Engine(fold=nervous),
    "time": Engine(fold=superstitious),
    "isolation": Engine(fold=gossiping()),
    "causality": Engine(fold=hindsight),
    "lines": Engine(fold=by_the_euro, checkpoint=checkpoint_by_the_euro),
}
