"""Every fault of a session token at every place where one is taken: 401, and not a row of the database has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client

from loyalty.models import Member, Shop
from loyalty.platforms.shopify.session import REQUIRED
from tests.dump import dump
from tests.factories import make_member, make_shop
from tests.platforms.shopify.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db
KEY = rsa.generate_private_key(65537, 2048)
OTHER = "another.myshopify.com"

Ask = Callable[[Member, str], HttpResponse]
Fault = Callable[[str], str]


def claims(shop: str, **changes: Any) -> dict[str, Any]:
    seconds = int(datetime.now(UTC).timestamp())
    whole = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": seconds + 50,
        "nbf": seconds - 10,
        "iat": seconds - 10,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token(shop: str, secret: str = SECRET, **changes: Any) -> str:
    return jwt.encode(claims(shop, **changes), secret, algorithm="HS256")


def ago(seconds: int) -> int:
    return int(datetime.now(UTC).timestamp()) - seconds


FAULTS: dict[str, Fault] = {
    "expired": lambda shop: token(shop, exp=ago(60)),
    "early": lambda shop: token(shop, nbf=ago(-60)),
    "wrong aud": lambda shop: token(shop, aud="another"),
    "iss of another shop": lambda shop: token(shop, iss=f"https://{OTHER}/admin"),
    "dest elsewhere": lambda shop: token(shop, dest="https://evil.example", iss="https://evil.example/admin"),
    "newline after the domain": lambda shop: token(shop, dest=f"https://{shop}\n"),
    "newline in both": lambda shop: token(shop, dest=f"https://{shop}\n", iss=f"https://{shop}\n/admin"),
    "none": lambda shop: jwt.encode(claims(shop), None, algorithm="none"),
    "RS256": lambda shop: jwt.encode(claims(shop), KEY, algorithm="RS256"),
    "HS512": lambda shop: jwt.encode(claims(shop), SECRET * 2, algorithm="HS512"),
    "another secret": lambda shop: token(shop, secret="shpss_ffffffffffffffffffffffffffffffff"),
    "not ASCII": lambda shop: token(shop)[:-1] + "é",
    "no signature": lambda shop: token(shop).rpartition(".")[0] + ".",
    "a customer's": lambda shop: token(shop, sub="gid://shopify/Customer/7001"),
    "no token": lambda shop: "",
    **{f"no {name}": (lambda shop, name=name: token(shop, **{name: None})) for name in REQUIRED},
}
OVER = ("expired", "no token")
"""What happens to honest people: their browser gets a fresh one."""


def by_header(path: str, method: str = "get") -> Ask:
    def ask(member: Member, given: str) -> HttpResponse:
        call = getattr(Client(), method)
        form = {"points": "5", "reason": "x", "key": "k"}
        return call(path.format(member.pk), form, headers={"Authorization": f"Bearer {given}"})

    return ask


def by_address(path: str) -> Ask:
    return lambda member, given: Client().get(path.format(member.pk), {"id_token": given, "embedded": "1"})


PLACES: dict[str, Ask] = {
    "the app's home": by_address("/shopify/"),
    "a page of the dashboard": by_address("/dashboard/members/{}/"),
    "a fetch": by_header("/dashboard/members/{}/"),
    "a form that gives points": by_header("/dashboard/members/{}/adjust/", "post"),
}


@pytest.fixture
def member() -> Member:
    return make_member(make_shop(), points=20)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_401_and_changes_nothing(member: Member, fault: str, place: str) -> None:
    domain = member.shop.external_id
    before = dump()
    answer = PLACES[place](member, FAULTS[fault](domain))
    assert answer.status_code == 401
    assert "Alice" not in answer.content.decode()
    assert dump() == before
    if place in ("a fetch", "a form that gives points"):
        assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"


@pytest.mark.parametrize("place", ["a page of the dashboard", "a fetch"])
def test_without_the_fault_it_is_let_in(member: Member, place: str) -> None:
    answer = PLACES[place](member, token(member.shop.external_id))
    assert answer.status_code == 200
    assert "Alice" in answer.content.decode()


@pytest.mark.parametrize("fault", OVER)
def test_who_names_the_store_as_well_gets_a_fresh_token(member: Member, fault: str) -> None:
    """The same honest fault with the admin's own query: by way of the patch page, and still nothing has changed."""
    domain = member.shop.external_id
    before = dump()
    for path in ("/shopify/", f"/dashboard/members/{member.pk}/"):
        answer = Client().get(path, {"id_token": FAULTS[fault](domain), "shop": domain, "embedded": "1"})
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/shopify/patch?")
        assert "id_token" not in answer.headers["Location"]
    assert dump() == before


def test_a_token_of_one_store_opens_nothing_of_another(member: Member) -> None:
    other = make_shop()
    for place in ("a page of the dashboard", "a fetch", "a form that gives points"):
        assert PLACES[place](member, token(other.external_id)).status_code == 404
    assert Shop.objects.count() == 2


def test_a_store_that_we_do_not_know_is_let_in_nowhere_but_at_home(member: Member) -> None:
    for place in ("a page of the dashboard", "a fetch", "a form that gives points"):
        assert PLACES[place](member, token("unknown.myshopify.com")).status_code == 401
