"""The two ways in which Ecwid's admin tells a native app who opened it."""

import base64
import json
import secrets

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK_BITS = 128


def encrypted(plain: dict[str, object], client_secret: str, iv: bytes | None = None) -> str:
    """URL-safe base64 of IV and AES-128-CBC; the key is the first 16 characters of the client secret.

    Source: docs.ecwid.com, "Access store data from the app". There is no MAC, as in the real one.
    """
    vector = secrets.token_bytes(16) if iv is None else iv
    padder = padding.PKCS7(BLOCK_BITS).padder()
    text = json.dumps(plain, separators=(",", ":")).encode()
    padded = padder.update(text) + padder.finalize()
    encryptor = Cipher(algorithms.AES(client_secret.encode("ascii")[:16]), modes.CBC(vector)).encryptor()
    return base64.urlsafe_b64encode(vector + encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def hex_fragment(plain: dict[str, object]) -> str:
    """The older form: hex of the JSON behind the `#`, which never reaches the app's server."""
    return json.dumps(plain, separators=(",", ":")).encode().hex()
