"""Cashback that a program pays out by itself, played in a what-if. In life the worker pays it, and it is a fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty.engine.calendar import on_day
from loyalty.engine.decisions import redeem
from loyalty.engine.document import Prepared, Program, Reward, Version
from loyalty.engine.facts import Fact, Redemption
from loyalty.engine.ladder import tier_of
from loyalty.engine.pricing import whole_steps, worth_minor
from loyalty.engine.rewards import least_points, limit_begins_at
from loyalty.engine.walk import Rank, Walk


def paying(program: Program) -> list[Reward]:
    return [reward for reward in program.rewards if reward.kind == "cashback" and reward.payout_day and reward.enabled]


def play(walk: Walk) -> list[Redemption]:
    """Puts the days on the clock of a walk that has not begun: each pays what the version in force as it begins says.
    What was paid stands in the list when the walk is over."""
    paid: list[Redemption] = []
    starts = [rules.version.in_force_from for rules in walk.prepared]
    for rules, since, until in zip(walk.prepared, starts, [*starts[1:], walk.as_of], strict=True):
        for reward in paying(rules.program):
            for at in _days(reward.payout_day, since, min(until, walk.as_of), rules.zone):
                walk.at_clock(at, Rank.TAKES, f"payout:{reward.id}", _pay, (reward, paid))
    return paid


def left_out(versions: Sequence[Version], facts: Sequence[Fact]) -> Sequence[Fact]:
    """The facts without what these versions paid out by themselves: nobody chose it, so under another program it is not
    there."""
    ids = {reward.id for version in versions for reward in paying(version.program)}
    if not ids:
        return facts
    return [
        fact for fact in facts if not (isinstance(fact, Redemption) and fact.reward in ids and _paid(versions, fact))
    ]


def _paid(versions: Sequence[Version], fact: Redemption) -> bool:
    begun = [version for version in versions if version.in_force_from <= fact.at]
    last = max(begun, key=lambda version: (version.in_force_from, version.number), default=None)
    return last is not None and fact.reward in {reward.id for reward in paying(last.program)}


def _days(day: int, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    local = since.astimezone(zone)
    year, month = local.year, local.month
    while (at := on_day(year, month, day, zone)) <= until:
        if at >= since:
            yield at
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _pay(walk: Walk, at: datetime, payload: tuple[Reward, list[Redemption]]) -> None:
    reward, paid = payload
    points = whole_steps(walk.books.available, reward.points)
    rules = walk.now
    if rules is None or rules.program.paused.redeeming or points < least_points(reward):
        return
    if not _is_for(walk, rules, reward, at):
        return
    begins_at = limit_begins_at(rules.program, reward.id, at)
    before = [spent.redemption for spent in walk.redemptions.values() if spent.redemption.reward == reward.id]
    taken = sum(begins_at is None or each.at >= begins_at for each in before)
    if reward.limit_per_member is not None and taken >= reward.limit_per_member:
        return
    payout = Redemption(
        id=f"payout:{reward.id}:{at.astimezone(rules.zone):%Y-%m}",
        at=at,
        points=points,
        reward=reward.id,
        reward_name=reward.name,
        value_minor=worth_minor(points, reward.points, reward.value_minor),
    )
    paid.append(payout)
    redeem(walk, at, payout)


def _is_for(walk: Walk, rules: Prepared, reward: Reward, at: datetime) -> bool:
    """As rewards.accept asks of a statement."""
    tier = tier_of(walk, at) if reward.tiers else None
    if reward.tiers and (tier is None or tier.id not in reward.tiers):
        return False
    if reward.segments and walk.segments_at(rules, at).isdisjoint(reward.segments):
        return False
    return not reward.plans or not walk.plans.keys().isdisjoint(reward.plans)
