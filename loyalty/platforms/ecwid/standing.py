"""Whether a store lets us in, and what it says of itself: asked of the API, whatever a notice claims."""

from __future__ import annotations

from datetime import datetime

from loyalty.engine.errors import NotFound, Refused, Unauthorized
from loyalty.models import Credential, Shop
from loyalty.platforms.ecwid.client import Client
from loyalty.platforms.ecwid.profile import read_profile
from loyalty.platforms.reading import text
from loyalty.services import shops
from loyalty.services.replaying import come_back

UNPAID = "The app's subscription in this store is suspended; renew it in the store's admin."


def bare_client(shop: Shop) -> Client:
    """With the shop's token and without the brake of a stopped shop. Raises Unauthorized where there is no token."""
    token = Credential.objects.filter(shop=shop).values_list("access_token", flat=True).first()
    if not token:
        raise Unauthorized("The store is not connected; open the app in the store's admin once.", code="token")
    return Client(shop.external_id, token)


def look(shop: Shop, *, at: datetime) -> str:
    """Reads the store's profile and follows it; suspends a store that lets nobody in, and brings it back. Gives a
    sentence for the merchant. Raises as the client does."""
    try:
        profile = read_profile(bare_client(shop))
    except Refused as refused:
        if refused.code != "plan":
            raise
        shops.suspend(shop=shop, why=refused.message)
        return refused.message
    except Unauthorized as dead:
        if dead.code == "token":
            shops.mark_needs_reopen(shop=shop)
        raise
    back = profile.currency == shop.currency and come_back(shop=shop, now=at)
    shops.follow_profile(shop=shop, profile=profile)
    shop.refresh_from_db()
    return "The store is open again." if back else "The store's settings were read again."


def look_at_subscription(shop: Shop, *, at: datetime) -> str:
    """The same for the app's subscription; a custom app has none, and its store is looked at itself."""
    try:
        status = text(bare_client(shop).get("application").get("subscriptionStatus"), max_length=32)
    except (NotFound, Refused):
        status = ""
    if status == "SUSPENDED":
        shops.suspend(shop=shop, why=UNPAID)
        return UNPAID
    return look(shop, at=at)
