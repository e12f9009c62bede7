"""Charts as paths in a box of 100 × 100; the words around them are HTML, so that text never scales."""

from __future__ import annotations

from collections.abc import Sequence

TOP, BOTTOM = 8, 92


def spark(values: Sequence[int]) -> str:
    """The path of a line from the first value to the last; a flat one where nothing changed."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = 100 / (len(values) - 1)
    points = (
        f"{index * step:.1f} {BOTTOM - (value - low) * (BOTTOM - TOP) / span:.1f}" for index, value in enumerate(values)
    )
    return "M" + "L".join(points)


def spark_end(values: Sequence[int]) -> str:
    """The dot on the last value."""
    path = spark(values)
    return f"M{path.rpartition('L')[2]}h.01" if path else ""
