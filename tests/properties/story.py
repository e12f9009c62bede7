"""A failing example as something to read: what happened, day by day, and what the statement says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from hypothesis import note

from loyalty.engine.checkpoint import instants
from loyalty.engine.explain import text
from loyalty.engine.facts import Fact, kind_of
from loyalty.engine.program import Version, to_data
from loyalty.engine.statement import fold
from tests.properties.strategies import BASE, END


@contextmanager
def told(versions: Sequence[Version], facts: Sequence[Fact]) -> Iterator[None]:
    """Tells the story of an example that breaks a law; the others stay untold, which is four times as fast."""
    try:
        yield
    except AssertionError:
        note(story(versions, facts))
        raise


def story(versions: Sequence[Version], facts: Sequence[Fact]) -> str:
    """One line per event; days count from the first of the examples' calendar."""
    lines: list[tuple[float, str]] = []
    for version in versions:
        data = to_data(version.program)
        lines.append((_day(version.in_force_from), f"version {version.number}: {data['rules']} {data.get('policies')}"))
    lines += [(_day(min(instants(fact))), f"{kind_of(fact)} {fact}") for fact in facts]
    lines += [
        (_day(each.at), f"    {each.points:+} {each.key}: {text(each.reason)}")
        for each in fold(versions, facts, END).movements
    ]
    return "\n".join(f"day {day:8.2f}  {line}" for day, line in sorted(lines, key=lambda line: line[0]))


def _day(at: datetime) -> float:
    return (at - BASE).total_seconds() / 86400
