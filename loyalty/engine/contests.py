"""Contests between members: decided by services from counts, with these pure functions."""

from __future__ import annotations

from collections.abc import Sequence


def positions(points: Sequence[int]) -> list[int]:
    """The place of each: equal points share a place, and the next one counts all before it (1, 2, 2, 4)."""
    ranked = sorted(points, reverse=True)
    first: dict[int, int] = {}
    for place, each in enumerate(ranked, 1):
        first.setdefault(each, place)
    return [first[each] for each in points]
