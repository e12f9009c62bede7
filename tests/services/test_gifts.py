"""Rewards that nobody asks for are handed out once, whatever arrives later."""

from datetime import datetime, timedelta

import msgspec
import pytest

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized, Unavailable
from loyalty.engine.presets import Setting, preset
from loyalty.models import LedgerEntry, Member, OutboxMessage, Redemption, Shop, StoredFact
from loyalty.services.programs import publish
from loyalty.services.redemptions import take_up_again
from loyalty.services.replaying import replay_undone
from loyalty.worker import outbox
from loyalty.worker.schedule import fold_due
from tests.factories import T0, assert_books, balance, make_member, make_order, make_shop, place, refund_of

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)


def shop_with_a_gift_for_gold() -> Shop:
    shop = make_shop()
    program = preset("vip-spend").program(Setting(currency="EUR", exponent=2, time_zone="Europe/Riga"))
    levels = [
        msgspec.structs.replace(level, entry_points=0, entry_rewards=("off-10",) if level.id == "gold" else ())
        for level in program.tiers
    ]
    publish(shop=shop, program=msgspec.structs.replace(program, tiers=tuple(levels)), at=T0 + timedelta(days=1))
    return shop


def gifts(shop: Shop) -> list[Redemption]:
    return list(Redemption.objects.filter(shop=shop))


def test_entering_a_tier_brings_its_gift_once_without_a_point() -> None:
    shop = shop_with_a_gift_for_gold()
    make_member(shop)
    place(shop, make_order("1", at=NOW, prices=(99_999,)))
    assert gifts(shop) == []
    place(shop, make_order("2", at=NOW + timedelta(hours=1), prices=(1,)))
    [gift] = gifts(shop)
    assert (gift.reward, gift.points, gift.value_minor, gift.state) == ("off-10", 0, 1_000, "reserved")
    assert gift.expires_at == gift.accepted_at + timedelta(days=30)
    assert OutboxMessage.objects.filter(shop=shop, kind="reward.give", subject=str(gift.number)).count() == 1
    place(shop, make_order("3", at=NOW + timedelta(hours=2), prices=(50_000,)))
    fold_due(now=NOW + timedelta(days=400))
    assert len(gifts(shop)) == 1
    assert_books(shop)


def test_a_refund_that_takes_the_ground_away_takes_no_gift_back_and_the_way_up_again_brings_no_second() -> None:
    shop = shop_with_a_gift_for_gold()
    make_member(shop)
    order = make_order("1", at=NOW, prices=(120_000,))
    place(shop, order)
    assert len(gifts(shop)) == 1
    back = refund_of(order, 0, 120_000, at=NOW + timedelta(days=1))
    refunded = msgspec.structs.replace(order, refunds=(back,), updated_at=back.at)
    place(shop, refunded)
    assert balance(shop) == 0
    place(shop, make_order("2", at=NOW + timedelta(days=2), prices=(130_000,)))
    assert [gift.state for gift in gifts(shop)] == ["reserved"]
    assert StoredFact.objects.filter(shop=shop, kind="issued").count() == 1
    assert_books(shop)


def test_the_code_of_a_gift_was_not_paid_with_points() -> None:
    """An order that used one earns for all that was paid, and its refund returns nothing to anybody."""
    shop = shop_with_a_gift_for_gold()
    make_member(shop)
    place(shop, make_order("1", at=NOW, prices=(120_000,)))
    [gift] = gifts(shop)
    before = balance(shop)
    order = make_order("2", at=NOW + timedelta(hours=1), prices=(11_000,), discount=1_000, codes=(gift.code,))
    place(shop, order)
    assert balance(shop) == before + 150
    gift.refresh_from_db()
    assert (gift.state, gift.order_id) == ("used", "2")
    back = refund_of(order, 0, 10_000, at=NOW + timedelta(days=1))
    place(shop, msgspec.structs.replace(order, refunds=(back,), updated_at=back.at))
    assert balance(shop) == before
    assert not LedgerEntry.objects.filter(shop=shop, kind="returned").exists()
    assert Member.objects.get(shop=shop).available == before


class Store:
    """A platform that makes codes while it has no `error`."""

    def __init__(self) -> None:
        self.error: LoyaltyError | None = None
        self.made: list[str] = []

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        if self.error is not None:
            raise self.error
        self.made.append(redemption.code)
        return "coupon"

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        """Nothing was made."""


def work(now: datetime) -> None:
    while outbox.drain_codes(now=now):
        pass


@pytest.mark.parametrize("error", [Refused("No more codes."), Unauthorized("Open the app."), Unavailable("No answer.")])
def test_a_gift_that_could_not_be_made_is_owed_until_it_is_and_made_once(
    error: LoyaltyError, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    monkeypatch.setattr(outbox, "platform_of", lambda shop: store)
    shop = shop_with_a_gift_for_gold()
    make_member(shop)
    store.error = error
    place(shop, make_order("1", at=NOW, prices=(120_000,)))
    for hour in range(1, 14):
        work(NOW + timedelta(hours=hour))
    assert [gift.state for gift in gifts(shop)] == ["failed"]
    tomorrow = NOW + timedelta(days=1)
    assert replay_undone(shop=shop, now=tomorrow) == 1
    store.error = None
    for hour in range(3):
        work(tomorrow + timedelta(hours=hour))
        replay_undone(shop=shop, now=tomorrow)
        place(shop, make_order(f"after {hour}", at=NOW + timedelta(hours=1), prices=(50_000,)))
    [failed, given] = Redemption.objects.filter(shop=shop).order_by("pk")
    assert (failed.state, given.state, store.made) == ("failed", "ready", [given.code])
    assert given.expires_at == given.accepted_at + timedelta(days=30)
    assert_books(shop)


def test_a_gift_is_made_when_the_store_lets_us_in_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(outbox, "platform_of", lambda shop: store)
    shop = shop_with_a_gift_for_gold()
    make_member(shop)
    store.error = Unauthorized("Open the app.")
    place(shop, make_order("1", at=NOW, prices=(120_000,)))
    work(NOW)
    store.error = None
    for day in (1, 2):
        take_up_again(shop=shop, at=NOW + timedelta(days=day))
        work(NOW + timedelta(days=day))
    assert len(store.made) == 1
    assert Redemption.objects.filter(shop=shop, state="ready").count() == 1
    assert_books(shop)
