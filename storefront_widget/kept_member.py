"""A member's answer, kept in the process as bytes for as long as nothing has changed that it was made of, and for
KEPT_SECONDS at most: others' orders may use up a reward, and a friend may come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from loyalty.selectors.widget_state import MemberState

KEPT = 20_000
KEPT_SECONDS = 60
LONGEST_ASKED = 200


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    body: bytes
    state: MemberState
    origins: frozenset[str]
    """Storefronts that may read it."""
    made_at: datetime
    until: datetime


_lock = Lock()
_made: OrderedDict[tuple[int, str], MemberAnswer] = OrderedDict()


def asked_of(query: Mapping[str, str], accept_language: str) -> str:
    """What a request says of the languages it wants, as one text."""
    return f"{query.get('lang', '')}|{accept_language}"


def keep(answer: MemberAnswer, *, asked: str) -> None:
    """`asked` is all of the request that the answer depends on beside the member: in which languages."""
    if len(asked) > LONGEST_ASKED:
        return
    with _lock:
        _made[answer.state.member_id, asked] = answer
        while len(_made) > KEPT:
            _made.popitem(last=False)


def kept(state: MemberState, *, asked: str, at: datetime) -> MemberAnswer | None:
    found = _made.get((state.member_id, asked))
    return found if found and found.state == state and found.made_at <= at < found.until else None


def keeps_until(at: datetime, *changes: datetime | None) -> datetime:
    """The clock alone may change an answer: never beyond the first of `changes`."""
    return min([at + timedelta(seconds=KEPT_SECONDS), *(change for change in changes if change and change > at)])
