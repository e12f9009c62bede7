"""How many codes of other businesses are left, and which one a member got."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Count, Q

from loyalty.models import PartnerCode, Redemption, Shop
from loyalty.models.tenancy import ScopedQuerySet


def stock(*, shop: Shop, at: datetime) -> ScopedQuerySet[PartnerCode]:
    """What can still be handed out."""
    unused: ScopedQuerySet[PartnerCode] = PartnerCode.objects.filter(shop=shop, redemption=None)
    return unused.filter(Q(usable_until=None) | Q(usable_until__gt=at))


def codes_left(*, shop: Shop, rewards: Collection[str], at: datetime) -> dict[str, int]:
    """Per reward; one that has none is left out. One query, none where no reward is asked for."""
    if not rewards:
        return {}
    rows = stock(shop=shop, at=at).filter(reward__in=rewards).values("reward").annotate(left=Count("pk"))
    return dict(rows.values_list("reward", "left"))


def handed_out(*, shop: Shop, rewards: Collection[str]) -> dict[str, int]:
    """Per reward, as `codes_left`."""
    if not rewards:
        return {}
    rows = PartnerCode.objects.filter(shop=shop, reward__in=rewards, redemption__isnull=False)
    return dict(rows.values("reward").annotate(out=Count("pk")).values_list("reward", "out"))


def codes_of(*, shop: Shop, redemptions: Iterable[Redemption]) -> dict[int, PartnerCode]:
    """By the redemption's id, for those that handed out a partner's code. One query, none where none did."""
    ids = [each.pk for each in redemptions if each.reward_data.get("kind") == "partner"]
    found = PartnerCode.objects.filter(shop=shop, redemption__in=ids) if ids else []
    return {code.redemption_id: code for code in found if code.redemption_id is not None}
