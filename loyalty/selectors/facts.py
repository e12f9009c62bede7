"""A member's facts as the fold wants them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from loyalty.engine.facts import Fact, Order, Refund, decode
from loyalty.models import Shop, StoredFact
from loyalty.models.spans import of_members

REFUND = "refund"
"""A refund that came without its order: kept beside the facts, joined to the order when they are read."""

NOBODY: Mapping[int, datetime] = MappingProxyType({})
decode_refund = msgspec.json.Decoder(Refund).decode


def facts_of(
    *, shop: Shop | int, member_ids: Iterable[int], after: Mapping[int, datetime] = NOBODY
) -> dict[int, list[Fact]]:
    """Per member everything that happened, in one query; of those named in `after` only the facts with an instant later
    than theirs. A refund that came alone counts until a snapshot at least as new speaks for it."""
    facts: dict[int, list[Fact]] = defaultdict(list)
    alone: dict[int, list[tuple[str, Refund]]] = defaultdict(list)
    rows = StoredFact.objects.filter(of_members(member_ids, after, "last_at"), shop=shop).order_by("at", "id")
    for member_id, kind, about, body in rows.values_list("member_id", "kind", "about", "body"):
        if kind == REFUND:
            alone[member_id].append((about, decode_refund(body)))
        else:
            facts[member_id].append(decode(body))
    for member_id, refunds in alone.items():
        facts[member_id] = [with_refunds(fact, refunds) for fact in facts[member_id]]
    return facts


def with_refunds(fact: Fact, alone: Iterable[tuple[str, Refund]]) -> Fact:
    """`alone` are refunds that came without their order, each with the order's id."""
    if not isinstance(fact, Order):
        return fact
    known = {refund.id for refund in fact.refunds}
    more = tuple(
        refund
        for order_id, refund in alone
        if order_id == fact.id and refund.id not in known and refund.at > fact.updated_at
    )
    return msgspec.structs.replace(fact, refunds=(*fact.refunds, *more)) if more else fact
