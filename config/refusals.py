"""Values of the environment that cannot work, refused in a sentence that says what to set instead. No sentence repeats a
password."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SECRET_KEY_CHARACTERS = 50
DATABASES = ("postgres", "postgresql", "sqlite")


def address(name: str, url: str, example: str) -> SplitResult:
    """The parts of an address. Raises ImproperlyConfigured where it has none, or an impossible port."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{name} is no address. Write it as in {example}") from None
    return parts


def database(url: str) -> dict[str, Any]:
    """Raises ImproperlyConfigured for another kind of database than ours, and for what cannot be read."""
    example = "postgres://user:password@host:5432/name"
    scheme = url.partition(":")[0]
    if scheme not in DATABASES:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {scheme[:20]!r}; Regulars keeps its data in PostgreSQL or SQLite. Write it as in"
            f" {example}, or leave it empty for SQLite in DATA_DIR."
        )
    try:
        return dict(dj_database_url.parse(url, conn_max_age=60))
    except ValueError:
        raise ImproperlyConfigured(
            f"DATABASE_URL cannot be read. Write it as in {example}; in the password @, :, / and % are written %40, %3A,"
            " %2F and %25."
        ) from None


def folder(path: Path, name: str) -> Path:
    """The folder, made where it was missing. Raises ImproperlyConfigured where it cannot be made or written to."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be made ({error.strerror}). Set {name} to a folder that this user may write to."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(
            f"{path} cannot be written to. Give it to the user that runs this, or set {name} to another folder."
        )
    return path


def long_enough(secret_key: str) -> str:
    """Empty is missing, which is said elsewhere. Raises ImproperlyConfigured for a key that can be guessed."""
    if 0 < len(secret_key) < SECRET_KEY_CHARACTERS:
        raise ImproperlyConfigured(
            f"SECRET_KEY has {len(secret_key)} characters; whoever guesses it signs in as anybody. Set it to"
            f" {SECRET_KEY_CHARACTERS} or more random ones:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return secret_key
