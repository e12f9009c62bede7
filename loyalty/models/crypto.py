"""Text encrypted at rest with Fernet. The newest of FIELD_ENCRYPTION_KEYS encrypts, all of them decrypt."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.crypto import salted_hmac


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    keys = tuple(settings.FIELD_ENCRYPTION_KEYS)
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: set it to a Fernet key, or use `manage.py serve`")
    return _fernet(keys)


if TYPE_CHECKING:
    TextField = models.TextField[str, str]  # generic in its stubs only
else:
    TextField = models.TextField


def fingerprints(text: str, *, purpose: str) -> list[str]:
    """By which what is encrypted can be found again: keyed, so a dump tells nothing. One by each key, the newest first:
    until everything is renewed, a row has that of the key of its day."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    return [salted_hmac(purpose, text, secret=key, algorithm="sha256").hexdigest() for key in keys]


class EncryptedTextField(TextField):
    """Reads and writes plain text; the column holds ciphertext, so it can be neither searched nor leaked by a dump."""

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        return cipher().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        return cipher().decrypt(value.encode()).decode()
