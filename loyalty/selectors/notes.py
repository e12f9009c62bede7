"""What staff wrote down about a member."""

from __future__ import annotations

from loyalty.models import Member, Shop, StaffNote


def notes_of(*, shop: Shop, member: Member) -> list[StaffNote]:
    """The newest first. One query."""
    return list(StaffNote.objects.filter(shop=shop, member=member).order_by("-at", "-pk"))
