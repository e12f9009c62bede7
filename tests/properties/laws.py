"""The laws, each as a function of an engine under test: it raises AssertionError where the law is broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from loyalty.engine.checkpoint import instants
from loyalty.engine.facts import EARLIEST, Fact, Line, Order, Refund, RefundLine
from loyalty.engine.program import Program, Version
from loyalty.engine.statement import Movement, Statement, checkpoint, fold
from tests.properties.strategies import END

Fold = Callable[..., Statement]

TOLD = msgspec.json.Encoder(order="deterministic").encode
"""Equal things give equal bytes, also where a mapping came back from a checkpoint in another order."""


@dataclass
class Engine:
    """What is under test: the real functions, or a fold that breaks one law."""

    fold: Fold = fold
    checkpoint: Callable[..., bytes] = checkpoint
    seen: list[Any] = field(default_factory=list)


def convergence(engine: Engine, versions: list[Version], facts: list[Fact], seed: int) -> None:
    """1. Any order and any repetition gives the same statement."""
    shuffled = [*facts, *Random(seed).choices(facts, k=3)]
    Random(seed).shuffle(shuffled)
    assert engine.fold(versions, shuffled, END) == engine.fold(versions, facts, END)


def cache(engine: Engine, versions: list[Version], facts: list[Fact], mark: datetime, until: datetime = END) -> None:
    """2. A checkpoint and the facts after its mark give what all facts give."""
    raw = engine.checkpoint(versions, facts, mark)
    _resumes(engine, versions, facts, mark, raw, until)


def chain(engine: Engine, versions: list[Version], facts: list[Fact], marks: Sequence[datetime]) -> None:
    """2. So does a checkpoint made from an earlier one."""
    raw, since = None, EARLIEST
    for mark in sorted(marks):
        known = [fact for fact in facts if max(instants(fact)) > since]
        raw, since = engine.checkpoint(versions, known, mark, raw), mark
    if raw is not None:
        _resumes(engine, versions, facts, since, raw, END)


def _resumes(
    engine: Engine, versions: list[Version], facts: list[Fact], mark: datetime, raw: bytes, until: datetime
) -> None:
    later = [fact for fact in facts if max(instants(fact)) > mark]
    whole = engine.fold(versions, facts, until)
    resumed = engine.fold(versions, later, until, raw)
    assert resumed.movements == tuple(each for each in whole.movements if each.at > mark)
    assert resumed.nothing == tuple(each for each in whole.nothing if each.at > mark)
    for name in Statement.__struct_fields__:
        if name not in ("movements", "nothing", "since", "lots", "pending", "gifts"):
            assert getattr(resumed, name) == getattr(whole, name), name
    for name in ("lots", "pending", "gifts"):
        assert sorted(map(TOLD, getattr(resumed, name))) == sorted(map(TOLD, getattr(whole, name))), name


def books(engine: Engine, versions: list[Version], facts: list[Fact]) -> None:
    """3. After every event the sum of movements is what is available; no key twice; clamped, nothing below zero."""
    end = engine.fold(versions, facts, END)
    keys = [movement.key for movement in end.movements]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
    clamped = all(version.program.policies.negative == "clamped" for version in versions)
    for at in sorted({movement.at for movement in end.movements}):
        statement = engine.fold(versions, facts, at)
        total = sum(movement.points for movement in statement.movements)
        assert total == statement.available == sum(lot.left for lot in statement.lots) - statement.debt
        assert total == sum(statement.totals.values())
        assert not clamped or statement.available >= 0
        forgiven = [
            each.reason.params["points"] for each in statement.nothing if each.reason.message == "nothing.forgiven"
        ]
        assert sum(int(each) for each in forgiven) == statement.forgiven
        assert statement.debt == 0 or not statement.lots


def refunds(engine: Engine, versions: list[Version], facts: list[Fact], seed: int) -> None:
    """4. Never more back than was awarded, exactly the award at the end, and only the sum matters."""
    for order in [fact for fact in facts if isinstance(fact, Order)]:
        alone = msgspec.structs.replace(order, cancelled_at=None)
        statement = engine.fold(versions, [alone], END)
        earned = _points(statement, "earned", order.id)
        assert -_points(statement, "reversed", order.id) <= earned
        _covers(engine, versions, alone)
        if all(version.program.policies.expiry == "never" for version in versions):
            split = msgspec.structs.replace(alone, refunds=_split(alone.refunds, Random(seed)))
            again = engine.fold(versions, [split], END)
            assert _points(again, "reversed", order.id) == _points(statement, "reversed", order.id)
            assert _points(again, "earned", order.id) == earned


def _covers(engine: Engine, versions: list[Version], order: Order) -> None:
    """After a full refund, what was taken back or forgiven and what expired cover the award."""
    last = END - timedelta(days=1)
    amount = 10**9
    whole = msgspec.structs.replace(order, refunds=(*order.refunds, Refund(id="whole", at=last, amount_minor=amount)))
    statement = engine.fold(versions, [whole], END)
    earned = sum(each.points for each in statement.movements if each.order_id == order.id and each.points > 0)
    back = -sum(each.points for each in statement.movements if each.order_id == order.id and each.points < 0)
    lots = {f"lot:{_lot(each)}" for each in statement.movements if each.order_id == order.id and each.points > 0}
    expired = -sum(each.points for each in statement.movements if each.source in lots | {"inactivity"})
    assert back <= earned <= back + expired + statement.forgiven
    if not expired and not statement.forgiven:
        assert back == earned


def _lot(movement: Movement) -> str:
    return f"{movement.source}/{movement.part}" if movement.part else movement.source


def _points(statement: Statement, kind: str, order_id: str) -> int:
    return sum(each.points for each in statement.movements if each.kind == kind and each.order_id == order_id)


def _split(refunds: Sequence[Refund], random: Random) -> tuple[Refund, ...]:
    """Each refund in two parts at the same instant, with the same sums by line."""
    found: list[Refund] = []
    for each in refunds:
        amount = random.randint(0, each.amount_minor)
        first = tuple(
            RefundLine(line_id=line.line_id, quantity=line.quantity, amount_minor=min(amount, line.amount_minor))
            for line in each.lines
        )
        second = tuple(
            RefundLine(
                line_id=line.line_id, quantity=0, amount_minor=line.amount_minor - min(amount, line.amount_minor)
            )
            for line in each.lines
        )
        found.append(msgspec.structs.replace(each, amount_minor=amount, lines=first))
        rest = each.amount_minor - amount
        found.append(msgspec.structs.replace(each, id=f"{each.id}b", amount_minor=rest, lines=second, shipping_minor=0))
    return tuple(found)


def calm(engine: Engine, versions: list[Version], facts: list[Fact]) -> None:
    """5. Never an exception, at any instant."""
    dates = sorted({at for fact in facts for at in instants(fact)})
    for at in [*dates[::3], END]:
        assert all(each.reason.message for each in engine.fold(versions, facts, at).movements)


def time(engine: Engine, versions: list[Version], facts: list[Fact], move: Callable[[datetime], datetime]) -> None:
    """6. A shift of everything moves only times."""
    here = engine.fold(versions, facts, END)
    there = engine.fold([shifted(each, move) for each in versions], [shifted(each, move) for each in facts], move(END))
    assert [_timeless(each) for each in here.movements] == [_timeless(each) for each in there.movements]
    assert [move(each.at) for each in here.movements] == [each.at for each in there.movements]
    for name in ("available", "pending_points", "reserved", "spent", "debt", "forgiven", "totals", "segments"):
        assert getattr(here, name) == getattr(there, name), name
    assert (here.tier and here.tier.id) == (there.tier and there.tier.id)


def _timeless(movement: Movement) -> tuple[str, str, bool, int]:
    """Keys name years and days of what was given; those move with the time."""
    source = "".join(each for each in movement.source if not each.isdigit())
    return (movement.kind, source, bool(movement.part), movement.points)


def shifted(value: Any, move: Callable[[datetime], datetime]) -> Any:
    """A fact or version with every instant in it moved."""
    return msgspec.convert(_moved(msgspec.to_builtins(value, builtin_types=(datetime,)), move), type(value))


def _moved(value: Any, move: Callable[[datetime], datetime]) -> Any:
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, dict):
        return {name: _moved(each, move) for name, each in value.items()}
    return [_moved(each, move) for each in value] if isinstance(value, list | tuple) else value


def isolation(engine: Engine, versions: list[Version], facts: list[Fact], others: list[Fact]) -> None:
    """7. What another member does changes nothing."""
    before = engine.fold(versions, facts, END)
    engine.fold(versions, others, END)
    assert engine.fold(versions, facts, END) == before


def causality(engine: Engine, versions: list[Version], facts: list[Fact], late: list[Fact], at: datetime) -> None:
    """8. The past does not depend on when one looks; posting differences leaves exactly the last fold per key."""
    early, whole = engine.fold(versions, facts, at), engine.fold(versions, facts, END)
    assert early.movements == tuple(each for each in whole.movements if each.at <= at)
    assert early.nothing == tuple(each for each in whole.nothing if each.at <= at)
    ledger: dict[tuple[str, str, str], int] = defaultdict(int)
    for statement in (early, engine.fold(versions, [*facts, *late], END)):
        rows = post(ledger, statement)
        assert not post(ledger, statement), "posting again writes nothing"
        assert rows or statement == early or not statement.movements or statement.movements == early.movements
    said = {each.key: each.points for each in statement.movements}
    assert {key: points for key, points in ledger.items() if points} == said


def post(ledger: dict[tuple[str, str, str], int], statement: Statement) -> list[tuple[tuple[str, str, str], int]]:
    """Writes, per key, the difference between what the statement says and what was written."""
    said = {each.key: each.points for each in statement.movements}
    rows = [
        (key, said.get(key, 0) - ledger.get(key, 0))
        for key in sorted({*said, *ledger})
        if said.get(key, 0) != ledger.get(key, 0)
    ]
    for key, points in rows:
        ledger[key] += points
    return rows


def lines(engine: Engine, program: Program, order: Order, seed: int) -> None:
    """9. Splitting a line changes nothing when rounding once per order, less than a point a line otherwise."""
    random = Random(seed)
    order = msgspec.structs.replace(order, refunds=())
    split = msgspec.structs.replace(order, lines=tuple(part for line in order.lines for part in _halves(line, random)))
    version = Version(number=1, in_force_from=order.placed_at - timedelta(days=1), program=program)
    here, there = (engine.fold([version], [each], END).totals["earned"] for each in (order, split))
    if program.policies.rounding_per == "order":
        assert here == there
    else:
        assert abs(here - there) < len(split.lines) + len(order.lines)


def _halves(line: Line, random: Random) -> list[Line]:
    """The same goods on two lines: units where there are several, with discount and tax shared out."""
    if line.quantity < 2:
        return [line]
    units = random.randint(1, line.quantity - 1)
    off, tax = line.discount_minor * units // line.quantity, line.tax_minor * units // line.quantity
    rest = msgspec.structs.replace(
        line,
        id=f"{line.id}b",
        quantity=line.quantity - units,
        discount_minor=line.discount_minor - off,
        tax_minor=line.tax_minor - tax,
    )
    return [msgspec.structs.replace(line, quantity=units, discount_minor=off, tax_minor=tax), rest]
