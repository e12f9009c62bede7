"""Every address that the resolver knows, by everybody: outsiders, people of another shop, each role."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.models import Shop
from tests.access.every_address import address_of, routes
from tests.access.expectations import INSIDE, WHO, expected
from tests.admin.test_admin import filled, person

ROUTES = list(routes())


def of(who: str, ours: Shop, theirs: Shop) -> Client:
    if who == "nobody":
        return Client()
    if who == "without a shop":
        return person()
    return person(ours, who) if who in INSIDE else person(theirs, "owner")


def rows() -> dict[str, int]:
    """How many each of our tables has, but for the counters that brakes write."""
    models = [model for model in apps.get_app_config("loyalty").get_models() if model.__name__ != "RateCounter"]
    return {model.__name__: model._base_manager.count() for model in models}


def test_every_address_has_an_expectation() -> None:
    assert len(ROUTES) > 100
    for route in ROUTES:
        expected(route)


def test_an_address_of_which_nothing_is_said_fails() -> None:
    with pytest.raises(LookupError, match="no/such/address has 0 expectations"):
        expected("no/such/address")


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_what_is_expected_and_changes_nothing(who: str, settings: Settings) -> None:
    settings.SHOPIFY_API_SECRET = "shpss_0123456789abcdef0123456789abcdef"
    settings.ACCOUNT_RATE_LIMITS = False
    ours, theirs = filled("Alice"), filled("Bob")
    person(ours, "owner")
    browser, *leaving = (of(who, ours, theirs) for _ in range(3))
    shop_key = f"{ours.platform}:{ours.external_id}"
    found, wanted = {}, {}
    before = rows()
    for route in ROUTES:
        address = address_of(route, ours)
        if route.startswith("widget/"):
            address += f"?shop={shop_key}"
        asked = leaving.pop() if route.endswith("logout/") else browser
        answers = [asked.get(address), asked.post(address)]
        found[route] = tuple(answer.status_code for answer in answers)
        wanted[route] = expected(route)[who]
        if who not in INSIDE and not route.startswith("widget/v1/config"):
            for answer in answers:
                assert b"Alice-Shopper" not in answer.getvalue(), route
    assert {route: each for route, each in found.items() if each != wanted[route]} == {}
    assert rows() == before
