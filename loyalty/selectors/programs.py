"""Which program was in force when, and the draft of the next one."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec

from loyalty.engine.exchange import from_data
from loyalty.engine.program import Program, Version
from loyalty.models import ProgramVersion, Shop


@lru_cache(maxsize=2048)
def _parsed(number: int, in_force_from: datetime, document: bytes) -> Version:
    return Version(number=number, in_force_from=in_force_from, program=from_data(msgspec.json.decode(document)))


def versions_of(shop: Shop | int) -> list[Version]:
    """The published versions, oldest first."""
    rows = ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).order_by("in_force_from", "number")
    return [
        _parsed(row.number, row.in_force_from, msgspec.json.encode(row.document)) for row in rows if row.in_force_from
    ]


def version_in_force(shop: Shop | int, at: datetime) -> Version | None:
    """The version that judges what happens at `at`."""
    return next((version for version in reversed(versions_of(shop)) if version.in_force_from <= at), None)


def draft_of(shop: Shop | int) -> ProgramVersion | None:
    return ProgramVersion.objects.filter(shop=shop, in_force_from=None).first()


def program_of(row: ProgramVersion) -> Program:
    """What a row's document says; a draft is always one that could be published."""
    return from_data(row.document)
