"""What a member has, folded for the asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from loyalty.engine.program import Version
from loyalty.engine.statement import Statement, fold
from loyalty.models import Member, Shop
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of


def statement_of(
    *, shop: Shop, member: Member, as_of: datetime, versions: Sequence[Version] | None = None
) -> Statement:
    """The fold to `as_of`, or to the member's own instant where that is later: time never goes back. One query for the
    facts, and one for the shop's versions where the caller has not got them."""
    facts = facts_of(shop=shop, member_ids=[member.pk]).get(member.pk, [])
    instant = max(as_of, member.as_of) if member.as_of else as_of
    return fold(versions_of(shop) if versions is None else versions, facts, instant)


def member_by_customer(*, shop: Shop, external_id: str) -> Member | None:
    """The member the platform knows as `external_id`, or whom they were merged into."""
    member = Member.objects.filter(shop=shop, external_id=external_id).first()
    return member.merged_into or member if member else None


def member_named(*, shop: Shop, name: str) -> Member | None:
    """By e-mail or the platform's customer id; who was merged answers as who they are now."""
    rows = Member.objects.filter(Q(external_id=name) | Q(email__iexact=name), shop=shop).select_related("merged_into")
    found = rows.order_by("merged_into", "pk").first()
    return (found.merged_into or found) if found else None
