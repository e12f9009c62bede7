"""Everything Shopify signs with the app's secret, checked in constant time on bytes, with either of two secrets.

While a secret is rotated Shopify goes on signing with the oldest one that is not revoked, for up to an hour.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus

from django.conf import settings

from loyalty.engine.errors import Unauthorized

FRESH_SECONDS = 90
"""How far a signed timestamp may be from our clock; what Shopify's own JavaScript library allows."""

MAX_QUERY = 8_192
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def app_secrets() -> list[str]:
    """The current secret, then the old one. Raises Unauthorized where none is set: an empty key signs for anybody."""
    found = [secret for secret in (settings.SHOPIFY_API_SECRET, settings.SHOPIFY_API_SECRET_OLD) if secret]
    if not found:
        raise Unauthorized("SHOPIFY_API_SECRET is not set, so nothing from Shopify can be trusted.", code="no_secret")
    return found


def _same(given: str, expected: str) -> bool:
    """Bytes, so that a signature with other than ASCII characters is wrong and not an error."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _signed_by_us(message: bytes, given: str, *, as_base64: bool = False) -> bool:
    right = False
    for secret in app_secrets():
        digest = hmac.new(secret.encode(), message, hashlib.sha256)
        expected = base64.b64encode(digest.digest()).decode() if as_base64 else digest.hexdigest()
        right |= _same(given, expected)
    return right


def check_body(body: bytes, given: str) -> None:
    """A webhook: base64 over the raw bytes. Raises Unauthorized."""
    if not _signed_by_us(body, given, as_base64=True):
        raise Unauthorized("The webhook's signature does not hold.", code="bad_signature")


def _pairs(raw_query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw_query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Unauthorized("The query cannot be read.", code="bad_query") from None


def _checked_once(pairs: list[tuple[str, str]], *names: str) -> dict[str, str]:
    """The values of keys that must stand exactly once: two shops could mean two things to two readers."""
    found: dict[str, str] = {}
    for name in names:
        values = [value for key, value in pairs if key == name]
        if len(values) != 1:
            raise Unauthorized("The query needs {name} once.", code="bad_query", params={"name": name})
        found[name] = values[0]
    return found


def check_fresh(timestamp: str, now: datetime) -> None:
    """Raises Unauthorized for a timestamp (Unix seconds) that is more than 90 seconds off."""
    if not _TIMESTAMP.fullmatch(timestamp) or abs(int(timestamp) - now.timestamp()) > FRESH_SECONDS:
        raise Unauthorized("The request is too old; open the app again.", code="stale")


def _escaped(key: str, value: str) -> str:
    """Decoded, but for the letters that join pairs: else two queries could be signed as one text."""
    escaped_key = key.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    return f"{escaped_key}={value.replace('%', '%25').replace('&', '%26')}"


def check_query(raw_query: str, now: datetime) -> dict[str, str]:
    """The query of an install or a callback: hex over the sorted pairs joined with "&". Raises Unauthorized.

    Shopify's two libraries disagree whether values are signed percent-encoded or decoded; its own parameters need no
    encoding, so either form is taken."""
    if len(raw_query) > MAX_QUERY or not raw_query.isascii():
        raise Unauthorized("The query cannot be read.", code="bad_query")
    pairs = _pairs(raw_query)
    keys = [key for key, _ in pairs]
    single = _checked_once(pairs, "hmac", "shop", "timestamp")
    if len(set(keys)) != len(keys):
        raise Unauthorized("The query repeats a key.", code="bad_query")
    parts = [part for part in raw_query.split("&") if unquote_plus(part.partition("=")[0]) not in ("hmac", "signature")]
    raw = "&".join(sorted(parts))
    decoded = "&".join(sorted(_escaped(*pair) for pair in pairs if pair[0] not in ("hmac", "signature")))
    right = _signed_by_us(raw.encode(), single["hmac"])
    right |= _signed_by_us(decoded.encode(), single["hmac"])
    if not right:
        raise Unauthorized("The request's signature does not hold.", code="bad_signature")
    check_fresh(single["timestamp"], now)
    return dict(pairs)


def check_proxy_query(raw_query: str, now: datetime) -> dict[str, str]:
    """The query of a request through the app proxy: values of one key joined with ",", the pairs sorted and joined with
    nothing, hex. Raises Unauthorized.

    Nothing stands between the pairs, so an attacker could move letters from a key to a value; our own parameters are
    lower-case letters and digits, and the keys we read must stand exactly once."""
    if len(raw_query) > MAX_QUERY or not raw_query.isascii():
        raise Unauthorized("The query cannot be read.", code="bad_query")
    pairs = _pairs(raw_query)
    single = _checked_once(pairs, "signature", "shop", "timestamp", "path_prefix", "logged_in_customer_id")
    grouped: dict[str, list[str]] = {}
    for key, value in pairs:
        if key != "signature":
            grouped.setdefault(key, []).append(value)
    message = "".join(sorted(f"{key}={','.join(values)}" for key, values in grouped.items()))
    if not _signed_by_us(message.encode(), single["signature"]):
        raise Unauthorized("The request's signature does not hold.", code="bad_signature")
    check_fresh(single["timestamp"], now)
    return single
