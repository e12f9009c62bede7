"""What a member has, folded for the asking."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from django.db.models import Q

from loyalty.engine.facts import TierGrant, decode
from loyalty.engine.program import Version
from loyalty.engine.recent import with_kept
from loyalty.engine.statement import Statement, fold
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.checkpoints import instant_of, starts_of
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of


def statement_of(
    *, shop: Shop, member: Member, as_of: datetime, versions: Sequence[Version] | None = None
) -> Statement:
    """The fold to `as_of`, or to the member's own instant where that is later: time never goes back. One query for the
    facts, and one for the shop's versions where the caller has not got them."""
    facts = facts_of(shop=shop, member_ids=[member.pk]).get(member.pk, [])
    return fold(versions_of(shop) if versions is None else versions, facts, instant_of(member, as_of))


def standing_of(*, shop: Shop, member: Member, as_of: datetime, versions: Sequence[Version] | None = None) -> Statement:
    """The same, but of a long history only the latest lines: what a member has, and what they are shown. Reads no facts
    from before the member's checkpoint, so it takes as long for ten thousand orders as for twenty. Two queries, and one
    for the shop's versions where the caller has not got them."""
    known = versions_of(shop) if versions is None else versions
    start = starts_of(shop_id=shop.pk, members=[member], versions=known, at=as_of).get(member.pk)
    if start is not None:
        facts = facts_of(shop=shop, member_ids=[member.pk], after={member.pk: start.mark}).get(member.pk, [])
        statement = fold(known, facts, instant_of(member, as_of), bytes(start.state))
        if statement.since == start.mark:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return with_kept(statement, bytes(start.recent))
    return statement_of(shop=shop, member=member, as_of=as_of, versions=known)


def open_grants(*, shop: Shop, member: Member, at: datetime) -> list[tuple[int, TierGrant]]:
    """Tiers given by hand that hold at `at`, the newest first, each with the id of its row."""
    rows = StoredFact.objects.filter(shop=shop, member=member, kind="tier_grant").order_by("-at", "-pk")
    facts = ((pk, decode(body)) for pk, body in rows.values_list("pk", "body"))
    return [(pk, each) for pk, each in facts if isinstance(each, TierGrant) and holds(each, at)]


def holds(grant: TierGrant, at: datetime) -> bool:
    return grant.ends_at is None or grant.ends_at > at


def member_by_customer(*, shop: Shop, external_id: str) -> Member | None:
    """The member the platform knows as `external_id`, or whom they were merged into."""
    member = Member.objects.filter(shop=shop, external_id=external_id).first()
    return member.merged_into or member if member else None


def member_named(*, shop: Shop, name: str) -> Member | None:
    """By e-mail or the platform's customer id; who was merged answers as who they are now."""
    rows = Member.objects.filter(Q(external_id=name) | Q(email__iexact=name), shop=shop).select_related("merged_into")
    found = rows.order_by("merged_into", "pk").first()
    return (found.merged_into or found) if found else None


def customers_by_email(*, shop: Shop, emails: Sequence[str]) -> dict[str, str]:
    """The platform's customer ids by e-mail, in lower case as they are stored, of those with an account here."""
    wanted = [each.lower() for each in emails]
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        rows = Member.objects.filter(shop=shop, merged_into=None, email__in=wanted[start : start + 500])
        for email, customer_id in rows.values_list("email", "external_id"):
            if customer_id:
                found[email] = customer_id
    return found
