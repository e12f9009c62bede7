"""The embedded edition makes its own keys at the first start and keeps them; nobody has to invent any."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config import refusals


class Keys(TypedDict):
    secret_key: str
    field_encryption_keys: list[str]


def kept_keys(data_dir: Path) -> Keys | None:
    """The keys of an installation that has been started before. Raises ImproperlyConfigured for a file that is none."""
    file = data_dir / "keys.json"
    try:
        keys: Keys = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no keys"
        raise ImproperlyConfigured(
            f"{file} cannot be read ({why}). Give it to the user that runs this, or restore it from a backup: without"
            " its keys the stored tokens stay shut."
        ) from error
    return keys


def make_keys(data_dir: Path) -> Keys:
    """Keys in a file that only its owner can read, whole or not there. Where two processes start at once, the first
    one's count."""
    keys: Keys = {
        "secret_key": secrets.token_urlsafe(48),
        "field_encryption_keys": [Fernet.generate_key().decode()],
    }
    refusals.folder(data_dir, "DATA_DIR")
    draft = data_dir / f"keys.{secrets.token_hex(8)}.draft"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(keys))
    try:
        os.link(draft, data_dir / "keys.json")
    except FileExistsError:
        kept = kept_keys(data_dir)
        assert kept is not None
        return kept
    finally:
        draft.unlink()
    return keys
