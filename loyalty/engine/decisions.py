"""Promises kept as facts: redemptions, adjustments by hand, and balances imported from elsewhere."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.awards import Award, OrderState
from loyalty.engine.basis import Params
from loyalty.engine.books import Taking
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Adjustment, Import, Issued, Redemption
from loyalty.engine.lapses import expire_refilled, open_lot, touch
from loyalty.engine.movement import Held
from loyalty.engine.presence import hand_out
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
    """An unused code failed, was cancelled or ran out: its points go back to the lots they came from. Those of one that
    ran out stay spent where the program says so under which it was taken."""
    taking = walk.redemptions[redemption.id].taking
    points = taking.taken
    params: Params = {"reward": redemption.reward_name or redemption.reward, "points": points}
    source = f"redemption:{redemption.id}"
    if redemption.given_back_why == "expired" and _stays_spent(walk, redemption):
        if points:  # a gift took none
            walk.gave_nothing(source, at, Reason(message="nothing.code_expired", params=params))
        return
    filled = walk.books.give_back(taking, points)
    reason = Reason(message=f"returned.{redemption.given_back_why}", params=params)
    walk.move("returned", source, points, at, reason, order_id=redemption.order_id)
    expire_refilled(walk, at, filled, source)


def _stays_spent(walk: Walk, redemption: Redemption) -> bool:
    rules = walk.version_for(redemption.at)
    return rules is not None and rules.policies.expired_codes == "stay_spent"


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
    """Lots with their own dates; one that has expired already comes and goes, one that is on hold is pending."""
    for index, each in enumerate(brought.lots):
        source = f"import:{brought.id}:{index}"
        reason = Reason(message="imported", params={"points": each.points, "from": brought.source})
        award = None
        if each.order_id:
            award = Award(source, "", each.points, list, reason, each.available_at or at)
            state = walk.orders.setdefault(each.order_id, OrderState.by_name(each.order_id, at))
            state.awards.append(award)
        payload = (brought, index, award)
        if each.available_at is not None and each.available_at > at:
            walk.pending[source] = Held(source, each.points, each.available_at, reason)
            walk.held_imports[source] = (brought, index, each.order_id if award is not None else "")
            walk.at_clock(each.available_at, Rank.HOLD, source, open_imported, payload)
        else:
            open_imported(walk, at, payload)


def open_imported(walk: Walk, at: datetime, payload: tuple[Import, int, Award | None]) -> None:
    brought, index, award = payload
    each = brought.lots[index]
    source = f"import:{brought.id}:{index}"
    walk.pending.pop(source, None)
    walk.held_imports.pop(source, None)
    points = each.points - (award.taken if award is not None else 0)
    if points <= 0:
        return
    lot = open_lot(walk, source, points, at, opened_at=each.at, fixed=each.expires_at)
    if award is not None:
        award.lot, award.open = lot, True
    reason = Reason(message="imported", params={"points": points, "from": brought.source})
    walk.move("imported", f"import:{brought.id}", points, at, reason, part=str(index), order_id=each.order_id)


def issue(walk: Walk, at: datetime, issued: Issued) -> None:
    """A gift was handed out."""
    hand_out(walk, issued.gift)
