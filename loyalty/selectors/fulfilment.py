"""What waits for the shop's staff, and whether its own server is known."""

from __future__ import annotations

from datetime import datetime

from loyalty.models import FulfilmentSecret, Redemption, Shop
from loyalty.models.tenancy import ScopedQuerySet
from loyalty.selectors.dashboard import ROWS, Page

BY_HAND = "by hand"
"""The platform's id of what no platform has made: staff do what was promised."""


def waiting_for_staff(*, shop: Shop, after: int = 0) -> Page:
    """What members redeemed and staff have not done, the oldest first."""
    found = list(_waiting(shop).filter(pk__gt=after).order_by("pk")[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def to_do(*, shop: Shop, redemption_id: int) -> Redemption | None:
    return _waiting(shop).filter(pk=redemption_id).first()


def secret_made_at(*, shop: Shop) -> datetime | None:
    return FulfilmentSecret.objects.filter(shop=shop).values_list("made_at", flat=True).first()


def _waiting(shop: Shop) -> ScopedQuerySet[Redemption]:
    rows: ScopedQuerySet[Redemption] = Redemption.objects.filter(
        shop=shop, state=Redemption.State.READY, external_id=BY_HAND
    )
    return rows.select_related("member")
