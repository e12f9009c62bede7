"""Points given or taken by hand, with who and why."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.facts import Adjustment, validate
from loyalty.models import Member, Shop
from loyalty.services.facts import append
from loyalty.services.posting import fold_and_post, lock_members

LIMIT_POINTS = 1_000_000


@transaction.atomic
def adjust(*, shop: Shop, member_id: int, points: int, actor: str, reason: str, key: str, at: datetime) -> Member:
    """`key` is the form's own, so that a second press of the button adds nothing. Raises Invalid or NotFound."""
    if not reason.strip():
        raise Invalid("Say why. The member sees it in the statement.", place="reason")
    if points == 0 or abs(points) > LIMIT_POINTS:
        raise Invalid(
            "Give a number of points from 1 to {most:,}, or take as many away.",
            place="points",
            params={"most": LIMIT_POINTS},
        )
    locked = lock_members(shop=shop, member_ids=[member_id])
    if not locked:
        raise NotFound("There is no such member in this shop.")
    if locked[0].merged_into_id is not None:
        raise Invalid("This member became one with another meanwhile. Adjust the points of that one.", place="points")
    fact = Adjustment(id=key[:100], at=at, points=points, actor=actor[:100], reason=reason.strip()[:300])
    validate(fact)
    append(shop=shop, facts=[(locked[0].pk, fact)])
    fold_and_post(shop=shop, members=locked, at=at)
    return locked[0]
