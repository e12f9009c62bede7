"""The program that the pages show and change, beside what is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.goods_titles import with_titles
from loyalty.dashboard.program_changes import Change, changes
from loyalty.dashboard.program_sentences import Words
from loyalty.dashboard.program_text import live_at
from loyalty.engine.program import Program, Version, default_program
from loyalty.models import ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of, versions_of


@dataclass(frozen=True, slots=True)
class Beside:
    """The program that the page shows and changes: the draft, or what it would begin from. `live` is in force now,
    `latest` may be to come; the draft is compared with the latest."""

    shop: Shop
    fmt: Format
    now: datetime
    versions: Sequence[Version]
    live: Version | None
    latest: Version | None
    row: ProgramVersion | None
    program: Program

    @property
    def revision(self) -> int:
        return self.row.revision if self.row else 0

    @property
    def words(self) -> Words:
        return Words(self.fmt, self.program)

    def changes(self) -> list[Change]:
        if self.row is None or self.latest is None:
            return []
        return changes(self.latest.program, self.program, self.words)


def beside(shop: Shop, fmt: Format, now: datetime) -> Beside:
    """For pages that put the program into sentences: goods are called by their titles."""
    at = untitled_beside(shop, fmt, now)
    programs = [at.program, *(version.program for version in (at.live, at.latest) if version is not None)]
    return replace(at, fmt=with_titles(shop, fmt, programs, now))


def untitled_beside(shop: Shop, fmt: Format, now: datetime) -> Beside:
    versions, row = versions_of(shop), draft_of(shop)
    live = live_at(versions, now)
    latest = versions[-1] if versions else None
    if row is not None:
        program = program_of(row)
    elif latest is not None:
        program = latest.program
    else:
        program = default_program(shop.currency, shop.exponent, shop.time_zone, shop.name)
    return Beside(shop, fmt, now, versions, live, latest, row, program)
