"""What the store says of itself and lets us do: asked of Shopify, whatever a notice claims, for an old notice can be
sent again by whoever has seen it."""

from __future__ import annotations

from loyalty.engine.errors import Unauthorized
from loyalty.models import Shop
from loyalty.platforms.reading import text
from loyalty.platforms.shopify import tokens
from loyalty.platforms.shopify.client import execute
from loyalty.platforms.shopify.profile import read_profile
from loyalty.services import shops
from loyalty.services.replaying import come_back

MAX_SCOPES = 500


def look(shop: Shop) -> str:
    """Reads the store's settings and follows them. Gives a sentence for the merchant. Raises Unavailable, Refused."""
    now = tokens.utc_now()
    try:
        profile = read_profile(shop.external_id, tokens.access_token(shop, now))
    except Unauthorized as lost:
        return lost.message
    if profile.currency == shop.currency:
        come_back(shop=shop, now=now)
    shops.follow_profile(shop=shop, profile=profile)
    shop.refresh_from_db()
    return "The store's settings were read again."


def look_at_scopes(shop: Shop) -> str:
    """Reads what the app may do. A token that was made before keeps the permissions that it had (unverified); the next
    renewal brings one with those of now. Raises as `look`."""
    try:
        installation = execute(shop, "app_scopes").get("currentAppInstallation")
    except Unauthorized as lost:
        return lost.message
    entries = installation.get("accessScopes") if isinstance(installation, dict) else None
    if not isinstance(entries, list):
        return "Shopify did not say what the app may do."
    named = {text(entry.get("handle"), max_length=100) for entry in entries[:MAX_SCOPES] if isinstance(entry, dict)}
    shops.note_scopes(shop=shop, scopes=sorted(named - {""}))
    return "The app's permissions were read again."
