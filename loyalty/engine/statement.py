"""What a member has, and why: a pure function of program versions, facts and an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from loyalty.engine.events import events_of
from loyalty.engine.facts import Fact
from loyalty.engine.movement import KINDS, Lot, Movement, Nothing, Pending, Statement, Tier
from loyalty.engine.program import Version
from loyalty.engine.walk import Walk

__all__ = ["KINDS", "Lot", "Movement", "Nothing", "Pending", "Statement", "Tier", "fold"]


def fold(versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime) -> Statement:
    """The statement at `as_of`: everything dated up to it, in the order in which it happened. Facts may come in any
    order. Never raises on facts and versions that validated."""
    walk = Walk(versions, as_of)
    walk.run(events_of(walk, facts))
    return walk.statement()
