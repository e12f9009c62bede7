"""Answers that the stand-in would never give: another store's, another order's, cut off, endless, of the wrong kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Invalid, LoyaltyError, NotFound, Refused, Unauthorized, Unavailable
from loyalty.models import Redemption
from loyalty.platforms.ecwid.client import Client
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.platforms.ecwid.profile import read_profile
from loyalty.services import shops
from loyalty.services.observations import Grant, StoreProfile
from tests.platforms.ecwid.stand_in import AT, notice
from tests.platforms.faulty_server import FaultyServer, answering

pytestmark = pytest.mark.django_db(transaction=True)
Answer = Callable[..., FaultyServer]


@pytest.fixture
def answer(settings: Settings) -> Iterator[Answer]:
    """Starts a server that gives every call the same answer, and points our settings at it."""
    servers: list[FaultyServer] = []

    def start(body: Any, **options: str) -> FaultyServer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        servers.append(FaultyServer(answering(raw, **options)))
        settings.SANDBOX_URL = settings.ECWID_API_URL = servers[-1].url
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def installed() -> Any:
    profile = StoreProfile(
        external_id="1003", name="Paper Heron", email="", currency="EUR", exponent=2, time_zone="UTC"
    )
    return shops.install(platform="ecwid", profile=profile, grant=Grant(access_token="secret_0123456789"), at=AT)


def profile(**general: Any) -> dict[str, Any]:
    return {"generalInfo": {"storeId": 1003, **general}, "formatsAndUnits": {"currency": "EUR"}}


def test_a_profile_of_another_store_is_no_proof(answer: Answer) -> None:
    answer(profile(storeId=1004))
    with pytest.raises(Unauthorized):
        read_profile(Client("1003", "secret_0123456789"))


def test_a_profile_with_little_in_it_is_enough(answer: Answer) -> None:
    answer(profile(storeUrl="javascript:alert(1)"))
    read = read_profile(Client("1003", "secret_0123456789"))
    assert (read.name, read.time_zone, read.locale, read.storefront_url) == ("Store 1003", "UTC", "en", "")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"generalInfo": None},
        {"generalInfo": {"storeId": 1003}},
        {"generalInfo": {"storeId": 1003}, "formatsAndUnits": {"currency": "euro"}},
        {"generalInfo": {"storeId": 1003}, "formatsAndUnits": {"currency": None}},
    ],
)
def test_a_profile_without_store_or_currency_cannot_be_used(answer: Answer, document: dict[str, Any]) -> None:
    answer(document)
    with pytest.raises(Invalid):
        read_profile(Client("1003", "secret_0123456789"))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("200 OK", b"<html>", Unavailable),
        ("200 OK", b"[]", Invalid),
        ("200 OK", b'{"a":' * 50 + b"1" + b"}" * 50, Unavailable),
        ("204 No Content", b"", Unavailable),
        ("302 Found", b"", Unavailable),
        ("400 Bad Request", b'{"errorMessage": "name is required"}', Refused),
        ("401 Unauthorized", b"", Unauthorized),
        ("402 Payment Required", b"", Refused),
        ("403 Forbidden", b"not json", Unauthorized),
        ("404 Not Found", b"", NotFound),
        ("408 Request Timeout", b"", Unavailable),
        ("429 Too Many", b"", Unavailable),
        ("500 Oops", b"[1]", Unavailable),
    ],
)
def test_every_status_means_one_thing(answer: Answer, status: str, body: bytes, error: type[LoyaltyError]) -> None:
    answer(body, status=status)
    with pytest.raises(error):
        Client("1003", "secret_0123456789").get("profile")


def test_the_token_travels_as_bearer_and_never_in_the_address(answer: Answer) -> None:
    server = answer(profile())
    Client("1003", "secret_0123456789").get("orders", {"ids": "1"})
    head = server.requests[0].decode()
    assert head.startswith("GET /1003/orders?ids=1 HTTP")
    assert "\r\nAuthorization: Bearer secret_0123456789\r\n" in head


def test_a_list_that_never_ends_is_left(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.platforms.ecwid.client.MAX_PAGES", 3)
    server = answer({"total": 10**9, "items": [{}]})
    with pytest.raises(Invalid, match="longer"):
        list(Client("1003", "secret_0123456789").pages("orders", {}))
    assert len(server.requests) == 3


def test_an_answer_with_another_order_is_not_used(answer: Answer) -> None:
    shop = installed()
    answer({"id": "OTHER", "paymentStatus": "PAID", "createDate": "2026-03-01 09:00:00 +0000"})
    with pytest.raises(Invalid, match="another order"):
        notice(shop, "order.updated", storeId=1003, data={"orderId": "K8XTQ"})


def test_our_coupon_is_known_again_whatever_the_capitals_of_its_code(answer: Answer) -> None:
    shop = installed()
    wanted = Redemption(
        shop=shop, number="6d4c9f0e-4a5b-4f2e-9c0d-2f5b8a7e1c3d", code="HJKM-2346-TUVW", value_minor=500
    )
    wanted.reward_data = {"kind": "amount_off"}
    server = answer({"items": [{"id": 77, "code": "hjkm-2346-tuvw", "name": f"Points reward {wanted.number}"}]})
    assert EcwidPlatform().issue(shop, wanted) == "77"
    assert len(server.requests) == 1
