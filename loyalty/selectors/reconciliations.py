"""What comparing with the platform has healed, for the merchant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from loyalty.models import HealedOrder, Reconciliation, Shop
from loyalty.selectors.dashboard import ROWS, Page

_MISSING = Count("pk", filter=Q(was_missing=True))
_CHANGED = Count("pk", filter=Q(was_missing=False))


@dataclass(frozen=True, slots=True)
class Healed:
    """Orders that no webhook had told, or not as they are, and the points that were posted for them."""

    missing: int = 0
    changed: int = 0
    points: int = 0


def healed_since(*, shop: Shop, since: datetime) -> Healed:
    rows = HealedOrder.objects.filter(shop=shop, healed_at__gte=since)
    return Healed(**rows.aggregate(missing=_MISSING, changed=_CHANGED, points=Coalesce(Sum("points"), 0)))


def healed_by(*, shop: Shop, reconciliations: list[Reconciliation]) -> dict[int, Healed]:
    """Per reconciliation; one that healed nothing is not in it."""
    rows = HealedOrder.objects.filter(shop=shop, reconciliation__in=reconciliations).values_list("reconciliation_id")
    counted = rows.annotate(missing=_MISSING, changed=_CHANGED, points=Sum("points")).order_by()
    return {pk: Healed(missing, changed, points) for pk, missing, changed, points in counted}


def reconciliations_page(*, shop: Shop, before: int | None) -> Page:
    """Newest first; `before` is the id behind which the page starts."""
    rows = Reconciliation.objects.filter(shop=shop).order_by("-id")
    found = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def reconciliation_of(*, shop: Shop, reconciliation_id: int) -> Reconciliation | None:
    return Reconciliation.objects.filter(shop=shop, pk=reconciliation_id).first()


def healed_orders_page(*, shop: Shop, reconciliation: Reconciliation, after: int | None) -> Page:
    """In the order in which they were found."""
    rows = HealedOrder.objects.filter(shop=shop, reconciliation=reconciliation).order_by("id")
    found = list((rows.filter(pk__gt=after) if after else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")
