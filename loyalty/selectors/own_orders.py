"""What an order has brought to the member who asks, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.engine.explain import Reason
from loyalty.engine.program import Version
from loyalty.engine.statement import Statement
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.members import statement_of


@dataclass(frozen=True, slots=True)
class Brought:
    """`points` that an order gave and has left, the `held` ones among them; `until` is when all of these can be spent.
    `waits_for` is why one has given nothing so far that may yet: it is not paid, or not fulfilled."""

    points: int
    held: int = 0
    until: datetime | None = None
    waits_for: Reason | None = None


def brought_by(
    *, shop: Shop, member: Member, order_id: str, statement: Statement, versions: Sequence[Version]
) -> Brought | None:
    """None for an order that is not this member's, or of which the platform has not told us yet. One query; three for an
    order from before the member's checkpoint. `statement` is the member's as of now."""
    order = StoredFact.objects.filter(shop=shop, kind="order", external_id=order_id, member=member).only("at").first()
    if order is None:
        return None
    if statement.since is not None and order.at <= statement.since:
        statement = statement_of(shop=shop, member=member, as_of=statement.as_of, versions=versions)
    held = [each for each in statement.pending if each.order_id == order_id]
    own = (each for each in statement.movements if each.order_id == order_id and each.kind in ("earned", "reversed"))
    on_hold = sum(each.points for each in held)
    until = max((each.until for each in held), default=None)
    why = (each.reason for each in statement.nothing if each.source == f"order:{order_id}")
    waits_for = next((reason for reason in why if reason.message.startswith("nothing.waiting.")), None)
    return Brought(sum(each.points for each in own) + on_hold, on_hold, until, waits_for)
