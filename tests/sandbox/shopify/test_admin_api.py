"""The Admin GraphQL: reads, discounts, scopes, throttling, bulk operations."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.sandbox.shopify.conftest import CREATE_DISCOUNT, DOMAIN, World, discount_input

pytestmark = pytest.mark.once

PAGE = """query($after: String, $query: String) {
  orders(first: 2, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { name updatedAt currentSubtotalPriceSet { shopMoney { amount } } }
    pageInfo { hasNextPage endCursor } } }"""


def place(world: World, **more: Any) -> dict[str, Any]:
    body = {"email": "marta@mail.example", "lines": [{"title": "A", "price": "22.50", "quantity": 2}]}
    return dict(world.shop("/orders", body | more))


def test_pages_follow_their_cursor_and_search_is_obeyed(world: World) -> None:
    for day in range(1, 6):
        place(world, at=f"2026-03-0{day}T10:00:00Z")
    names, after = [], None
    while True:
        found = world.graphql(PAGE, {"after": after, "query": "updated_at:>='2026-03-02T00:00:00+00:00'"})["data"][
            "orders"
        ]
        names += [node["name"] for node in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert names == ["#1002", "#1003", "#1004", "#1005"]
    assert "search term" in world.graphql(PAGE, {"query": "colour:red"})["errors"][0]["message"]


def test_amounts_are_written_as_the_real_one_writes_them(world: World) -> None:
    place(world)
    found = world.graphql(PAGE)["data"]["orders"]["nodes"]
    assert found[0]["currentSubtotalPriceSet"]["shopMoney"]["amount"] == "45.0"


def test_a_connection_needs_first_or_last_up_to_250(world: World) -> None:
    for arguments in ("", "(first: 251)", "(first: 1, last: 1)"):
        assert "errors" in world.graphql(f"{{orders{arguments} {{nodes {{id}}}}}}")


def test_a_field_that_the_real_one_does_not_have_is_refused(world: World) -> None:
    answer = world.graphql("{shop {loyaltyPoints}}")
    assert "Cannot query field" in answer["errors"][0]["message"]


def test_a_code_is_made_once_and_the_second_time_is_taken(world: World) -> None:
    marta = world.customer()["id"]
    made = world.discount(marta)
    assert made["userErrors"] == []
    again = world.discount(marta, code="reg-five")
    assert again["codeDiscountNode"] is None
    assert again["userErrors"][0]["code"] == "TAKEN"
    query = "query($code: String!) { codeDiscountNodeByCode(code: $code) { id } }"
    found = world.graphql(query, {"code": "reg-FIVE"})["data"]["codeDiscountNodeByCode"]
    assert found["id"] == made["codeDiscountNode"]["id"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": ""}, "BLANK"),
        ({"title": ""}, "BLANK"),
        ({"code": "X" * 256}, "TOO_LONG"),
        ({"endsAt": "2025-12-31T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
        ({"usageLimit": 0}, "GREATER_THAN"),
        ({"context": {"customers": {"add": ["gid://shopify/Customer/1"]}}}, "INVALID"),
        ({"context": {}}, "BLANK"),
        ({"customerGets": {"items": {"all": True}, "value": {"percentage": 5.0}}}, "VALUE_OUTSIDE_RANGE"),
        ({"customerGets": {"items": {"all": True}, "value": {"discountAmount": {"amount": "0"}}}}, "GREATER_THAN"),
        ({"customerGets": {"items": {}, "value": {"percentage": 0.5}}}, "APPLIES_ON_NOTHING"),
    ],
)
def test_a_discount_that_cannot_be_is_a_user_error(world: World, change: dict[str, Any], code: str) -> None:
    made = world.discount(world.customer()["id"], **change)
    assert made["codeDiscountNode"] is None
    assert made["userErrors"][0]["code"] == code


def test_a_deactivated_code_has_expired(world: World) -> None:
    marta = world.customer()["id"]
    made = world.discount(marta)["codeDiscountNode"]["id"]
    mutation = "mutation($id: ID!) { discountCodeDeactivate(id: $id) { userErrors { code } codeDiscountNode { id } } }"
    assert world.graphql(mutation, {"id": made})["data"]["discountCodeDeactivate"]["userErrors"] == []
    body = {"customer": marta, "code": "REG-FIVE", "lines": [{"sku": "TASTING-BOX-1"}]}
    assert "expired" in world.shop("/orders", body, status=400)["error"]
    missing = world.graphql(mutation, {"id": "gid://shopify/DiscountCodeNode/1"})["data"]["discountCodeDeactivate"]
    assert missing["userErrors"][0]["code"] == "INVALID"


def test_a_missing_scope_is_an_error_in_an_answer_of_200(world: World) -> None:
    marta = world.customer()["id"]
    world.shop("/scopes", {"scopes": ["read_orders"]})
    answer = world.graphql(CREATE_DISCOUNT, {"discount": discount_input(marta, "NO")})
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["data"]["discountCodeBasicCreate"] is None
    place(world)
    half = world.graphql("{orders(first: 1) {nodes {name customer {id}}}}")
    assert half["errors"][0]["path"] == ["orders", "nodes", 0, "customer"]
    assert half["data"]["orders"]["nodes"][0]["name"] == "#1001"


def test_without_read_all_orders_an_app_sees_sixty_days(world: World) -> None:
    place(world, at="2020-01-01T00:00:00Z")
    place(world)
    world.shop("/scopes", {"scopes": ["read_orders"]})
    assert [node["name"] for node in world.graphql(PAGE)["data"]["orders"]["nodes"]] == ["#1002"]


def test_throttling_is_an_answer_of_200_that_says_when_to_come_back(world: World) -> None:
    world.shop("/api-faults", {"throttle": 1}, method="PUT")
    query = "{orders(first: 100) {nodes {id lineItems(first: 50) {nodes {id title}}}}}"
    answer = world.graphql(query)
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = answer["extensions"]["cost"]
    assert cost["actualQueryCost"] is None
    assert cost["throttleStatus"]["currentlyAvailable"] < cost["requestedQueryCost"]
    time.sleep((cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]) / 100 + 0.1)
    assert "errors" not in world.graphql(query)


def test_a_query_that_costs_too_much_is_refused(world: World) -> None:
    inner = "lineItems(first: 250) {nodes {product {collections(first: 250) {nodes {id}}}}}"
    answer = world.graphql(f"{{orders(first: 250) {{nodes {{id {inner}}}}}}}")
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


def test_a_lost_answer_has_done_what_was_asked(world: World) -> None:
    marta = world.customer()["id"]
    token = world.exchange().json()["access_token"]
    world.shop("/api-faults", {"lose_answer": 1}, method="PUT")
    lost = world.post_graphql(token, CREATE_DISCOUNT, {"discount": discount_input(marta, "LOST")})
    assert lost.status_code == 502
    assert world.discount(marta, code="LOST")["userErrors"][0]["code"] == "TAKEN"


def test_a_frozen_shop_and_a_busy_token_endpoint_say_so(world: World) -> None:
    token = world.exchange().json()["access_token"]
    world.shop("/api-faults", {"frozen": 1, "token_throttle": 1}, method="PUT")
    assert world.post_graphql(token, "{shop {name}}").status_code == 402
    busy = world.exchange()
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
    world.shop("/api-faults", {"explode": 1}, method="PUT", status=400)
    world.shop("/api-faults", {"throttle": "yes"}, method="PUT", status=400)
    world.shop("/api-faults", {}, method="PUT")
    assert world.post_graphql(token, "{shop {name}}").status_code == 200


def test_of_many_checkouts_at_once_one_uses_a_single_use_code(world: World) -> None:
    marta = world.customer()["id"]
    world.discount(marta)
    body = {"customer": marta, "code": "REG-FIVE", "lines": [{"sku": "TASTING-BOX-1"}]}

    def place_one(_: int) -> int:
        url = f"{world.base}/_sandbox/shopify/shops/{DOMAIN}/orders"
        return requests.post(url, json=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(place_one, range(16)))
    assert answers == [201] + [400] * 15
    assert len(world.shop("/orders", method="GET")) == 1


def test_of_many_creations_at_once_one_makes_the_code(world: World) -> None:
    given = {"discount": discount_input(world.customer()["id"], "RACE")}
    token = world.exchange().json()["access_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.post_graphql(token, CREATE_DISCOUNT, given).json(), range(12)))
    made = [answer["data"]["discountCodeBasicCreate"] for answer in answers]
    assert len([each for each in made if each["codeDiscountNode"]]) == 1
    assert [each["userErrors"][0]["code"] for each in made if each["userErrors"]] == ["TAKEN"] * 11


def test_metafields_guard_against_overwriting_and_tags_are_told(world: World) -> None:
    marta = world.customer()["id"]
    owner = f"gid://shopify/Customer/{marta}"
    mutation = """mutation($fields: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $fields) {
      metafields { value namespace compareDigest } userErrors { code } } }"""
    field = {"ownerId": owner, "namespace": "$app", "key": "loyalty_balance", "type": "number_integer", "value": "520"}
    first = world.graphql(mutation, {"fields": [field]})["data"]["metafieldsSet"]
    digest = first["metafields"][0]["compareDigest"]
    fresh = field | {"value": "20", "compareDigest": digest}
    assert world.graphql(mutation, {"fields": [fresh]})["data"]["metafieldsSet"]["userErrors"] == []
    stale = world.graphql(mutation, {"fields": [fresh]})["data"]["metafieldsSet"]
    assert stale["userErrors"][0]["code"] == "STALE_OBJECT"
    wrong = world.graphql(mutation, {"fields": [field | {"value": "many"}]})["data"]["metafieldsSet"]
    assert wrong["userErrors"][0]["code"] == "INVALID_VALUE"
    tags = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["gold"]) { userErrors { message } } }'
    world.graphql(tags, {"id": owner})
    world.drain()
    assert len(world.app.webhooks("customers/update")) == 3
    assert "tags" not in json.loads(world.app.webhooks("customers/update")[0]["body"])


def run_bulk(world: World, query: str) -> dict[str, Any]:
    mutation = """mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
      bulkOperation { id } userErrors { message code } } }"""
    started = world.graphql(mutation, {"query": query})["data"]["bulkOperationRunQuery"]
    assert started["userErrors"] == []
    poll = "query($id: ID!) { bulkOperation(id: $id) { status errorCode url objectCount rootObjectCount } }"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = world.graphql(poll, {"id": started["bulkOperation"]["id"]})["data"]["bulkOperation"]
        if found["status"] not in ("CREATED", "RUNNING"):
            return dict(found)
        time.sleep(0.02)
    raise AssertionError("the bulk operation did not end")


def test_a_bulk_operation_writes_a_file_whose_children_name_their_parent(world: World) -> None:
    for _ in range(3):
        place(world)
    done = run_bulk(world, "{orders {edges {node {id name lineItems {edges {node {id quantity}}}}}}}")
    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == ("COMPLETED", "6", "3")
    lines = [json.loads(line) for line in requests.get(done["url"], timeout=60).text.splitlines()]
    parents = {line["id"] for line in lines if "__parentId" not in line}
    assert {line["__parentId"] for line in lines if "__parentId" in line} == parents
    world.drain()
    finished = json.loads(world.app.webhooks("bulk_operations/finish")[0]["body"])
    assert finished["status"] == "completed"


def test_a_bulk_operation_over_nothing_has_no_file(world: World) -> None:
    done = run_bulk(world, "{orders {edges {node {id}}}}")
    assert (done["status"], done["url"]) == ("COMPLETED", None)


def test_a_bulk_operation_fails_on_demand_and_without_scope(world: World) -> None:
    world.shop("/api-faults", {"bulk_fail": 1}, method="PUT")
    assert run_bulk(world, "{orders {edges {node {id}}}}")["errorCode"] == "INTERNAL_SERVER_ERROR"
    world.shop("/api-faults", {}, method="PUT")
    world.shop("/scopes", {"scopes": ["read_products"]})
    assert run_bulk(world, "{orders {edges {node {id}}}}")["errorCode"] == "ACCESS_DENIED"


def test_a_bulk_query_without_a_connection_is_refused(world: World) -> None:
    mutation = """mutation($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
      userErrors { message } } }"""
    for query in ("{shop {name}}", "{orders", "mutation { appUninstall { userErrors { field } } }"):
        answer = world.graphql(mutation, {"query": query})["data"]["bulkOperationRunQuery"]
        assert answer["userErrors"]


def test_a_missing_query_is_said(world: World) -> None:
    token = world.exchange().json()["access_token"]
    url = f"{world.base}/shopify/{DOMAIN}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": token}
    assert requests.post(url, data=b"{", headers=headers, timeout=60).status_code == 400
    assert requests.post(url, json={"query": 5}, headers=headers, timeout=60).status_code == 400
