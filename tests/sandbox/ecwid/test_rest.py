"""The REST API: refusals first, then what each call gives."""

from __future__ import annotations

import pytest

from tests.sandbox.ecwid.conftest import World

LINE = [{"sku": "NB-DOT", "quantity": 2}]


def place(world: World, **body: object) -> dict:
    order = {"lines": LINE, "email": "ada@mail.example"} | body
    return world.control("POST", "/ecwid/shops/1003/orders", order)


def test_a_token_counts_only_as_bearer(world: World) -> None:
    token = world.token()
    assert world.rest("GET", f"/profile?token={token}").status_code == 403
    assert world.rest("GET", "/profile", headers={"Authorization": f"Basic {token}"}).status_code == 403
    assert world.rest("GET", "/profile", token).status_code == 200


def test_a_refused_token_is_answered_without_a_body_or_with_the_documented_one(world: World) -> None:
    assert world.rest("GET", "/profile", "secret_wrong").content == b""
    world.control("PUT", "/ecwid/switches", {"bare_auth_errors": False})
    assert world.rest("GET", "/profile", "secret_wrong").json()["errorCode"] == "INVALID_API_TOKEN"


def test_a_token_of_one_store_does_not_open_another(world: World) -> None:
    world.control("POST", "/ecwid/shops", {"name": "2004"})
    foreign = world.control("POST", "/ecwid/shops/2004/foreign-token", {})["token"]
    assert world.rest("GET", "/profile", foreign).status_code == 403


def test_suspended_stores_and_free_plans_get_402(world: World) -> None:
    token = world.token()
    world.control("PUT", "/ecwid/shops/1003", {"suspended": True})
    assert world.rest("GET", "/orders", token).json()["errorCode"] == "STORE_IS_SUSPENDED"
    world.control("PUT", "/ecwid/shops/1003", {"suspended": False, "paid_plan": False})
    assert world.rest("GET", "/orders", token).json()["errorCode"] == "NOT_AVAILABLE_ON_CURRENT_PLAN"


def test_over_the_limit_the_answer_is_429_with_retry_after(world: World) -> None:
    world.control("PUT", "/ecwid/switches", {"rate_limit_per_minute": 2})
    token = world.token()
    answers = [world.rest("GET", "/profile", token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 61


def test_going_on_with_a_dead_token_ends_in_429(world: World) -> None:
    answers = [world.rest("GET", "/profile", "secret_dead").status_code for _ in range(21)]
    assert answers == [403] * 20 + [429]
    assert world.rest("GET", "/profile", world.token()).status_code == 200


def test_a_fault_on_demand_can_lose_the_answer_after_the_work(world: World) -> None:
    token = world.token()
    fault = {"times": 1, "status": 500, "path": "discount_coupons", "method": "POST", "when": "after"}
    world.control("PUT", "/ecwid/api-faults", [fault])
    coupon = {"name": "Five", "code": "LOSTANSWER12", "discount": 5, "usesLimit": "SINGLE"}
    assert world.rest("POST", "/discount_coupons", token, json=coupon).status_code == 500
    assert world.rest("GET", "/discount_coupons?code=LOSTANSWER12", token).json()["total"] == 1
    assert world.rest("POST", "/discount_coupons", token, json=coupon).status_code == 409


def test_orders_are_found_by_every_filter_that_reconciling_needs(world: World) -> None:
    token = world.token()
    old = place(world, at="2026-01-05T10:00:00Z")
    new = place(world, email="bob@mail.example", at="2026-03-05T10:00:00Z", pay=False)

    def found(query: str) -> list[str]:
        return [order["id"] for order in world.rest("GET", f"/orders?{query}", token).json()["items"]]

    assert found("") == [new["id"], old["id"]]
    assert found("createdFrom=2026-02-01") == [new["id"]]
    assert found("createdTo=2026-02-01%2000:00:00") == [old["id"]]
    assert found(f"updatedFrom={new['updateTimestamp']}") == [new["id"]]
    assert found("email=ada@mail.example") == [old["id"]]
    assert found(f"customerId={old['customerId']}") == [old["id"]]
    assert found(f"ids={old['id']},{new['internalId']}") == [new["id"], old["id"]]
    assert found("paymentStatus=PAID,REFUNDED") == [old["id"]]
    assert found("limit=1&offset=1") == [old["id"]]


def test_pages_have_at_most_a_hundred_items(world: World) -> None:
    assert world.rest("GET", "/orders?limit=5000", world.token()).json()["limit"] == 100


@pytest.mark.parametrize("query", ["offset=-1", "limit=ten", "createdFrom=yesterday", "customerId=x", "totalFrom=nan"])
def test_a_wrong_parameter_is_a_400_that_says_which(world: World, query: str) -> None:
    answer = world.rest("GET", f"/orders?{query}", world.token())
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["errorMessage"]


def test_response_fields_cut_the_answer(world: World) -> None:
    order = place(world)
    answer = world.rest("GET", "/orders?responseFields=total,items(id,items(sku))", world.token()).json()
    assert answer == {"total": 1, "items": [{"id": order["id"], "items": [{"sku": "NB-DOT"}]}]}


def test_deleted_orders_are_gone_but_named(world: World) -> None:
    order, token = place(world), world.token()
    world.control("DELETE", f"/ecwid/shops/1003/orders/{order['id']}")
    assert world.rest("GET", f"/orders/{order['id']}", token).json()["errorCode"] == "ORDER_NOT_FOUND"
    gone = world.rest("GET", "/orders/deleted?from_date=2026-01-01", token).json()
    assert [(entry["id"], entry["orderId"]) for entry in gone["items"]] == [(order["internalId"], order["id"])]


def test_a_customer_is_found_by_the_whole_address_only_when_asked_so(world: World) -> None:
    place(world)
    place(world, email="not-ada@mail.example")
    token = world.token()
    assert world.rest("GET", "/customers?email=ada@mail.example", token).json()["total"] == 2
    exact = world.rest("GET", "/customers?email=ADA@mail.example&useExactEmailMatch=true", token).json()
    assert [customer["email"] for customer in exact["items"]] == ["ada@mail.example"]
    assert exact["items"][0]["stats"]["numberOfOrders"] == 1


def test_groups_are_made_renamed_given_and_removed(world: World) -> None:
    customer, token = place(world)["customerId"], world.token()
    group = world.rest("POST", "/customer_groups", token, json={"name": "Gold"}).json()["id"]
    assert world.rest("PUT", f"/customers/{customer}", token, json={"customerGroupId": group}).json() == {
        "updateCount": 1
    }
    assert world.rest("GET", f"/customers/{customer}", token).json()["customerGroupName"] == "Gold"
    assert place(world)["customerGroupId"] == group
    assert world.rest("DELETE", f"/customer_groups/{group}", token).json() == {"deleteCount": 1}
    assert world.rest("GET", f"/customers/{customer}", token).json()["customerGroupId"] == 0
    assert world.rest("PUT", f"/customers/{customer}", token, json={"customerGroupId": 77}).status_code == 400


def test_storage_keeps_the_raw_text_for_this_app_alone(world: World) -> None:
    token = world.token()
    raw = b'{"color":"red"}'
    assert world.rest("GET", "/storage/public", token).status_code == 404
    assert world.rest("PUT", "/storage/public", token, data=raw).ok
    assert world.rest("GET", "/storage/public", token).json() == {"key": "public", "value": raw.decode()}
    foreign = world.control("POST", "/ecwid/shops/1003/foreign-token", {})["token"]
    assert world.rest("GET", "/storage/public", foreign).status_code == 404
    assert world.rest("GET", "/storage", foreign).json() == []
    assert world.rest("PUT", "/storage/public", token, data=b"x" * 300_000).status_code == 413


def test_a_body_of_another_type_is_a_415(world: World) -> None:
    assert world.rest("POST", "/discount_coupons", world.token(), data="name=x").status_code == 415


def test_the_app_can_uninstall_itself(world: World) -> None:
    token = world.token()
    assert world.rest("DELETE", "/application?namespace=other", token).status_code == 400
    assert world.rest("DELETE", "/application?namespace=regulars", token).ok
    assert world.rest("GET", "/profile", token).status_code == 403
