"""Shopify's signatures: webhooks, query strings, app proxy, session tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Iterable
from typing import Any

import jwt

SESSION_TOKEN_SECONDS = 60
CUSTOMER_TOKEN_SECONDS = 300


def webhook_signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def query_signature(secret: str, pairs: Iterable[tuple[str, str]]) -> str:
    """`hmac` of an install or callback request: sorted `k=v` joined with `&`."""
    message = "&".join(f"{key}={value}" for key, value in sorted(pairs))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def proxy_signature(secret: str, pairs: Iterable[tuple[str, str]]) -> str:
    """`signature` of the app proxy: values of a key joined with a comma, sorted, nothing between the pairs."""
    grouped: dict[str, list[str]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    message = "".join(sorted(f"{key}={','.join(values)}" for key, values in grouped.items()))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def session_token(app: dict[str, Any], shop_domain: str, *, staff: str = "42", session_id: str = "") -> str:
    """What App Bridge hands out: good for a minute, for this app and this shop."""
    moment = int(time.time())
    claims = {
        "iss": f"https://{shop_domain}/admin",
        "dest": f"https://{shop_domain}",
        "aud": app["client_id"],
        "sub": staff,
        "exp": moment + SESSION_TOKEN_SECONDS,
        "nbf": moment,
        "iat": moment,
        "jti": str(uuid.uuid4()),
        "sid": session_id or str(uuid.uuid4()),
    }
    return jwt.encode(claims, app["client_secret"], algorithm="HS256")


def customer_token(app: dict[str, Any], shop_domain: str, customer_id: int | None) -> str:
    """What a UI extension is given on the thank-you page and in customer accounts: five minutes, no issuer, and the
    customer only where one is logged in."""
    moment = int(time.time())
    claims = {
        "dest": shop_domain,
        "aud": app["client_id"],
        "exp": moment + CUSTOMER_TOKEN_SECONDS,
        "nbf": moment,
        "iat": moment,
        "jti": str(uuid.uuid4()),
    }
    if customer_id is not None:
        claims["sub"] = f"gid://shopify/Customer/{customer_id}"
    return jwt.encode(claims, app["client_secret"], algorithm="HS256")


def read_session_token(app: dict[str, Any], shop_domain: str, token: Any) -> dict[str, Any] | None:
    """The claims of a token that is ours, fresh, and of this shop; None for any other."""
    try:
        claims: dict[str, Any] = jwt.decode(
            str(token), app["client_secret"], algorithms=["HS256"], audience=app["client_id"]
        )
    except jwt.PyJWTError:
        return None
    return claims if claims.get("dest") == f"https://{shop_domain}" else None


def base64_host(shop_name: str) -> str:
    """The `host` parameter: unpadded or padded base64 of the real admin's address, whatever host the sandbox has."""
    return base64.b64encode(f"admin.shopify.com/store/{shop_name}".encode()).decode().rstrip("=")
