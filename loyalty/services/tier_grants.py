"""Levels that staff give: a floor under a member's tier until a day, or until it is taken back."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.facts import TierGrant, decode, validate
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.members import open_grants
from loyalty.selectors.programs import version_in_force
from loyalty.services.facts import append, replace
from loyalty.services.posting import fold_and_post, lock_member

MOST_OPEN = 20
"""Of one member: a page shows all of them."""


@transaction.atomic
def grant_tier(
    *,
    shop: Shop,
    member_id: int,
    tier: str,
    until: datetime | None,
    actor: str,
    reason: str,
    key: str,
    at: datetime,
) -> Member:
    """The member stands on `tier` at least, from `at` on and before `until`; None is until it is taken back. `key` is
    the form's own, so that a second press of the button adds nothing. Raises Invalid or NotFound."""
    version = version_in_force(shop, at)
    if version is None or tier not in {level.id for level in version.program.tiers}:
        raise Invalid("Choose one of the program's tiers.", place="tier")
    if until is not None and until <= at:
        raise Invalid("Choose a day that is not over.", place="until")
    if not reason.strip():
        raise Invalid("Say why, for whoever looks later.", place="reason")
    member = lock_member(shop=shop, member_id=member_id)
    if member.external_id is None:
        raise Invalid("A guest has no tier before there is an account.", place="tier")
    if len(open_grants(shop=shop, member=member, at=at)) >= MOST_OPEN:
        raise Invalid(
            "This member has {count} tiers granted already. Take one back first.",
            place="tier",
            params={"count": MOST_OPEN},
        )
    fact = TierGrant(id=key[:100], at=at, tier=tier, actor=actor[:100], reason=reason.strip()[:300], ends_at=until)
    validate(fact)
    append(shop=shop, facts=[(member.pk, fact)])
    fold_and_post(shop=shop, members=[member], at=at)
    return member


@transaction.atomic
def take_back(*, shop: Shop, member_id: int, fact_id: int, at: datetime) -> TierGrant:
    """The grant ends now; one that has ended stays as it is. What the tier gave on entry stays with the member, and they
    go down as the program says, after its grace. Raises NotFound."""
    member = lock_member(shop=shop, member_id=member_id)
    row = StoredFact.objects.filter(shop=shop, member=member, kind="tier_grant", pk=fact_id).first()
    fact = decode(row.body) if row else None
    if row is None or not isinstance(fact, TierGrant):
        raise NotFound("There is no such grant.")
    if fact.ends_at is None or fact.ends_at > at:
        replace(row=row, fact=msgspec.structs.replace(fact, ends_at=at))
        fold_and_post(shop=shop, members=[member], at=at)
    return fact
