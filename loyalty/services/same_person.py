"""Who may be one person with two accounts: the same address and surname, or the same phone, on the orders of both. Only
keyed digests are kept, while the shop's program thanks for friends, and they go when the person is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from loyalty.models import HouseholdMark, Member, Shop
from loyalty.models.crypto import fingerprints
from loyalty.selectors.programs import has_referrals
from loyalty.services.members import Key, key_of
from loyalty.services.observations import OrderSeen

MOST = 20
"""Of one member: a reseller's orders go to hundreds of homes, and none of them says anything of the reseller."""
KEPT = timedelta(days=730)


def note(*, shop: Shop, orders: Iterable[OrderSeen], members: Mapping[Key, Member], at: datetime) -> None:
    """The caller holds the members' locks. No query where the orders say nothing."""
    found: dict[tuple[int, str], str] = {}
    for seen in orders:
        key = key_of(seen.person) if seen.person and seen.person.marks else None
        if key is not None and seen.person and not seen.order.test and members[key].forgotten_at is None:
            for mark in seen.person.marks:
                digest = fingerprints(f"{shop.pk}\n{mark}", purpose="household")[0]
                found[members[key].pk, digest] = mark.partition(":")[0]
    if not found or not has_referrals(shop, at):
        return
    rows = HouseholdMark.objects.filter(shop=shop, member__in={member for member, _digest in found})
    known = set(rows.values_list("member", "digest"))
    counts: dict[int, int] = {}
    for member, _digest in known:
        counts[member] = counts.get(member, 0) + 1
    new = []
    for (member, digest), kind in found.items():
        if (member, digest) not in known and counts.get(member, 0) < MOST:
            counts[member] = counts.get(member, 0) + 1
            new.append(HouseholdMark(shop=shop, member_id=member, digest=digest, kind=kind, seen_at=at))
    HouseholdMark.objects.bulk_create(new, ignore_conflicts=True)


def shared(*, shop: Shop, one: Member, other: Member) -> str:
    """What both have, in a word; empty for nothing."""
    rows = HouseholdMark.objects.filter(shop=shop)
    both = rows.filter(member=one, digest__in=rows.filter(member=other).values("digest")).order_by("kind")
    kind = both.values_list("kind", flat=True).first()
    return f"same_{kind}" if kind else ""


def hand_over(*, shop: Shop, gone_id: int, kept_id: int) -> None:
    """Two members became one. The caller holds both locks."""
    rows = HouseholdMark.objects.filter(shop=shop)
    rows.filter(member=gone_id, digest__in=list(rows.filter(member=kept_id).values_list("digest", flat=True))).delete()
    rows.filter(member=gone_id).update(member=kept_id)


def forget(*, before: datetime) -> int:
    """What is older than an order could matter for. Returns how many went."""
    gone, _ = HouseholdMark.objects.across_shops().filter(seen_at__lt=before - KEPT).delete()
    return gone
