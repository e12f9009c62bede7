"""Which program was in force when, and the draft of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from loyalty.engine.exchange import from_data
from loyalty.engine.program import Program, Version
from loyalty.engine.walk import prepared
from loyalty.models import ProgramVersion, Shop

Published = tuple[int, int, datetime, datetime]
"""Key, number, from when it is in force, and when the row was made: together they never name another document."""


@lru_cache(maxsize=2048)
def _parsed(number: int, in_force_from: datetime, document: bytes) -> Version:
    return Version(number=number, in_force_from=in_force_from, program=from_data(msgspec.json.decode(document)))


@lru_cache(maxsize=4096)
def _kept(published: Published) -> Version:
    row = ProgramVersion.objects.across_shops().get(pk=published[0])
    return _parsed(published[1], published[2], msgspec.json.encode(row.document))


def versions_of(shop: Shop | int) -> list[Version]:
    """The published versions, oldest first."""
    rows = ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).order_by("in_force_from", "number")
    return [
        _parsed(row.number, row.in_force_from, msgspec.json.encode(row.document)) for row in rows if row.in_force_from
    ]


def version_in_force(shop: Shop | int, at: datetime) -> Version | None:
    """The version that judges what happens at `at`."""
    return in_force_at(versions_of(shop), at)


def in_force_at(versions: Sequence[Version], at: datetime) -> Version | None:
    """The same of versions that are known, oldest first."""
    return next((version for version in reversed(versions) if version.in_force_from <= at), None)


def draft_of(shop: Shop | int) -> ProgramVersion | None:
    return ProgramVersion.objects.filter(shop=shop, in_force_from=None).first()


def program_of(row: ProgramVersion) -> Program:
    """What a row's document says; a draft is always one that could be published."""
    return from_data(row.document)


def published(shop: Shop) -> list[Published]:
    """The published versions by name alone, oldest first: for who keeps what was made of them."""
    rows = ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).order_by("in_force_from", "number")
    return [
        (pk, number, in_force_from, created_at)
        for pk, number, in_force_from, created_at in rows.values_list("pk", "number", "in_force_from", "created_at")
        if in_force_from is not None
    ]


def kept_versions(rows: Sequence[Published]) -> list[Version]:
    """Their documents, read from the database once in a process: a published version never changes."""
    return [_kept(row) for row in rows]


def codes_stay_spent(versions: Sequence[Version], taken_at: datetime) -> bool:
    """Whether a code that was taken then, and is not used in time, keeps its points."""
    version = in_force_at(versions, taken_at)
    return version is not None and version.program.policies.expired_codes == "stay_spent"


def has_referrals(shop: Shop, at: datetime) -> bool:
    """Whether friends are thanked for."""
    version = version_in_force(shop, at)
    return version is not None and bool(prepared(version).referrals)
