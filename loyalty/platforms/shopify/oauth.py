"""Installing: by token exchange when the app is first opened, or by the authorization code grant where the app is not
opened inside the admin.

The code grant is bound twice: Shopify signs the callback, and its `state` is a nonce that we keep once in the database
and once in the browser that began.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings

from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.models import Credential, OAuthState, Shop
from loyalty.platforms.shopify import tokens
from loyalty.platforms.shopify.client import execute
from loyalty.platforms.shopify.profile import read_profile
from loyalty.platforms.shopify.session import SessionToken
from loyalty.platforms.shopify.shop_names import browser_origin, shop_domain
from loyalty.platforms.shopify.signatures import check_query
from loyalty.services import shops
from loyalty.services.observations import Grant

STATE_SECONDS = 600
CALLBACK_PATH = "/shopify/callback"
_CODE = re.compile(r"[!-~]{1,512}")


def open_shop(session: SessionToken, now: datetime) -> Shop:
    """The shop whose admin has just opened the app; installed first where it is new, came back, or has no token that
    lives. Raises Unauthorized where Shopify wants a fresh session token, Refused, Unavailable."""
    shop = Shop.objects.filter(platform=Shop.Platform.SHOPIFY, external_id=session.shop_domain).first()
    if shop is not None and shop.status == Shop.Status.ACTIVE and _has_access(shop, now):
        return shop
    return _installed(session.shop_domain, tokens.exchange(session, now), now)


def begin(domain: str, now: datetime) -> tuple[str, str]:
    """Where to send the merchant's browser, and the nonce to bind to it. Old nonces are swept on the way."""
    platform = Shop.Platform.SHOPIFY
    OAuthState.objects.filter(platform=platform, created_at__lt=now - timedelta(days=1)).delete()
    nonce = secrets.token_urlsafe(32)
    OAuthState.objects.create(nonce=nonce, platform=platform, store=domain, created_at=now)
    query = urlencode(
        {
            "client_id": settings.SHOPIFY_API_KEY,
            "scope": ",".join(settings.SHOPIFY_SCOPES),
            "redirect_uri": f"{settings.APP_URL}{CALLBACK_PATH}",
            "state": nonce,
        }
    )
    return f"{browser_origin(domain)}/admin/oauth/authorize?{query}", nonce


def complete(raw_query: str, bound: str, now: datetime) -> Shop:
    """The shop of a callback; `bound` is the nonce that the browser kept. Raises Unauthorized for a callback that
    Shopify did not sign, that this browser did not begin, or that comes twice."""
    query = check_query(raw_query, now)
    domain = shop_domain(query["shop"])
    if not _spent(query.get("state", ""), bound, domain, now):
        raise Unauthorized(
            "This installation was not begun in this browser, or is too old; begin it again.", code="state"
        )
    code = query.get("code", "")
    if not _CODE.fullmatch(code):
        raise Unauthorized("Shopify sent no code; begin the installation again.", code="bad_code")
    return _installed(domain, tokens.redeem_code(domain, code, now), now)


def connect(domain: str, token: str, now: datetime) -> Shop:
    """For who runs this server: a store with the token of its own custom app, or, with an empty token, a store of the
    organization that the app belongs to. Raises Refused and Unauthorized with what to do, Unavailable."""
    grant = Grant(access_token=token) if token else tokens.own_organization(domain, now)
    return _installed(domain, grant, now)


def admin_url(shop: Shop) -> str:
    """The app inside the store's admin."""
    name = shop.external_id.removesuffix(".myshopify.com")
    return f"{settings.SHOPIFY_ADMIN_URL}/store/{name}/apps/{settings.SHOPIFY_API_KEY}"


def _installed(domain: str, grant: Grant, now: datetime) -> Shop:
    profile = read_profile(domain, grant.access_token)
    return shops.install(platform=Shop.Platform.SHOPIFY, profile=profile, grant=grant, at=now)


def _has_access(shop: Shop, now: datetime) -> bool:
    """Asked of Shopify each time the app is opened: who uninstalls and installs at once comes back before the word of
    the uninstall does, with a token that looks alive and is not. A Shopify that does not answer keeps nobody out."""
    if not _has_live_token(shop, now):
        return False
    try:
        execute(shop, "shop_profile")
    except Unauthorized:
        return False
    except (Refused, Unavailable):
        return True
    return True


def _has_live_token(shop: Shop, now: datetime) -> bool:
    """A token without an end, one that still lives, or one that can be renewed."""
    credential = Credential.objects.filter(shop=shop).first()
    if credential is None or not credential.access_token:
        return False
    if credential.access_expires_at is None or credential.access_expires_at > now:
        return True
    renewable = credential.refresh_expires_at is None or credential.refresh_expires_at > now
    return bool(credential.refresh_token) and renewable


def _spent(state: str, bound: str, domain: str, now: datetime) -> bool:
    """Whether we began this: once, for this store, within ten minutes, in this browser."""
    if not state or len(state) > 64 or not hmac.compare_digest(state.encode(), bound.encode()):
        return False
    fresh = OAuthState.objects.filter(
        nonce=state,
        platform=Shop.Platform.SHOPIFY,
        store=domain,
        created_at__gt=now - timedelta(seconds=STATE_SECONDS),
    )
    deleted, _ = fresh.delete()
    return deleted == 1
