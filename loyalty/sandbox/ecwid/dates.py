"""The date formats of Ecwid's REST API: `2024-09-04 07:22:09 +0000` in answers, several in questions."""

from __future__ import annotations

from datetime import UTC, datetime

MAX_TIMESTAMP_CHARACTERS = 11


def stamp(moment: datetime) -> str:
    """The moment as Ecwid prints it, always in UTC and in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def unix(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def parse_when(text: str) -> datetime:
    """Reads a UNIX timestamp or a date/time; what carries no zone is UTC. ValueError for anything else."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        if len(text) > MAX_TIMESTAMP_CHARACTERS:
            raise ValueError(f"not a timestamp in seconds: {text[:40]}")
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
