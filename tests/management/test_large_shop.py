"""The shop behind the bench of pages is a shop as any other: its ledger says what its facts say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty.management.large_shop import large_shop
from loyalty.models import LedgerEntry, Member, StoredFact
from loyalty.services.auditing import audit

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.postgres
@pytest.mark.django_db
def test_copies_have_lives_of_their_own_and_books_that_agree() -> None:
    shown: list[int] = []
    shop = large_shop(movements=1_500, now=NOW, on_movements=shown.append)
    rows = LedgerEntry.objects.filter(shop=shop).count()
    assert rows == sum(shown) >= 1_500
    members = Member.objects.filter(shop=shop)
    assert members.filter(external_id__contains="c").count() == members.count() - 20 >= 40
    assert StoredFact.objects.filter(shop=shop, kind="order", number__contains="c").exists()
    audited = list(audit(shop=shop, now=NOW))
    assert sum(each.members for each in audited) == members.count()
    assert [fault for each in audited for fault in each.faults] == []
