"""What every way to earn has in common."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import msgspec

from loyalty.engine.caps import Cap
from loyalty.engine.errors import Invalid
from loyalty.engine.scope import EVERYTHING, Scope

MAX_RULE_POINTS = 10**9
MAX_PRIORITY = 1_000_000
MAX_GIFTS = 20


class RuleShape(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """`priority` and `exclusive` matter under stacking: priority, where the higher goes first and an exclusive rule
    keeps its lines from all that follow."""

    id: str
    name: str = ""
    scope: Scope = EVERYTHING
    priority: int = 0
    exclusive: bool = False
    caps: tuple[Cap, ...] = ()
    enabled: bool = True

    def check(self, place: str) -> None:
        if abs(self.priority) > MAX_PRIORITY:
            raise Invalid("A priority lies between -1,000,000 and 1,000,000.", place=f"{place}.priority")
        self.scope.check(f"{place}.scope")
        for index, cap in enumerate(self.caps):
            cap.check(f"{place}.caps[{index}]")


def check_points(points: int, place: str) -> None:
    if not 0 < points <= MAX_RULE_POINTS:
        raise Invalid("Give between 1 and 1,000,000,000 points.", place=f"{place}.points")


def check_gives(points: int, rewards: Sequence[str], place: str) -> None:
    """Where a rule may give points, gifts (rewards without points) or both."""
    if not 0 <= points <= MAX_RULE_POINTS or not (points or rewards):
        raise Invalid("Give points (up to 1,000,000,000), gifts or both.", place=f"{place}.points")
    if len(rewards) > MAX_GIFTS:
        raise Invalid("Give at most {most} gifts at once.", place=f"{place}.rewards", params={"most": MAX_GIFTS})


@lru_cache(maxsize=1024)
def factor(text: str) -> Fraction:
    """A decimal factor such as "1.5", exactly. Raises ValueError for anything else."""
    whole, _, rest = text.partition(".")
    if not whole.isdecimal() or (rest and not rest.isdecimal()) or len(text) > 12 or not text.isascii():
        raise ValueError(text)
    return Fraction(int(whole + rest), 10 ** len(rest))
