"""POST estimate at both doors: asked by guests and members, changing nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from loyalty.models import InboxDelivery, LedgerEntry, Shop, StoredFact
from storefront_widget.reads import READS_A_MINUTE
from tests.factories import ALICE, make_member
from tests.storefront_widget.conftest import Storefront, signed_query

pytestmark = pytest.mark.django_db
LINE = {"price_minor": 1_450, "quantity": 2, "product": "8001", "collections": ["31"]}


def proxied(shop: Shop, customer: str = "", body: object = None) -> HttpResponse:
    return Client().post(
        f"/shopify/proxy/estimate?{signed_query(shop, customer)}",
        data=json.dumps(body or {"lines": [LINE]}),
        content_type="application/json",
        headers={"X-Regulars": "1"},
    )


def test_guests_strangers_and_members_hear_it_at_both_doors_and_nothing_is_written(shopify: Shop, ecwid: Shop) -> None:
    make_member(shopify, points=10)
    make_member(ecwid, points=10)
    mailed = Storefront(ecwid)
    guest = mailed.post("estimate", {"lines": [LINE]})
    before = (StoredFact.objects.across_shops().count(), LedgerEntry.objects.across_shops().count())
    said = {"points": 29, "least": False}
    assert (guest.status_code, guest.json()) == (200, said)
    assert [proxied(shopify, customer).json() for customer in ("", "999", ALICE.external_id)] == [said] * 3
    mailed.sign_in(ALICE.email)
    assert mailed.post("estimate", {"lines": [LINE], "off_minor": 900}).json() == {"points": 20, "least": False}
    assert (StoredFact.objects.across_shops().count(), LedgerEntry.objects.across_shops().count()) == before
    assert not InboxDelivery.objects.across_shops().exists()


def test_it_costs_eight_questions_at_most(shopify: Shop, django_assert_max_num_queries: Any) -> None:
    make_member(shopify, points=10)
    with django_assert_max_num_queries(8):
        assert proxied(shopify, ALICE.external_id).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"lines": []},
        {"lines": [{**LINE, "quantity": 0}]},
        {"lines": [{**LINE, "price_minor": -1}]},
        {"lines": [{**LINE, "price_minor": 10**15}]},
        {"lines": [{**LINE, "price_minor": 10**12, "quantity": 10**6}]},
        {"lines": [{**LINE, "member": 1}]},
        {"lines": [LINE] * 201},
        {"lines": [{**LINE, "collections": ["1"] * 251}]},
        {"lines": [LINE], "off_minor": -5},
        {"lines": [{**LINE, "product": "a\x00"}]},
    ],
)
def test_goods_that_nobody_sells_are_refused_with_a_sentence(ecwid: Shop, body: object) -> None:
    answer = Storefront(ecwid).post("estimate", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]


def test_a_cart_of_two_hundred_lines_fits_and_a_larger_body_does_not(ecwid: Shop) -> None:
    line = {**LINE, "variant": "1" * 20, "vendor": "v" * 60}
    assert Storefront(ecwid).post("estimate", {"lines": [line] * 200}).status_code == 200
    assert Storefront(ecwid).post("estimate", {"lines": [{**line, "vendor": "v" * 250}] * 200}).status_code == 413


def test_whoever_asks_without_end_is_told_to_wait(ecwid: Shop) -> None:
    store = Storefront(ecwid)
    codes = {store.post("estimate", {"lines": [LINE]}).status_code for _ in range(READS_A_MINUTE + 1)}
    assert codes == {200, 429}
