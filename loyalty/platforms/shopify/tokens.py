"""Offline tokens: got for a session token or a code, living an hour, renewed by exactly one worker at a time.

Every renewal brings a new refresh token; the one used stays good for another try until its successor is used, so a
worker that dies between the answer and the row costs nothing. Stores of the app's own organization also give tokens
for the app's id and secret alone: those live a day, have no refresh token, and are renewed in the way they were got.
A custom app of a store's own has a token without an end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.engine.phrases import Phrase
from loyalty.models import Credential, Shop
from loyalty.platforms import http
from loyalty.platforms.reading import text
from loyalty.platforms.shopify.session import SessionToken
from loyalty.platforms.shopify.shop_names import server_url
from loyalty.services import shops
from loyalty.services.observations import Grant

RENEW_EARLY = timedelta(minutes=5)
LEASE = timedelta(seconds=45)
"""Longer than one call can take, so that two workers never hold it at once."""
CALL_TIMEOUT_SECONDS = 15.0
WAIT_SECONDS = 20.0
_POLL_SECONDS = 0.1

_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
    "expiring": "1",
}
_OWN_ORGANIZATION = {"grant_type": "client_credentials"}


def exchange(session: SessionToken, now: datetime) -> Grant:
    """An offline token for the store of a session token that was just verified. Raises Unauthorized where Shopify
    wants a fresh one, Refused for a wrong secret or an app that is not installed, Unavailable."""
    return _granted(session.shop_domain, {**_EXCHANGE, "subject_token": session.token}, now)


def redeem_code(domain: str, code: str, now: datetime) -> Grant:
    """An offline token for the code of an authorization grant. Raises as `exchange` does."""
    return _granted(domain, {"code": code, "expiring": "1"}, now)


def own_organization(domain: str, now: datetime) -> Grant:
    """A token of a day for a store of the organization that the app belongs to, where the app is installed. Raises as
    `exchange` does; Refused for every other store."""
    return _granted(domain, _OWN_ORGANIZATION, now)


def keep_alive(shop: Shop, now: datetime) -> None:
    """A renewal although nothing runs out yet: a refresh token that nobody uses dies after 90 days. A token without an
    end, or one that needs no refresh token, is left alone. Raises Unauthorized, Unavailable, Refused."""
    credential = _credential(shop)
    if credential.refresh_token:
        _renewed(shop, credential, now)


def access_token(shop: Shop, now: datetime) -> str:
    """A token with at least five minutes to live, renewed first where it has less; one without an end (a custom app)
    as it is. Raises Unauthorized where the merchant must open the app once."""
    credential = _credential(shop)
    if _is_fresh(credential, now):
        return credential.access_token
    return _renewed(shop, credential, now).access_token


def renew(shop: Shop, rejected: str, now: datetime) -> str:
    """A token other than `rejected`, which Shopify would not take although it should still live. Raises Unauthorized
    where there is none to be had."""
    credential = _credential(shop)
    if credential.access_token == rejected:
        credential = _renewed(shop, credential, now, rejected=rejected)
    return credential.access_token


def is_installed(shop: Shop) -> bool:
    """Whether there is anything to renew: a credential row with a token in it."""
    return Credential.objects.filter(shop=shop).exclude(access_token="").exists()


def _credential(shop: Shop) -> Credential:
    credential = Credential.objects.filter(shop=shop).first()
    if credential is None or not credential.access_token:
        raise Unauthorized("The store has not given us access; open the app once in its admin.", code="no_token")
    return credential


def _is_fresh(credential: Credential, now: datetime) -> bool:
    return credential.access_expires_at is None or credential.access_expires_at - RENEW_EARLY > now


def _way_to_renew(credential: Credential) -> Mapping[str, str]:
    """Empty for a token without an end: once it is rejected there is no other."""
    if credential.refresh_token:
        return {"grant_type": "refresh_token", "refresh_token": credential.refresh_token}
    return _OWN_ORGANIZATION if credential.access_expires_at is not None else {}


def _renewed(shop: Shop, credential: Credential, now: datetime, rejected: str = "") -> Credential:
    """The credential after a renewal, ours or another worker's. While another one renews, a token that still lives
    serves; for a dead one we wait."""
    if not _way_to_renew(credential):
        raise _reopen(shop)
    began = time.monotonic()
    while True:
        moment = now + timedelta(seconds=time.monotonic() - began)
        if _claimed(credential, moment):
            return _renew_as_holder(shop, credential, moment)
        credential = _credential(shop)
        usable = credential.access_expires_at is None or credential.access_expires_at > moment
        if usable and credential.access_token != rejected:
            return credential
        if time.monotonic() - began > WAIT_SECONDS:
            raise Unavailable("The store's access is being renewed; try again in a moment.", retry_after_seconds=5)
        time.sleep(_POLL_SECONDS)


def _claimed(credential: Credential, now: datetime) -> bool:
    """True for the one worker that may renew: the row is as it was read, and nobody's lease is running. One UPDATE,
    so no lock is held while Shopify is asked."""
    free = Q(refreshing_until__isnull=True) | Q(refreshing_until__lt=now)
    rows = Credential.objects.filter(shop=credential.shop_id, updated_at=credential.updated_at).filter(free)
    return rows.update(refreshing_until=now + LEASE) == 1


def _renew_as_holder(shop: Shop, credential: Credential, now: datetime) -> Credential:
    try:
        grant = _granted(shop.external_id, _way_to_renew(credential), now)
        kept = Grant(
            access_token=grant.access_token,
            scopes=grant.scopes,
            access_expires_at=grant.access_expires_at,
            refresh_token=grant.refresh_token,
            refresh_expires_at=grant.refresh_expires_at,
            public_token=credential.public_token,
            client_secret=credential.client_secret,
        )
        shops.store_grant(shop=shop, grant=kept, at=now)
    except Unauthorized:
        newer = _credential(shop)
        if newer.refresh_token != credential.refresh_token:
            return newer  # the merchant opened the app meanwhile
        raise _reopen(shop) from None
    finally:
        Credential.objects.filter(shop=shop).update(refreshing_until=None)
    return _credential(shop)


def _reopen(shop: Shop) -> Unauthorized:
    shops.mark_needs_reopen(shop=shop)
    return Unauthorized(
        "Shopify no longer accepts our access; open the app once in the store's admin. A custom app of the store's own "
        "is connected again with: manage.py connect_shopify",
        code="reopen",
    )


def _granted(domain: str, body: Mapping[str, str], now: datetime) -> Grant:
    answer = http.request(
        "POST",
        server_url(domain, "/admin/oauth/access_token"),
        json={"client_id": settings.SHOPIFY_API_KEY, "client_secret": settings.SHOPIFY_API_SECRET, **body},
        timeout_seconds=CALL_TIMEOUT_SECONDS,
        max_bytes=65_536,
    )
    if answer.status == 200:
        return _read_grant(answer.json(), now)
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(
            "Shopify answered {status} when asked for access.",
            retry_after_seconds=answer.retry_after_seconds,
            params={"status": answer.status},
        )
    raise _refusal(answer)


def _refusal(answer: http.Answer) -> Exception:
    try:
        told = answer.json()
    except Unavailable:
        told = None
    code = text(told.get("error"), max_length=64) if isinstance(told, dict) else ""
    if code in ("invalid_subject_token", "invalid_grant"):
        return Unauthorized("Shopify no longer accepts this token; open the app again.", code=code)
    if code == "invalid_client":
        return Refused(
            "Shopify does not know this app or its secret, or the app is not installed; "
            "compare SHOPIFY_API_KEY and SHOPIFY_API_SECRET with the app's settings."
        )
    return Refused(
        "Shopify refused to give access ({status} {reason}).",
        params={"status": answer.status, "reason": code or Phrase("without a reason")},
    )


def _read_grant(told: Any, now: datetime) -> Grant:
    """Raises Unavailable for an answer without a token: whatever it is, it is not what Shopify documents."""
    told = told if isinstance(told, dict) else {}
    access = _token(told.get("access_token"))
    refresh = _token(told.get("refresh_token"))
    expires, refresh_expires = told.get("expires_in"), told.get("refresh_token_expires_in")
    if not access or (expires is not None and not _is_span(expires)):
        raise Unavailable("Shopify's answer holds no usable token; try again.")
    scopes = text(told.get("scope"), max_length=4_000)
    return Grant(
        access_token=access,
        scopes=tuple(sorted(scope.strip() for scope in scopes.split(",") if scope.strip())),
        access_expires_at=now + timedelta(seconds=expires) if expires is not None else None,
        refresh_token=refresh,
        refresh_expires_at=now + timedelta(seconds=refresh_expires) if _is_span(refresh_expires) else None,
    )


def _token(value: Any) -> str:
    """Only what can stand in a header."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 1024 else ""


def _is_span(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9


def utc_now() -> datetime:
    """The clock of the platform calls, which the protocol gives no time."""
    return datetime.now(UTC)
