"""What a forgotten store leaves: no table keeps a row of it but the ledger's own."""

from __future__ import annotations

import pytest
from django.db import models

from loyalty.models import LedgerEntry, Member, OutboxMessage, Shop
from loyalty.services.forgetting_shops import _of_shops, forget_shop
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.redemptions import redeem
from loyalty.services.shops import install, uninstall
from tests.factories import ALICE, BOB, T0, make_member, make_shop

pytestmark = pytest.mark.django_db


def profile(shop: Shop) -> StoreProfile:
    return StoreProfile(
        external_id=shop.external_id, name="Back", email="", currency="EUR", exponent=2, time_zone="Europe/Riga"
    )


def left_shop() -> Shop:
    shop = make_shop()
    member = make_member(shop, ALICE, points=900)
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)
    make_member(shop, BOB)
    uninstall(shop=shop, at=T0)
    shop.refresh_from_db()
    return shop


def test_every_table_is_empty_of_it_and_a_second_time_changes_nothing() -> None:
    shop = left_shop()
    rows = LedgerEntry.objects.filter(shop=shop).count()
    for _ in range(2):
        assert forget_shop(shop=shop, at=T0)
        for model in _of_shops():
            assert not model._base_manager.filter(shop=shop).exists(), model
        assert not OutboxMessage.objects.filter(shop=shop).exists()
        assert LedgerEntry.objects.filter(shop=shop).count() == rows > 0
        assert [member.external_id for member in Member.objects.filter(shop=shop)] == [None]


def test_nothing_that_is_deleted_is_held_by_something_else_that_is() -> None:
    """In whatever order: a row that protects another one of the same shop would stop half way."""
    tables = {*_of_shops(), OutboxMessage}
    held = [
        field
        for model in tables
        for field in model._meta.concrete_fields
        if field.related_model in tables and field.remote_field.on_delete in (models.PROTECT, models.RESTRICT)
    ]
    assert held == []


def test_a_store_that_returns_is_a_new_one() -> None:
    shop = left_shop()
    domain = profile(shop)
    forget_shop(shop=shop, at=T0)
    again = install(platform="shopify", profile=domain, grant=Grant(access_token="t"), at=T0)
    assert again.pk != shop.pk
    assert not Member.objects.filter(shop=again).exists()


def test_a_store_that_is_here_is_not_forgotten() -> None:
    shop = make_shop()
    make_member(shop, points=5)
    assert not forget_shop(shop=shop, at=T0)
    assert Member.objects.get(shop=shop).name
