"""Our signatures and tokens judged by Shopify's own Python library, on cases of which half are wrong in one place.

Where we differ we are the stricter one, and each difference is named: the library takes tokens without exp, iat and nbf,
tokens whose `aud` is a list, and stores by other names; it wants `jti` and `sid`, which we do not use.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from pytest_django.fixtures import Settings
from shopify import Session, session_token
from shopify.session_token import SessionTokenError

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.platforms.shopify.signatures import check_query
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET

CASES = 1_000
LETTERS = string.ascii_letters + string.digits + "-._~+/=%& äé"


def we_take(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except Unauthorized:
        return False
    return True


def queries(chance: random.Random, timestamp: int) -> Iterator[tuple[dict[str, str], bool]]:
    """(pairs with their hmac, whether they were left alone)."""
    for _ in range(CASES):
        pairs = {"shop": f"s{chance.randrange(10**6)}.myshopify.com", "timestamp": str(timestamp)}
        for name in chance.sample(["code", "state", "host", "locale", "session", "embedded"], chance.randrange(0, 6)):
            pairs[name] = "".join(chance.choices(LETTERS, k=chance.randrange(0, 40)))
        Session.secret = SECRET
        pairs["hmac"] = Session.calculate_hmac(pairs)
        good = chance.random() < 0.5
        if not good:
            name = chance.choice(list(pairs))
            value = pairs[name]
            place = chance.randrange(len(value) + 1)
            pairs[name] = value[:place] + chance.choice("xyz") + value[place + (chance.random() < 0.5) :]
            good = pairs[name] == value
        yield pairs, good


def test_a_thousand_install_queries_are_judged_as_shopifys_library_does(settings: Settings) -> None:
    chance = random.Random(20261121)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    verdicts = []
    for pairs, good in queries(chance, int(now.timestamp())):
        # A signed time of another form is the library's business elsewhere; we judge it with the signature.
        peer = bool(Session.validate_hmac(pairs)) and pairs["timestamp"] == str(int(now.timestamp()))
        ours = we_take(check_query, urlencode(pairs), now)
        assert ours == peer == good, pairs
        verdicts.append(ours)
    assert 0.4 < sum(verdicts) / CASES < 0.6


def test_pairs_that_would_read_as_others_are_not_signed_alike() -> None:
    """`a=1&b=2` and `a` with the value "1&b=2" are two queries."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    rest = f"shop=a.myshopify.com&timestamp={int(now.timestamp())}"
    signature = hmac.new(SECRET.encode(), f"a=1&b=2&{rest}".encode(), hashlib.sha256).hexdigest()
    assert we_take(check_query, f"a=1&b=2&{rest}&hmac={signature}", now)
    assert not we_take(check_query, f"a=1%26b%3D2&{rest}&hmac={signature}", now)


def token_cases(chance: random.Random) -> Iterator[tuple[str, str]]:
    """(token, what was done to it); "" is nothing."""
    faults = ["secret", "aud", "iss", "dest", "both", "letter", "expired", "early", "none"]
    for _ in range(CASES):
        seconds = int(datetime.now(UTC).timestamp())
        shop = f"s{chance.randrange(10**6)}.myshopify.com"
        claims: dict[str, Any] = {
            "iss": f"https://{shop}/admin",
            "dest": f"https://{shop}",
            "aud": CLIENT_ID,
            "sub": str(chance.randrange(1, 10**12)),
            "exp": seconds + 60,
            "nbf": seconds,
            "iat": seconds,
            "jti": "j",
            "sid": "s",
        }
        fault = chance.choice(faults) if chance.random() < 0.5 else ""
        claims |= {
            "aud": {"aud": "another"},
            "iss": {"iss": "https://other.myshopify.com/admin"},
            "dest": {"dest": "https://other.myshopify.com"},
            "both": {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
            "expired": {"exp": seconds - chance.randrange(20, 600)},
            "early": {"nbf": seconds + chance.randrange(30, 600)},
        }.get(fault, {})
        secret = "shpss_ffffffffffffffffffffffffffffffff" if fault == "secret" else SECRET
        token = jwt.encode(
            claims, None if fault == "none" else secret, algorithm="none" if fault == "none" else "HS256"
        )
        if fault == "letter":
            place = chance.randrange(len(token) - 2)
            token = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        yield token, fault


def test_a_thousand_session_tokens_are_judged_as_shopifys_library_does() -> None:
    taken = 0
    for token, fault in token_cases(random.Random(7)):
        try:
            session_token.decode_from_header(f"Bearer {token}", CLIENT_ID, SECRET)
            peer = True
        except (SessionTokenError, ValueError):
            peer = False
        ours = we_take(decode_session_token, token, datetime.now(UTC))
        assert ours == peer == (fault == ""), fault
        taken += ours
    assert 0.4 < taken / CASES < 0.6


@pytest.mark.parametrize("changes", [{"exp": None}, {"nbf": None}, {"iat": None}, {"aud": [CLIENT_ID, "another"]}])
def test_where_the_library_is_kinder_we_are_not(changes: dict[str, Any]) -> None:
    seconds = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "https://lamps.myshopify.com/admin",
        "dest": "https://lamps.myshopify.com",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": seconds + 60,
        "nbf": seconds,
        "iat": seconds,
        "jti": "j",
        "sid": "s",
        **changes,
    }
    token = jwt.encode({name: value for name, value in claims.items() if value}, SECRET, algorithm="HS256")
    assert session_token.decode_from_header(f"Bearer {token}", CLIENT_ID, SECRET)
    assert not we_take(decode_session_token, token, datetime.now(UTC))
