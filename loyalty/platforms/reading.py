"""Reading JSON that came from outside: exact numbers, bounded depth and length, and a sentence for what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from loyalty.engine.errors import Invalid

MAX_DEPTH = 32
MAX_ID = 64

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse_json(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The document in `raw`; fractions become Decimal, never float. Raises Invalid for what is no UTF-8, no JSON, or
    nested deeper than `max_depth`. The size is the caller's to limit, before the bytes are read."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid("The message is nested too deeply to be read.") from None
    except (ValueError, ArithmeticError):
        raise Invalid("The message is not JSON; it may have been cut off on its way.") from None
    level: list[Any] = [document]
    for _ in range(max_depth):
        level = [child for node in level for child in _children(node)]
        if not level:
            return document
    raise Invalid("The message is nested too deeply to be read.")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [child for child in node.values() if isinstance(child, (dict, list))]
    if isinstance(node, list):
        return [child for child in node if isinstance(child, (dict, list))]
    return []


def text(value: Any, *, max_length: int) -> str:
    """A string cut to `max_length`, without characters that no database takes; "" for null and for what is no text."""
    return _UNSTORABLE.sub("", value).strip()[:max_length] if isinstance(value, str) else ""


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Raises Invalid for what is no object."""
    if not isinstance(value, dict):
        raise Invalid(f"{what} is missing or is not an object.")
    return value


def items(value: Any, what: str, *, at_most: int) -> list[Mapping[str, Any]]:
    """A list of objects; null is an empty one. Raises Invalid for anything else and for more than `at_most`."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Invalid(f"{what} is not a list of objects.")
    if len(value) > at_most:
        raise Invalid(f"{what} has {len(value)} entries; at most {at_most} can be read.")
    return value


def identifier(value: Any, what: str) -> str:
    """An id as text: digits of a positive whole number, or ASCII letters, digits, - and _ (at most 64)."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value < 10**MAX_ID else ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise Invalid(f"{what} is missing or is not an id.")
    return value


def whole(value: Any, what: str, *, at_most: int) -> int:
    """A whole number from 0 to `at_most`, sent as a number or as digits. Raises Invalid for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= at_most:
        raise Invalid(f"{what} should be a whole number from 0 to {at_most:,}.")
    return value


def instant(value: Any, what: str) -> datetime:
    """An RFC 3339 time with its offset, in UTC. Raises Invalid for a time without an offset or outside 1990-2100."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        if moment is not None and moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
            if _EARLIEST <= moment < _LATEST:
                return moment
    except (ValueError, OverflowError):
        pass
    raise Invalid(f"{what} is not a time with its offset, such as 2026-01-31T12:00:00+00:00.")


def instant_or_none(value: Any, what: str) -> datetime | None:
    """As `instant`; null and "" are None."""
    return None if value is None or value == "" else instant(value, what)
