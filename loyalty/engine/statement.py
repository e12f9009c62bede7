"""What a member has, and why: a pure function of program versions, facts and an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from loyalty.engine.checkpoint import mark_of
from loyalty.engine.document import Version
from loyalty.engine.events import events_of
from loyalty.engine.explain import told
from loyalty.engine.facts import Fact
from loyalty.engine.freezing import freeze
from loyalty.engine.ladder import tier_of
from loyalty.engine.lapses import deadline
from loyalty.engine.movement import (
    KINDS,
    Gift,
    Lot,
    Movement,
    NextReward,
    Nothing,
    Pending,
    PlanHeld,
    Statement,
    Tier,
)
from loyalty.engine.rewards import least_points
from loyalty.engine.thawing import thaw
from loyalty.engine.walk import Walk

__all__ = [
    "KINDS",
    "Gift",
    "Lot",
    "Movement",
    "NextReward",
    "Nothing",
    "Pending",
    "PlanHeld",
    "Statement",
    "Tier",
    "checkpoint",
    "fold",
    "mark_of",
]


def fold(versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime, start: bytes | None = None) -> Statement:
    """The statement at `as_of`: everything dated up to it, in the order in which it happened. Facts may come in any
    order. Never raises on facts and versions that validated.

    With `start`, a checkpoint that `mark_of` can read and whose mark is not after `as_of`, it is enough to give the
    facts with an instant after the mark; movements, pending and nothing then begin there (`since`)."""
    return stated(walked(versions, facts, as_of, start))


def checkpoint(versions: Sequence[Version], facts: Iterable[Fact], mark: datetime, start: bytes | None = None) -> bytes:
    """The state after everything dated up to `mark`, to start a later fold from. `start` is an earlier checkpoint, as in
    `fold`."""
    return freeze(walked(versions, facts, mark, start))


def walked(versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime, start: bytes | None = None) -> Walk:
    """A walk that has come to its end, for who needs no words: a statement costs half as much again."""
    known = list(facts)
    walk = (thaw(start, versions, known, as_of) if start is not None else None) or Walk(versions, as_of)
    walk.run(events_of(walk, known))
    return walk


def stated(walk: Walk) -> Statement:
    """The statement of a walk that has come to its end."""
    books = walk.books
    segments = walk.segments_at(walk.now, walk.as_of) if walk.now is not None else walk.given_segments
    lots = tuple(
        Lot(source=lot.source, points=lot.points, left=lot.left, opened_at=lot.opened_at, expires_at=lot.expires_at)
        for lot in books.open_lots()
    )
    return Statement(
        as_of=walk.as_of,
        movements=tuple(walk.movements),
        lots=lots,
        pending=tuple([each.told() for each in walk.pending.values()]),
        nothing=tuple([Nothing(source=source, at=at, reason=told(why)) for source, at, why in walk.nothing]),
        available=books.available,
        pending_points=sum(pending.points for pending in walk.pending.values()),
        reserved=walk.shelf.reserved + sum(spent.taking.taken for spent in walk.redemptions.values() if not spent.used),
        spent=walk.shelf.spent + sum(spent.taking.taken for spent in walk.redemptions.values() if spent.used),
        debt=books.debt,
        forgiven=books.forgiven,
        totals=dict(walk.totals),
        tier=tier_of(walk, walk.as_of),
        next_due=walk.next_due(),
        gifts=tuple(
            msgspec.structs.replace(gift, issued=True) if gift.key in walk.issued else gift
            for gift in walk.gifts.values()
        ),
        next_reward=_next_reward(walk),
        inactive_at=deadline(walk) if books.available > 0 else None,
        since=walk.mark,
        enrolled=walk.now is None or not walk.is_away(walk.now),
        plans=tuple(
            PlanHeld(id=plan, since=held.began_at, ends_at=held.ends_at) for plan, held in sorted(walk.plans.items())
        ),
        segments=tuple(sorted(segments)),
    )


def _next_reward(walk: Walk) -> NextReward | None:
    if walk.now is None:
        return None
    available = walk.books.available
    asked_for = [each for each in walk.now.program.rewards if each.enabled and not each.payout_day]
    above = [reward for reward in asked_for if least_points(reward) > available]
    if not above:
        return None
    reward = min(above, key=lambda each: (least_points(each), each.id))
    price = least_points(reward)
    return NextReward(id=reward.id, name=reward.name, points=price, points_to_go=price - max(0, available))
