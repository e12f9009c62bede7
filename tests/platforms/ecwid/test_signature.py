"""Webhook signatures: the published vectors, and everything that must not pass."""

import json

import pytest

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.base import Signed
from loyalty.platforms.ecwid.signature import TOPICS, read, sign, topic_of

SECRET = "test_client_secret"
EVENT = {
    "eventId": "80aece08-40e8-4145-8764-6c2f0d38678",
    "eventCreated": 1234567,
    "storeId": 1003,
    "entityId": 103878161,
    "eventType": "order.created",
    "data": {"orderId": "XJ12H"},
}
SIGNATURE = "ekmGPQc/IpCwO6woAiM+L8uvY6chew4n6JVQCiDrEVw="


def receive(event: object = EVENT, signature: str | None = SIGNATURE, secret: str = SECRET) -> Signed:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {} if signature is None else {"x-ecwid-webhook-signature": signature}
    return read(headers=headers, body=body, client_secret=secret)


def test_the_published_vectors_hold() -> None:
    assert sign(1234567, EVENT["eventId"], SECRET) == SIGNATURE
    other = sign(1795219200, "0b5c3f6e-7e0e-4c8f-9a53-5d5e1f7a9b11", "loyalty-unit-test-secret-0001")
    assert other == "c6IMHSjZ+k6izo8yh9QwELtWkEnBeB+aF3880qQpVsQ="


def test_a_signed_event_says_which_delivery_it_is() -> None:
    signed = receive()
    assert (signed.store, signed.delivery_id, signed.topic) == ("1003", EVENT["eventId"], "order.created")
    assert signed.meta == {"event_created": "1234567"}


@pytest.mark.parametrize(
    "signature", [None, "", "x", SIGNATURE[:-1], SIGNATURE.lower(), " " + SIGNATURE, "ü" * 44, "\udcff", "💳"]
)
def test_a_missing_or_wrong_signature_is_refused(signature: str | None) -> None:
    with pytest.raises(Unauthorized):
        receive(signature=signature)


def test_another_secret_and_no_secret_are_refused() -> None:
    with pytest.raises(Unauthorized):
        receive(secret="another_secret")
    with pytest.raises(Unauthorized):
        receive(secret="", signature=sign(1234567, EVENT["eventId"], ""))


@pytest.mark.parametrize(
    "change",
    [
        {"eventId": "another"},
        {"eventId": 5},
        {"eventId": ""},
        {"eventId": "ü"},
        {"eventCreated": 1234568},
        {"eventCreated": "1234567"},
        {"eventCreated": True},
        {"eventCreated": -1},
        {"storeId": None},
        {"storeId": "1003/../1004"},
    ],
)
def test_an_event_that_is_not_the_signed_one_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Unauthorized):
        receive(EVENT | change)


@pytest.mark.parametrize("event_id", ["x" * 101, "", "two words", "é"])
def test_an_event_id_that_no_row_could_hold_is_refused_even_if_it_is_signed(event_id: str) -> None:
    with pytest.raises(Unauthorized):
        receive(EVENT | {"eventId": event_id}, signature=sign(1234567, event_id, SECRET))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"a":' * 50 + b"1" + b"}" * 50, b"NaN"])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Unauthorized):
        receive(body)


def test_both_spellings_of_an_event_are_one() -> None:
    assert topic_of("customer.personal_data_removal_request") == "customer.personalDataRemovalRequest"
    assert topic_of("application.subscription_status_changed") == "application.subscriptionStatusChanged"
    assert topic_of("application.storage_changed") == topic_of("application.storageChanged")
    assert all(topic_of(topic) == topic for topic in TOPICS)


@pytest.mark.parametrize("event_type", [None, 5, "", "order", "order.exploded", "x" * 5000, ["order.created"]])
def test_an_unknown_name_is_kept_as_other_so_that_one_signature_cannot_fill_the_inbox(event_type: object) -> None:
    assert receive(EVENT | {"eventType": event_type}).topic == "other"
