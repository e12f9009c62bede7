"""The storefront without a browser: cart, coupon box, checkout, account, script.js."""

from __future__ import annotations

import json
import re
from typing import Any

import requests

from tests.sandbox.ecwid.conftest import World

SHOP = "1003.ecwid.localhost"


def state(page: requests.Response) -> dict[str, Any]:
    found = re.search(r'id="ec-state">(.*?)</script>', page.text, re.DOTALL)
    assert found, page.text
    return json.loads(found.group(1))


class Browser:
    """Keeps the store's cookie, which names the host that Python cannot resolve."""

    def __init__(self, world: World) -> None:
        self.world, self.cookie = world, ""

    def ask(self, method: str, path: str, **form: str) -> requests.Response:
        url = f"{self.world.base}{path}"
        headers = {"Host": f"{SHOP}:{self.world.port}", "Accept": "text/html", "Cookie": self.cookie}
        answer = requests.request(method, url, headers=headers, data=form or None, timeout=60, allow_redirects=False)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        if answer.status_code == 303:
            return self.ask("GET", answer.headers["Location"])
        return answer


def product(world: World, sku: str) -> str:
    return next(str(ware["id"]) for ware in world.control("GET", "/ecwid/shops/1003/products") if ware["sku"] == sku)


def test_a_shopper_buys_with_a_code_and_it_is_used_up(world: World) -> None:
    browser = Browser(world)
    for sku in ("NB-DOT", "NB-PLAIN"):
        browser.ask("POST", "/products/cart/add", product=product(world, sku), quantity="1")
    assert "data-coupon-box" not in browser.ask("GET", "/products/cart").text
    made = {"name": "Five", "code": "ABCDEFGHJKLM", "discount": 5, "usesLimit": "SINGLE"}
    assert world.rest("POST", "/discount_coupons", world.token(), json=made).ok
    wrong = browser.ask("POST", "/products/cart/coupon", code="NOSUCHCODE")
    assert "There is no such coupon" in wrong.text
    right = state(browser.ask("POST", "/products/cart/coupon", code=" abcdefghjklm "))
    assert right["cart"]["couponName"] == "Five"
    assert right["cart"]["_cost"]["total"] == 40
    extra = json.dumps({"loy_ref": {"value": "ABC"}})
    form = {"email": "ada@mail.example", "name": "Ada Berg", "payment": "now", "ec_extra_fields": extra}
    done = browser.ask("POST", "/products/checkout", **form)
    placed = state(done)
    assert placed["page"]["type"] == "ORDER_CONFIRMATION"
    assert placed["order"]["total"] == 40
    order = world.control("GET", f"/ecwid/shops/1003/orders/{placed['order']['vendorNumber']}")
    assert order["extraFields"] == {"loy_ref": "ABC"}
    assert (order["paymentStatus"], order["discountCoupon"]["code"]) == ("PAID", "ABCDEFGHJKLM")
    browser.ask("POST", "/products/cart/add", product=product(world, "NB-DOT"), quantity="1")
    assert state(browser.ask("GET", "/products/cart"))["cart"]["couponName"] is None


def test_nobody_sees_the_confirmation_of_another_browser(world: World) -> None:
    order = world.control("POST", "/ecwid/shops/1003/orders", {"lines": [{"sku": "SEAL"}], "email": "ada@mail.example"})
    assert Browser(world).ask("GET", f"/products/checkout/done/{order['id']}").status_code == 404


def test_signing_in_shows_the_customer_to_scripts_and_paying_later_waits(world: World) -> None:
    browser = Browser(world)
    assert state(browser.ask("GET", "/"))["customer"] is None
    browser.ask("POST", "/products/account/login", email="ada@mail.example", name="Ada Berg")
    customer = state(browser.ask("GET", "/"))["customer"]
    assert (customer["email"], customer["ownerId"]) == ("ada@mail.example", 1003)
    browser.ask("POST", "/products/cart/add", product=product(world, "SEAL"), quantity="2")
    placed = state(browser.ask("POST", "/products/checkout", payment="later"))["order"]
    assert (placed["paymentStatus"], placed["total"]) == ("AWAITING_PAYMENT", 68)
    browser.ask("POST", "/products/account/logout")
    assert state(browser.ask("GET", "/"))["customer"] is None


def script(world: World) -> dict[str, Any]:
    answer = world.page("app.ecwid.localhost", "GET", "/script.js?1003", requests.Session())
    found = re.search(r"ecwidStandInSettings = (.*);\n", answer.text)
    assert found
    return json.loads(found.group(1))


def test_script_js_brings_the_apps_script_only_where_it_may_customize(empty: World) -> None:
    assert script(empty)["scripts"] == []
    token = empty.control("POST", "/ecwid/shops/1003/token", {"scopes": ["update_store_profile"]})["access_token"]
    assert script(empty)["scripts"] == []
    empty.control("POST", "/ecwid/shops/1003/install")
    empty.rest("PUT", "/storage/public", token, data=b'{"points":"stars"}')
    settings = script(empty)
    assert settings["scripts"] == [f"{empty.app.url}/widget/v1/ecwid.js"]
    assert settings["apps"]["regulars"]["config"] == '{"points":"stars"}'


def test_the_session_token_proves_the_shopper_to_a_server(world: World) -> None:
    browser = Browser(world)
    page = browser.ask("POST", "/products/account/login", email="ada@mail.example")
    token = re.search(r'data-session-token="([^"]+)"', page.text)
    assert token
    url = f"{world.base}/ecwid/storefront/api/v1/1003/customer"
    good = requests.post(url, json={"lang": "en"}, headers={"Authorization": f"Bearer {token.group(1)}"}, timeout=60)
    assert good.json()["email"] == "ada@mail.example"
    bad = requests.post(url, json={"lang": "en"}, headers={"Authorization": "Bearer st_made_up"}, timeout=60)
    assert bad.status_code == 401


def test_every_admin_page_opens(world: World) -> None:
    order = world.control("POST", "/ecwid/shops/1003/orders", {"lines": [{"sku": "SEAL"}], "email": "ada@mail.example"})
    for path in ("/", "/store/1003/orders", f"/store/1003/orders/{order['id']}", "/store/1003/customers"):
        assert world.page("my.ecwid.localhost", "GET", path, requests.Session()).status_code == 200
    for path in ("/store/1003/coupons", "/store/1003/apps", "/store/1003/apps/install", "/store/1003/app"):
        assert world.page("my.ecwid.localhost", "GET", path, requests.Session()).status_code == 200
    assert world.page("my.ecwid.localhost", "GET", "/store/9999/orders", requests.Session()).status_code == 404


def test_the_merchant_refunds_a_ticked_line_and_sets_statuses(world: World) -> None:
    lines = [{"sku": "SEAL"}, {"sku": "PEN-BR"}]
    order = world.control("POST", "/ecwid/shops/1003/orders", {"lines": lines, "email": "ada@mail.example"})
    browser, base = requests.Session(), f"/store/1003/orders/{order['id']}"
    assert world.page("my.ecwid.localhost", "POST", f"{base}/refund", browser, data={"line": "0"}).status_code == 303
    form = {"payment": "PARTIALLY_REFUNDED", "fulfillment": "SHIPPED"}
    assert world.page("my.ecwid.localhost", "POST", f"{base}/status", browser, data=form).status_code == 303
    after = world.control("GET", f"/ecwid/shops/1003/orders/{order['id']}")
    assert (after["refundedAmount"], after["fulfillmentStatus"]) == (34, "SHIPPED")
    assert world.page("my.ecwid.localhost", "POST", f"{base}/refund", browser, data={"amount": "x"}).status_code == 400
