"""What the Program page counts: how often rewards are taken, and who stands in which tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum

from loyalty.models import Member, Redemption, Shop

GIVEN_BACK = (Redemption.State.FAILED, Redemption.State.RETURNED, Redemption.State.EXPIRED)


def taken_by_reward(*, shop: Shop, since: datetime) -> dict[str, int]:
    """Redemptions by reward that were not given back."""
    rows = Redemption.objects.filter(shop=shop, accepted_at__gte=since).exclude(state__in=GIVEN_BACK)
    return dict(rows.values_list("reward").annotate(n=Count("id")).order_by())


def members_by_tier(*, shop: Shop) -> dict[str, int]:
    rows = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into__isnull=True).values_list("tier")
    return dict(rows.annotate(n=Count("id")).order_by())


@dataclass(frozen=True, slots=True)
class Holders:
    """Members with points to spend and how many those are; `within` counts those inside each of the bands asked for."""

    members: int
    points: int
    within: dict[str, int]


def holders_of(*, shop: Shop, bands: Mapping[str, tuple[int, int | None]]) -> Holders:
    """A band is the balances from its first number on and below its second, if it has one. One query."""
    names = {f"band_{index}": key for index, key in enumerate(bands)}
    inside = {
        name: Count("id", filter=Q(available__gte=bands[key][0]) & _below(bands[key][1])) for name, key in names.items()
    }
    rows = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into__isnull=True, available__gt=0)
    found = rows.aggregate(members=Count("id"), points=Sum("available"), **inside)
    return Holders(found["members"], found["points"] or 0, {key: found[name] for name, key in names.items()})


def _below(most: int | None) -> Q:
    return Q() if most is None else Q(available__lt=most)
