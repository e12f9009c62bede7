"""Every kind of reward on every platform: from points to what was promised, and to a paid order where an order uses it;
or the sentence that says why this platform does not carry it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, get_args

import msgspec
import pytest

from loyalty.engine.facts import Order, decode
from loyalty.engine.program import Reward, RewardKind
from loyalty.models import LedgerEntry, PartnerCode, Redemption, StoredFact
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import platform_of
from loyalty.selectors.programs import version_in_force
from loyalty.services import partner_codes
from loyalty.services.programs import publish
from loyalty.services.redemptions import mark_done
from loyalty.worker import schedule
from storefront_widget.config import carried
from tests.factories import assert_books
from tests.platforms.stores import NOW, Store, sandbox_url, stores

__all__ = ["sandbox_url", "stores"]
pytestmark = pytest.mark.django_db(transaction=True)
PLATFORMS = ("shopify", "ecwid")
START, PRICE, SHIPPING_MINOR = 1_000, 500, 500
LAMP = {"title": "Lamp", "price": "60.00"}


@pytest.fixture
def shipping_minor() -> int:
    return SHIPPING_MINOR


@dataclass(frozen=True)
class Case:
    """A reward, and what becomes of it. `saves_minor` is what an order with its code costs less; where that is none,
    `told` judges it by itself. `cannot` has, by platform, words of the sentence why not."""

    reward: dict[str, Any]
    saves_minor: int = 0
    points: int | None = None
    spent: int = PRICE
    told: Callable[[Store, Redemption], None] | None = None
    cannot: dict[str, str] = field(default_factory=dict)


def pays_as_gift_card(store: Store, redemption: Redemption) -> None:
    """Orders do not say which card paid, so it stays as it is: money in somebody's hands."""
    assert (redemption.state, redemption.expires_at) == ("ready", None)
    assert "gift_card" in placed(store, [LAMP], code=redemption.code).payment_methods


def pays_as_store_credit(store: Store, redemption: Redemption) -> None:
    assert redemption.state == "used"
    assert "shopify_store_credit" in placed(store, [LAMP], use_credit=True).payment_methods


def is_handed_over_by_staff(store: Store, redemption: Redemption) -> None:
    assert redemption.state == "ready"
    done = mark_done(shop=store.shop, number=redemption.number, note="Friday at six.", actor="staff 1", at=NOW)
    assert (done.state, done.note) == ("used", "Friday at six.")


def is_open_until_it_ends(store: Store, redemption: Redemption) -> None:
    assert (redemption.state, redemption.expires_at) == ("ready", redemption.accepted_at + timedelta(days=30))
    assert schedule.end_access(now=redemption.accepted_at + timedelta(days=30)) == 1
    redemption.refresh_from_db()
    assert redemption.state == "used"


def is_a_code_of_the_partner(store: Store, redemption: Redemption) -> None:
    assert redemption.state == "ready"
    handed_out = PartnerCode.objects.get(shop=store.shop, redemption=redemption)
    assert handed_out.code == "CINEMA-1"


NO_MONEY = {"ecwid": "lets no app"}
CASES: dict[RewardKind, Case] = {
    "amount_off": Case({"value_minor": 500, "minimum_order_minor": 3_000}, saves_minor=500),
    "percent_off": Case({"percent": 10}, saves_minor=600),
    "free_shipping": Case({}, saves_minor=SHIPPING_MINOR),
    "free_product": Case({"products": "THE PRODUCT"}, saves_minor=-1),
    "points_slider": Case(
        {"points": 100, "value_minor": 250, "maximum_percent": 50}, points=700, spent=700, saves_minor=1_750
    ),
    "gift_card": Case({"value_minor": 500}, told=pays_as_gift_card, cannot=NO_MONEY),
    "store_credit": Case({"value_minor": 500}, told=pays_as_store_credit, cannot=NO_MONEY),
    "cashback": Case({"points": 100, "value_minor": 100}, spent=START, told=pays_as_store_credit, cannot=NO_MONEY),
    "access": Case({"link": "https://shop.example/evening", "cancellable": False}, told=is_open_until_it_ends),
    "custom": Case({}, told=is_handed_over_by_staff),
    "partner": Case({"description": "Type it at the till.", "cancellable": False}, told=is_a_code_of_the_partner),
}


def offered(store: Store, kind: RewardKind) -> Reward:
    """The program with this reward alone, and the points for it."""
    case = CASES[kind]
    fields = {"points": PRICE, **case.reward}
    if fields.get("products") == "THE PRODUCT":
        number, price_minor = product(store)
        fields |= {"products": (number,), "value_minor": price_minor}
    reward = Reward(id="it", name="It", kind=kind, **fields)
    version = version_in_force(store.shop, NOW)
    assert version is not None
    publish(shop=store.shop, program=msgspec.structs.replace(version.program, rewards=(reward,)), at=NOW)
    if kind == "partner":
        partner_codes.upload(shop=store.shop, reward_id="it", text="CINEMA-1\nCINEMA-2", usable_until=None, at=NOW)
    store.order(("Typewriter", f"{START}.00"), at=60)
    store.hear()
    return reward


def product(store: Store) -> tuple[str, int]:
    """Something the store sells in one form: its number and its price."""
    found = store.ask("GET", f"/shops/{store.name}/products")
    for each in found:
        if store.platform == "ecwid":
            return str(each["id"]), int(each["price_minor"])
        if len(each["variants"]) == 1 and not each.get("gift_card"):
            return str(each["id"]), int(each["variants"][0]["price_minor"])
    raise LookupError("The store sells nothing.")


def placed(store: Store, lines: list[dict[str, Any]], **more: Any) -> Order:
    """A paid order of now, as the app knows it once it has heard."""
    body = {"lines": lines, "email": "noor@example.com", "at": datetime.now(UTC).isoformat(), **more}
    number = str(store.ask("POST", f"/shops/{store.name}/orders", body)["id"])
    store.hear()
    found = decode(StoredFact.objects.get(shop=store.shop, kind="order", external_id=number).body)
    assert isinstance(found, Order)
    assert found.paid_at is not None
    return found


def test_every_kind_has_its_story() -> None:
    assert set(CASES) == set(get_args(RewardKind))


@pytest.mark.parametrize("kind", CASES)
def test_a_reward_is_redeemed_and_used_or_says_why_it_cannot_be(stores: list[Store], kind: RewardKind) -> None:
    for store in stores:
        reward = offered(store, kind)
        why_not = CASES[kind].cannot.get(store.platform, "")
        if why_not:
            _is_not_carried(store, reward, why_not)
        else:
            _is_carried(store, reward, CASES[kind])
        assert_books(store.shop)


def _is_not_carried(store: Store, reward: Reward, why: str) -> None:
    """It is shown to nobody, and who asks for it all the same has the points back."""
    program = version_in_force(store.shop, NOW)
    assert program is not None
    sentence = platform_of(store.shop).cannot_carry(Permits(store.shop), reward)
    assert why in sentence
    assert carried(store.shop, program.program) == []
    refused = store.redeem("it", CASES[reward.kind].points)
    assert refused.state == "failed", store.platform
    assert store.member.available == START


def _is_carried(store: Store, reward: Reward, case: Case) -> None:
    assert platform_of(store.shop).cannot_carry(Permits(store.shop), reward) == "", store.platform
    redemption = store.redeem("it", case.points)
    assert store.member.available == START - case.spent, (store.platform, redemption.failure)
    if case.told is not None:
        case.told(store, redemption)
    else:
        _is_used_by_an_order(store, reward, redemption, case)
    spent = LedgerEntry.objects.filter(shop=store.shop, kind="redeemed").values_list("points", flat=True)
    assert [*spent] == [-case.spent]


def _is_used_by_an_order(store: Store, reward: Reward, redemption: Redemption, case: Case) -> None:
    lines: list[dict[str, Any]] = [LAMP]
    if reward.products:
        lines = [LAMP, {"product": int(reward.products[0]), "quantity": 1}]
    plain = placed(store, lines)
    order = placed(store, lines, code=redemption.code)
    saves_minor = reward.value_minor if reward.products else case.saves_minor
    assert plain.total_minor - order.total_minor == saves_minor, store.platform
    assert plain.total_minor > saves_minor > 0
    redemption.refresh_from_db()
    assert (redemption.state, redemption.order_id) == ("used", order.id)
    with pytest.raises(AssertionError):
        placed(store, lines, code=redemption.code)


def test_the_demos_check_redeems_every_kind_that_a_platform_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_SANDBOX", "1")
    walk = import_module("loyalty.sandbox.walk")
    for story in (walk.Shopify, walk.Ecwid):
        carried_here = {kind for kind, case in CASES.items() if story.platform not in case.cannot}
        assert {"amount_off", *story.carries} == carried_here
    assert {"amount_off", *walk.KINDS} >= {*walk.Shopify.carries, *walk.Ecwid.carries}
