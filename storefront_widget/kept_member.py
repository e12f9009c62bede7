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
_LONGEST = timedelta(seconds=KEPT_SECONDS)


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    body: bytes
    state: MemberState
    origins: frozenset[str]
    """Storefronts that may read it."""
    made_at: datetime
    until: datetime


_lock = Lock()
_made: OrderedDict[int, tuple[str, MemberAnswer]] = OrderedDict()
"""One for each member, the oldest first: whoever asks in many ways takes nobody else's place."""


def asked_of(query: Mapping[str, str], accept_language: str) -> str:
    """What a request says of the languages it wants, as one text."""
    return f"{query.get('lang', '')}|{accept_language}"


def keep(answer: MemberAnswer, *, asked: str) -> None:
    """`asked` is all of the request that the answer depends on beside the member: in which languages."""
    if len(asked) > LONGEST_ASKED:
        return
    with _lock:
        _made.pop(answer.state.member_id, None)
        _made[answer.state.member_id] = (asked, answer)
        while len(_made) > KEPT or next(iter(_made.values()))[1].made_at < answer.made_at - _LONGEST:
            _made.popitem(last=False)


def kept(state: MemberState, *, asked: str, at: datetime) -> MemberAnswer | None:
    asked_before, found = _made.get(state.member_id, ("", None))
    if found is None or asked_before != asked or found.state != state:
        return None
    return found if found.made_at <= at < found.until else None


def keeps_until(at: datetime, *changes: datetime | None) -> datetime:
    """The clock alone may change an answer: never beyond the first of `changes`."""
    return min([at + _LONGEST, *(change for change in changes if change and change > at)])
