"""Ways to earn that remember: the Nth order, periods in a row, a sum reached. What they give belongs to the order
that completed it, and goes back with that order's refund."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.basis import Params
from loyalty.engine.calendar import bucket, follows
from loyalty.engine.errors import Invalid
from loyalty.engine.rule import RuleShape, check_gives, check_points

Memory = dict[str, tuple[str, int]]
"""By rule: the period last seen ("" where there is none) and the orders, periods or minor units counted in it."""


class Reached(msgspec.Struct, frozen=True, gc=False):
    """Something completed: `what` names it within its rule, for good."""

    what: str
    points: int
    shown: Params
    rewards: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    orders: int
    points: int = 0
    rewards: tuple[str, ...] = ()


class RememberingRule(RuleShape, frozen=True, kw_only=True):
    """A rule with a memory of the member's orders in its scope."""

    def reached(self, memory: Memory, at: datetime, zone: ZoneInfo, spent_minor: int) -> list[Reached]:
        """What this order completes; writes the memory. `spent_minor` is what counts of the order."""
        raise NotImplementedError


class Milestone(RememberingRule, frozen=True, kw_only=True, tag="milestone"):
    """Points and gifts with the Nth order, more with a later one."""

    steps: tuple[Step, ...]

    def check(self, place: str) -> None:
        super().check(place)
        if not 0 < len(self.steps) <= 100:
            raise Invalid("Name between 1 and 100 steps.", place=f"{place}.steps")
        for index, step in enumerate(self.steps):
            check_gives(step.points, step.rewards, f"{place}.steps[{index}]")
            least = self.steps[index - 1].orders + 1 if index else 1
            if not least <= step.orders <= 1_000_000:
                raise Invalid(
                    "This step needs {least} orders or more.",
                    place=f"{place}.steps[{index}].orders",
                    params={"least": least},
                )

    def reached(self, memory: Memory, at: datetime, zone: ZoneInfo, spent_minor: int) -> list[Reached]:
        count = memory.get(self.id, ("", 0))[1] + 1
        memory[self.id] = ("", count)
        return [
            Reached(str(count), step.points, {"orders": count, "points": step.points}, step.rewards)
            for step in self.steps
            if step.orders == count
        ]


class Streak(RememberingRule, frozen=True, kw_only=True, tag="streak"):
    """Points for orders in `length` weeks or months in a row; again with every further `length` if it `repeats`."""

    period: Literal["week", "month"] = "month"
    length: int
    points: int
    repeats: bool = False

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)
        if not 2 <= self.length <= 100:
            raise Invalid("A streak is 2 to 100 periods long.", place=f"{place}.length")

    def reached(self, memory: Memory, at: datetime, zone: ZoneInfo, spent_minor: int) -> list[Reached]:
        now = bucket(at, self.period, zone)
        last, count = memory.get(self.id, ("", 0))
        if last == now:
            return []
        count = count + 1 if last and follows(now, last, self.period) else 1
        memory[self.id] = (now, count)
        if count % self.length or (count > self.length and not self.repeats):
            return []
        return [Reached(now, self.points, {"length": count, "period": self.period, "points": self.points})]


class Goal(RememberingRule, frozen=True, kw_only=True, tag="goal"):
    """Points when spending reaches `amount_minor` within a month, a year or a lifetime; again with every further one
    if it `repeats`. A refund takes the points back with the order that completed it, not the sum."""

    amount_minor: int
    points: int
    period: Literal["month", "year", "lifetime"] = "lifetime"
    repeats: bool = False

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)
        if not 0 < self.amount_minor <= 10**12:
            raise Invalid("A goal is an amount above zero.", place=f"{place}.amount_minor")

    def reached(self, memory: Memory, at: datetime, zone: ZoneInfo, spent_minor: int) -> list[Reached]:
        now = bucket(at, self.period, zone)
        last, before = memory.get(self.id, (now, 0))
        before = before if last == now else 0
        spent = before + spent_minor
        memory[self.id] = (now, spent)
        times = spent // self.amount_minor - before // self.amount_minor
        if not self.repeats:
            times = 1 if before < self.amount_minor <= spent else 0
        if not times:
            return []
        what = f"{now}:{spent // self.amount_minor}".lstrip(":") if self.repeats else now or "1"
        return [Reached(what, self.points * times, {"goal_minor": self.amount_minor, "points": self.points * times})]
