"""Ways to earn. A way is one small class: its document form, its check, and what it gives; no rule knows another."""

from __future__ import annotations

import msgspec

from loyalty.engine.basis import Basis
from loyalty.engine.errors import Invalid
from loyalty.engine.explain import Reason


class Share(msgspec.Struct, frozen=True, gc=False):
    """What one rule gives an order before rounding: `numerator` / `denominator` points, and on which lines they rest
    (by position in the basis), so that a refund of a line takes that line's part."""

    rule_id: str
    numerator: int
    denominator: int
    lines: tuple[int, ...]
    reason: Reason


class PerAmount(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="per_amount"
):
    """`points` for every `per_minor` of what counts; parts count too, and are rounded once with everything else."""

    id: str
    points: int
    per_minor: int
    name: str = ""

    def check(self, place: str) -> None:
        if not 0 < self.points <= 1_000_000 or not 0 < self.per_minor <= 10**12:
            raise Invalid("A rate needs points and an amount above zero, such as 1 point per 100.", place=place)

    def earn(self, basis: Basis) -> Share | None:
        counted = basis.total
        if counted <= 0:
            return None
        numerator, denominator = self.points * counted, self.per_minor * basis.denominator
        params: dict[str, str | int] = {
            "points": self.points,
            "per_minor": self.per_minor,
            "points_hundredths": 100 * numerator // denominator,
            "currency": basis.currency,
            "exponent": basis.exponent,
        }
        lines = tuple(range(len(basis.amounts)))
        return Share(self.id, numerator, denominator, lines, Reason(message="rule.per_amount", params=params))


Rule = PerAmount
