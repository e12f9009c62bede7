"""What the admin tells a native app about who opened it. Neither form proves anything by itself: the encrypted one has
no MAC and no date, the plain one is written by the browser. The token in it is asked of the API before it is trusted."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.platforms.reading import mapping, parse_json, text

MAX_PAYLOAD = 4096
MAX_TOKEN = 512
_BLOCK_BYTES = 16
_BLOCK_BITS = 128
_MAX_DEPTH = 4
_BASE64 = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_STORE = re.compile(r"[1-9][0-9]{0,11}")
_TOKEN = re.compile(r"[!-~]{8,512}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Who opened the app, as claimed. `store` is the store's number as text."""

    store: str
    access_token: str = field(repr=False)
    public_token: str = field(default="", repr=False)
    locale: str = ""


def store_number(value: Any) -> str:
    """A store's number as text. Raises Invalid for anything but 1 to 12 digits; it becomes part of an address."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value < 10**12 else ""
    if not isinstance(value, str) or not _STORE.fullmatch(value):
        raise Invalid("The store's number is missing or is not a number such as 1003.")
    return value


def access_token(value: Any) -> str:
    """A token as the admin shows it. Raises Invalid for what can't be one; the message never holds it."""
    value = value.strip() if isinstance(value, str) else ""
    if not _TOKEN.fullmatch(value):
        raise Invalid("That is no access token. Copy the secret token as it is shown, without spaces.")
    return str(value)


def decrypt(payload: str, client_secret: str) -> Opened:
    """The encrypted form: url-safe base64 of the IV and AES-128-CBC under the first 16 characters of the client secret
    (docs.ecwid.com, "Access store data from the app"). Raises Unauthorized for everything that does not open."""
    refusal = Unauthorized("The page was not opened by the store's admin.", code="bad_payload")
    if not client_secret.isascii() or len(client_secret) < _BLOCK_BYTES:
        raise refusal
    if not isinstance(payload, str) or len(payload) > MAX_PAYLOAD or not _BASE64.fullmatch(payload):
        raise refusal
    bare = payload.rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
        if len(raw) < 2 * _BLOCK_BYTES or len(raw) % _BLOCK_BYTES:
            raise refusal
        key = algorithms.AES(client_secret.encode("ascii")[:_BLOCK_BYTES])
        decryptor = Cipher(key, modes.CBC(raw[:_BLOCK_BYTES])).decryptor()
        padded = decryptor.update(raw[_BLOCK_BYTES:]) + decryptor.finalize()
        unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
        return _opened(unpadder.update(padded) + unpadder.finalize())
    except (binascii.Error, ValueError, Invalid):
        # One answer for a wrong padding and for wrong contents: the difference would open a padding oracle.
        raise refusal from None


def from_hex(fragment: str) -> Opened:
    """The plain form: hex of the JSON, which the admin puts behind the `#`. Anybody can write one. Raises Invalid."""
    if (
        not isinstance(fragment, str)
        or len(fragment) > 2 * MAX_PAYLOAD
        or not re.fullmatch("(?:[0-9a-fA-F]{2})+", fragment)
    ):
        raise Invalid("The page was opened without the store's data. Open the app again from the store's admin.")
    return _opened(bytes.fromhex(fragment))


def _opened(raw: bytes) -> Opened:
    document = mapping(parse_json(raw, max_depth=_MAX_DEPTH), "The payload")
    return Opened(
        store=store_number(document.get("store_id")),
        access_token=access_token(document.get("access_token")),
        public_token=text(document.get("public_token"), max_length=MAX_TOKEN),
        locale=text(document.get("lang"), max_length=16),
    )
