"""Connecting a store: by OAuth, by the admin's payload, or by a token that the merchant pastes.

Whatever way a token comes, it is trusted after the API has answered to it for that store, not before.
Sources: docs.ecwid.com changelog 2025-09-19 (`store_id` in the callback and in the token address), Ecwid's own
WordPress plugin. That `state` comes back is (unverified); installs from the app market begin without one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from loyalty.engine.errors import Invalid, Refused, Unauthorized, Unavailable
from loyalty.models import Credential, OAuthState, Shop
from loyalty.platforms import http
from loyalty.platforms.ecwid.client import Client
from loyalty.platforms.ecwid.payload import Opened, access_token, decrypt, store_number
from loyalty.platforms.ecwid.profile import read_profile
from loyalty.platforms.reading import mapping, text
from loyalty.services import shops
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.replaying import replay

STATE_SECONDS = 900
USED_CODE = "ecwid-code"
CALLBACK_PATH = "/ecwid/callback"
_CODE = re.compile(r"[!-~]{1,512}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A store whose token the API has just answered to."""

    profile: StoreProfile
    grant: Grant = field(repr=False)


def redirect_uri() -> str:
    return f"{settings.APP_URL}{CALLBACK_PATH}"


def begin(*, at: datetime) -> tuple[str, str]:
    """Where to send the merchant's browser, and the nonce to bind to it. Raises Refused without a registered app."""
    if not settings.ECWID_CLIENT_ID or not settings.ECWID_CLIENT_SECRET:
        raise Refused(
            "This installation has no client id and secret of an app yet; set ECWID_CLIENT_ID and its secret."
        )
    OAuthState.objects.filter(
        platform__in=[Shop.Platform.ECWID, USED_CODE], created_at__lt=at - timedelta(days=1)
    ).delete()
    nonce = secrets.token_urlsafe(32)
    OAuthState.objects.create(nonce=nonce, platform=Shop.Platform.ECWID, created_at=at)
    query = urlencode(
        {
            "client_id": settings.ECWID_CLIENT_ID,
            "redirect_uri": redirect_uri(),
            "response_type": "code",
            "scope": " ".join(settings.ECWID_SCOPES),
            "state": nonce,
        }
    )
    return f"{settings.ECWID_ADMIN_URL}/api/oauth/authorize?{query}", nonce


def spend_state(*, state: str, bound: str, at: datetime) -> bool:
    """Whether we began this install in this browser: `state` came back, `bound` is what the browser kept. Once."""
    if not state or len(state) > 64 or not hmac.compare_digest(state.encode(), bound.encode()):
        return False
    fresh = OAuthState.objects.filter(
        nonce=state, platform=Shop.Platform.ECWID, created_at__gt=at - timedelta(seconds=STATE_SECONDS)
    )
    deleted, _ = fresh.delete()
    return deleted == 1


def exchange(*, code: str, store: Any, at: datetime) -> Proven:
    """The token for a one-use code. Raises Invalid for a code or store that can't be one, Refused where the platform
    does not take the code, Unauthorized where the token is not that store's, Unavailable."""
    number = store_number(store)
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Invalid("The code of the connection is missing. Start connecting the store again.")
    _use_up(code, at)
    answer = http.request(
        "POST",
        f"{settings.ECWID_OAUTH_URL}/token/{number}",
        data={
            "client_id": settings.ECWID_CLIENT_ID,
            "client_secret": settings.ECWID_CLIENT_SECRET,
            "code": code,
            "redirect_uri": redirect_uri(),
            "grant_type": "authorization_code",
        },
    )
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(
            "The platform is busy. Try again in a minute.", retry_after_seconds=answer.retry_after_seconds
        )
    if answer.status != 200:
        raise Refused("The connection was not accepted: its code is used up or too old. Start connecting again.")
    document = mapping(answer.json(), "The token answer")
    if store_number(document.get("store_id")) != number:
        raise Unauthorized("The access token belongs to another store.", code="token")
    # Sources disagree on "bearer" and "Bearer"; both are meant.
    if text(document.get("token_type"), max_length=16).lower() not in ("bearer", ""):
        raise Refused("The platform granted a kind of key that this app cannot use.")
    return prove(store=number, grant=_grant(document))


def _use_up(code: str, at: datetime) -> None:
    """A code that is sent twice disables the token that it gave the first time, so a reload or a double click must end
    here. Raises Refused."""
    digest = hashlib.sha256(code.encode()).hexdigest()
    _, first = OAuthState.objects.get_or_create(nonce=digest, defaults={"platform": USED_CODE, "created_at": at})
    if not first:
        raise Refused("This connection was made already. If the store does not show up, start connecting again.")


def _grant(document: Mapping[str, Any]) -> Grant:
    return Grant(
        access_token=access_token(document.get("access_token")),
        scopes=tuple(text(document.get("scope"), max_length=2000).split()),
        public_token=text(document.get("public_token"), max_length=512),
    )


def prove(*, store: str, grant: Grant) -> Proven:
    """Asks the API with the token. Raises Unauthorized where it is dead or another store's, and as the client does."""
    return Proven(profile=read_profile(Client(store, grant.access_token)), grant=grant)


def prove_payload(payload: str) -> Proven:
    """The encrypted payload of the admin. It can be replayed for ever, so its token is asked of the API each time."""
    opened = decrypt(payload, settings.ECWID_CLIENT_SECRET)
    return prove_opened(opened)


def prove_opened(opened: Opened) -> Proven:
    return prove(store=opened.store, grant=Grant(access_token=opened.access_token, public_token=opened.public_token))


def known_shop(opened: Opened, *, at: datetime) -> Shop:
    """The shop for a payload that the browser wrote. Another app's token for the same store would pass the API, so only
    the token that we were given at the install is taken. Raises Unauthorized."""
    shop = Shop.objects.filter(platform=Shop.Platform.ECWID, external_id=opened.store).first()
    kept = Credential.objects.filter(shop=shop).first() if shop else None
    if shop is None or kept is None or shop.status == Shop.Status.UNINSTALLED:
        raise Unauthorized("This store is not connected yet.", code="not_installed")
    if not hmac.compare_digest(kept.access_token.encode(), opened.access_token.encode()):
        raise Unauthorized("This store was connected with another key.", code="other_token")
    return connect(prove_opened(opened), at=at)


def connect(proven: Proven, *, at: datetime) -> Shop:
    """The shop of a proven store: made, brought back, or given its new token."""
    shop = Shop.objects.filter(platform=Shop.Platform.ECWID, external_id=proven.profile.external_id).first()
    if shop is None or shop.status == Shop.Status.UNINSTALLED:
        return shops.install(platform=Shop.Platform.ECWID, profile=proven.profile, grant=proven.grant, at=at)
    kept = Credential.objects.filter(shop=shop).first()
    stopped = shop.status != Shop.Status.ACTIVE
    if kept is None or stopped or _brings_news(kept, proven.grant):
        shops.store_grant(shop=shop, grant=_merged(kept, proven.grant), at=at)
    if stopped:
        replay(shop=shop, now=at)
    shops.follow_profile(shop=shop, profile=proven.profile)
    shop.refresh_from_db()
    return shop


def _brings_news(kept: Credential, grant: Grant) -> bool:
    """The admin opens the app's page many times a day; most times with what we have."""
    other_token = grant.access_token != kept.access_token
    return other_token or bool(grant.client_secret and grant.client_secret != kept.client_secret)


def _merged(kept: Credential | None, grant: Grant) -> Grant:
    """A payload names no scopes and no client secret; what an earlier way told us stays."""
    if kept is None:
        return grant
    return Grant(
        access_token=grant.access_token,
        scopes=grant.scopes or tuple(kept.scopes.split()),
        public_token=grant.public_token or kept.public_token,
        client_secret=grant.client_secret or kept.client_secret,
    )


def connect_pasted(*, store: Any, token: Any, client_secret: str, at: datetime) -> Shop:
    """A custom app's token. A store that is connected and whose token still works keeps it: any other app's token for
    that store passes the API too. Raises Invalid, Unauthorized, Refused and as the client does."""
    number = store_number(store)
    secret = client_secret.strip()
    if secret and (not secret.isascii() or not 16 <= len(secret) <= 128):
        raise Invalid("That is no client secret: it has 16 characters or more, without accents.")
    grant = Grant(access_token=access_token(token), client_secret=secret)
    proven = prove(store=number, grant=grant)
    shop = Shop.objects.filter(platform=Shop.Platform.ECWID, external_id=number).first()
    kept = Credential.objects.filter(shop=shop).first() if shop else None
    if shop is not None and kept is not None and kept.access_token != grant.access_token and _still_works(number, kept):
        raise Refused("This store is connected already, with another key. Remove that app from the store first.")
    return connect(proven, at=at)


def _still_works(store: str, kept: Credential) -> bool:
    try:
        read_profile(Client(store, kept.access_token))
    except Unauthorized:
        return False
    return True
