"""What makes the difference between two programs: the way from one to the other, change by change, each on the shop's
own history.

Every step adds its change to the ones before it, so that all of them together are the whole difference; in another
order the steps would share it a little differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from loyalty.engine.checking import check_program
from loyalty.engine.document import Program, Version
from loyalty.engine.errors import Invalid
from loyalty.engine.simulate import Comparison, Known, Outcome, as_draft, outcome_of, point_worth

LISTS = ("segments", "tiers", "rewards", "plans", "rules", "campaigns")
"""Lists of things with an id; what others name stands first, so that most steps are programs that can be meant."""
_SILENT = ("name", "translations", "format")
"""What earns nobody anything."""
MOST_STEPS = 8
MOST_FOLDS = 20_000
"""What the split may cost beside the comparison itself: some twenty seconds. A larger shop is asked by sample."""

Place = tuple[str, str]
"""The part and the id of a thing; an empty id is the part as a whole, or its order."""


class Step(NamedTuple):
    changed: tuple[Place, ...]
    program: Program


def steps(live: Program, draft: Program) -> list[Step]:
    """From `live` to `draft`. Changes that only make sense together are one step, and so are all after the most that
    are told apart."""
    program = msgspec.structs.replace(live, **{name: getattr(draft, name) for name in _SILENT})
    found: list[Step] = []
    waiting: list[Place] = []
    for place in _differences(live, draft):
        program = _with(program, draft, place)
        waiting.append(place)
        if _can_be_meant(program):
            found.append(Step(tuple(waiting), program))
            waiting = []
    if len(found) > MOST_STEPS:
        rest = tuple(place for step in found[MOST_STEPS - 1 :] for place in step.changed)
        found[MOST_STEPS - 1 :] = [Step(rest, found[-1].program)]
    return found


class Split:
    """The sums of each step over the members asked."""

    def __init__(self, live: Sequence[Version], draft: Sequence[Version], as_of: datetime, members: int) -> None:
        """`members` are those there will be, which says how many of them can be asked."""
        newest = live[-1].program
        self.as_of = as_of
        self.live = live
        self.steps = steps(newest, draft[-1].program)
        programs = [newest, *(step.program for step in self.steps)]
        self.sides = [as_draft(live, program) for program in programs]
        self.worths = [point_worth(program) for program in programs]
        self.every = max(1, -(-members * len(programs) // MOST_FOLDS))
        self.members = 0
        self.posted = 0
        """Points given, less those taken back, as the shop has lived."""
        self.given = [0] * len(programs)
        """The same under the newest live program from the beginning, then after each step."""

    def add(self, number: int, member: Known) -> None:
        """The member who comes as `number`, from 0 on; passed over where the sample does."""
        if number % self.every:
            return
        self.members += 1
        self.posted += _given(member.live or outcome_of(self.live, member.facts, self.as_of))
        for index, side in enumerate(self.sides):
            self.given[index] += _given(outcome_of(side, member.facts, self.as_of))

    def state(self) -> dict[str, Any]:
        return {"members": self.members, "posted": self.posted, "given": self.given}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.members, self.posted, self.given = state["members"], state["posted"], list(state["given"])

    def shares(self, comparison: Comparison) -> list[int]:
        """What the newest live program makes of the difference by itself, then each step: in minor units where the
        comparison is in money, otherwise in points. Of a sample, as if all had been like it."""
        if not self.members:
            return []
        totals = [self._total(comparison, comparison.live.worth, self.posted)]
        totals += [self._total(comparison, worth, given) for worth, given in zip(self.worths, self.given, strict=True)]
        return [after - before for before, after in pairwise(totals)]

    def _total(self, comparison: Comparison, worth: Fraction, given: int) -> int:
        points = given if self.every == 1 else given * comparison.members // self.members
        return comparison.cost(worth, max(0, points)) if comparison.in_money else points


def _differences(live: Program, draft: Program) -> Iterator[Place]:
    """New and changed things before those that are gone: a new one may stand for one that goes."""
    gone: list[Place] = []
    for part in LISTS:
        old, new = ({each.id: each for each in getattr(side, part)} for side in (live, draft))
        yield from ((part, key) for key, item in new.items() if old.get(key) != item)
        gone += [(part, key) for key in old if key not in new]
        if [key for key in old if key in new] != [key for key in new if key in old]:
            gone.append((part, ""))
    for name in Program.__struct_fields__:
        if name not in (*LISTS, *_SILENT) and getattr(live, name) != getattr(draft, name):
            yield name, ""
    yield from reversed(gone)


def _with(program: Program, draft: Program, place: Place) -> Program:
    """The program with one more thing as the draft has it."""
    part, key = place
    wanted = getattr(draft, part)
    if part not in LISTS:
        return msgspec.structs.replace(program, **{part: wanted})
    items = {each.id: each for each in getattr(program, part)}
    new = {each.id: each for each in wanted}
    if key in new:
        items[key] = new[key]
    elif key:
        del items[key]
    # A new thing stands where the draft has it, once all the others stand there too.
    known = [each.id for each in wanted if each.id in items]
    in_order = not key or [each for each in items if each in new] == known or items.keys() == new.keys()
    keys = [*known, *(each for each in items if each not in new)] if in_order else list(items)
    return msgspec.structs.replace(program, **{part: tuple(items[each] for each in keys)})


def _can_be_meant(program: Program) -> bool:
    try:
        check_program(program)
    except Invalid:
        return False
    return True


def _given(outcome: Outcome) -> int:
    return sum(posting.points for posting in outcome.postings if posting.kind in ("earned", "reversed"))
