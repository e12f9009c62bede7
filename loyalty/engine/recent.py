"""The latest lines of a statement, kept beside a checkpoint: what a member is shown of a past that is not folded again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from loyalty.engine.explain import Reason
from loyalty.engine.movement import Movement, Nothing, Statement

KEPT_LINES = 24
"""Somewhat more than a member is shown: of what gave nothing not every line is theirs to read."""
_NOTHING = "nothing"


class _Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A movement, or what gave nothing."""

    at: datetime
    kind: str
    source: str
    part: str
    points: int
    order_id: str
    reason: Reason


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Line]).decode


def keep(statement: Statement, mark: datetime) -> bytes:
    """The last lines up to `mark`; the statement has its own from before, where it began at a checkpoint."""
    movements = [each for each in statement.movements if each.at <= mark][-KEPT_LINES:]
    lines = [
        _Line(each.at, each.kind, each.source, each.part, each.points, each.order_id, each.reason) for each in movements
    ]
    lines += [
        _Line(each.at, _NOTHING, each.source, "", 0, "", each.reason) for each in statement.nothing if each.at <= mark
    ]
    return _encode(sorted(lines, key=lambda line: line.at)[-KEPT_LINES:])


def with_kept(statement: Statement, kept: bytes) -> Statement:
    """The statement with the lines before its `since`. An order that gave nothing then, and points since, gave points.
    Raises msgspec.DecodeError and msgspec.ValidationError for anything that `keep` did not write."""
    lines = _decode(kept)
    spoken = {each.source for each in statement.movements} | {each.source for each in statement.nothing}
    movements = tuple(
        Movement(each.kind, each.source, each.part, each.points, each.at, each.reason, each.order_id)
        for each in lines
        if each.kind != _NOTHING
    )
    nothing = tuple(
        Nothing(source=each.source, at=each.at, reason=each.reason)
        for each in lines
        if each.kind == _NOTHING and each.source not in spoken
    )
    return msgspec.structs.replace(
        statement, movements=movements + statement.movements, nothing=nothing + statement.nothing
    )
