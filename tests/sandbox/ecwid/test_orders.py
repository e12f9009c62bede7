"""Money through checkout, coupon, refund; what coupons refuse; the history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.ecwid.conftest import World

TWO = [{"sku": "NB-DOT"}, {"sku": "NB-PLAIN"}]


def place(world: World, status: int | None = None, **body: object) -> dict:
    order = {"lines": TWO, "email": "ada@mail.example"} | body
    return world.control("POST", "/ecwid/shops/1003/orders", order, status)


def coupon(world: World, **fields: object) -> dict:
    body = {"name": "Five off", "code": "FIVEOFF12345", "discount": 5, "usesLimit": "SINGLE"} | fields
    answer = world.rest("POST", "/discount_coupons", world.token(), json=body)
    assert answer.ok, answer.text
    return world.rest("GET", f"/discount_coupons/{answer.json()['id']}", world.token()).json()


def test_the_loop_of_money_two_lines_with_a_code_and_one_of_them_back(world: World) -> None:
    coupon(world)
    order = place(world, code="fiveoff12345")
    assert (order["subtotal"], order["couponDiscount"], order["discount"], order["total"]) == (45, 5, 0, 40)
    assert [item["couponAmount"] for item in order["items"]] == [2.5, 2.5]
    assert order["discountCoupon"]["code"] == "FIVEOFF12345"
    refunded = world.control("POST", f"/ecwid/shops/1003/orders/{order['id']}/refund", {"lines": [{"line": 0}]})
    assert refunded["refundedAmount"] == 20
    assert refunded["paymentStatus"] == "PARTIALLY_REFUNDED"
    assert refunded["refunds"][0]["amount"] == 20
    rest = world.control("POST", f"/ecwid/shops/1003/orders/{order['id']}/refund", {})
    assert (rest["refundedAmount"], rest["paymentStatus"]) == (40, "REFUNDED")
    world.control("POST", f"/ecwid/shops/1003/orders/{order['id']}/refund", {"amount": "0.01"}, 400)


def test_a_single_use_code_works_once(world: World) -> None:
    made = coupon(world)
    place(world, code="FIVEOFF12345")
    place(world, 422, code="FIVEOFF12345")
    used = world.rest("GET", f"/discount_coupons/{made['id']}", world.token()).json()
    assert (used["status"], used["orderCount"]) == ("USEDUP", 1)


def test_a_single_use_code_has_one_winner_among_many_at_once(world: World) -> None:
    coupon(world)

    def race(number: int) -> int:
        body = {"lines": TWO, "email": f"racer{number}@mail.example", "code": "FIVEOFF12345"}
        return requests.post(f"{world.base}/_sandbox/ecwid/shops/1003/orders", json=body, timeout=60).status_code

    with ThreadPoolExecutor(12) as racers:
        answers = list(racers.map(race, range(12)))
    assert sorted(answers) == [201] + [422] * 11


def test_cancelling_gives_a_single_code_back_only_when_the_switch_says_so(world: World) -> None:
    coupon(world)
    order = place(world, code="FIVEOFF12345")
    world.control("PUT", "/ecwid/switches", {"coupon_returns_on_cancel": True})
    world.control("POST", f"/ecwid/shops/1003/orders/{order['id']}/cancel", {})
    assert place(world, code="FIVEOFF12345")["total"] == 40


@pytest.mark.parametrize(
    "fields",
    [
        {"totalLimit": 45.01},
        {"launchDate": "2099-01-01"},
        {"expirationDate": "2026-01-01"},
        {"status": "PAUSED"},
        {"catalogLimit": {"products": [1], "categories": []}},
        {"applicationLimit": "REPEAT_CUSTOMER_ONLY"},
    ],
)
def test_a_code_is_refused_where_its_limits_say_so(world: World, fields: dict) -> None:
    coupon(world, **fields)
    place(world, 422, code="FIVEOFF12345")


@pytest.mark.parametrize(
    ("fields", "total"),
    [
        ({"discountType": "PERCENT", "discount": 10}, 40.5 + 3),
        ({"discountType": "SHIPPING"}, 45),
        ({"discountType": "ABS_AND_SHIPPING", "discount": 5}, 40),
        ({"discountType": "ABS", "discount": 500}, 3),
        ({"discountType": "ABS", "discount": 500, "catalogLimit": {"products": [690001001]}}, 22.5 + 3),
    ],
)
def test_each_kind_of_coupon_takes_off_what_it_says(world: World, fields: dict, total: float) -> None:
    world.control("PUT", "/ecwid/shops/1003", {"shipping": "3.00"})
    coupon(world, **fields)
    assert place(world, code="FIVEOFF12345")["total"] == total


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"code": ""},
        {"code": "x" * 129},
        {"discount": "five"},
        {"discount": -1},
        {"usesLimit": "TWICE"},
        {"status": "USEDUP"},
        {"expirationDate": "soon"},
        {"catalogLimit": [1]},
    ],
)
def test_a_coupon_with_a_wrong_field_is_a_400(world: World, fields: dict) -> None:
    body = {"name": "Five", "code": "FIVE", "discount": 5} | fields
    assert world.rest("POST", "/discount_coupons", world.token(), json=body).status_code == 400


@pytest.mark.parametrize(("included", "total", "tax"), [(True, 45, 8.42), (False, 55.36, 10.36)])
def test_tax_is_inside_or_on_top(world: World, included: bool, total: float, tax: float) -> None:
    world.control("PUT", "/ecwid/shops/1003", {"tax_percent": "23", "prices_include_tax": included})
    order = place(world)
    assert (order["total"], order["tax"]) == (total, tax)


@pytest.mark.parametrize(("currency", "total"), [("JPY", 4500), ("KWD", 45), ("EUR", 45)])
def test_currencies_have_the_decimals_that_they_have(world: World, currency: str, total: float) -> None:
    world.control("POST", "/ecwid/shops", {"name": "2004", "currency": currency})
    order = world.control("POST", "/ecwid/shops/2004/orders", {"lines": TWO, "email": "ada@mail.example"})
    assert order["total"] == total
    digits = {"JPY": 0, "KWD": 3, "EUR": 2}[currency]
    shop = next(shop for shop in world.control("GET", "/ecwid/shops") if shop["id"] == 2004)
    assert shop["precision"] == digits


def test_a_guest_may_have_no_customer_record(world: World) -> None:
    assert "customerId" not in place(world, customer_record=False)


def test_an_order_can_be_patched_into_anything_the_platform_might_send(world: World) -> None:
    order = place(world)
    patched = world.control("PATCH", f"/ecwid/shops/1003/orders/{order['id']}", {"total": "45.00", "customerId": None})
    assert (patched["total"], patched["customerId"]) == ("45.00", None)


def test_a_patched_order_can_lie_about_when_it_changed_and_a_put_cannot(world: World) -> None:
    order = place(world)
    later = {"updateDate": "2099-01-01 00:00:00 +0000"}
    assert world.rest("PUT", f"/orders/{order['id']}", world.token(), json=later).ok
    assert world.control("GET", f"/ecwid/shops/1003/orders/{order['id']}")["updateDate"] < "2099"
    patched = world.control("PATCH", f"/ecwid/shops/1003/orders/{order['id']}", later)
    assert (patched["updateDate"], patched["updateTimestamp"]) == ("2099-01-01 00:00:00 +0000", 4070908800)


HISTORY = {"seed": 7, "from": "2025-11-01T00:00:00Z", "to": "2026-11-01T00:00:00Z", "customers": 15, "orders": 60}


def test_the_history_is_the_same_for_the_same_seed_and_silent_when_asked(world: World) -> None:
    world.control("POST", "/ecwid/shops", {"name": "2004"})
    counts = world.control("POST", "/ecwid/shops/1003/history", HISTORY | {"webhooks": False})
    assert counts["orders"] == 60
    assert counts["refunds"] > 0
    world.drain()
    assert not world.app.events("order.created")
    world.control("POST", "/ecwid/shops/2004/history", HISTORY | {"webhooks": False})
    sums = []
    for shop in ("1003", "2004"):
        orders = world.control("GET", f"/ecwid/shops/{shop}/orders?limit=1000")
        sums.append(
            [(order["createDate"], order["email"], order["total"], order["refundedAmount"]) for order in orders]
        )
    assert sums[0] == sums[1] != []


def test_the_history_uses_codes_that_were_given_out(world: World) -> None:
    world.control("POST", "/ecwid/shops/1003/customers", {"email": "ada@mail.example", "name": "Ada Berg"})
    coupon(world)
    body = HISTORY | {"codes": ["FIVEOFF12345"], "code_owners": {"FIVEOFF12345": "ada@mail.example"}}
    assert world.control("POST", "/ecwid/shops/1003/history", body)["codes_used"] == 1
    found = world.rest("GET", "/orders?couponCode=FIVEOFF12345", world.token()).json()["items"]
    assert [order["email"] for order in found] == ["ada@mail.example"]
