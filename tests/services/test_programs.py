"""Publishing: a version that never changes, from an instant that is not in the past, for every member."""

from datetime import timedelta

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.presets import Setting, preset
from loyalty.models import LedgerEntry, Member, ProgramVersion
from loyalty.services.programs import publish
from loyalty.worker.schedule import fold_due
from tests.factories import T0, assert_books, balance, make_member, make_order, make_shop, place

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
EUROS = Setting(currency="EUR", exponent=2, time_zone="Europe/Riga")


def test_orders_are_judged_by_the_version_of_their_day() -> None:
    shop = make_shop()
    make_member(shop, points=100)
    publish(shop=shop, program=preset("stars").program(EUROS, {"payment_method": "card"}), at=NOW)
    place(shop, make_order("before", at=NOW - timedelta(days=1), prices=(1_000,)), at=NOW + timedelta(days=2))
    place(shop, make_order("after", at=NOW + timedelta(days=1), prices=(1_000,)), at=NOW + timedelta(days=2))
    assert balance(shop) == 120
    assert list(ProgramVersion.objects.filter(shop=shop).values_list("number", flat=True)) == [1, 2]


def test_every_member_is_folded_when_the_version_begins_and_not_before() -> None:
    shop = make_shop()
    member = make_member(shop, points=100)
    vip = preset("vip-spend").program(EUROS)
    publish(shop=shop, program=vip, at=NOW, in_force_from=NOW + timedelta(days=1))
    assert fold_due(now=NOW) == 0
    assert fold_due(now=NOW + timedelta(days=1)) == 1
    member.refresh_from_db()
    assert member.tier == "member"
    assert_books(shop)


def test_a_version_in_the_past_or_in_another_currency_is_refused_and_nothing_changes() -> None:
    shop = make_shop()
    program = preset("points").program(EUROS)
    with pytest.raises(Invalid, match="in the past"):
        publish(shop=shop, program=program, at=NOW, in_force_from=NOW - timedelta(seconds=1))
    with pytest.raises(Invalid, match="sells in EUR"):
        publish(shop=shop, program=msgspec.structs.replace(program, currency="USD"), at=NOW)
    publish(shop=shop, program=program, at=NOW, in_force_from=NOW + timedelta(days=7))
    with pytest.raises(Invalid, match="Version 2 begins later"):
        publish(shop=shop, program=program, at=NOW + timedelta(days=1))
    assert ProgramVersion.objects.filter(shop=shop).count() == 2
    assert not LedgerEntry.objects.filter(shop=shop).exists()
    assert not Member.objects.filter(shop=shop).exists()
