"""What a transactional test leaves behind: nothing, and the ledger's guards in their place."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction

from loyalty.models import LedgerEntry, Member, Shop, guards
from tests.factories import ALICE, make_member, make_shop
from tests.flush import KEPT, empty


@pytest.mark.django_db(transaction=True)
def test_the_flush_empties_every_table_and_leaves_guards_and_permissions() -> None:
    make_member(make_shop(), ALICE, points=100)
    assert LedgerEntry.objects.across_shops().exists()
    permissions = Permission.objects.count()
    empty(connection)
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
    assert Permission.objects.count() == permissions > 100
    assert guards.are_installed(connection)


@pytest.mark.django_db(transaction=True)
def test_after_a_flush_the_guards_still_say_no_and_foreign_keys_hold() -> None:
    empty(connection)
    make_member(make_shop(), ALICE, points=100)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM loyalty_ledgerentry")
    with pytest.raises(DatabaseError), transaction.atomic():
        Member.objects.create(shop=Shop(pk=10**9), external_id="nobody")
    assert LedgerEntry.objects.across_shops().exists()
