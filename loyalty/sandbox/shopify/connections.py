"""Connections of the Admin GraphQL: pages, cursors, and the part of the search syntax that is answered here."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from loyalty.sandbox.clock import iso

MAX_PAGE = 250
TERM = re.compile(r"""([a-z_]+):(>=|<=|>|<|)(?:"([^"]*)"|'([^']*)'|(\S+))""")

Node = dict[str, Any]


def connection(
    rows: Sequence[Any],
    make: Callable[[Any], Node],
    *,
    key: Callable[[Any], tuple[Any, ...]],
    everything: bool = False,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
    **_: Any,
) -> Node:
    """A page of `rows` in the order of `key`. `everything`: a bulk operation, which has no pages."""
    ordered = sorted(rows, key=key, reverse=bool(reverse))
    if everything:
        first, last = len(ordered), None
    elif (first is None) == (last is None):
        raise GraphQLError("you must provide one of first or last")
    elif not 0 <= (first if first is not None else last or 0) <= MAX_PAGE:
        raise GraphQLError(f"first and last must be between 0 and {MAX_PAGE}")
    cursors = [_cursor(key(row)) for row in ordered]
    start = _after(cursors, after) if after else 0
    end = _after(cursors, before) - 1 if before else len(ordered)
    begin, stop = (start, min(start + first, end)) if first is not None else (max(start, end - (last or 0)), end)
    edges = [
        {"cursor": cursor, "node": make(row)}
        for cursor, row in zip(cursors[begin:stop], ordered[begin:stop], strict=True)
    ]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "hasNextPage": stop < len(ordered),
            "hasPreviousPage": begin > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def matches(text: str | None, values: Callable[[str], Any]) -> Callable[[Any], bool]:
    """A filter for `query:`. `values(name)` reads a field's value from a row, or raises KeyError for unknown names.

    Terms are joined with AND. The real one ignores unknown terms with a warning; here they are an error, so that a
    misspelt filter is noticed.
    """
    terms: list[tuple[Callable[[Any], Any], str, str]] = []
    rest = text or ""
    for name, sign, *quoted in TERM.findall(rest):
        try:
            read = values(name)
        except KeyError:
            raise GraphQLError(f"the stand-in does not know the search term {name!r}") from None
        terms.append((read, sign, _plain("".join(quoted))))
    if TERM.sub("", rest).replace("AND", "").strip():
        raise GraphQLError(f"the stand-in understands only name:value terms joined with AND, not {rest!r}")
    return lambda row: all(_compare(read(row), sign, wanted) for read, sign, wanted in terms)


def _plain(wanted: str) -> str:
    """Times as documents keep them; all else as it is."""
    if not re.match(r"\d{4}-\d\d-\d\d", wanted):
        return wanted
    try:
        moment = datetime.fromisoformat(wanted.replace("Z", "+00:00"))
    except ValueError:
        return wanted
    return iso(moment) if moment.tzinfo else iso(datetime.fromisoformat(f"{moment.isoformat()}+00:00"))


def _compare(value: Any, sign: str, wanted: str) -> bool:
    if wanted == "any":
        return True
    if isinstance(value, int) and wanted.isdigit():
        return _order(value, sign, int(wanted))
    if wanted.endswith("*"):
        return any(word.startswith(wanted[:-1].casefold()) for word in str(value).casefold().split())
    return _order(str(value).casefold(), sign, wanted.casefold())


def _order(value: Any, sign: str, wanted: Any) -> bool:
    return bool(
        {"": value == wanted, ">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[
            sign
        ]
    )


def _cursor(key: tuple[Any, ...]) -> str:
    return base64.b64encode(repr(key).encode()).decode()


def _after(cursors: list[str], cursor: str) -> int:
    if cursor not in cursors:
        raise GraphQLError("invalid cursor")
    return cursors.index(cursor) + 1
