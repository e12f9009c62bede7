"""Ways to earn with an order. A way is one small class: its document form, its check, and what it gives for the
lines it counts; no rule knows another. `judging.py` settles how they add up.

A new way is a class here (or in a module of its own), its name in `document.Rule`, and its sentence in `messages.py`
under "rule." and its tag; the schema, the checks of the document and the explanation follow from these."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from loyalty.engine.basis import Basis, Params
from loyalty.engine.errors import Invalid
from loyalty.engine.phrases import Phrase
from loyalty.engine.rule import RuleShape, check_points, factor

_PERCENT = Phrase("A percentage lies above 0 and at most at 100.")
_TIMES = Phrase("A factor lies above 0 and at most at 1000.")


class Given(msgspec.Struct, frozen=True, gc=False):
    """Points before rounding, as the quotient `points` / `per`, and how they rest on the lines: a refund of a line
    takes that line's part of the weights."""

    points: int
    per: int
    weights: list[int]
    shown: Params


class OrderRule(RuleShape, frozen=True, kw_only=True):
    """A rule that gives points for the lines of one order."""

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        """What these lines earn. `lines` are positions in the basis and never empty."""
        raise NotImplementedError

    def amounts(self, basis: Basis, lines: Sequence[int]) -> list[int]:
        return basis.counted(lines, all_goods=not self.scope.picks_lines)


class PerAmount(OrderRule, frozen=True, kw_only=True, tag="per_amount"):
    """`points` for every `per_minor` of what counts. Exactly, or only for full steps ("for every full 10.00")."""

    points: int
    per_minor: int
    full_steps_only: bool = False

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)
        if not 0 < self.per_minor <= 10**12:
            raise Invalid("A rate needs an amount above zero, such as 1 point per 100.", place=f"{place}.per_minor")

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        amounts = self.amounts(basis, lines)
        counted, step = sum(amounts), self.per_minor * basis.denominator
        if self.full_steps_only:
            counted, step = counted // step, 1
        return Given(counted * self.points, step, amounts, {"points": self.points, "per_minor": self.per_minor})


class PerOrder(OrderRule, frozen=True, kw_only=True, tag="per_order"):
    """`points` for the order, however large."""

    points: int

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        return Given(self.points, 1, self.amounts(basis, lines), {"points": self.points})


class PerItem(OrderRule, frozen=True, kw_only=True, tag="per_item"):
    """`points` for every unit of goods."""

    points: int

    def check(self, place: str) -> None:
        super().check(place)
        check_points(self.points, place)

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        units = [0 if basis.extra(index) else basis.lines[index].quantity for index in lines]
        return Given(sum(units) * self.points, 1, units, {"points": self.points, "units": sum(units)})


class Cashback(OrderRule, frozen=True, kw_only=True, tag="cashback"):
    """`percent` ("2.5") of what counts, in points that are worth `point_value_minor` each."""

    percent: str
    point_value_minor: int

    def check(self, place: str) -> None:
        super().check(place)
        if not 0 < self.point_value_minor <= 10**9:
            raise Invalid("Say what a point is worth, in minor units above zero.", place=f"{place}.point_value_minor")
        _check_factor(self.percent, Fraction(100), f"{place}.percent", _PERCENT)

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        amounts = self.amounts(basis, lines)
        percent = factor(self.percent)
        per = 100 * percent.denominator * basis.denominator * self.point_value_minor
        shown: Params = {"percent": self.percent, "point_value_minor": self.point_value_minor}
        return Given(percent.numerator * sum(amounts), per, amounts, shown)


class Exclude(OrderRule, frozen=True, kw_only=True, tag="exclude"):
    """These lines earn nothing with this rule or any of lower priority."""

    exclusive: bool = True

    def given(self, basis: Basis, lines: Sequence[int]) -> Given:
        return Given(0, 1, [0] * len(lines), {})


class Multiplier(RuleShape, frozen=True, kw_only=True, tag="multiplier"):
    """Points by amount count `times` ("2", "1.5") on its lines; those fixed per order or item only if `fixed_too`."""

    times: str
    fixed_too: bool = False

    def check(self, place: str) -> None:
        super().check(place)
        _check_factor(self.times, Fraction(1000), f"{place}.times", _TIMES)

    @property
    def extra(self) -> Fraction:
        return factor(self.times) - 1


def _check_factor(text: str, largest: Fraction, place: str, remedy: Phrase) -> None:
    try:
        value = factor(text)
    except ValueError:
        raise Invalid('Write a plain decimal number, such as "1.5".', place=place) from None
    if not 0 < value <= largest:
        raise Invalid(remedy, place=place)
