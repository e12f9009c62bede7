"""A member's standing on the tier ladder: the state that reviews change."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.document import Prepared
from loyalty.engine.policies import kept_until
from loyalty.engine.tiers import Entry, Meter, Review, review


class Standing:
    """Where the member stands, since when, and what may change that."""

    def __init__(self) -> None:
        self.tier = ""
        self.since: datetime | None = None
        self.below_since: datetime | None = None
        self.kept_until: datetime | None = None
        self.grace_until: datetime | None = None
        self.grants: list[tuple[str, datetime | None]] = []
        self.entered: set[str] = set()
        """Levels whose entry gifts were given."""
        self.meter = Meter()
        self.entries: dict[str, Entry] = {}
        """By what was measured: "order:5001", so that a refund finds it."""
        self.next_review: datetime | None = None

    def measure(self, rules: Prepared, at: datetime) -> int:
        policies = rules.policies
        return self.meter.value(policies.tier_measure, policies.tier_period, policies.tier_period_days, at, rules.zone)

    def granted(self, rules: Prepared, at: datetime) -> str:
        """The highest granted level that has not ended."""
        if not self.grants:
            return ""
        self.grants = [grant for grant in self.grants if grant[1] is None or grant[1] > at]
        known = [rules.levels[level] for level, _ in self.grants if level in rules.levels]
        return max(known, key=lambda level: level.minimum).id if known else ""

    def look(self, rules: Prepared, at: datetime) -> Review:
        """A review at this instant; writes what it changes, and when to look again."""
        if self.tier and self.tier not in rules.levels:
            self.tier = ""
        policies = rules.policies
        found = review(
            rules.program.tiers,
            self.tier,
            self.measure(rules, at),
            at=at,
            below_since=self.below_since,
            grace_days=policies.tier_grace_days,
            granted=self.granted(rules, at),
            kept_until=self.kept_until,
        )
        if found.tier != self.tier:
            self.tier, self.since = found.tier, at
            self.kept_until = None
        if found.tier and found.qualified == found.tier:
            self.kept_until = kept_until(policies.tier_kept, at, rules.zone)
        self.below_since, self.grace_until = found.below_since, found.grace_until
        dates = [self.grace_until, self.meter.next_change(at, rules.zone), *[ends for _, ends in self.grants]]
        self.next_review = min([date for date in dates if date is not None and date > at], default=None)
        return found
