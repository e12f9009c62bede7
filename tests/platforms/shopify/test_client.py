"""Answers that no polite Shopify gives: each becomes an error of the house, and none is believed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized, Unavailable
from loyalty.platforms.shopify import client, pace, profile, tokens
from loyalty.platforms.shopify.session import SessionToken
from tests.platforms.faulty_server import FaultyServer, Script, answering

SHOP = "lamps.myshopify.com"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SESSION = SessionToken(SHOP, "42", 0, "a.b.c")

Serve = Callable[[Script], FaultyServer]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    servers: list[FaultyServer] = []

    def start(script: Script) -> FaultyServer:
        servers.append(FaultyServer(script))
        settings.SANDBOX_URL = servers[-1].url
        settings.SHOPIFY_SHOP_URL = servers[-1].url + "/{shop}"
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def in_turn(*scripts: Script) -> Script:
    left = list(scripts)

    def script(peer: socket.socket, head: bytes) -> None:
        following = left.pop(0) if len(left) > 1 else left[0]
        following(peer, head)

    return script


def told(answer: Any, status: str = "200 OK", headers: str = "") -> Script:
    return answering(json.dumps(answer).encode(), status=status, headers=headers)


def throttled(requested: Any = 100, available: Any = 90, rate: Any = 100.0) -> Script:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
    return told(
        {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}
    )


def call() -> Any:
    return client.call(SHOP, "shpat_x", "shop_profile")


def test_the_question_goes_to_our_version_with_the_token(serve: Serve) -> None:
    server = serve(told({"data": {"shop": {"name": "Lamps"}}}))
    assert call() == {"shop": {"name": "Lamps"}}
    assert b"POST /lamps.myshopify.com/admin/api/2026-10/graphql.json HTTP/1.1" in server.requests[0]
    assert b"X-Shopify-Access-Token: shpat_x" in server.requests[0]


def test_throttling_in_an_answer_of_200_is_waited_out(serve: Serve) -> None:
    server = serve(in_turn(throttled(), throttled(), told({"data": {}})))
    assert call() == {}
    assert len(server.requests) == 3


def test_throttling_that_lasts_is_left_to_the_queue(serve: Serve) -> None:
    server = serve(throttled(requested=2000, available=0, rate=50.0))
    with pytest.raises(Unavailable, match="slow down") as caught:
        call()
    assert caught.value.retry_after_seconds == 40
    assert len(server.requests) == 1
    pace._buckets.clear()  # a store whose bucket is not known to be empty
    again = serve(throttled())
    with pytest.raises(Unavailable):
        call()
    assert len(again.requests) == client.THROTTLED_TRIES


@pytest.mark.parametrize("rate", [0, None, "x", -1])
def test_a_throttle_status_that_makes_no_sense_does_no_harm(
    serve: Serve, rate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    serve(in_turn(throttled(rate=rate), told({"data": {}})))
    assert call() == {}
    assert len(waited) == 1
    assert 0 < waited[0] <= 1


def test_a_status_of_429_waits_as_long_as_it_says(serve: Serve) -> None:
    serve(told({}, status="429 Too Many Requests", headers="Retry-After: 30\r\n"))
    with pytest.raises(Unavailable) as caught:
        call()
    assert caught.value.retry_after_seconds == 30


def graphql_error(code: str | None, message: str = "no") -> Script:
    return told({"errors": [{"message": message, **({"extensions": {"code": code}} if code else {})}]})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({}, status="402 Payment Required"), Refused),
        (told({}, status="403 Forbidden"), Refused),
        (told({}, status="404 Not Found"), Refused),
        (told({}, status="423 Locked"), Refused),
        (told({}, status="302 Found", headers="Location: https://evil.example/\r\n"), Unavailable),
        (told({}, status="500 Oops"), Unavailable),
        (told({}, status="503 Busy"), Unavailable),
        (graphql_error("ACCESS_DENIED"), Refused),
        (graphql_error("MAX_COST_EXCEEDED"), Refused),
        (graphql_error("SHOP_INACTIVE"), Refused),
        (graphql_error("INTERNAL_SERVER_ERROR"), Unavailable),
        (graphql_error(None, "Field 'x' doesn't exist"), Refused),
        (told({"errors": "text"}), Refused),
        (told({"errors": {"query": "missing"}}), Refused),
        (told({"errors": [7]}), Refused),
        (told({"data": None}), Unavailable),
        (told({"data": []}), Unavailable),
        (told({}), Unavailable),
        (told([]), Unavailable),
        (told(None), Unavailable),
        (answering(b"<html>gateway</html>"), Unavailable),
        (answering(b""), Unavailable),
        (lambda peer, head: peer.shutdown(socket.SHUT_RDWR), Unavailable),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_whether_to_try_again(
    serve: Serve, answer: Script, error: type[LoyaltyError]
) -> None:
    serve(answer)
    with pytest.raises(error) as caught:
        call()
    assert "shpat_x" not in caught.value.message


def test_a_rejected_token_is_unauthorized(serve: Serve) -> None:
    serve(told({"errors": "[API] Invalid API key or access token"}, status="401 Unauthorized"))
    with pytest.raises(Unauthorized):
        call()


@pytest.mark.parametrize("payload", [None, {}, [], {"userErrors": None}, {"userErrors": "none"}])
def test_a_mutation_that_does_not_say_what_became_of_it_is_unavailable(payload: Any) -> None:
    with pytest.raises(Unavailable):
        client.user_errors(payload)


PROFILE = {
    "name": "Lamps",
    "email": "owner@lamps.test",
    "myshopifyDomain": SHOP,
    "currencyCode": "EUR",
    "ianaTimezone": "Europe/Riga",
    "primaryDomain": {"url": "https://lamps.example"},
}


def test_a_stores_own_domain_is_its_storefront(serve: Serve) -> None:
    serve(told({"data": {"shop": PROFILE}}))
    found = profile.read_profile(SHOP, "shpat_x")
    assert (found.storefront_url, found.time_zone, found.exponent) == ("https://lamps.example", "Europe/Riga", 2)


@pytest.mark.parametrize(
    "url", [None, "", "http://lamps.example", f"https://{SHOP}", "https://u:p@lamps.example", "https://[", "https:///x"]
)
def test_without_one_it_is_the_permanent_domain(serve: Serve, url: Any, settings: Settings) -> None:
    serve(told({"data": {"shop": {**PROFILE, "primaryDomain": {"url": url}, "ianaTimezone": "Mars/Base"}}}))
    found = profile.read_profile(SHOP, "shpat_x")
    assert (found.storefront_url, found.time_zone) == (
        settings.SHOPIFY_SHOP_ORIGIN.format(shop=SHOP, name="lamps"),
        "UTC",
    )


@pytest.mark.parametrize(
    "shop",
    [None, [], {}, {**PROFILE, "myshopifyDomain": "other.myshopify.com"}, {**PROFILE, "currencyCode": "bitcoin"}],
)
def test_a_profile_of_another_store_or_of_nothing_is_not_believed(serve: Serve, shop: Any) -> None:
    serve(told({"data": {"shop": shop}}))
    with pytest.raises(LoyaltyError):
        profile.read_profile(SHOP, "shpat_x")


GRANT = {
    "access_token": "shpat_1",
    "scope": "write_discounts,read_orders",
    "expires_in": 3600,
    "refresh_token": "shprt_1",
    "refresh_token_expires_in": 7_776_000,
}


def test_an_exchange_asks_for_an_expiring_offline_token(serve: Serve) -> None:
    bodies: list[bytes] = []

    def script(peer: socket.socket, head: bytes) -> None:
        bodies.append(head)
        told(GRANT)(peer, head)

    serve(script)
    grant = tokens.exchange(SESSION, NOW)
    assert grant.access_expires_at == NOW + timedelta(hours=1)
    assert grant.refresh_expires_at == NOW + timedelta(days=90)
    assert grant.scopes == ("read_orders", "write_discounts")
    assert "shpat_1" not in repr(grant)
    assert b"POST /lamps.myshopify.com/admin/oauth/access_token" in bodies[0]


def test_a_token_without_an_end_is_taken_as_one(serve: Serve) -> None:
    serve(told({"access_token": "shpat_1", "scope": "read_orders"}))
    grant = tokens.redeem_code(SHOP, "c0de", NOW)
    assert (grant.access_expires_at, grant.refresh_token) == (None, "")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({"error": "invalid_subject_token"}, status="400 Bad Request"), Unauthorized),
        (told({"error": "invalid_grant"}, status="400 Bad Request"), Unauthorized),
        (told({"error": "invalid_client"}, status="400 Bad Request"), Refused),
        (told({"error": "invalid_client"}, status="401 Unauthorized"), Refused),
        (told({"error": ["?"]}, status="400 Bad Request"), Refused),
        (told([], status="400 Bad Request"), Refused),
        (answering(b"no", status="404 Not Found"), Refused),
        (told({}, status="429 Too Many"), Unavailable),
        (told({}, status="502 Bad Gateway"), Unavailable),
        (told({}), Unavailable),
        (told([]), Unavailable),
        (told({**GRANT, "access_token": ""}), Unavailable),
        (told({**GRANT, "access_token": 7}), Unavailable),
        (told({**GRANT, "access_token": "a\r\nX-Evil: 1"}), Unavailable),
        (told({**GRANT, "access_token": "x" * 5000}), Unavailable),
        (told({**GRANT, "expires_in": "soon"}), Unavailable),
        (told({**GRANT, "expires_in": -1}), Unavailable),
        (told({**GRANT, "expires_in": True}), Unavailable),
        (answering(b"x" * 100_000), Unavailable),
    ],
)
def test_a_token_endpoint_that_lies_grants_nothing(serve: Serve, answer: Script, error: type[LoyaltyError]) -> None:
    serve(answer)
    with pytest.raises(error) as caught:
        tokens.exchange(SESSION, NOW)
    assert "a.b.c" not in caught.value.message
