"""A merchant chooses how the widget looks, where it stands and what it says."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import F

from loyalty.engine.errors import Invalid
from loyalty.engine.misreads import misread
from loyalty.models import Shop, WidgetSettings
from loyalty.models.widget import WidgetChoices

MAX_BYTES = 200_000

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})+"
_ORIGIN = re.compile(rf"(?:https://{_NAME}|https?://(?:localhost|127\.0\.0\.1))(?::[1-9][0-9]{{0,4}})?")
"""As browsers send it: nothing behind the name but a port where it is not the usual one."""


def checked(data: Mapping[str, Any]) -> WidgetChoices:
    """Raises Invalid with the place and the remedy."""
    try:
        choices = msgspec.convert(data, WidgetChoices)
    except msgspec.ValidationError as error:
        raise misread(error) from error
    encoded = msgspec.json.encode(choices)
    if b"\\u0000" in encoded.replace(b"\\\\", b""):
        raise Invalid("A text holds the character NUL, which cannot be stored; take it out.", place="$")
    for language, forms in choices.point.items():
        if "other" not in forms:
            raise Invalid("Say what several points are called (other).", place=f"$.point.{language}")
    for index, origin in enumerate(choices.origins):
        _check_origin(origin, f"$.origins[{index}]")
    if len(encoded) > MAX_BYTES:
        raise Invalid(
            "Terms, questions and texts are at most {most:,} bytes together.", place="$", params={"most": MAX_BYTES}
        )
    return choices


@transaction.atomic
def save(*, shop: Shop, data: Mapping[str, Any], at: datetime) -> WidgetChoices:
    """The whole document, defaults may be left out. Raises Invalid and changes nothing."""
    choices = checked(data)
    WidgetSettings.objects.get_or_create(shop=shop, defaults={"updated_at": at})
    plain = msgspec.to_builtins(choices)
    WidgetSettings.objects.filter(shop=shop).update(choices=plain, revision=F("revision") + 1, updated_at=at)
    return choices


@transaction.atomic
def new_signing_secret(*, shop: Shop, at: datetime) -> str:
    """A secret for the shop's own backend; what was signed with the one before is refused from now on."""
    secret = f"rgs_{secrets.token_urlsafe(32)}"
    row, _ = WidgetSettings.objects.get_or_create(shop=shop, defaults={"updated_at": at})
    row.signing_secret = secret
    row.updated_at = at
    row.save(update_fields=["signing_secret", "updated_at"])
    return secret


def _check_origin(origin: str, place: str) -> None:
    if not _ORIGIN.fullmatch(origin):
        raise Invalid("Write an address such as https://www.example.com, with nothing behind the name.", place=place)
