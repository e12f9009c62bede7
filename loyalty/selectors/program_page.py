"""What the Program page counts: how often rewards are taken, and who stands in which tier."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from loyalty.models import Member, Redemption, Shop

GIVEN_BACK = (Redemption.State.FAILED, Redemption.State.RETURNED, Redemption.State.EXPIRED)


def taken_by_reward(*, shop: Shop, since: datetime) -> dict[str, int]:
    """Redemptions by reward that were not given back."""
    rows = Redemption.objects.filter(shop=shop, accepted_at__gte=since).exclude(state__in=GIVEN_BACK)
    return dict(rows.values_list("reward").annotate(n=Count("id")).order_by())


def members_by_tier(*, shop: Shop) -> dict[str, int]:
    rows = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into__isnull=True).values_list("tier")
    return dict(rows.annotate(n=Count("id")).order_by())
