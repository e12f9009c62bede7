"""Tier reviews on the walk: up and down the ladder, gifts on entry, and when to look again."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.basis import Params
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.facts import TierGrant
from loyalty.engine.lapses import open_lot
from loyalty.engine.movement import Tier
from loyalty.engine.tiers import Entry, Level
from loyalty.engine.walk import Rank, Walk


def look_at_tier(walk: Walk, at: datetime) -> None:
    """A review, if the program has tiers and the member is not away (who comes back is looked at then); entry gifts for
    every level reached for the first time."""
    rules = walk.now
    if rules is None or not rules.levels or not walk.joined or walk.is_away(rules):
        return
    standing = walk.standing
    due = standing.next_review
    standing.look(rules, at)
    if standing.tier:
        height = rules.levels[standing.tier].minimum
        for level in rules.program.tiers:
            if level.by_invitation and level.id != standing.tier:
                continue
            if level.minimum <= height and level.id not in standing.entered:
                standing.entered.add(level.id)
                _welcome(walk, at, rules, level)
    if standing.next_review is not None and standing.next_review != due:
        watch_review(walk)


def measure(walk: Walk, at: datetime, source: str, points: int) -> None:
    """Points earned without an order count for tiers that measure points."""
    entry = Entry(at, 0, points, 0)
    walk.standing.entries[source] = entry
    walk.standing.meter.add(entry)
    look_at_tier(walk, at)


def watch_review(walk: Walk) -> None:
    due = walk.standing.next_review
    if due is not None:
        walk.at_clock(due, Rank.REVIEW, "tier", review_due, due, lambda day: day == walk.standing.next_review)


def review_due(walk: Walk, at: datetime, due: datetime) -> None:
    """The clock changed the measure, ended a grace or a grant."""
    walk.standing.next_review = None
    look_at_tier(walk, at)


def grant_tier(walk: Walk, at: datetime, grant: TierGrant) -> None:
    """A person gave a level: a floor until it ends."""
    if grant.ends_at is None or grant.ends_at > at:
        walk.standing.grants.append((grant.tier, grant.ends_at))
    look_at_tier(walk, at)


def tier_of(walk: Walk, at: datetime) -> Tier | None:
    """Where the member stands, for the statement."""
    rules, standing = walk.now, walk.standing
    if rules is None or not rules.levels:
        return None
    measure = standing.measure(rules, at)
    level = rules.levels.get(standing.tier)
    height = level.minimum if level is not None else -1
    above = next((each for each in rules.program.tiers if each.minimum > height and not each.by_invitation), None)
    return Tier(
        id=standing.tier,
        name=level.name if level is not None else "",
        since=standing.since,
        measure=measure,
        next_id=above.id if above is not None else "",
        next_name=above.name if above is not None else "",
        next_at=above.minimum if above is not None else 0,
        review_at=standing.next_review,
        kept_until=standing.grace_until or standing.kept_until,
    )


def _welcome(walk: Walk, at: datetime, rules: Prepared, level: Level) -> None:
    params: Params = {"tier": level.id, "name": level.name, "points": level.entry_points}
    reason = Reason(message="earned.tier", params=params)
    source = f"tier:{level.id}"
    if level.entry_points:
        open_lot(walk, source, level.entry_points, at)
        walk.move("earned", source, level.entry_points, at, reason)
    for reward in level.entry_rewards:
        walk.give(f"{source}:{reward}", reward, at, Reason(message="gift.tier", params=params))
