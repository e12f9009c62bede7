"""What we take from Shopify, judged by its JavaScript library and its newer Python library on generated cases, of which
half are wrong in one place. The signatures are made here, by hand, as Shopify documents them; neither judge shares code
with what is judged. Where a judge decides otherwise than we do, DIFFERENCES names the case and says why.

The older Python library judges in test_peers.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import string
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from shopify_app import ShopifyApp

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.registry import platform_named
from loyalty.platforms.shopify.proxy import verify_proxy
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.platforms.shopify.signatures import check_query
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET

pytestmark = [pytest.mark.once, pytest.mark.needs_npm]

CASES = 1_000
PEER = Path(__file__).parent / "peer.mjs"
OTHER_SECRET = "shpss_ffffffffffffffffffffffffffffffff"
PLAIN = string.ascii_letters + string.digits + "-._"
ANY = PLAIN + "~+/=%& äé€,"
KEY = rsa.generate_private_key(65537, 2048)

Case = dict[str, Any]
"""`fault` says what is wrong ("" is nothing); the rest is what the judges are asked."""

DIFFERENCES: dict[tuple[str, str, str], str] = {
    ("webhook", "shop elsewhere", "javascript"): "It leaves the domain to the caller; we resolve a shop by it.",
    ("webhook", "shop elsewhere", "python"): "As the JavaScript library.",
    ("webhook", "no topic", "python"): "It reads no topic.",
    ("webhook", "topic of spaces", "javascript"): "It turns any text into a topic's name.",
    ("webhook", "topic of spaces", "python"): "It reads no topic.",
    ("proxy", "path_prefix twice", "javascript"): "It joins what it does not know to stand once; we read path_prefix.",
    ("proxy", "path_prefix twice", "python"): "As the JavaScript library.",
    ("proxy", "customer twice", "javascript"): "As above; two customers could be two to two readers.",
    ("proxy", "customer twice", "python"): "As above.",
    ("proxy", "a customer of letters", "javascript"): "It does not read the customer.",
    ("proxy", "a customer of letters", "python"): "It hands the text on.",
    ("proxy", "shop elsewhere", "javascript"): "It checks the signature alone; we resolve a shop by the name.",
    ("proxy", "shop elsewhere", "python"): "As the JavaScript library.",
    ("token", "iss of another shop", "javascript"): "It compares no store of iss with dest.",
    ("token", "iss of another shop", "python"): "As the JavaScript library.",
    ("token", "dest elsewhere", "javascript"): "It checks no store's name.",
    ("token", "dest elsewhere", "python"): "As the JavaScript library.",
    ("token", "newline after the domain", "javascript"): "It checks no store's name.",
    ("token", "newline after the domain", "python"): "As the JavaScript library.",
    ("token", "no exp", "javascript"): "It takes a token that never ends.",
    ("token", "no exp", "python"): "As the JavaScript library.",
    ("token", "no nbf", "javascript"): "Shopify always sends it; a token without is not Shopify's.",
    ("token", "no nbf", "python"): "As the JavaScript library.",
    ("token", "a customer", "javascript"): "It leaves to the caller whose token it is.",
    ("token", "a customer", "python"): "As the JavaScript library.",
}


def flawed(chance: random.Random, text: str, letters: str = string.ascii_letters + string.digits) -> str:
    """One letter changed for another."""
    place = chance.randrange(len(text))
    return text[:place] + chance.choice(letters.replace(text[place], "")) + text[place + 1 :]


def signed(message: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def faults(chance: random.Random, kinds: Sequence[str]) -> Iterator[str]:
    for number in range(CASES):
        yield chance.choice(kinds) if number % 2 else ""


def text_of(chance: random.Random, letters: str, most: int) -> str:
    return "".join(chance.choices(letters, k=chance.randrange(1, most)))


def shop_of(chance: random.Random) -> str:
    return f"{chance.choice(string.ascii_lowercase)}{text_of(chance, string.ascii_lowercase + '-', 20)}.myshopify.com"


def webhooks(chance: random.Random) -> Iterator[Case]:
    kinds = [
        "body",
        "signature",
        "case",
        "secret",
        "none",
        "not ascii",
        "shop elsewhere",
        "no topic",
        "topic of spaces",
    ]
    for fault in faults(chance, kinds):
        whole = {"id": chance.randrange(10**13), "note": text_of(chance, ANY, 60), "price": "12.00"}
        body = json.dumps(whole, ensure_ascii=chance.random() < 0.5)
        prefix = chance.choice(["X-Shopify-", "x-shopify-", "shopify-"])
        signature = base64.b64encode(signed(body.encode(), OTHER_SECRET if fault == "secret" else SECRET)).decode()
        told = {
            "Topic": {"no topic": "", "topic of spaces": "orders paid"}.get(fault, "orders/paid"),
            "Shop-Domain": "evil.example" if fault == "shop elsewhere" else shop_of(chance),
            "API-Version": "2026-10",
            "Webhook-Id": str(chance.randrange(10**9)),
            "Event-Id": str(chance.randrange(10**9)),
            "Handle": "orders",
            "Action": "update",
            "Hmac-Sha256": {
                "signature": flawed(chance, signature[:-2]) + signature[-2:],
                "case": signature.swapcase(),
                "none": "",
                "not ascii": signature[:-1] + "é",
            }.get(fault, signature),
        }
        if fault == "body":
            body = flawed(chance, body)
        yield {"fault": fault, "body": body, "headers": {prefix + name: value for name, value in told.items() if value}}


def installs(chance: random.Random) -> Iterator[Case]:
    seconds = int(time.time())
    for fault in faults(chance, ["value", "key", "signature", "secret", "none", "old", "one more", "one less"]):
        pairs = {"shop": shop_of(chance), "timestamp": str(seconds - (600 if fault == "old" else 0)), "code": "c0"}
        for name in chance.sample(["host", "locale", "session", "state", "embedded"], chance.randrange(1, 5)):
            pairs[name] = text_of(chance, PLAIN, 40)
        message = "&".join(sorted(f"{name}={value}" for name, value in pairs.items()))
        signature = signed(message.encode(), OTHER_SECRET if fault == "secret" else SECRET).hex()
        changed = chance.choice([name for name in pairs if name not in ("shop", "timestamp")])
        if fault == "value":
            pairs[changed] = flawed(chance, pairs[changed])
        elif fault == "key":
            pairs[changed + "x"] = pairs.pop(changed)
        elif fault == "one more":
            pairs["extra"] = "1"
        elif fault == "one less":
            del pairs[changed]
        pairs["hmac"] = flawed(chance, signature, string.hexdigits.lower()[:16]) if fault == "signature" else signature
        if fault == "none":
            del pairs["hmac"]
        yield {"fault": fault, "query": urlencode(pairs)}


def proxies(chance: random.Random) -> Iterator[Case]:
    """Shopify's own parameters and ours, whose names are lower-case letters and digits: for other names the two
    libraries sort differently (one by code point, one by a language's alphabet)."""
    kinds = ["value", "signature", "secret", "none", "old", "not ascii", "shop twice", "timestamp twice", "one more"]
    kinds += ["path_prefix twice", "customer twice", "a customer of letters", "shop elsewhere"]
    for fault in faults(chance, kinds):
        customer = chance.choice(["", str(chance.randrange(10**13))])
        pairs = [
            ("shop", "evil.example" if fault == "shop elsewhere" else shop_of(chance)),
            ("logged_in_customer_id", "gid-7001" if fault == "a customer of letters" else customer),
            ("path_prefix", "/apps/loyalty"),
            ("timestamp", str(int(time.time()) - (600 if fault == "old" else 0))),
            *((name, text_of(chance, ANY, 20)) for name in chance.sample(["reward", "points", "page2"], 2)),
        ]
        pairs += [("extra", str(number)) for number in range(chance.randrange(3))]
        twice = {"path_prefix twice": "path_prefix", "customer twice": "logged_in_customer_id"}.get(fault)
        pairs += [(twice, "1")] if twice else []
        grouped: dict[str, list[str]] = {}
        for name, value in pairs:
            grouped.setdefault(name, []).append(value)
        message = "".join(sorted(f"{name}={','.join(values)}" for name, values in grouped.items()))
        signature = signed(message.encode(), OTHER_SECRET if fault == "secret" else SECRET).hex()
        if fault == "value":
            place = chance.choice([0, 4, 5])
            pairs[place] = (pairs[place][0], "z" + pairs[place][1])
        elif fault in ("shop twice", "timestamp twice"):
            pairs.append(next(pair for pair in pairs if pair[0] == fault.split()[0]))
        elif fault == "one more":
            pairs.append(("zzz", "1"))
        given = {"signature": flawed(chance, signature, "0123456789abcdef"), "not ascii": signature[:-1] + "é"}
        pairs += [] if fault == "none" else [("signature", given.get(fault, signature))]
        yield {"fault": fault, "query": urlencode(pairs, quote_via=chance.choice([quote, urlencode_plus]))}


def urlencode_plus(text: str, safe: str = "", encoding: str | None = None, errors: str | None = None) -> str:
    return quote(text, safe, encoding, errors).replace("%20", "+")


def tokens(chance: random.Random) -> Iterator[Case]:
    kinds = [
        "expired",
        "early",
        "wrong aud",
        "iss of another shop",
        "none",
        "RS256",
        "HS384",
        "secret",
        "letter",
        "no exp",
    ]
    kinds += ["no nbf", "dest elsewhere", "not ascii", "newline after the domain", "a customer"]
    for fault in faults(chance, kinds):
        seconds, shop = int(time.time()), shop_of(chance)
        claims: dict[str, Any] = {
            "iss": f"https://{shop}/admin",
            "dest": f"https://{shop}",
            "aud": CLIENT_ID,
            "sub": str(chance.randrange(1, 10**12)),
            "exp": seconds + 60,
            "nbf": seconds,
            "iat": seconds,
            "jti": text_of(chance, PLAIN, 30),
            "sid": text_of(chance, PLAIN, 30),
        }
        claims |= {
            "expired": {"exp": seconds - chance.randrange(30, 600)},
            "early": {"nbf": seconds + chance.randrange(60, 600)},
            "wrong aud": {"aud": flawed(chance, CLIENT_ID)},
            "iss of another shop": {"iss": "https://other.myshopify.com/admin"},
            "dest elsewhere": {"iss": "https://evil.example/admin", "dest": "https://evil.example"},
            "newline after the domain": {"dest": f"https://{shop}\n"},
            "a customer": {"sub": "gid://shopify/Customer/7001"},
        }.get(fault, {})
        for name in ("exp", "nbf"):
            if fault == f"no {name}":
                del claims[name]
        yield {"fault": fault, "token": encoded(chance, claims, fault)}


def encoded(chance: random.Random, claims: dict[str, Any], fault: str) -> str:
    if fault == "none":
        return jwt.encode(claims, None, algorithm="none")
    if fault == "RS256":
        return jwt.encode(claims, KEY, algorithm="RS256")
    if fault == "HS384":
        return jwt.encode(claims, SECRET * 2, algorithm="HS384")
    token = jwt.encode(claims, OTHER_SECRET if fault == "secret" else SECRET, algorithm="HS256")
    if fault == "not ascii":
        return token[:-1] + "é"
    if fault == "letter":
        head, _, tail = token.rpartition(".")
        return f"{head}.{flawed(chance, tail[:-1])}{tail[-1]}"  # the last letter holds bits that mean nothing
    return token


def we_take(case: Case) -> bool:
    now = datetime.now(UTC)
    try:
        if "token" in case:
            decode_session_token(case["token"], now)
        elif "body" in case:
            headers = {name.lower(): value for name, value in case["headers"].items()}
            platform_named("shopify").read_webhook(headers=headers, query={}, body=case["body"].encode())
        elif "hmac=" in case["query"] or "code=" in case["query"]:
            check_query(case["query"], now)
        else:
            verify_proxy(case["query"], now)
    except Unauthorized:
        return False
    return True


def javascript(kind: str, cases: Sequence[Case]) -> list[bool]:
    lines = "\n".join(json.dumps({"kind": kind, "client": CLIENT_ID, "secret": SECRET, **case}) for case in cases)
    ran = subprocess.run([os.environ["TEST_NODE"], PEER], input=lines, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        pytest.fail(f"Shopify's library did not judge; 'npm ci' brings @shopify/shopify-api.\n{ran.stderr[-800:]}")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def python(kind: str, case: Case) -> bool:
    app = ShopifyApp(client_id=CLIENT_ID, client_secret=SECRET)
    request = {"method": "GET", "url": "https://app.test/", "headers": {}, "body": ""}
    if kind == "webhook":
        return app.verify_webhook_req(
            {**request, "method": "POST", "headers": case["headers"], "body": case["body"]}
        ).ok
    if kind == "proxy":
        return app.verify_app_proxy_req({**request, "url": f"https://app.test/proxy?{case['query']}"}).ok
    bearer = {"authorization": f"Bearer {case['token']}"}
    return app.verify_app_home_req({**request, "headers": bearer}, app_home_patch_id_token_path="/patch").ok


MAKERS: dict[str, Callable[[random.Random], Iterator[Case]]] = {
    "webhook": webhooks,
    "install": installs,
    "proxy": proxies,
    "token": tokens,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_thousand_cases_are_judged_as_shopifys_libraries_do(kind: str) -> None:
    cases = list(MAKERS[kind](random.Random(20261122)))
    ours = [we_take(case) for case in cases]
    assert [case["fault"] for case, taken in zip(cases, ours, strict=True) if taken != (case["fault"] == "")] == []
    assert sum(ours) == CASES // 2
    verdicts = {"javascript": javascript(kind, cases)}
    if kind != "install":  # the newer Python library knows no code grant
        verdicts["python"] = [_judged(kind, case) for case in cases]
    for judge, judged in verdicts.items():
        otherwise = Counter(case["fault"] for case, own, other in zip(cases, ours, judged, strict=True) if own != other)
        explained = {fault for about, fault, who in DIFFERENCES if (about, who) == (kind, judge)}
        assert set(otherwise) == explained, (judge, otherwise)


def _judged(kind: str, case: Case) -> bool:
    """That library compares texts, so a signature that is not ASCII ends in an error of its own: it is not taken."""
    try:
        return python(kind, case)
    except TypeError:
        assert case["fault"] == "not ascii"
        return False


def test_values_that_need_escaping_are_signed_in_two_ways_and_both_are_taken() -> None:
    """JavaScript signs a value as it stands in the address, the older Python library as it reads; Shopify's own
    parameters need no escaping."""
    pairs = {"host": "YWRtaW4=", "shop": "lamps.myshopify.com", "timestamp": str(int(time.time()))}
    escaped = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(pairs.items()))
    plain = "&".join(f"{name}={value}" for name, value in sorted(pairs.items()))
    queries = [urlencode({**pairs, "hmac": signed(message.encode()).hex()}) for message in (escaped, plain)]
    assert [we_take({"query": query}) for query in queries] == [True, True]
    assert javascript("install", [{"query": query} for query in queries]) == [True, False]


def test_names_in_capitals_are_sorted_by_code_point_as_documented() -> None:
    """One library sorts by a language's alphabet, where "a" comes before "B"; our own parameters have no capitals."""
    rest = f"logged_in_customer_id=path_prefix=/apps/xshop=lamps.myshopify.comtimestamp={int(time.time())}"
    signature = signed(f"B=1{'a=1'}{rest}".encode()).hex()
    pairs = dict(parse_qsl("B=1&a=1&logged_in_customer_id=&path_prefix=/apps/x", keep_blank_values=True))
    pairs |= {"shop": "lamps.myshopify.com", "timestamp": rest[-10:], "signature": signature}
    case = {"query": urlencode(pairs)}
    assert we_take(case)
    assert python("proxy", case)
    assert javascript("proxy", [case]) == [False]
