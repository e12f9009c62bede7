"""A session token with any one thing wrong is no token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.shopify.session import REQUIRED, decode_session_token
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SHOP = "halfmoon.myshopify.com"


def claims(**changes: Any) -> dict[str, Any]:
    whole = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": SECONDS + 50,
        "nbf": SECONDS - 10,
        "iat": SECONDS - 10,
        "jti": "a3f1",
        "sid": "b7c2",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def unsigned(header: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims()))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_a_good_token_names_the_store_and_the_person() -> None:
    session = decode_session_token(token(), NOW)
    assert (session.shop_domain, session.user_id, session.expires_at) == (SHOP, "42", SECONDS + 50)


def test_a_token_signed_with_the_old_secret_is_good_during_a_rotation(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET, settings.SHOPIFY_API_SECRET_OLD = "shpss_new_secret_of_enough_length_here", SECRET
    assert decode_session_token(token(), NOW).shop_domain == SHOP
    settings.SHOPIFY_API_SECRET_OLD = ""
    with pytest.raises(Unauthorized):
        decode_session_token(token(), NOW)


def test_ten_seconds_of_leeway_and_no_more() -> None:
    assert decode_session_token(token(exp=SECONDS - 9), NOW)
    assert decode_session_token(token(nbf=SECONDS + 10, iat=SECONDS + 10), NOW)
    for late in (token(exp=SECONDS - 10), token(nbf=SECONDS + 11), token(iat=SECONDS + 11)):
        with pytest.raises(Unauthorized):
            decode_session_token(late, NOW)


FAULTS: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=SECONDS - 60),
    "early": lambda: token(nbf=SECONDS + 60),
    "issued tomorrow": lambda: token(iat=SECONDS + 86_400),
    "another app": lambda: token(aud="another"),
    "a list of apps": lambda: token(aud=[CLIENT_ID, "another"]),
    "issuer of another store": lambda: token(iss="https://other.myshopify.com/admin"),
    "no store of Shopify's": lambda: token(iss="https://evil.example/admin", dest="https://evil.example"),
    "destination elsewhere": lambda: token(dest="https://evil.example"),
    "a store as a path": lambda: token(dest=f"https://evil.example/{SHOP}"),
    "a store as a user": lambda: token(dest=f"https://{SHOP}@evil.example"),
    "not https": lambda: token(dest=f"http://{SHOP}", iss=f"http://{SHOP}/admin"),
    "newline after the domain": lambda: token(dest=f"https://{SHOP}\n", iss=f"https://{SHOP}\n/admin"),
    "newline at the end": lambda: token(dest=f"https://{SHOP}\n"),
    "a subdomain": lambda: token(dest=f"https://a.{SHOP}", iss=f"https://a.{SHOP}/admin"),
    "a longer domain": lambda: token(dest=f"https://{SHOP}.evil.example"),
    "a number for a store": lambda: token(dest=7),
    "a customer": lambda: token(sub="gid://shopify/Customer/7001"),
    "no person": lambda: token(sub=""),
    "a time as text": lambda: token(exp=str(SECONDS + 50)),
    "a time as a fraction": lambda: token(exp=SECONDS + 50.5),
    "an endless time": lambda: token(exp=10**20),
    "another secret": lambda: token(secret="shpss_ffffffffffffffffffffffffffffffff"),
    "HS384": lambda: token(secret=SECRET + SECRET, algorithm="HS384"),
    "RS256": lambda: jwt.encode(claims(), rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    "none": lambda: unsigned({"alg": "none", "typ": "JWT"}),
    "no algorithm": lambda: unsigned({"typ": "JWT"}),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "two parts": lambda: token().rpartition(".")[0],
    "a signature that is not ASCII": lambda: token().rpartition(".")[0] + ".é",
    "a changed claim": lambda: ".".join(
        [token().split(".")[0], unsigned({"alg": "HS256"}).split(".")[1], token().split(".")[2]]
    ),
    "empty": lambda: "",
    "long": lambda: token(jti="x" * 5_000),
    "words": lambda: "not a token",
    **{f"no {name}": (lambda name=name: token(**{name: None})) for name in REQUIRED},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_with_one_fault_is_refused(fault: str) -> None:
    with pytest.raises(Unauthorized):
        decode_session_token(FAULTS[fault](), NOW)


def test_no_secret_trusts_nobody(settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = ""
    forged = token(secret="x" * 40)
    with pytest.raises(Unauthorized, match="SHOPIFY_API_SECRET"):
        decode_session_token(forged, NOW)
