"""Conditions on rows of several members, each from an instant of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Q


def of_members(member_ids: Iterable[int], after: Mapping[int, datetime], column: str) -> Q:
    """Rows of these members; of those named in `after` only the rows with `column` later than their instant. Every
    arm is a range of the index (shop, member, column)."""
    ids = list(member_ids)
    whole = [pk for pk in ids if pk not in after]
    found = Q(member__in=whole) if whole or not ids else Q()
    for pk in ids:
        if pk in after:
            found |= Q(**{"member": pk, f"{column}__gt": after[pk]})
    return found
