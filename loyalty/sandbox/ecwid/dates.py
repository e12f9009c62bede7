"""The date formats of Ecwid's REST API: `2024-09-04 07:22:09 +0000` in answers, several in questions."""

from datetime import UTC, datetime

_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d")


def stamp(moment: datetime) -> str:
    """The moment as Ecwid prints it, always in UTC and in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def unix(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return int(moment.timestamp())


def parse_when(text: str) -> datetime:
    """Reads a UNIX timestamp or a date/time; what carries no zone is UTC. ValueError for anything else."""
    text = text.strip()
    if text.lstrip("-").isdigit() and len(text) <= 12:
        return datetime.fromtimestamp(int(text), UTC)
    for pattern in _FORMATS:
        try:
            moment = datetime.strptime(text, pattern)
        except ValueError:
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    raise ValueError(f"not a date that Ecwid understands: {text[:40]!r}")
