"""Which stored checkpoints a fold may start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from loyalty.engine import checkpoint as engine
from loyalty.engine.program import Version
from loyalty.models import Checkpoint, Member

Starts = Mapping[int, Checkpoint]
"""By member."""


def starts_of(*, shop_id: int, members: Sequence[Member], versions: Sequence[Version], at: datetime) -> Starts:
    """The checkpoints that this engine can read and that the programs of today allow. One query, or none."""
    folded = {member.pk: member for member in members if member.engine == engine.ENGINE}
    rows = Checkpoint.objects.filter(shop=shop_id, member__in=list(folded), engine=engine.ENGINE) if folded else []
    return {
        row.member_id: row
        for row in rows
        if row.versions == in_force(versions, row.mark) and row.mark <= instant_of(folded[row.member_id], at)
    }


def in_force(versions: Sequence[Version], mark: datetime) -> int:
    """How many versions have come into force by `mark`."""
    return sum(version.in_force_from <= mark for version in versions)


def instant_of(member: Member, at: datetime) -> datetime:
    """Time never goes back: `at`, or where the member was folded to if that is later."""
    return max(at, member.as_of) if member.as_of else at
