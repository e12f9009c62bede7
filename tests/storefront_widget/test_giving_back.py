"""An unused code goes back for its points: its owner's word alone, once, and not where the program keeps to it."""

import pytest

from loyalty.models import LedgerEntry, OutboxMessage, Redemption, Shop
from loyalty.platforms import registry
from tests.factories import ALICE, BOB, balance, make_member, make_order, place
from tests.storefront_widget.conftest import Proxied

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(shopify: Shop, monkeypatch: pytest.MonkeyPatch) -> Proxied:
    monkeypatch.setattr(registry.platform_named("shopify"), "revoke", lambda shop, redemption: None)
    make_member(shopify, points=520)
    make_member(shopify, BOB, points=520)
    return Proxied(shopify, ALICE.external_id)


def test_giving_a_code_back_returns_the_points_and_takes_the_code_away_once(alice: Proxied) -> None:
    made = alice.redeem().json()
    assert made["cancellable"] is True
    for _ in range(2):
        answer = alice.cancel(made["id"])
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["code"]) == ("returned", "")
    assert balance(alice.shop) == 520
    assert LedgerEntry.objects.filter(shop=alice.shop, kind="returned").count() == 1
    assert [row.state for row in OutboxMessage.objects.filter(shop=alice.shop, kind="reward.revoke")] == ["done"]


def test_nobody_gives_back_what_is_anothers(alice: Proxied) -> None:
    made = alice.redeem().json()
    assert Proxied(alice.shop, BOB.external_id).cancel(made["id"]).status_code == 404
    assert Proxied(alice.shop).cancel(made["id"]).status_code == 401
    assert Redemption.objects.get(shop=alice.shop).state == "ready"


def test_a_form_of_another_site_gives_nothing_back(alice: Proxied) -> None:
    made = alice.redeem().json()
    assert alice.cancel(made["id"], **{"X-Regulars": ""}).status_code == 403
    assert Redemption.objects.get(shop=alice.shop).state == "ready"


def test_a_used_code_is_not_given_back(alice: Proxied) -> None:
    made = alice.redeem().json()
    place(alice.shop, make_order("used", codes=(made["code"],), prices=(1_000,), paid=False))
    answer = alice.cancel(made["id"])
    assert answer.status_code == 409
    assert "used for an order" in answer.json()["detail"]
    assert balance(alice.shop) == 20


def test_where_the_program_keeps_to_it_a_code_stays(alice: Proxied) -> None:
    made = alice.redeem().json()
    redemption = Redemption.objects.get(shop=alice.shop)
    redemption.reward_data["cancellable"] = False
    redemption.save()
    answer = alice.cancel(made["id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "not_cancellable")
    assert alice.get(f"redemptions/{made['id']}").json()["cancellable"] is False
    assert balance(alice.shop) == 20
