"""What an install needs to know of a store."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from loyalty.engine.errors import Unavailable
from loyalty.platforms.money import exponent_of
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.client import call
from loyalty.platforms.shopify.shop_names import browser_origin
from loyalty.services.observations import StoreProfile


def read_profile(domain: str, access_token: str) -> StoreProfile:
    """The store as the token's owner sees it. Raises Unavailable where the answer is about another store, Invalid for a
    currency that is none, and whatever the client raises."""
    shop = call(domain, access_token, "shop_profile").get("shop")
    if not isinstance(shop, dict) or shop.get("myshopifyDomain") != domain:
        raise Unavailable("Shopify described another store than the one that was asked for.")
    currency = text(shop.get("currencyCode"), max_length=3)
    return StoreProfile(
        external_id=domain,
        name=text(shop.get("name"), max_length=255) or domain,
        email=text(shop.get("email"), max_length=320),
        currency=currency,
        exponent=exponent_of(currency),
        time_zone=_time_zone(text(shop.get("ianaTimezone"), max_length=64)),
        storefront_url=_storefront(domain, shop.get("primaryDomain")),
        number=_number(text(shop.get("id"), max_length=64)),
    )


def _number(gid: str) -> str:
    tail = gid.removeprefix("gid://shopify/Shop/")
    return tail if tail.isascii() and tail.isdigit() else ""


def _time_zone(name: str) -> str:
    """UTC where this server's list has no such zone: days are then off by hours, and nothing fails."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return "UTC"


def _storefront(domain: str, primary: object) -> str:
    """The store's own domain where it has one."""
    url = text(primary.get("url"), max_length=500) if isinstance(primary, dict) else ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return browser_origin(domain)
    if parts.scheme != "https" or not host or host == domain or parts.netloc != host:
        return browser_origin(domain)
    return f"https://{host}"
