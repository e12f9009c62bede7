"""Promises kept as facts: redemptions, adjustments by hand, and balances imported from elsewhere."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.basis import Params
from loyalty.engine.books import Taking
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Adjustment, Import, Issued, Redemption
from loyalty.engine.lapses import expire_refilled, open_lot, touch
from loyalty.engine.walk import Event, Rank, Walk


class Spent:
    """A redemption that has happened: what it took, and whether its code is used."""

    __slots__ = ("redemption", "taking", "used")

    def __init__(self, redemption: Redemption, taking: Taking) -> None:
        self.redemption = redemption
        self.taking = taking
        self.used = False


def redemption_events(redemption: Redemption) -> list[Event]:
    key = f"redemption:{redemption.id}"
    events: list[Event] = [(redemption.at, Rank.TAKES, key, redeem, redemption)]
    if redemption.used_at is not None:
        used_at = max(redemption.at, redemption.used_at)
        events.append((used_at, Rank.TAKES, f"{key}/used", use, redemption.id))
    if redemption.given_back_at is not None:
        back_at = max(redemption.at, redemption.given_back_at)
        events.append((back_at, Rank.RETURNS, key, give_back, redemption))
    return events


def redeem(walk: Walk, at: datetime, redemption: Redemption) -> None:
    """The promise takes its points, whether they are still there or not."""
    touch(walk, at)
    taking = walk.books.take(redemption.points, own=None, clamped=walk.clamped)
    spent = walk.redemptions[redemption.id] = Spent(redemption, taking)
    spent.used = redemption.id in walk.used_early
    params: Params = {
        "reward": redemption.reward_name or redemption.reward,
        "points": taking.taken,
        "code": redemption.code,
    }
    reason = Reason(message="redeemed", params=params)
    walk.move("redeemed", f"redemption:{redemption.id}", -taking.taken, at, reason, order_id=redemption.order_id)
    if taking.taken < redemption.points:
        params = {"points": redemption.points - taking.taken}
        walk.gave_nothing(f"redemption:{redemption.id}", at, Reason(message="nothing.forgiven", params=params))


def use(walk: Walk, at: datetime, redemption_id: str) -> None:
    """The code was used; an order can say so before our own clock saw the redemption."""
    spent = walk.redemptions.get(redemption_id)
    if spent is None:
        walk.used_early.add(redemption_id)
    else:
        spent.used = True


def give_back(walk: Walk, at: datetime, redemption: Redemption) -> None:
    """An unused code failed, was cancelled or ran out: its points go back to the lots they came from."""
    taking = walk.redemptions[redemption.id].taking
    points = taking.taken
    filled = walk.books.give_back(taking, points)
    params: Params = {"reward": redemption.reward_name or redemption.reward, "points": points}
    reason = Reason(message=f"returned.{redemption.given_back_why}", params=params)
    source = f"redemption:{redemption.id}"
    walk.move("returned", source, points, at, reason, order_id=redemption.order_id)
    expire_refilled(walk, at, filled, source)


def adjust(walk: Walk, at: datetime, adjustment: Adjustment) -> None:
    """Points given or taken by a person, who said why."""
    source = f"adjustment:{adjustment.id}"
    points = adjustment.points
    if points > 0:
        open_lot(walk, source, points, at)
    else:
        points = -walk.books.take(-points, own=None, clamped=walk.clamped).taken
    params: Params = {"actor": adjustment.actor, "why": adjustment.reason, "points": points}
    walk.move("adjusted", source, points, at, Reason(message="adjusted", params=params))
    if points != adjustment.points:
        params = {"points": points - adjustment.points}
        walk.gave_nothing(source, at, Reason(message="nothing.forgiven", params=params))


def bring_in(walk: Walk, at: datetime, brought: Import) -> None:
    """Lots with their own dates; one that has expired already comes and goes."""
    for index, each in enumerate(brought.lots):
        source = f"import:{brought.id}:{index}"
        open_lot(walk, source, each.points, at, opened_at=each.at, fixed=each.expires_at)
        params: Params = {"points": each.points, "from": brought.source}
        reason = Reason(message="imported", params=params)
        walk.move("imported", f"import:{brought.id}", each.points, at, reason, part=str(index))


def issue(walk: Walk, at: datetime, issued: Issued) -> None:
    """A gift was handed out."""
    walk.issued.add(issued.gift)
