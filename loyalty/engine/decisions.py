"""Promises kept as facts: redemptions, adjustments by hand, and balances imported from elsewhere."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.books import OpenLot
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Adjustment, Import, ImportLot, Redemption
from loyalty.engine.walk import Event, Rank, Walk


def redemption_events(redemption: Redemption) -> list[Event]:
    key = f"redemption:{redemption.id}"
    events: list[Event] = [(redemption.at, Rank.TAKES, key, redeem, redemption)]
    if redemption.used_at is not None:
        events.append((redemption.used_at, Rank.TAKES, key + "/used", use, redemption))
    if redemption.given_back_at is not None:
        back_at = max(redemption.at, redemption.given_back_at)
        events.append((back_at, Rank.RETURNS, key, give_back, redemption))
    return events


def redeem(walk: Walk, at: datetime, redemption: Redemption) -> None:
    """The promise takes its points, whether they are still there or not."""
    taking = walk.books.take(redemption.points, own=None, clamped=walk.clamped)
    walk.takings[redemption.id] = taking
    params: dict[str, str | int] = {
        "reward": redemption.reward_name or redemption.reward,
        "points": taking.taken,
        "code": redemption.code,
    }
    reason = Reason(message="redeemed", params=params)
    walk.move("redeemed", f"redemption:{redemption.id}", -taking.taken, at, reason, order_id=redemption.order_id)
    if taking.taken < redemption.points:
        params = {"points": redemption.points - taking.taken}
        walk.gave_nothing(f"redemption:{redemption.id}", at, Reason(message="nothing.forgiven", params=params))


def use(walk: Walk, at: datetime, redemption: Redemption) -> None:
    walk.used.add(redemption.id)


def give_back(walk: Walk, at: datetime, redemption: Redemption) -> None:
    """An unused code failed, was cancelled or ran out: its points go back to the lots they came from."""
    taking = walk.takings[redemption.id]
    points = taking.taken
    walk.books.give_back(taking, points)
    params: dict[str, str | int] = {"reward": redemption.reward_name or redemption.reward, "points": points}
    reason = Reason(message=f"returned.{redemption.given_back_why}", params=params)
    walk.move("returned", f"redemption:{redemption.id}", points, at, reason, order_id=redemption.order_id)


def adjust(walk: Walk, at: datetime, adjustment: Adjustment) -> None:
    """Points given or taken by a person, who said why."""
    source = f"adjustment:{adjustment.id}"
    points = adjustment.points
    if points > 0:
        walk.books.open(source, points, at, None)
    else:
        points = -walk.books.take(-points, own=None, clamped=walk.clamped).taken
    params: dict[str, str | int] = {"actor": adjustment.actor, "why": adjustment.reason, "points": points}
    walk.move("adjusted", source, points, at, Reason(message="adjusted", params=params))
    if points != adjustment.points:
        params = {"points": points - adjustment.points}
        walk.gave_nothing(source, at, Reason(message="nothing.forgiven", params=params))


def bring_in(walk: Walk, at: datetime, brought: Import) -> None:
    """Lots with their own dates; one that has expired already comes and goes."""
    for index, each in enumerate(brought.lots):
        source = f"import:{brought.id}:{index}"
        lot = walk.books.open(source, each.points, each.at, each.expires_at)
        params: dict[str, str | int] = {"points": each.points, "from": brought.source}
        reason = Reason(message="imported", params=params)
        walk.move("imported", f"import:{brought.id}", each.points, at, reason, part=str(index))
        _set_clock(walk, at, lot, each)


def _set_clock(walk: Walk, at: datetime, lot: OpenLot, each: ImportLot) -> None:
    if each.expires_at is not None:
        walk.at_clock(max(at, each.expires_at), Rank.EXPIRY, f"lot:{lot.source}", expire_lot, lot)


def expire_lot(walk: Walk, at: datetime, lot: OpenLot) -> None:
    gone = walk.books.expire(lot)
    if gone:
        params: dict[str, str | int] = {"points": gone, "opened_at": lot.opened_at.isoformat()}
        reason = Reason(message="expired.lot", params=params)
        walk.move("expired", f"lot:{lot.source}", -gone, at, reason, part=at.date().isoformat())
