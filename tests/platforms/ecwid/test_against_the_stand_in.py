"""Against the stand-in: connecting, webhooks that only say where to look, outages, history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import transaction

from loyalty.engine.errors import Invalid, Refused, Unauthorized, Unavailable
from loyalty.models import Credential, RateCounter, Redemption, Shop
from loyalty.platforms.ecwid import client, oauth
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.services.intake import record
from loyalty.services.observations import NothingToDo, OrderSeen, PersonSeen, ShopForgotten, ShopUninstalled
from tests.platforms.ecwid.stand_in import AT, StandIn, notice, redemption, told

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
ecwid = EcwidPlatform()


# Connecting


def test_a_code_is_traded_and_the_store_installed(stand_in: StandIn) -> None:
    store = stand_in.new_store(currency="JPY", title="Paper Heron")
    query = parse_qs(urlsplit(stand_in.of(store, "/install")["redirect_url"]).query)
    shop = oauth.connect(oauth.exchange(code=query["code"][0], store=query["store_id"][0], at=AT), at=AT)
    assert (shop.external_id, shop.name, shop.currency, shop.exponent) == (store, "Paper Heron", "JPY", 0)
    kept = Credential.objects.get(shop=shop)
    assert kept.access_token.startswith("secret_")
    assert kept.public_token.startswith("public_")
    assert "read_orders" in kept.scopes.split()


def test_a_code_is_sent_once_because_the_second_time_would_disable_the_token(stand_in: StandIn) -> None:
    store = stand_in.new_store()
    code = parse_qs(urlsplit(stand_in.of(store, "/install")["redirect_url"]).query)["code"][0]
    shop = oauth.connect(oauth.exchange(code=code, store=store, at=AT), at=AT)
    with pytest.raises(Refused):
        oauth.exchange(code=code, store=store, at=AT)
    assert ShopClient(shop).get("profile")


@pytest.mark.parametrize("code", ["", "wrong", "x" * 600, "with space", "ü", None])
def test_a_wrong_code_connects_nothing(stand_in: StandIn, code: str) -> None:
    store = stand_in.new_store()
    with pytest.raises((Refused, Invalid)):
        oauth.exchange(code=code, store=store, at=AT)
    assert not Shop.objects.exists()


@pytest.mark.parametrize("store", ["../1003", "", None, "1003/x", "１００３"])
def test_a_store_that_is_no_number_never_reaches_an_address(stand_in: StandIn, store: str) -> None:
    with pytest.raises(Invalid):
        oauth.exchange(code="abc", store=store, at=AT)


def test_a_code_of_another_store_is_refused(stand_in: StandIn) -> None:
    mine, other = stand_in.new_store(), stand_in.new_store()
    code = parse_qs(urlsplit(stand_in.of(mine, "/install")["redirect_url"]).query)["code"][0]
    with pytest.raises(Refused):
        oauth.exchange(code=code, store=other, at=AT)


def test_the_admins_payload_is_trusted_after_the_api_has_answered(stand_in: StandIn) -> None:
    store = stand_in.new_store()
    payload = parse_qs(urlsplit(stand_in.of(store, "/install")["open_url"]).query)["payload"][0]
    assert oauth.connect(oauth.prove_payload(payload), at=AT).external_id == store
    stand_in.of(store, "/uninstall")
    with pytest.raises(Unauthorized):
        oauth.prove_payload(payload)


def test_a_token_of_another_store_proves_nothing(stand_in: StandIn) -> None:
    mine, other = stand_in.new_store(), stand_in.new_store()
    with pytest.raises(Unauthorized):
        oauth.connect_pasted(store=mine, token=stand_in.token(other), client_secret="", at=AT)
    assert not Shop.objects.exists()


def test_another_apps_token_cannot_replace_one_that_works(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    before = Credential.objects.get(shop=shop).access_token
    foreign = stand_in.of(shop, "/foreign-token", {})["token"]
    with pytest.raises(Refused):
        oauth.connect_pasted(store=shop.external_id, token=foreign, client_secret="", at=AT)
    assert Credential.objects.get(shop=shop).access_token == before


def test_a_plain_payload_is_taken_only_with_the_token_of_the_install(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    opened = oauth.Opened(store=shop.external_id, access_token=Credential.objects.get(shop=shop).access_token)
    Shop.objects.update(status=Shop.Status.NEEDS_REOPEN)
    assert oauth.known_shop(opened, at=AT).status == Shop.Status.ACTIVE
    foreign = stand_in.of(shop, "/foreign-token", {})["token"]
    with pytest.raises(Unauthorized):
        oauth.known_shop(replace(opened, access_token=foreign), at=AT)
    with pytest.raises(Unauthorized):
        oauth.known_shop(replace(opened, store=stand_in.new_store()), at=AT)


def test_a_reinstall_brings_a_new_token_to_the_same_shop(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    stand_in.of(shop, "/uninstall")
    assert isinstance(notice(shop, "application.uninstalled", at=datetime.now(UTC))[0], ShopUninstalled)
    token = stand_in.token(shop.external_id)
    again = oauth.connect_pasted(store=shop.external_id, token=token, client_secret="", at=AT)
    assert (again.pk, again.status) == (shop.pk, Shop.Status.ACTIVE)
    assert Credential.objects.get(shop=again).access_token == token


def test_a_state_is_spent_once_in_the_browser_that_began(stand_in: StandIn) -> None:
    url, nonce = oauth.begin(at=AT)
    query = parse_qs(urlsplit(url).query)
    assert query["state"] == [nonce]
    assert query["redirect_uri"] == ["http://127.0.0.1:9/ecwid/callback"]
    assert not oauth.spend_state(state=nonce, bound="another-browser", at=AT)
    assert not oauth.spend_state(state=nonce, bound=nonce, at=AT + timedelta(minutes=16))
    assert oauth.spend_state(state=nonce, bound=nonce, at=AT)
    assert not oauth.spend_state(state=nonce, bound=nonce, at=AT)
    assert not oauth.spend_state(state="", bound="", at=AT)


# Webhooks


def test_a_webhook_of_the_stand_in_is_read_and_its_order_fetched(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    order = stand_in.order(shop)
    (sent,) = stand_in.deliveries(shop, "order.created")
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    body = sent["body"].encode() if isinstance(sent["body"], str) else sent["body"]
    signed = ecwid.read_webhook(headers=headers, query={}, body=body)
    assert (signed.store, signed.topic) == (shop.external_id, "order.created")
    (seen,) = notice(shop, "order.created", data={"orderId": order["id"]})
    assert isinstance(seen, OrderSeen)
    assert (seen.order.id, seen.order.total_minor) == (order["id"], 4500)
    assert seen.person is not None
    assert seen.person.email == "noor@example.com"


def test_an_order_is_found_by_its_internal_number_where_its_name_is_missing(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    order = stand_in.order(shop)
    (seen,) = notice(shop, "order.created", entityId=order["internalId"])
    assert isinstance(seen, OrderSeen)
    assert seen.order.id == order["id"]


def test_what_the_notice_claims_changes_nothing_that_the_store_does_not_say(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    order = stand_in.order(shop, pay=False)
    (seen,) = notice(shop, "order.updated", data={"orderId": order["id"], "newPaymentStatus": "PAID", "total": 10**6})
    assert isinstance(seen, OrderSeen)
    assert seen.order.paid_at is None


def test_a_notice_with_another_stores_number_is_not_used(stand_in: StandIn, connected: Connect) -> None:
    mine, other = connected(), connected()
    order = stand_in.order(other)
    with pytest.raises(Invalid):
        notice(mine, "order.created", storeId=int(other.external_id), data={"orderId": order["id"]})
    (nothing,) = notice(mine, "order.created", data={"orderId": order["id"]})
    assert isinstance(nothing, NothingToDo)


@pytest.mark.parametrize("order_id", ["..", "../profile", ".", "x" * 65, 5, ["K8XTQ"], "\x00", "/../../1004/profile"])
def test_an_order_id_cannot_lead_the_call_elsewhere(stand_in: StandIn, connected: Connect, order_id: object) -> None:
    shop = connected()
    try:
        (nothing,) = notice(shop, "order.created", data={"orderId": order_id})
        assert isinstance(nothing, NothingToDo)
    except Invalid:
        pass
    path = f"/ecwid/api/v3/{shop.external_id}/"
    assert all(call.partition(" ")[2].startswith(path) for call, _ in stand_in.calls() if shop.external_id in call)


def test_a_deleted_order_counts_as_cancelled_and_one_that_is_there_does_not(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    order = stand_in.order(shop)
    seen = notice(shop, "order.created", data={"orderId": order["id"]})
    record(shop=shop, observations=seen, at=AT)
    (there,) = notice(shop, "order.deleted", data={"orderId": order["id"]})
    assert isinstance(there, OrderSeen)
    assert there.order.cancelled_at is None
    stand_in.of(shop, f"/orders/{order['id']}", method="DELETE")
    (gone,) = notice(shop, "order.deleted", at=datetime.now(UTC), data={"orderId": order["id"]})
    assert isinstance(gone, OrderSeen)
    assert gone.order.cancelled_at is not None
    assert gone.person == replace(seen[0].person, name="", locale="")  # type: ignore[union-attr]
    assert gone.rank > there.rank
    record(shop=shop, observations=[gone], at=datetime.now(UTC))
    (again,) = notice(shop, "order.deleted", at=datetime.now(UTC), data={"orderId": order["id"]})
    assert isinstance(again, NothingToDo)


def test_a_deleted_order_that_we_never_had_is_nothing(stand_in: StandIn, connected: Connect) -> None:
    (nothing,) = notice(connected(), "order.deleted", data={"orderId": "NEVER"})
    assert isinstance(nothing, NothingToDo)


def test_a_customer_is_fetched_by_number(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    customer = stand_in.of(shop, "/customers", {"email": "Ines@Example.com", "name": "Inês Duarte"})
    (seen,) = notice(shop, "customer.updated", entityId=customer["id"], data={"customerEmail": "mallory@example.com"})
    assert isinstance(seen, PersonSeen)
    assert (seen.person.external_id, seen.person.email) == (str(customer["id"]), "ines@example.com")
    assert seen.signed_up_at is None
    (nothing,) = notice(shop, "customer.updated", entityId=1)
    assert isinstance(nothing, NothingToDo)


def test_an_uninstall_is_believed_when_the_token_is_dead(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    (nothing,) = notice(shop, "application.uninstalled", entityId=shop.external_id)
    assert isinstance(nothing, NothingToDo)
    stand_in.of(shop, "/uninstall")
    gone, forgotten = notice(shop, "application.uninstalled", entityId=shop.external_id)
    assert gone == ShopUninstalled(at=AT)
    assert forgotten == ShopForgotten(not_before=AT + timedelta(days=90))


@pytest.mark.parametrize(
    "topic",
    [
        "application.installed",
        "application.storageChanged",
        "discount_coupon.created",
        "unfinished_order.created",
        "customer_group.updated",
        "never.heard.of",
    ],
)
def test_what_concerns_no_points_is_understood_without_a_call(
    stand_in: StandIn, connected: Connect, topic: str
) -> None:
    shop = connected()
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    assert isinstance(notice(shop, topic)[0], NothingToDo)
    assert stand_in.calls() == []


@pytest.mark.parametrize("event", [[], None, "x", {"storeId": 0}, {}])
def test_a_body_that_is_no_event_is_bad_input(stand_in: StandIn, connected: Connect, event: object) -> None:
    with pytest.raises(Invalid):
        told(connected(), event)


def test_an_order_that_was_fetched_is_worth_its_points(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    typewriter = stand_in.order(shop, lines=[{"sku": "TYPEW"}], at=datetime.now(UTC).isoformat())
    (seen,) = notice(shop, "order.created", data={"orderId": typewriter["id"]})
    assert isinstance(seen, OrderSeen)
    record(shop=shop, observations=[seen], at=datetime.now(UTC))
    member = shop.members.get()
    assert (member.email, member.available) == ("noor@example.com", 520)


# When the store does not answer as it should


def test_a_dead_token_marks_the_shop_and_stops_the_calls(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    stand_in.of(shop, "/uninstall")
    stand_in.ask("DELETE", "/_sandbox/ecwid/api-calls")
    for _ in range(3):
        with pytest.raises(Unauthorized):
            ecwid.issue(shop, redemption(shop))
    shop.refresh_from_db()
    assert shop.status == Shop.Status.NEEDS_REOPEN
    assert len(stand_in.calls()) == 1


def test_slow_down_is_later_with_the_seconds_that_were_asked_for(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    stand_in.faults({"status": 429, "retry_after": 17})
    with pytest.raises(Unavailable) as later:
        ShopClient(shop).get("profile")
    assert later.value.retry_after_seconds == 17


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_outage_is_later(stand_in: StandIn, connected: Connect, status: int) -> None:
    shop = connected()
    stand_in.faults({"status": status})
    with pytest.raises(Unavailable):
        ShopClient(shop).get("profile")


def test_a_suspended_store_and_a_plan_without_coupons_are_refused_with_a_sentence(
    stand_in: StandIn, connected: Connect
) -> None:
    shop = connected()
    stand_in.of(shop, "", {"features": ["API"]}, method="PUT")
    with pytest.raises(Refused, match="coupons"):
        ecwid.issue(shop, redemption(shop))
    stand_in.of(shop, "", {"suspended": True}, method="PUT")
    shop.refresh_from_db()
    assert (shop.status, "coupons" in shop.trouble) == (Shop.Status.ACTIVE, True)
    with pytest.raises(Refused, match="suspended"):
        ShopClient(shop).get("profile")
    shop.refresh_from_db()
    assert (shop.status, "suspended" in shop.trouble) == (Shop.Status.SUSPENDED, True)


def test_a_missing_permission_asks_for_connecting_again(stand_in: StandIn) -> None:
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"bare_auth_errors": False})
    store = stand_in.new_store()
    token = stand_in.of(store, "/token", {"scopes": ["read_orders"]})["access_token"]
    shop = oauth.connect_pasted(store=store, token=token, client_secret="", at=AT)
    with pytest.raises(Unauthorized, match="permissions"):
        ecwid.issue(shop, redemption(shop))
    shop.refresh_from_db()
    assert (shop.status, "permissions" in shop.trouble) == (Shop.Status.ACTIVE, True)


def test_a_token_has_at_most_so_many_calls_in_any_minute_of_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spent at once or evenly: no minute, wherever it begins, holds more."""
    monkeypatch.setattr(client, "CALLS_PER_MINUTE", 12)
    taken: dict[str, list[int]] = {"at once": [], "evenly": []}
    for second in range(200):
        for token, tries in (("at once", 20 if second % 61 == 0 else 1), ("evenly", 1)):
            for _ in range(tries):
                try:
                    client.spend(token, at=AT + timedelta(seconds=second))
                except Unavailable:
                    continue
                taken[token].append(second)
    for seconds in taken.values():
        assert max(sum(begin <= second < begin + 60 for second in seconds) for begin in range(200)) == 12
        assert len(seconds) >= 30, "Who waits gets on."
    assert not any("at once" in key for key in RateCounter.objects.values_list("key", flat=True))


def test_the_network_is_refused_inside_a_transaction(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    with pytest.raises(RuntimeError), transaction.atomic():
        ShopClient(shop).get("profile")


# History


def test_history_is_customers_and_then_orders_over_several_pages(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    period = {"from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z", "webhooks": False}
    made = stand_in.of(shop, "/history", {**period, "customers": 30, "orders": 130, "seed": 7})
    seen = list(ecwid.history(shop))
    people = [each for each in seen if isinstance(each, PersonSeen)]
    orders = [each for each in seen if isinstance(each, OrderSeen)]
    assert seen == [*people, *orders]
    assert len({each.order.id for each in orders}) == len(orders) == made["orders"] > 100
    assert len(people) == len({each.person.external_id for each in people}) >= made["customers"]


def test_changed_orders_come_oldest_change_first(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    start = datetime.now(UTC).replace(microsecond=0)
    old = stand_in.order(shop, at=(start - timedelta(days=9)).isoformat())
    first = stand_in.order(shop, at=(start - timedelta(days=8)).isoformat())
    stand_in.of(shop, f"/orders/{first['id']}/status", {"payment": "CANCELLED", "at": start.isoformat()})
    newest = stand_in.order(shop, at=(start + timedelta(minutes=1)).isoformat())
    changed = [seen.order.id for seen in ecwid.orders_changed(shop, since=start)]
    assert changed == [first["id"], newest["id"]]
    assert old["id"] not in changed


def test_one_unreadable_order_does_not_stop_the_import(stand_in: StandIn, connected: Connect) -> None:
    shop = connected()
    broken, fine = stand_in.order(shop), stand_in.order(shop)
    stand_in.of(shop, f"/orders/{broken['id']}", {"total": -5}, method="PATCH")
    assert [each.order.id for each in ecwid.history(shop) if isinstance(each, OrderSeen)] == [fine["id"]]


def test_the_storefront_is_the_only_origin_a_browser_may_call_from(connected: Connect) -> None:
    shop = connected()
    (origin,) = ecwid.browser_origins(shop)
    assert origin.startswith(f"http://{shop.external_id}.ecwid.localhost:")
    assert ecwid.apply_code_url(shop, Redemption(code="CODE", reward_data={"kind": "amount_off"})) == ""
