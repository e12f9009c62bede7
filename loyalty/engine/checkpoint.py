"""A cache of a fold: the walk's state at an instant, small, and thrown away at the first doubt.

A checkpoint plus every fact with an instant after its mark gives the statement that all facts give, as long as no
event at or before the mark is new, changed or gone; the store sees to that and drops the checkpoint otherwise.
`freezing.py` writes it, `thawing.py` reads it, `frozen.py` is its form.
"""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.facts import EARLIEST, Fact, Import, Order, Redemption
from loyalty.engine.frozen import read
from loyalty.engine.refunds import CLOCKS_APART

ENGINE = 6
"""Grows whenever the engine's behaviour or the form of a checkpoint changes: older ones are then worth nothing."""

MINIMUM_FACTS = 16
"""A member with fewer facts is folded from the start."""


def instants(fact: Fact) -> tuple[datetime, ...]:
    """All instants at which this fact changes anything by itself. It is dated after a mark if its last one is; it
    makes a checkpoint worthless if it is new and its first one is not after the mark. An import reaches back to all
    orders before it, which earn nothing."""
    if isinstance(fact, Order):
        dates = [fact.placed_at, fact.paid_at, fact.fulfilled_at, fact.cancelled_at]
        undone = [refund.at for refund in fact.refunds] + ([fact.cancelled_at] if fact.cancelled_at else [])
        dates += undone + [at + CLOCKS_APART for at in undone]
        dates += [line.added_at for line in fact.lines]
        return tuple(date for date in dates if date is not None)
    if isinstance(fact, Import):
        return (EARLIEST, fact.at)
    if isinstance(fact, Redemption):
        return tuple(date for date in (fact.at, fact.used_at, fact.given_back_at) if date is not None)
    return (fact.at,)


def mark_of(raw: bytes) -> datetime | None:
    """The instant up to which a checkpoint knows everything; None if this engine cannot use it."""
    found = read(raw)
    return found[0].mark if found is not None and found[0].engine == ENGINE else None
