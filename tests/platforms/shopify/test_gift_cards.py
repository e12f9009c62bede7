"""Gift cards that Shopify has made, and whose search does not know them yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.models import OutboxMessage
from loyalty.platforms.shopify import gift_cards
from loyalty.platforms.shopify.gift_cards import SEARCH_BEHIND
from loyalty.services.codes import REVOKE
from loyalty.services.redemptions import cancel
from tests.platforms.shopify.stand_in import StandIn
from tests.platforms.shopify.test_rewards import LAMPS, drain, member, offer, refused, shop, take, timezone

__all__ = ["member", "shop"]


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While there is something in it, the search finds nothing; each look takes one out."""
    looks: list[bool] = []
    known = gift_cards._look_up

    def look_up(*asked: Any) -> Any:
        return None if looks and looks.pop() else known(*asked)

    monkeypatch.setattr(gift_cards, "_look_up", look_up)
    return looks


def test_a_card_that_the_search_does_not_know_yet_is_adopted_when_it_does(
    stand_in: StandIn, shop: Any, member: Any, behind: list[bool]
) -> None:
    offer(shop, kind="gift_card", value_minor=5_000)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    card = take(shop, member)
    behind.append(True)
    drain(10)
    card.refresh_from_db()
    assert (card.state, behind) == ("issuing", [])
    drain(60)
    card.refresh_from_db()
    assert card.state == "ready"


def test_nor_does_it_work_once_its_points_are_back(
    stand_in: StandIn, shop: Any, member: Any, behind: list[bool]
) -> None:
    offer(shop, kind="gift_card", value_minor=5_000)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    card = take(shop, member)
    cancel(shop=shop, number=card.number, at=timezone.now())
    behind += [True, True]
    drain()
    assert not refused(stand_in, shop, member, LAMPS, code=card.code)
    drain(120)
    assert refused(stand_in, shop, member, LAMPS, code=card.code)


def test_a_card_that_was_never_made_is_not_looked_for_for_ever(
    stand_in: StandIn, shop: Any, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(shop, kind="gift_card", value_minor=5_000)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"server_error": 1})
    card = take(shop, member)
    cancel(shop=shop, number=card.number, at=timezone.now())
    drain()
    waiting = OutboxMessage.objects.filter(shop=shop, kind=REVOKE, state="waiting")
    assert waiting.exists()
    later = timezone.now() + SEARCH_BEHIND + timedelta(seconds=1)
    monkeypatch.setattr("loyalty.platforms.shopify.gift_cards.tokens.utc_now", lambda: later)
    drain(600)
    assert not waiting.exists()
    card.refresh_from_db()
    member.refresh_from_db()
    assert (card.state, member.available) == ("returned", 600)
