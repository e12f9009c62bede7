"""Session tokens (Shopify also says "id token"): a minute's proof that a merchant's admin is asking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from django.conf import settings

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.shopify.shop_names import shop_domain
from loyalty.platforms.shopify.signatures import app_secrets

LEEWAY_SECONDS = 10
REQUIRED = ("exp", "nbf", "iat", "iss", "dest", "aud", "sub")

_MAX_LENGTH = 4_096
_STORE_URL = re.compile(r"https://([A-Za-z0-9.-]+)(?:/|/admin/?)?")


@dataclass(frozen=True, slots=True)
class SessionToken:
    """`user_id` is the staff member's number in Shopify; `token` is what token exchange takes."""

    shop_domain: str
    user_id: str
    expires_at: int
    token: str


def decode_session_token(token: str, now: datetime) -> SessionToken:
    """Raises Unauthorized unless the token is signed by one of our two secrets with HS256, names our app and one and
    the same store in `iss` and `dest`, is in its minute (10 seconds of leeway), and speaks for a staff member.

    Customers' tokens (customer account and checkout extensions) have the same key and audience and are told apart by
    their `sub` alone, a gid; they are refused here."""
    claims = _claims(token)
    for name in REQUIRED:
        if name not in claims:
            raise Unauthorized(f"The session token has no {name}.", code="bad_token")
    seconds = now.timestamp()
    expires, begins, issued = (_seconds(claims[name]) for name in ("exp", "nbf", "iat"))
    if seconds >= expires + LEEWAY_SECONDS:
        raise Unauthorized("The session token has expired.", code="expired_token")
    if begins > seconds + LEEWAY_SECONDS or issued > seconds + LEEWAY_SECONDS:
        raise Unauthorized("The session token is not valid yet.", code="early_token")
    if claims["aud"] != settings.SHOPIFY_API_KEY:
        raise Unauthorized("The session token is for another app.", code="bad_token")
    domain = _host(claims["dest"])
    if _host(claims["iss"]) != domain:
        raise Unauthorized("The session token names two stores.", code="bad_token")
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not re.fullmatch(r"[0-9]{1,20}", user_id):
        raise Unauthorized("The session token is not a staff member's.", code="bad_token")
    return SessionToken(shop_domain=domain, user_id=user_id, expires_at=expires, token=token)


def _claims(token: str) -> dict[str, Any]:
    """Signature and algorithm only; the times are judged against the caller's clock."""
    secrets = app_secrets()
    if not settings.SHOPIFY_API_KEY:
        raise Unauthorized("SHOPIFY_API_KEY is not set, so no session token can be trusted.", code="no_secret")
    if isinstance(token, str) and token.isascii() and len(token) <= _MAX_LENGTH:
        for secret in secrets:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    secret,
                    algorithms=["HS256"],
                    options={
                        "verify_aud": False,
                        "verify_exp": False,
                        "verify_nbf": False,
                        "verify_iat": False,
                        "verify_iss": False,
                        "verify_sub": False,
                        "verify_jti": False,
                    },
                )
            except (jwt.PyJWTError, ValueError, RecursionError):
                continue
            return claims
    raise Unauthorized("The session token's signature does not hold.", code="bad_token")


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**11:
        raise Unauthorized("The session token has a time that is no time.", code="bad_token")
    return value


def _host(value: Any) -> str:
    """The store of `https://{store}` or `https://{store}/admin`. Matched whole: a URL parser would drop a newline."""
    found = _STORE_URL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Unauthorized("The session token names no store.", code="bad_token")
    return shop_domain(found.group(1))
