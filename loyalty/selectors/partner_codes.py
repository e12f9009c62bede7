"""How many codes of other businesses are left, and which one a member got."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q
from django.db.models.fields.json import KT

from loyalty.models import PartnerCode, Redemption, Shop
from loyalty.models.crypto import fingerprints
from loyalty.models.tenancy import ScopedQuerySet

WAITS_FOR_A_CODE = Q(state=Redemption.State.ISSUING, points=0, reward_data__kind="partner", partner_code__isnull=True)
"""A gift that found the stock empty. What was paid for with points took its code with them."""


class Waiting(NamedTuple):
    """Gifts of one reward that wait for codes; the reward may be gone from the program since."""

    name: str
    gifts: int


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


def gifts_waiting(*, shop: Shop) -> dict[str, Waiting]:
    """Per reward, the oldest first; one that nobody waits for is left out."""
    rows = Redemption.objects.filter(WAITS_FOR_A_CODE, shop=shop).values("reward")
    counted = rows.annotate(name=Max(KT("reward_data__name")), gifts=Count("pk"), since=Min("pk")).order_by("since")
    return {row["reward"]: Waiting(row["name"] or row["reward"], row["gifts"]) for row in counted}


def codes_of(*, shop: Shop, redemptions: Iterable[Redemption]) -> dict[int, PartnerCode]:
    """By the redemption's id, for those that handed out a partner's code. One query, none where none did."""
    ids = [each.pk for each in redemptions if each.reward_data.get("kind") == "partner"]
    found = PartnerCode.objects.filter(shop=shop, redemption__in=ids) if ids else []
    return {code.redemption_id: code for code in found if code.redemption_id is not None}


def digests(code: str) -> list[str]:
    """Codes are compared without their capitals, as most shops do. The first is the one to store."""
    return fingerprints(code.casefold(), purpose="partner-code")
