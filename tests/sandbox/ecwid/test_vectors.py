"""Signatures and payloads against vectors that were made with other tools."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from loyalty.sandbox.ecwid.dates import parse_when, stamp
from loyalty.sandbox.ecwid.events import signature
from loyalty.sandbox.ecwid.money import number, spread, to_minor
from loyalty.sandbox.ecwid.payload import encrypted, hex_fragment

PLAIN = {
    "store_id": 1003,
    "lang": "en",
    "access_token": "secret_unit_test_token_0001",
    "view_mode": "PAGE",
    "public_token": "public_unit_test_token_0001",
}
SEALED = (
    "MDEyMzQ1Njc4OWFiY2RlZuQ6aHLq19k2eNthDig01lCf6fB6FYrPjBw-pjMStTzPwNRSjY9SiFbtPvQZhw97IQVdyZRSZmwELDJFxVyvjc2a5ILb"
    "xyiYfhoopsRR09LJWVrgPL_L8gdJ-ynbK6QvgMyWZEhhHs-hVTHOpUOmBmVnX02kiNWOQZmQ3doUQNrNwgcEvP8gHAXDf6vsqRWyXIGDUpneSyMl"
    "xF5KuWrs_E8="
)


@pytest.mark.parametrize(
    ("secret", "created", "event_id", "expected"),
    [
        (
            "test_client_secret",
            1234567,
            "80aece08-40e8-4145-8764-6c2f0d38678",
            "ekmGPQc/IpCwO6woAiM+L8uvY6chew4n6JVQCiDrEVw=",
        ),
        (
            "loyalty-unit-test-secret-0001",
            1795219200,
            "0b5c3f6e-7e0e-4c8f-9a53-5d5e1f7a9b11",
            "c6IMHSjZ+k6izo8yh9QwELtWkEnBeB+aF3880qQpVsQ=",
        ),
    ],
)
def test_the_webhook_signature_matches_the_vectors(secret: str, created: int, event_id: str, expected: str) -> None:
    assert signature(created, event_id, secret) == expected


def test_the_encrypted_payload_holds_what_the_vector_holds() -> None:
    secret = "loyalty-unit-test-secret-0001"
    raw = base64.urlsafe_b64decode(SEALED)
    decryptor = Cipher(algorithms.AES(secret.encode()[:16]), modes.CBC(raw[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    text = unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize()
    assert json.loads(text) == PLAIN
    assert encrypted(json.loads(text), secret, iv=raw[:16]).startswith(SEALED[:22])


def test_an_encrypted_payload_can_be_read_with_the_first_sixteen_characters_of_the_secret() -> None:
    sealed = encrypted(PLAIN, "loyalty-unit-test-secret-0001")
    raw = base64.urlsafe_b64decode(sealed)
    decryptor = Cipher(algorithms.AES(b"loyalty-unit-tes"), modes.CBC(raw[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    text = unpadder.update(decryptor.update(raw[16:]) + decryptor.finalize()) + unpadder.finalize()
    assert json.loads(text) == PLAIN


def test_the_hex_fragment_is_the_hex_of_the_json() -> None:
    assert json.loads(bytes.fromhex(hex_fragment(PLAIN))) == PLAIN


@pytest.mark.parametrize(
    ("value", "digits", "minor"), [(10, 2, 1000), (9.09, 2, 909), ("2250", 0, 2250), (1.2345, 3, 1235)]
)
def test_amounts_become_minor_units(value: object, digits: int, minor: int) -> None:
    assert to_minor(value, digits) == minor


@pytest.mark.parametrize("value", [None, True, "ten", float("nan"), "1e99", []])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(value, 2)


def test_whole_amounts_are_sent_without_decimals_and_others_as_floats() -> None:
    assert repr(number(1000, 2)) == "10"
    assert repr(number(909, 2)) == "9.09"
    assert repr(number(22500, 3)) == "22.5"


def test_a_discount_is_spread_without_losing_a_cent() -> None:
    assert spread(500, [2250, 2250]) == [250, 250]
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    assert spread(7, [0, 0]) == [0, 0]


@pytest.mark.parametrize("text", ["1447804800", "2015-11-18", "2015-11-18 00:00:00", "2015-11-18 04:00:00 +0400"])
def test_all_date_formats_of_the_documentation_are_read(text: str) -> None:
    assert stamp(parse_when(text)) == "2015-11-18 00:00:00 +0000"


@pytest.mark.parametrize("text", ["", "yesterday", "9" * 40, "²"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_when(text)
