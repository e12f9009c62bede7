"""The secret that a shop's own server knows our questions by."""

from __future__ import annotations

import secrets
from datetime import datetime

from loyalty.models import FulfilmentSecret, Shop


def renew_secret(*, shop: Shop, at: datetime) -> str:
    """A new one; the one before it ends at once. What their server refuses until it knows the new one is asked again."""
    secret = f"rgs_{secrets.token_urlsafe(32)}"
    FulfilmentSecret.objects.update_or_create(shop=shop, defaults={"secret": secret, "made_at": at})
    return secret
