"""Whom a change of the rewards touches: members with points enough, and those who took a reward as often as it allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from loyalty.models import Member, Redemption, Shop
from loyalty.selectors.program_page import GIVEN_BACK


@dataclass(frozen=True, slots=True)
class Band:
    """Balances of `least` points and more, below `below` if it is given; of members in one of the tiers `within` (of all
    where it is empty) and in none of `without`."""

    least: int
    below: int | None = None
    within: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.below is not None and self.below <= self.least


@dataclass(frozen=True, slots=True)
class Holders:
    """Members with points to spend and how many those are; `inside` counts those of each band asked for."""

    members: int
    points: int
    inside: dict[str, int]


@dataclass(frozen=True, slots=True)
class Limit:
    """`times` a member, counted from `since` on (from the beginning without it)."""

    times: int
    since: datetime | None


def holders_of(*, shop: Shop, bands: Mapping[str, Band]) -> Holders:
    """One query."""
    asked = {f"band_{index}": key for index, (key, band) in enumerate(bands.items()) if not band.is_empty}
    counts = {name: Count("id", filter=_in(bands[key])) for name, key in asked.items()}
    rows = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into__isnull=True, available__gt=0)
    found = rows.aggregate(members=Count("id"), points=Sum("available"), **counts)
    inside = dict.fromkeys(bands, 0) | {key: found[name] for name, key in asked.items()}
    return Holders(found["members"], found["points"] or 0, inside)


def taken_in_all(*, shop: Shop, rewards: Collection[str]) -> dict[str, int]:
    """Redemptions of these rewards that were not given back. One query, none for no reward."""
    rows = _taken(shop).filter(reward__in=rewards)
    return dict(rows.values_list("reward").annotate(n=Count("id")).order_by())


def at_their_limit(*, shop: Shop, limits: Mapping[str, Limit]) -> dict[str, int]:
    """By reward: members who have taken it as often as this limit allows, or more. One query, none for no limit."""
    if not limits:
        return {}
    counted = Q()
    for reward, limit in limits.items():
        counted |= Q(reward=reward) & (Q(accepted_at__gte=limit.since) if limit.since else Q())
    each = _taken(shop).filter(counted).order_by().values("reward", "member").annotate(n=Count("id"))
    names = {f"limit_{index}": reward for index, reward in enumerate(limits)}
    found = each.aggregate(
        **{name: Count("member", filter=Q(reward=key, n__gte=limits[key].times)) for name, key in names.items()}
    )
    return {key: found[name] for name, key in names.items()}


def _taken(shop: Shop) -> QuerySet[Redemption]:
    return Redemption.objects.filter(shop=shop).exclude(state__in=GIVEN_BACK)


def _in(band: Band) -> Q:
    where = Q(available__gte=band.least)
    if band.below is not None:
        where &= Q(available__lt=band.below)
    if band.within:
        where &= Q(tier__in=band.within)
    return where & ~Q(tier__in=band.without) if band.without else where
