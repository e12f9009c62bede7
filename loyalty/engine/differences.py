"""From when on two looks at one fact tell different stories: a checkpoint with an earlier mark stays right."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from loyalty.engine.checkpoint import instants
from loyalty.engine.facts import Fact, Order, Redemption


def first_difference(before: Fact | None, after: Fact | None, moments: Collection[str]) -> datetime | None:
    """The first instant at which something is new, changed or gone; None where no event is. `moments` are the awarding
    moments of all program versions (policies.moment): an order that waits for one of them says so when it is placed."""
    if before is None or after is None:
        return min((at for fact in (before, after) if fact is not None for at in instants(fact)), default=None)
    if before == after:
        return None
    if isinstance(before, Order) and isinstance(after, Order) and _undated(before) == _undated(after):
        return min(_of_orders(before, after, moments), default=None)
    if isinstance(before, Redemption) and isinstance(after, Redemption) and _open(before) == _open(after):
        dates = [at for name in ("used_at", "given_back_at") for at in _differing(before, after, name)]
        return min(dates, default=before.at)
    return min(*instants(before), *instants(after))


def _undated(order: Order) -> Order:
    """What an order is besides the dates of what became of it."""
    return msgspec.structs.replace(
        order, updated_at=order.placed_at, paid_at=None, fulfilled_at=None, cancelled_at=None, refunds=()
    )


def _open(redemption: Redemption) -> Redemption:
    return msgspec.structs.replace(redemption, used_at=None, given_back_at=None, given_back_why="")


def _differing(before: Fact, after: Fact, name: str) -> list[datetime]:
    dates = (getattr(before, name), getattr(after, name))
    return [at for at in dates if at is not None] if dates[0] != dates[1] else []


def _of_orders(before: Order, after: Order, moments: Collection[str]) -> list[datetime]:
    found = _differing(before, after, "cancelled_at")
    for moment in ("paid", "fulfilled"):
        dates = _differing(before, after, f"{moment}_at")
        if dates and moment in moments:
            dates.append(before.placed_at)
        found += dates
    before_refunds, after_refunds = ({each.id: each for each in order.refunds} for order in (before, after))
    for name in before_refunds.keys() | after_refunds.keys():
        looks = [before_refunds.get(name), after_refunds.get(name)]
        if looks[0] != looks[1]:
            found += [look.at for look in looks if look is not None]
    return found
