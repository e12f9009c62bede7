"""Times as the sandbox keeps them: aware UTC datetimes inside, ISO 8601 strings in documents."""

from __future__ import annotations

from datetime import UTC, datetime

from loyalty.sandbox.errors import SandboxError


def now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """UTC with a trailing Z and whole seconds: sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str | None, *, name: str = "at") -> datetime:
    """An ISO 8601 time with its offset, or now where there is none; SandboxError says what is wrong with it."""
    if text is None or text == "":
        return now()
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise SandboxError(f"{name} must be an ISO 8601 time such as 2026-03-01T10:00:00Z, not {text!r}") from None
    if moment.tzinfo is None:
        raise SandboxError(f"{name} needs an offset, such as 2026-03-01T10:00:00Z")
    return moment.astimezone(UTC)
