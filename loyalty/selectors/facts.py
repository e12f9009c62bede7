"""A member's facts as the fold wants them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from loyalty.engine.facts import Fact, Order, Refund, decode
from loyalty.models import Shop, StoredFact

REFUND = "refund"
"""A refund that came without its order: kept beside the facts, joined to the order when they are read."""

_decode_refund = msgspec.json.Decoder(Refund).decode


def facts_of(*, shop: Shop | int, member_ids: Iterable[int]) -> dict[int, list[Fact]]:
    """Per member everything that happened, in one query; a refund that came alone counts until a snapshot at least as
    new speaks for it."""
    facts: dict[int, list[Fact]] = defaultdict(list)
    alone: dict[int, list[tuple[str, Refund]]] = defaultdict(list)
    rows = StoredFact.objects.filter(shop=shop, member__in=list(member_ids)).order_by("at", "id")
    for member_id, kind, about, body in rows.values_list("member_id", "kind", "about", "body"):
        if kind == REFUND:
            alone[member_id].append((about, _decode_refund(body)))
        else:
            facts[member_id].append(decode(body))
    for member_id, refunds in alone.items():
        facts[member_id] = [_with_refunds(fact, refunds) for fact in facts[member_id]]
    return facts


def _with_refunds(fact: Fact, alone: list[tuple[str, Refund]]) -> Fact:
    if not isinstance(fact, Order):
        return fact
    known = {refund.id for refund in fact.refunds}
    more = tuple(
        refund
        for order_id, refund in alone
        if order_id == fact.id and refund.id not in known and refund.at > fact.updated_at
    )
    return msgspec.structs.replace(fact, refunds=(*fact.refunds, *more)) if more else fact
