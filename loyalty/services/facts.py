"""Writing facts. Whoever changes what has happened leaves no checkpoint behind that believes otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

import msgspec
from django.db.models import Q

from loyalty.engine.checkpoint import instants
from loyalty.engine.differences import first_difference
from loyalty.engine.facts import EARLIEST, Adjustment, Fact, TierGrant, decode, encode, kind_of
from loyalty.models import Checkpoint, Shop, StoredFact

UNSAID = "…"
"""Stands where people wrote freely about somebody who was forgotten."""


def append(*, shop: Shop, facts: Sequence[tuple[int, Fact]]) -> set[int]:
    """Writes facts, each with its member's id, that are written once; what is stored already stays as it is. Returns
    the members who got one. The caller holds their locks."""
    if not facts:
        return set()
    ids = [fact.id for _, fact in facts]
    kinds = {kind_of(fact) for _, fact in facts}
    stored = StoredFact.objects.filter(shop=shop, kind__in=kinds, external_id__in=ids)
    known = set(stored.values_list("kind", "external_id"))
    new = [(pk, fact) for pk, fact in facts if (kind_of(fact), fact.id) not in known]
    StoredFact.objects.bulk_create([_row(shop, pk, fact) for pk, fact in new], ignore_conflicts=True)
    changed: dict[int, datetime] = {}
    for pk, fact in new:
        note(changed, pk, min(instants(fact)))
    doubt(shop=shop, changed=changed)
    return set(changed)


def replace(*, row: StoredFact, fact: Fact) -> None:
    """A later look at the same decision. The caller holds the member's lock."""
    since = first_difference(decode(row.body), fact, ())
    row.body, row.last_at = encode(fact).decode(), max(instants(fact))
    row.save(update_fields=["body", "last_at"])
    if row.member_id is not None and since is not None:
        doubt(shop=row.shop_id, changed={row.member_id: since})


def hand_over(*, shop: Shop, gone_id: int, kept_id: int) -> None:
    """What happened to one member happened to another. The caller holds both locks and folds both."""
    StoredFact.objects.filter(shop=shop, member=gone_id).update(member=kept_id)
    doubt(shop=shop, changed=dict.fromkeys((gone_id, kept_id), EARLIEST))


def unsay(*, shop: Shop, member_ids: Collection[int]) -> None:
    """What staff wrote freely about these members may name them; it moves no point, and a checkpoint may hold it too.
    The caller holds their locks."""
    rows = StoredFact.objects.filter(shop=shop, member__in=member_ids, kind__in=("adjustment", "tier_grant"))
    changed = []
    for row in rows:
        fact = decode(row.body)
        if isinstance(fact, Adjustment | TierGrant) and fact.reason not in ("", UNSAID):
            row.body = encode(msgspec.structs.replace(fact, reason=UNSAID)).decode()
            changed.append(row)
    StoredFact.objects.across_shops().bulk_update(changed, ["body"], batch_size=200)
    doubt(shop=shop, changed=dict.fromkeys(member_ids, EARLIEST))


def rewrite(*, shop: Shop, facts: Sequence[tuple[StoredFact, Fact]]) -> None:
    """Other words for what these rows say, at the same instants. The caller holds the members' locks."""
    for row, fact in facts:
        row.body = encode(fact).decode()
    StoredFact.objects.across_shops().bulk_update([row for row, _ in facts], ["body"], batch_size=200)
    members = {row.member_id for row, _ in facts if row.member_id is not None}
    doubt(shop=shop, changed=dict.fromkeys(members, EARLIEST))


def note(changed: dict[int, datetime], member_id: int, at: datetime) -> None:
    """Keeps the earliest instant of each member."""
    changed[member_id] = min(at, changed.get(member_id, at))


def doubt(*, shop: Shop | int, changed: Mapping[int, datetime]) -> None:
    """Deletes the checkpoints of members for whom something at or before the mark is new, changed or gone: `changed`
    says from when on. The caller holds their locks."""
    if changed:
        wrong = reduce(or_, (Q(member=pk, mark__gte=at) for pk, at in changed.items()))
        Checkpoint.objects.filter(wrong, shop=shop).delete()


def _row(shop: Shop, member_id: int, fact: Fact) -> StoredFact:
    at = instants(fact)
    return StoredFact(
        shop=shop,
        member_id=member_id,
        kind=kind_of(fact),
        external_id=fact.id,
        at=fact.at,
        last_at=max(at),
        body=encode(fact).decode(),
    )
