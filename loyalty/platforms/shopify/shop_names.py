"""Which stores there can be. Every shop name that comes from outside passes here before it is used or echoed."""

from __future__ import annotations

import re

from django.conf import settings

from loyalty.engine.errors import Unauthorized

_SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


def shop_domain(value: str) -> str:
    """The permanent domain in lower case ("halfmoon.myshopify.com"). Raises Unauthorized for anything else: a name
    that does not even look like a store is no mistake that a merchant could mend.

    Shopify documents `^[a-zA-Z0-9][a-zA-Z0-9-]*\\.myshopify\\.com$`; matched whole, since `$` lets a newline pass."""
    lowered = value.lower() if isinstance(value, str) and value.isascii() else ""
    if not _SHOP_DOMAIN.fullmatch(lowered):
        raise Unauthorized("That is not the name of a Shopify store.", code="bad_shop")
    return lowered


def server_url(domain: str, path: str) -> str:
    """Where our server reaches the store: `path` begins with a slash."""
    return settings.SHOPIFY_SHOP_URL.format(shop=domain) + path


def browser_origin(domain: str) -> str:
    """Where browsers reach the store's permanent domain: scheme and host, for CSP, CORS and redirects."""
    return settings.SHOPIFY_SHOP_ORIGIN.format(shop=domain, name=domain.removesuffix(".myshopify.com"))
