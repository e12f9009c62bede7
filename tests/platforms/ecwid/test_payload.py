"""What the admin says about who opened the app: our own copies of the vectors, and what an attacker may send."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.platforms.ecwid.payload import access_token, decrypt, from_hex, store_number

SECRET = "loyalty-unit-test-secret-0001"
VECTOR = (
    "MDEyMzQ1Njc4OWFiY2RlZuQ6aHLq19k2eNthDig01lCf6fB6FYrPjBw-pjMStTzPwNRSjY9SiFbtPvQZhw97IQVdyZRSZmwELDJFxVyvjc2a5ILb"
    "xyiYfhoopsRR09LJWVrgPL_L8gdJ-ynbK6QvgMyWZEhhHs-hVTHOpUOmBmVnX02kiNWOQZmQ3doUQNrNwgcEvP8gHAXDf6vsqRWyXIGDUpneSyMl"
    "xF5KuWrs_E8="
)
HEX = json.dumps({"store_id": 1003, "lang": "en", "access_token": "secret_unit_test_token_0001"}).encode().hex()


def seal(plain: bytes, secret: str = SECRET) -> str:
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret.encode()[:16]), modes.CBC(b"0123456789abcdef")).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return base64.urlsafe_b64encode(b"0123456789abcdef" + sealed).decode()


def test_the_vector_opens_with_and_without_its_padding() -> None:
    opened = decrypt(VECTOR, SECRET)
    assert opened.store == "1003"
    assert opened.access_token == "secret_unit_test_token_0001"
    assert opened.public_token == "public_unit_test_token_0001"
    assert opened.locale == "en"
    assert decrypt(VECTOR.rstrip("="), SECRET) == opened


def test_only_the_first_sixteen_characters_of_the_secret_are_the_key() -> None:
    assert decrypt(VECTOR, SECRET[:16] + "-anything-else").store == "1003"
    with pytest.raises(Unauthorized):
        decrypt(VECTOR, "another-secret-of-another-app")


def test_a_token_is_never_shown_by_repr() -> None:
    assert "secret_unit" not in repr(decrypt(VECTOR, SECRET))


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "=",
        "AAAA",
        VECTOR[:40],
        VECTOR[:-8],
        VECTOR + "A" * 5000,
        "ÄÖÜ" + VECTOR,
        VECTOR.replace("M", "%", 1),
        "\x00",
    ],
)
def test_a_cut_or_foreign_payload_is_refused(payload: str) -> None:
    with pytest.raises(Unauthorized):
        decrypt(payload, SECRET)


@pytest.mark.parametrize("secret", ["", "short", "sécret-with-accents-in-it"])
def test_without_a_usable_secret_nothing_opens(secret: str) -> None:
    with pytest.raises(Unauthorized):
        decrypt(VECTOR, secret)


@pytest.mark.parametrize(
    "plain",
    [
        b"[]",
        b"{}",
        b"not json",
        b'{"store_id": 1003}',
        b'{"store_id": "../1003", "access_token": "secret_0123456789"}',
        b'{"store_id": true, "access_token": "secret_0123456789"}',
        b'{"store_id": 1003.5, "access_token": "secret_0123456789"}',
        b'{"store_id": -1, "access_token": "secret_0123456789"}',
        b'{"store_id": 1003, "access_token": "secret with spaces"}',
        b'{"store_id": 1003, "access_token": 5}',
        b'{"store_id": 1003, "access_token": "secret_0123456789", "x": {"x": {"x": {"x": {"x": {}}}}}}',
    ],
)
def test_wrong_contents_are_refused_with_the_same_answer_as_a_wrong_padding(plain: bytes) -> None:
    with pytest.raises(Unauthorized) as contents:
        decrypt(seal(plain), SECRET)
    with pytest.raises(Unauthorized) as padding_broken:
        decrypt(VECTOR[:-24] + "A" * 22 + "==", SECRET)
    assert contents.value.message == padding_broken.value.message


@given(st.binary(min_size=0, max_size=200))
def test_whatever_is_sent_the_answer_is_a_refusal(raw: bytes) -> None:
    with pytest.raises(Unauthorized):
        decrypt(base64.urlsafe_b64encode(raw).decode(), SECRET)


def test_the_hex_fragment_is_read() -> None:
    opened = from_hex(HEX)
    assert (opened.store, opened.access_token, opened.public_token) == ("1003", "secret_unit_test_token_0001", "")
    assert from_hex(HEX.upper()) == opened


@pytest.mark.parametrize("fragment", ["", "7b", "7", "zz", HEX[:-2], HEX + "0", "ff" * 10, HEX * 100])
def test_a_fragment_that_is_none_is_bad_input(fragment: str) -> None:
    with pytest.raises(Invalid):
        from_hex(fragment)


@pytest.mark.parametrize(
    "value", [None, "", "0", "01003", "1003/..", "１００３", "9" * 13, 10**12, -5, 1.0, True, [1003]]
)
def test_a_store_number_is_digits_and_nothing_else(value: object) -> None:
    with pytest.raises(Invalid):
        store_number(value)


def test_a_store_number_comes_as_number_or_text() -> None:
    assert store_number(1003) == store_number("1003") == "1003"


@pytest.mark.parametrize(
    "value", [None, "", "short", "x" * 600, "sec ret_0123456", "secret_\n0123456", "secret_ü0123456"]
)
def test_a_token_that_cannot_be_one_is_refused_without_being_repeated(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        access_token(value)
    assert not value or str(value) not in refused.value.message
