"""Who takes part: everyone or a pilot, and a holdout that never earns, so that the program's effect can be measured."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Literal

import msgspec

from loyalty.engine.errors import Invalid


class Audience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A pilot is whoever is in one of `segments`, on the list `customers`, or among the first `percent` by a stable
    hash of the customer's id. `holdout_percent` is drawn from the other end of the same hash. `salt` draws anew."""

    kind: Literal["everyone", "pilot"] = "everyone"
    segments: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    percent: int = 0
    holdout_percent: int = 0
    salt: str = ""

    def why_not(self, customer_id: str, segments: Collection[str]) -> str:
        """The message id of why this customer takes no part, or nothing. Without an id the percentages do not apply."""
        place = place_of(self.salt, customer_id) if customer_id and (self.percent or self.holdout_percent) else None
        if place is not None and place >= 100 - self.holdout_percent:
            return "nothing.holdout"
        if self.kind == "everyone":
            return ""
        inside = customer_id in self.customers or any(segment in segments for segment in self.segments)
        return "" if inside or (place is not None and place < self.percent) else "nothing.pilot"

    def check(self, place: str) -> None:
        if not 0 <= self.percent <= 100 or not 0 <= self.holdout_percent <= 100:
            raise Invalid("A percentage lies between 0 and 100.", place=f"{place}.percent")
        if self.percent + self.holdout_percent > 100:
            raise Invalid("Pilot and holdout together are at most 100 percent.", place=f"{place}.holdout_percent")
        if len(self.customers) > 10_000:
            raise Invalid("A list has at most 10,000 customers; use a segment instead.", place=f"{place}.customers")


def place_of(salt: str, customer_id: str) -> int:
    """0 to 99, the same for ever for one customer and salt."""
    return int.from_bytes(sha256(f"{salt}:{customer_id}".encode()).digest()[:8], "big") % 100
