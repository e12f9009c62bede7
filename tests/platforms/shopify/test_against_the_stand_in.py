"""Installing, tokens, codes and history against the sandbox, over HTTP."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.models import Credential, Member, OutboxMessage, Redemption, Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.registry import platform_of
from loyalty.platforms.shopify import client, history, rewards, tokens
from loyalty.platforms.shopify.claims import claims_of
from loyalty.platforms.shopify.orders import read_order
from loyalty.services import shops
from loyalty.services.observations import NothingToDo, OrderSeen, PersonSeen, ShopUninstalled
from tests.platforms.shopify.stand_in import StandIn


def credential_of(shop: Shop) -> Credential:
    return Credential.objects.get(shop=shop)


def age_token(shop: Shop, **left: int) -> None:
    Credential.objects.filter(shop=shop).update(access_expires_at=timezone.now() + timedelta(**left))


def redemption_of(shop: Shop, customer: Any = "", **changes: Any) -> Redemption:
    values: dict[str, Any] = {
        "number": uuid.uuid4(),
        "reward": "amount-off",
        "reward_data": {"id": "amount-off", "name": "5 off", "kind": "amount_off", "points": 500},
        "points": 500,
        "value_minor": 500,
        "code": f"R-{uuid.uuid4().hex[:10].upper()}",
        "accepted_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=30),
        **changes,
    }
    return Redemption(shop=shop, member=Member(shop=shop, external_id=str(customer) or None), **values)


def code_works(stand_in: StandIn, shop: Shop, code: str, customer: Any) -> bool:
    lines = [{"title": "Lamp", "price": "22.50", "quantity": 2}]
    try:
        stand_in.of(shop.external_id, "POST", "orders", {"lines": lines, "customer": customer, "code": code})
    except AssertionError:
        return False
    return True


def a_customer(stand_in: StandIn, shop: Shop, email: str = "alma@shopper.test") -> Any:
    found = stand_in.of(shop.external_id, "POST", "customers", {"email": email, "name": "Alma Berg"})
    return found["id"]


def test_opening_the_app_installs_the_store(stand_in: StandIn) -> None:
    domain = stand_in.store(currency="JPY", timezone="Asia/Tokyo", title="Lamps")
    stand_in.install(domain)
    shop = stand_in.open(domain)
    assert (shop.external_id, shop.currency, shop.exponent, shop.time_zone) == (domain, "JPY", 0, "Asia/Tokyo")
    assert shop.storefront_url.startswith(f"http://{domain.removesuffix('.myshopify.com')}.shopify.localhost")
    kept = credential_of(shop)
    assert kept.access_token.startswith("shpat_")
    assert kept.refresh_token.startswith("shprt_")
    assert "write_discounts" in kept.scopes.split()
    assert kept.access_expires_at is not None
    assert timedelta(minutes=59) < kept.access_expires_at - timezone.now() <= timedelta(hours=1)
    assert OutboxMessage.objects.filter(shop=shop, kind="history.import").count() == 1
    again = stand_in.open(domain)
    assert again == shop
    assert credential_of(shop).access_token == kept.access_token


def test_a_store_that_did_not_install_gets_no_token(stand_in: StandIn) -> None:
    domain = stand_in.store()
    with pytest.raises(Refused, match="not installed"):
        stand_in.open(domain)
    assert not Shop.objects.exists()


def test_a_reinstall_finds_its_shop(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    stand_in.of(shop.external_id, "POST", "uninstall", {})
    shops.uninstall(shop=shop, at=timezone.now())
    stand_in.install(shop.external_id)
    back = stand_in.open(shop.external_id)
    assert (back.pk, back.status) == (shop.pk, Shop.Status.ACTIVE)
    assert client.execute(back, "shop_profile")


def test_who_installs_again_before_the_word_of_the_uninstall_came_is_installed(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    before = credential_of(shop).access_token
    stand_in.of(shop.external_id, "POST", "uninstall", {})
    gone_at = timezone.now()
    stand_in.install(shop.external_id)
    assert stand_in.open(shop.external_id).pk == shop.pk
    assert credential_of(shop).access_token != before
    word = Delivery(
        delivery_id="late",
        topic="app/uninstalled",
        body=b'{"myshopify_domain": null}',
        meta={"triggered_at": gone_at.isoformat()},
        received_at=timezone.now(),
    )
    seen = platform_of(shop).parse(shop, word)
    assert not [each for each in seen if isinstance(each, ShopUninstalled)]


def test_a_token_is_renewed_five_minutes_early_and_kept_as_a_pair(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    before = credential_of(shop)
    age_token(shop, minutes=6)
    assert tokens.access_token(shop, timezone.now()) == before.access_token
    age_token(shop, minutes=4)
    after = tokens.access_token(shop, timezone.now())
    kept = credential_of(shop)
    assert after == kept.access_token != before.access_token
    assert kept.refresh_token != before.refresh_token
    assert kept.refreshing_until is None


def in_threads(count: int, work: Any) -> list[Any]:
    results: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("left_seconds", [-10, 60])
def test_twenty_workers_at_expiry_renew_once(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, left_seconds: int
) -> None:
    shop = stand_in.installed()
    age_token(shop, seconds=left_seconds)
    asked: list[Any] = []
    granted = tokens._granted

    def counting(*args: Any) -> Any:
        asked.append(args)
        return granted(*args)

    monkeypatch.setattr(tokens, "_granted", counting)
    answers = in_threads(20, lambda: tokens.access_token(Shop.objects.get(pk=shop.pk), timezone.now()))
    assert len(asked) == 1
    assert len(answers) == 20
    if left_seconds < 0:
        assert set(answers) == {credential_of(shop).access_token}


def test_a_worker_that_died_while_renewing_holds_nobody_up(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    age_token(shop, seconds=-10)
    Credential.objects.filter(shop=shop).update(refreshing_until=timezone.now() - timedelta(seconds=1))
    assert tokens.access_token(shop, timezone.now()) == credential_of(shop).access_token


def test_a_renewal_that_failed_may_be_tried_again(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    age_token(shop, seconds=-10)
    stand_in.of(shop.external_id, "PUT", "api-faults", {"token_error": 1})
    with pytest.raises(Unavailable):
        tokens.access_token(shop, timezone.now())
    assert tokens.access_token(shop, timezone.now()) == credential_of(shop).access_token


def test_a_dead_refresh_token_asks_the_merchant_to_open_the_app(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    kept = credential_of(shop)
    kept.refresh_token, kept.access_expires_at = "shprt_unknown", timezone.now() - timedelta(seconds=1)
    kept.save()
    with pytest.raises(Unauthorized, match="open the app once"):
        client.execute(shop, "shop_profile")
    shop.refresh_from_db()
    assert shop.status == Shop.Status.NEEDS_REOPEN
    assert stand_in.open(shop.external_id).status == Shop.Status.ACTIVE
    assert client.execute(shop, "shop_profile")


def test_a_token_that_dies_before_its_time_is_renewed_once(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    before = credential_of(shop).access_token
    stand_in.of(shop.external_id, "POST", "expire-tokens", {})
    assert client.execute(shop, "shop_profile")["shop"]
    assert credential_of(shop).access_token != before


def test_throttling_is_waited_out_and_a_fault_of_shopifys_is_not(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    stand_in.of(shop.external_id, "PUT", "api-faults", {"throttle": 1})
    assert client.execute(shop, "shop_profile")["shop"]
    stand_in.of(shop.external_id, "PUT", "api-faults", {"server_error": 1})
    with pytest.raises(Unavailable, match="500"):
        client.execute(shop, "shop_profile")


def test_a_missing_permission_is_said(stand_in: StandIn) -> None:
    domain = stand_in.store()
    stand_in.install(domain)
    stand_in.of(domain, "POST", "scopes", {"scopes": ["read_orders"]})
    shop = stand_in.open(domain)
    with pytest.raises(Refused, match="permission"):
        rewards.issue(shop, redemption_of(shop))


def test_a_code_is_made_for_one_customer_and_works_once(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    alma = a_customer(stand_in, shop)
    other = a_customer(stand_in, shop, "other@shopper.test")
    redemption = redemption_of(shop, alma)
    gid = platform_of(shop).issue(shop, redemption)
    assert gid.startswith("gid://shopify/DiscountCodeNode/")
    assert not code_works(stand_in, shop, redemption.code, other)
    assert code_works(stand_in, shop, redemption.code, alma)
    assert not code_works(stand_in, shop, redemption.code, alma)


def test_a_code_of_a_guest_works_once_too(stand_in: StandIn) -> None:
    """A guest has no customer to bind it to; whoever has the code may use it, one time."""
    shop = stand_in.installed()
    redemption = redemption_of(shop)
    rewards.issue(shop, redemption)
    assert code_works(stand_in, shop, redemption.code, a_customer(stand_in, shop))
    assert not code_works(stand_in, shop, redemption.code, a_customer(stand_in, shop, "other@shopper.test"))


def test_a_code_whose_answer_was_lost_is_found_and_adopted(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    redemption = redemption_of(shop, a_customer(stand_in, shop))
    stand_in.of(shop.external_id, "PUT", "api-faults", {"lose_answer": 1})
    with pytest.raises(Unavailable):
        rewards.issue(shop, redemption)
    gid = rewards.issue(shop, redemption)
    assert gid == rewards.issue(shop, redemption)


def test_somebody_elses_code_is_not_adopted(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    alma = a_customer(stand_in, shop)
    first = redemption_of(shop, alma)
    rewards.issue(shop, first)
    with pytest.raises(Refused, match="another discount"):
        rewards.issue(shop, redemption_of(shop, alma, code=first.code))
    rewards.revoke(shop, redemption_of(shop, alma, code=first.code))
    assert code_works(stand_in, shop, first.code, alma)


def test_a_revoked_code_no_longer_works_and_may_be_revoked_again(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    alma = a_customer(stand_in, shop)
    redemption = redemption_of(shop, alma)
    rewards.issue(shop, redemption)
    rewards.revoke(shop, redemption)
    rewards.revoke(shop, redemption)
    rewards.revoke(shop, redemption_of(shop, alma))
    assert not code_works(stand_in, shop, redemption.code, alma)


def test_a_customer_who_is_gone_is_refused_for_good(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    with pytest.raises(Refused, match="customer"):
        rewards.issue(shop, redemption_of(shop, 999))


def test_a_minimum_and_a_share_are_carried(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    alma = a_customer(stand_in, shop)
    share = redemption_of(
        shop,
        alma,
        reward_data={
            "id": "share",
            "name": "10 %",
            "kind": "percent_off",
            "points": 1,
            "percent": 10,
            "minimum_order_minor": 10_000,
        },
    )
    rewards.issue(shop, share)
    assert not code_works(stand_in, shop, share.code, alma)
    with pytest.raises(Refused, match="does not know"):
        rewards.issue(shop, redemption_of(shop, alma, reward_data={"kind": "no-such-thing"}))


def an_order(stand_in: StandIn, shop: Shop, customer: Any, code: str = "", lines: int = 2) -> Any:
    sold = [{"title": f"Lamp {number}", "price": "22.50", "quantity": 1} for number in range(lines)]
    wanted = {"lines": sold, "customer": customer, "code": code, "pay": True}
    return stand_in.of(shop.external_id, "POST", "orders", wanted)


def test_the_number_that_bodies_name_is_learnt_at_the_install(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    told = an_order(stand_in, shop, None)["order_status_url"]
    claims = claims_of(json.dumps({"order_status_url": told}).encode(), "orders/paid")
    assert (claims.store, claims.number) == (shop.external_id, shop.number)
    assert shop.number


@pytest.mark.parametrize("taxes_included", [False, True])
def test_history_tells_the_orders_that_webhooks_told(stand_in: StandIn, taxes_included: bool) -> None:
    """One reader for both ways: balances do not depend on how an order came."""
    shop = stand_in.installed(taxes_included=taxes_included, tax_percent="21")
    alma = a_customer(stand_in, shop)
    redemption = redemption_of(shop, alma)
    rewards.issue(shop, redemption)
    plain = an_order(stand_in, shop, alma)
    with_code = an_order(stand_in, shop, alma, redemption.code)
    refund = {"lines": [{"line": 0, "quantity": 1}]}
    stand_in.of(shop.external_id, "POST", f"orders/{with_code['id']}/refund", refund)
    long = an_order(stand_in, shop, None, lines=45)
    told = list(platform_of(shop).history(shop))
    people = [entry for entry in told if isinstance(entry, PersonSeen)]
    assert [entry.person.external_id for entry in people] == [str(alma)]
    orders = {entry.order.id: entry for entry in told if isinstance(entry, OrderSeen)}
    assert set(orders) == {str(plain["id"]), str(with_code["id"]), str(long["id"])}
    assert len(orders[str(long["id"])].order.lines) == 45
    for order_id, entry in orders.items():
        sent = stand_in.of(shop.external_id, "GET", f"orders/{order_id}")
        webhook = read_order(sent, shop.currency)
        assert entry == webhook
        assert (webhook.order.tax_included, webhook.order.tax_minor > 0) == (taxes_included, True)


def test_an_order_refunded_piece_by_piece_is_read_whole(stand_in: StandIn) -> None:
    """Twelve refunds of one order, and one of twelve lines: neither fits into the first page."""
    shop = stand_in.installed()
    pieces, at_once = an_order(stand_in, shop, None, lines=12), an_order(stand_in, shop, None, lines=12)
    for number in range(12):
        refund = {"lines": [{"line": number, "quantity": 1}]}
        stand_in.of(shop.external_id, "POST", f"orders/{pieces['id']}/refund", refund)
    refund = {"lines": [{"line": number, "quantity": 1} for number in range(12)]}
    stand_in.of(shop.external_id, "POST", f"orders/{at_once['id']}/refund", refund)
    told = {seen.order.id: seen for seen in platform_of(shop).history(shop) if isinstance(seen, OrderSeen)}
    for order_id in (pieces["id"], at_once["id"]):
        sent = stand_in.of(shop.external_id, "GET", f"orders/{order_id}")
        assert told[str(order_id)] == read_order(sent, shop.currency)
    assert len(told[str(pieces["id"])].order.refunds) == 12
    assert len(told[str(at_once["id"])].order.refunds[0].lines) == 12


def test_pages_shrink_where_shopify_finds_them_too_dear(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = stand_in.installed()
    for _ in range(3):
        an_order(stand_in, shop, None)
    asked: list[int] = []

    def dear(shop: Shop, name: str, variables: Any) -> Any:
        if name == "orders_page":
            asked.append(variables["first"])
            if variables["first"] > 2:
                raise Refused("Too dear.", code=client.TOO_EXPENSIVE)
        return client.execute(shop, name, variables)

    monkeypatch.setattr(history, "execute", dear)
    since = timezone.now() - timedelta(days=1)
    assert len(list(platform_of(shop).orders_changed(shop, since=since))) == 3
    assert asked == [20, 10, 5, 2, 2]


def test_the_reconciler_sees_what_changed_since(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    old = timezone.now().replace(microsecond=0) - timedelta(days=10)  # older than 60 days an order is not shown
    sold = [{"title": "Lamp", "price": "22.50", "quantity": 1}]
    ids = [
        stand_in.of(
            shop.external_id,
            "POST",
            "orders",
            {"lines": sold, "customer": None, "at": (old + timedelta(days=day)).isoformat()},
        )["id"]
        for day in range(4)
    ]
    changed = list(platform_of(shop).orders_changed(shop, since=old + timedelta(days=2)))
    assert [seen.order.id for seen in changed] == [str(order_id) for order_id in ids[2:]]


def uninstalled(shop: Shop, at: datetime) -> Any:
    delivery = Delivery(
        delivery_id="u",
        topic="app/uninstalled",
        body=b'{"id": 1, "myshopify_domain": null}',
        meta={"triggered_at": at.isoformat()},
        received_at=at,
    )
    (found,) = platform_of(shop).parse(shop, delivery)
    return found


def test_an_uninstall_is_believed_when_the_token_is_dead(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    later = timezone.now() + timedelta(minutes=1)
    assert isinstance(uninstalled(shop, later), NothingToDo)
    stand_in.of(shop.external_id, "POST", "uninstall", {})
    assert uninstalled(shop, later) == ShopUninstalled(at=later)
    assert isinstance(uninstalled(shop, shop.installed_at), NothingToDo)


def test_where_a_code_is_applied(stand_in: StandIn) -> None:
    shop = stand_in.installed()
    platform = platform_of(shop)
    assert (
        platform.apply_code_url(shop, redemption_of(shop, code="R-1/2"))
        == f"{shop.storefront_url}/discount/R-1%2F2?redirect=/cart"
    )
    assert platform.browser_origins(shop) == [shop.storefront_url]
