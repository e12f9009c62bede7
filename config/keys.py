"""The embedded edition makes its own keys at the first start and keeps them; nobody has to invent any."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from cryptography.fernet import Fernet


class Keys(TypedDict):
    secret_key: str
    field_encryption_keys: list[str]


def kept_keys(data_dir: Path) -> Keys | None:
    """The keys of an installation that has been started before."""
    try:
        keys: Keys = json.loads((data_dir / "keys.json").read_text())
    except FileNotFoundError:
        return None
    return keys


def make_keys(data_dir: Path) -> Keys:
    """Keys in a file that only its owner can read. Where two processes start at once, the first one's count."""
    keys: Keys = {
        "secret_key": secrets.token_urlsafe(48),
        "field_encryption_keys": [Fernet.generate_key().decode()],
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(data_dir / "keys.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = kept_keys(data_dir)
        assert kept is not None
        return kept
    with os.fdopen(handle, "w") as file:
        json.dump(keys, file)
    return keys
