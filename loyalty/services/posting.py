"""Fold members and post the difference: the one way points move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from loyalty.engine.statement import Statement, fold
from loyalty.ledger.post import post
from loyalty.models import Member, Shop
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of
from loyalty.services.gifts import give_due


def lock_members(*, shop: Shop | int, member_ids: Iterable[int]) -> list[Member]:
    """Locks them in id order, so that two transactions never wait for each other. Must run in a transaction."""
    rows = Member.objects.filter(shop=shop, pk__in=sorted(set(member_ids)))
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def fold_and_post(*, shop: Shop | int, members: Sequence[Member], at: datetime) -> dict[int, Statement]:
    """`members` are locked. Guests (no customer id) wait for an account and are left alone. Each is folded to `at`, or
    to where they were folded before if that is later."""
    known = [member for member in members if member.external_id is not None and member.merged_into_id is None]
    if not known:
        return {}
    shop_id = shop.pk if isinstance(shop, Shop) else shop
    versions = versions_of(shop_id)
    facts = facts_of(shop=shop_id, member_ids=[member.pk for member in known])
    statements = {
        member.pk: fold(versions, facts.get(member.pk, []), max(at, member.as_of) if member.as_of else at)
        for member in known
    }
    post(shop_id=shop_id, members=known, statements=statements, posted_at=at)
    give_due(shop_id=shop_id, versions=versions, members=known, statements=statements, at=at)
    return statements
