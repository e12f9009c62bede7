"""Session tokens (Shopify also says "id token"): a minute's proof that a merchant's admin is asking, or five minutes' that a
shopper's page of Shopify's own is."""

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
REQUIRED_OF_CUSTOMERS = ("exp", "nbf", "iat", "dest", "aud")

_MAX_LENGTH = 4_096
_CUSTOMER = re.compile(r"gid://shopify/Customer/([0-9]{1,20})")
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
    claims, expires = _current(token, REQUIRED, now)
    domain = _host(claims["dest"])
    if _host(claims["iss"]) != domain:
        raise Unauthorized("The session token names two stores.", code="bad_token")
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not re.fullmatch(r"[0-9]{1,20}", user_id):
        raise Unauthorized("The session token is not a staff member's.", code="bad_token")
    return SessionToken(shop_domain=domain, user_id=user_id, expires_at=expires, token=token)


@dataclass(frozen=True, slots=True)
class CustomerToken:
    """`customer_id` is the customer's number in Shopify; empty for a guest."""

    shop_domain: str
    customer_id: str


def decode_customer_token(token: str, now: datetime) -> CustomerToken:
    """Of an extension on the thank-you page or in the customer's account. Raises Unauthorized as above, and for a staff
    member's: nobody is a customer because they may open the admin.

    As documented for checkout extensions, `dest` is the bare domain, there need be no `iss`, it lives five minutes, and
    `sub` is there only for somebody who is logged in, if the app may read customers; whether it can be null instead is
    (unverified). Tokens with an `iss` and with https:// before the domain have been reported; all are taken."""
    claims, _ = _current(token, REQUIRED_OF_CUSTOMERS, now)
    domain = _host(_as_url(claims["dest"]))
    if "iss" in claims and _host(_as_url(claims["iss"])) != domain:
        raise Unauthorized("The session token names two stores.", code="bad_token")
    subject = claims.get("sub")
    if subject is None:
        return CustomerToken(shop_domain=domain, customer_id="")
    customer = _CUSTOMER.fullmatch(subject) if isinstance(subject, str) else None
    if customer is None:
        raise Unauthorized("The session token is not a customer's.", code="bad_token")
    return CustomerToken(shop_domain=domain, customer_id=customer[1])


def _as_url(store: Any) -> Any:
    return f"https://{store}" if isinstance(store, str) and "://" not in store else store


def _current(token: str, required: tuple[str, ...], now: datetime) -> tuple[dict[str, Any], int]:
    """The claims of a token for this app, all there and in their time, and when they end (Unix seconds)."""
    claims = _claims(token)
    for name in required:
        if name not in claims:
            raise Unauthorized("The session token has no {name}.", code="bad_token", params={"name": name})
    seconds = now.timestamp()
    expires, begins, issued = (_seconds(claims[name]) for name in ("exp", "nbf", "iat"))
    if seconds >= expires + LEEWAY_SECONDS:
        raise Unauthorized("The session token has expired.", code="expired_token")
    if begins > seconds + LEEWAY_SECONDS or issued > seconds + LEEWAY_SECONDS:
        raise Unauthorized("The session token is not valid yet.", code="early_token")
    if claims["aud"] != settings.SHOPIFY_API_KEY:
        raise Unauthorized("The session token is for another app.", code="bad_token")
    return claims, expires


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
