"""What `manage.py check` says about the settings, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Keys that can encrypt, and that somebody made."""
    if settings.KEYS_MISSING:
        return [
            Warning(
                "SECRET_KEY or FIELD_ENCRYPTION_KEYS is not set.",
                hint="`manage.py serve` and `demo` make their own; anything else needs both in its environment.",
                id="regulars.W001",
            )
        ]
    try:
        [Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS]
    except ValueError:
        return [
            Error(
                "FIELD_ENCRYPTION_KEYS holds something that is no key.",
                hint="Each is 32 bytes in URL-safe base64, separated by commas, the newest first.",
                id="regulars.E001",
            )
        ]
    return []


def address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """APP_URL is what platforms and browsers use to reach us."""
    parts = urlsplit(settings.APP_URL)
    if not parts.hostname or parts.path not in {"", "/"}:
        return [
            Error(
                f"APP_URL is {settings.APP_URL!r}.",
                hint="Set it to the address from outside, such as https://rewards.example.com, without a path.",
                id="regulars.E002",
            )
        ]
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        return [
            Error(
                "APP_URL is not https.",
                hint="Platforms send webhooks and tokens only over TLS. Put a proxy with a certificate in front.",
                id="regulars.E003",
            )
        ]
    return []


def sandbox(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The stand-in platforms and a public address exclude each other."""
    if settings.SANDBOX_URL and urlsplit(settings.APP_URL).hostname not in LOOPBACK:
        return [
            Error(
                "SANDBOX_URL is set on an installation with a public address.",
                hint="Remove it: it lets the platform client reach this machine's own addresses.",
                id="regulars.E004",
            )
        ]
    return []
