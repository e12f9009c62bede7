"""What an order would earn that nobody has placed: the fold of it beside all that is known, and nothing of its own.

Counted is the order itself, on hold or not; milestones that it would complete are not promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count

import msgspec

from loyalty.engine.audience import Audience, place_of
from loyalty.engine.document import Program, Version
from loyalty.engine.events import events_of
from loyalty.engine.facts import Fact, Order, Profile
from loyalty.engine.statement import walked
from loyalty.engine.walk import Walk


def points_of(
    versions: Sequence[Version], facts: Iterable[Fact], order: Order, as_of: datetime, start: bytes | None = None
) -> int:
    """Points that a member with these facts gets for the order; `as_of` and `start` as in `fold`."""
    return _own_points(walked(versions, [*facts, order], as_of, start), order)


def points_for_anybody(versions: Sequence[Version], order: Order) -> int:
    """The least that somebody gets who takes part and of whom nothing else is known: in no tier, in no pilot, held out
    of nothing, who may have ordered before or not."""
    judged = Walk(versions, order.placed_at).version_for(order.placed_at)
    if judged is None:
        return 0
    order = msgspec.structs.replace(order, customer_id=_anybody(judged.program.audience))
    joined = Profile(id="joined", at=order.placed_at - timedelta(seconds=1), field="enrolled", value="yes")
    found = []
    for ordered_before in (0, 1):
        walk = Walk(versions, order.placed_at)
        walk.ordinal = ordered_before
        walk.run(events_of(walk, [joined, order]))
        found.append(_own_points(walk, order))
    return min(found)


def collections_named(program: Program) -> set[str]:
    """Every collection that anything in the program asks for."""
    return _named(msgspec.to_builtins(program), "")


def _own_points(walk: Walk, order: Order) -> int:
    state = walk.orders.get(order.id)
    awards = state.awards if state is not None else ()
    return sum(award.points for award in awards if award.source == f"order:{order.id}")


def _anybody(audience: Audience) -> str:
    """A customer's number beside whom all others are either held out or in the pilot before them."""
    last = max(0, 99 - audience.holdout_percent)
    return next(str(number) for number in count() if place_of(audience.salt, str(number)) == last)


def _named(part: object, name: str) -> set[str]:
    if isinstance(part, dict):
        return set().union(*(_named(value, str(key)) for key, value in part.items()))
    if isinstance(part, list | tuple):
        own = {each for each in part if isinstance(each, str)} if name.endswith("collections") else set()
        return own.union(*(_named(each, "") for each in part))
    return set()
