"""Segments that a program defines from a member's own orders, and from each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from loyalty.engine.errors import Invalid

Range = tuple[int, int]


class SegmentRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that is named must hold; ranges are minor units or counts, both ends included. `points_of_sale` are
    channels or places an order may come from; `any_of` and `none_of` name other segments. `minimum_age` holds for who
    told a birthday so many whole years ago."""

    id: str
    name: str = ""
    order_count: Range | None = None
    average_minor: Range | None = None
    any_order_minor: Range | None = None
    points_of_sale: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    minimum_age: int = 0


class Tally:
    """What a member's orders so far say about one segment; grows order by order."""

    __slots__ = ("amount_seen", "count", "place_seen", "rule", "total_minor")

    def __init__(self, rule: SegmentRule) -> None:
        self.rule = rule
        self.count = 0
        self.total_minor = 0
        self.amount_seen = False
        self.place_seen = False

    def add(self, amount_minor: int, point_of_sale: str) -> None:
        self.count += 1
        self.total_minor += amount_minor
        wanted = self.rule.any_order_minor
        self.amount_seen = self.amount_seen or (wanted is not None and wanted[0] <= amount_minor <= wanted[1])
        self.place_seen = self.place_seen or point_of_sale in self.rule.points_of_sale

    def sums(self) -> tuple[int, int, bool, bool]:
        return (self.count, self.total_minor, self.amount_seen, self.place_seen)

    def begin(self, count: int, total_minor: int, amount_seen: bool, place_seen: bool) -> None:
        """Goes on from sums of before."""
        self.count, self.total_minor = count, total_minor
        self.amount_seen, self.place_seen = amount_seen, place_seen

    def holds(self, others: Collection[str], age: int | None = None) -> bool:
        """Is the member inside, given the other segments they are in, and their age if it is known? Averages are
        compared exactly."""
        rule, count = self.rule, self.count
        if rule.minimum_age and (age is None or age < rule.minimum_age):
            return False
        if rule.order_count is not None and not rule.order_count[0] <= count <= rule.order_count[1]:
            return False
        if rule.average_minor is not None:
            low, high = rule.average_minor
            if not count or not low * count <= self.total_minor <= high * count:
                return False
        return (
            (rule.any_order_minor is None or self.amount_seen)
            and (not rule.points_of_sale or self.place_seen)
            and (not rule.any_of or any(each in others for each in rule.any_of))
            and not any(each in others for each in rule.none_of)
        )


def inside(tallies: Iterable[Tally], given: Collection[str], age: int | None = None) -> set[str]:
    """All segments a member is in: those given from outside and those the tallies and the age say. Tallies come in an order in
    which a segment follows those it names (`in_order`)."""
    found = set(given)
    for tally in tallies:
        if tally.holds(found, age):
            found.add(tally.rule.id)
    return found


def in_order(rules: Sequence[SegmentRule], place: str) -> list[SegmentRule]:
    """Each after the segments it names. Raises Invalid for a circle."""
    known = {rule.id: (index, rule) for index, rule in enumerate(rules)}
    done: list[SegmentRule] = []
    state: dict[str, bool] = {}
    stack = [rule.id for rule in reversed(rules)]
    while stack:
        name = stack[-1]
        index, rule = known[name]
        if name in state:
            stack.pop()
            if not state[name]:
                state[name] = True
                done.append(rule)
            continue
        state[name] = False
        for other in (*rule.any_of, *rule.none_of):
            if other not in known or state.get(other):
                continue
            if other in state:
                raise Invalid(
                    "{one} and {other} are defined by each other; take one out of the circle.",
                    place=f"{place}[{index}]",
                    params={"one": rule.id, "other": other},
                )
            stack.append(other)
    return done
