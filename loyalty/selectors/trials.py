"""What-ifs of a shop."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty.models import Member, Shop, Trial


def latest_trial(*, shop: Shop) -> Trial | None:
    return Trial.objects.filter(shop=shop).order_by("-id").first()


def members_named(*, shop: Shop, ids: Iterable[str]) -> dict[str, Member]:
    """By the id that a comparison has; who has gone since is missing."""
    return {str(member.pk): member for member in Member.objects.filter(shop=shop, pk__in=[int(each) for each in ids])}
