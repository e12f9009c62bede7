"""The storefront: cart, checkout, codes, accounts, the app's embed and its proxy."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

import pytest

from loyalty.sandbox.shopify.signing import proxy_signature
from tests.sandbox.shopify.conftest import DOMAIN, SECRET, Visitor, World

pytestmark = pytest.mark.once


def variant(world: World, sku: str) -> int:
    found = world.shop("/products", method="GET")
    return int(next(each["id"] for product in found for each in product["variants"] if each["sku"] == sku))


def fill(world: World, visitor: Visitor, *skus: str) -> None:
    for sku in skus:
        assert visitor.post("/cart/add", {"id": variant(world, sku), "quantity": 1}).status_code == 302


def check_out(visitor: Visitor, **form: str) -> str:
    answer = visitor.post("/checkout", {"payment": "card"} | form)
    assert answer.status_code == 302, re.findall(r'role="alert">([^<]*)', answer.text)
    return visitor.get(answer.headers["Location"]).text


def refusal(visitor: Visitor, **form: str) -> str:
    answer = visitor.post("/checkout", {"payment": "card"} | form)
    assert answer.status_code == 422
    return str(re.findall(r'role="alert">([^<]*)', answer.text)[0])


def log_in(visitor: Visitor, email: str = "marta@mail.example") -> None:
    assert visitor.post("/account/login", {"email": email, "password": "secret"}).status_code == 302


def test_the_loop_520_then_a_code_then_half_of_it_back(world: World) -> None:
    marta = world.customer()
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    fill(world, shopper, "ESPRESSO-MACHINE-1")
    assert "$520.00" in check_out(shopper)
    world.discount(marta["id"])
    fill(world, shopper, "TASTING-BOX-1", "STONEWARE-DRIPPER-1")
    assert shopper.get("/discount/REG-FIVE?redirect=/cart").headers["Location"] == "/cart"
    assert "$40.00" in shopper.get("/cart").text
    assert "$40.00" in check_out(shopper, discount="REG-FIVE")
    fill(world, shopper, "TASTING-BOX-1")
    assert "usage limit" in refusal(shopper, discount="REG-FIVE")
    order = world.shop("/orders", method="GET")[0]
    refunded = world.shop(f"/orders/{order['id']}/refund", {"lines": [{"line": 0}]})
    assert refunded["refunds"][0]["transactions"][0]["amount"] == "20.00"
    assert refunded["current_subtotal_price"] == "20.00"
    paid = [json.loads(hook["body"])["subtotal_price"] for hook in drained(world).app.webhooks("orders/paid")]
    assert paid == ["520.00", "40.00"]


def drained(world: World) -> World:
    world.drain()
    return world


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"startsAt": "2999-01-01T00:00:00Z"}, "valid discount code"),
        ({"endsAt": "2026-02-01T00:00:00Z"}, "expired"),
        ({"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "100.00"}}}, "Spend $100.00"),
        ({"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "3"}}}, "Add 3 items"),
    ],
)
def test_a_code_is_refused_with_its_reason(world: World, change: dict[str, Any], why: str) -> None:
    marta = world.customer()
    assert world.discount(marta["id"], **change)["userErrors"] == []
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    fill(world, shopper, "TASTING-BOX-1")
    assert why in refusal(shopper, discount="REG-FIVE").replace("&#39;", "'")
    assert world.shop("/orders", method="GET") == []


def test_somebody_elses_code_and_a_code_for_gift_cards_are_refused(world: World) -> None:
    marta = world.customer()
    world.discount(marta["id"])
    stranger = world.visitor("halfmoon")
    fill(world, stranger, "TASTING-BOX-1")
    assert "customer" in refusal(stranger, email="stranger@mail.example", discount="REG-FIVE")
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    fill(world, shopper, "GIFT-CARD-1")
    assert "items in your cart" in refusal(shopper, discount="REG-FIVE")


def test_a_guest_with_an_email_becomes_a_customer_without_an_account(world: World) -> None:
    guest = world.visitor("halfmoon")
    fill(world, guest, "TASTING-BOX-1")
    check_out(guest, email="Guest@Mail.example", name="Ada Guest")
    world.drain()
    made = json.loads(world.app.webhooks("customers/create")[0]["body"])
    assert (made["email"], made["state"]) == ("guest@mail.example", "disabled")
    fill(world, guest, "TASTING-BOX-1")
    assert refusal(guest, email="") == "Enter an e-mail address"


def test_paying_later_is_pending_until_the_merchant_marks_it_and_a_test_order_says_so(world: World) -> None:
    shopper = world.visitor("halfmoon")
    fill(world, shopper, "TASTING-BOX-1")
    check_out(shopper, email="marta@mail.example", payment="later")
    order = world.shop("/orders", method="GET")[0]
    assert order["financial_status"] == "pending"
    world.drain()
    assert world.app.webhooks("orders/paid") == []
    assert world.visitor("admin").post(f"/store/halfmoon/orders/{order['id']}/pay").status_code == 302
    world.drain()
    assert len(world.app.webhooks("orders/paid")) == 1
    assert "paid already" not in world.shop(f"/orders/{order['id']}", method="GET")["financial_status"]
    world.shop(f"/orders/{order['id']}/pay", status=409)
    fill(world, shopper, "TASTING-BOX-1")
    check_out(shopper, email="marta@mail.example", payment="bogus")
    assert world.shop("/orders", method="GET")[0]["test"] is True


def test_the_ajax_cart_takes_goods_and_a_code(world: World) -> None:
    shopper = world.visitor("halfmoon")
    box = variant(world, "TASTING-BOX-1")
    added = shopper.post("/cart/add.js", json={"items": [{"id": box, "quantity": 2}]}).json()
    assert (added["item_count"], added["total_price"]) == (2, 4500)
    updated = shopper.post("/cart/update.js", json={"updates": {str(box): 1}, "discount": "NOPE"}).json()
    assert updated["total_price"] == 2250
    assert updated["discount_codes"] == [{"code": "NOPE", "applicable": False}]
    assert shopper.get("/cart.js").json()["item_count"] == 1
    assert shopper.post("/cart/clear.js").json()["items"] == []
    assert shopper.post("/cart/add.js", json={"id": 1}).status_code == 404
    assert shopper.post("/cart/add.js", json={"id": "x"}).status_code == 422


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "/a b"])
def test_a_discount_link_never_leads_out_of_the_shop(world: World, path: str) -> None:
    answer = world.visitor("halfmoon").get("/discount/CODE", params={"redirect": path})
    assert answer.headers["Location"] == "/"


def test_accounts_open_log_in_and_log_out(world: World) -> None:
    shopper = world.visitor("halfmoon")
    form = {"email": "Ada@mail.example", "first_name": "Ada", "last_name": "Berg", "password": "secret"}
    assert shopper.post("/account/register", form | {"password": "no"}).status_code == 400
    assert shopper.post("/account/register", form).status_code == 302
    assert "Ada Berg" in shopper.get("/account").text
    assert shopper.post("/account/register", form).status_code == 409
    shopper.post("/account/logout")
    assert shopper.get("/account").headers["Location"] == "/account/login"
    assert shopper.post("/account/login", {"email": "ada@mail.example", "password": "wrong"}).status_code == 403
    log_in(shopper, "ada@mail.example")


def test_a_guest_who_registers_stays_the_same_customer(world: World) -> None:
    order = world.shop("/orders", {"email": "ada@mail.example", "lines": [{"sku": "TASTING-BOX-1"}]})
    shopper = world.visitor("halfmoon")
    shopper.post("/account/register", {"email": "ada@mail.example", "password": "secret"})
    world.drain()
    opened = json.loads(world.app.webhooks("customers/update")[0]["body"])
    assert (opened["id"], opened["state"]) == (order["customer"]["id"], "enabled")


def test_the_embed_stands_on_the_shops_pages_and_not_at_the_checkout(world: World) -> None:
    marta = world.customer()
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    fill(world, shopper, "TASTING-BOX-1")
    tag = f'data-shop="{DOMAIN}" data-platform="shopify" data-proxy="/apps/loyalty" data-customer-id="{marta["id"]}"'
    for path in ("/", "/products/tasting-box", "/cart", "/account"):
        assert tag in shopper.get(path).text, path
    assert "loader.js" not in shopper.get("/checkout").text
    world.shop("/embed", {"enabled": False}, method="PUT")
    assert "loader.js" not in shopper.get("/").text
    world.shop("/uninstall")
    world.shop("/embed", {"enabled": True}, method="PUT", status=409)


def test_the_proxy_says_who_is_logged_in_and_signs_it(world: World) -> None:
    marta = world.customer()
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    shopper.get("/apps/loyalty/member?locale=de&logged_in_customer_id=1&shop=evil&signature=x")
    entry = world.app.seen[-1]
    path, _, query = entry["path"].partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    signature = dict(pairs)["signature"]
    unsigned = [pair for pair in pairs if pair[0] != "signature"]
    assert path == "/shopify/proxy/member"
    assert sorted(name for name, _ in unsigned) == [
        "locale",
        "logged_in_customer_id",
        "path_prefix",
        "shop",
        "timestamp",
    ]
    assert dict(unsigned)["logged_in_customer_id"] == str(marta["id"])
    assert dict(unsigned)["shop"] == DOMAIN
    assert signature == proxy_signature(SECRET, unsigned)
    world.visitor("halfmoon").get("/apps/loyalty/member")
    assert "logged_in_customer_id=&" in world.app.seen[-1]["path"]


def test_the_proxy_passes_method_body_and_headers_but_no_cookies(world: World) -> None:
    world.app.pages["/shopify/proxy/redeem"] = (409, {"Set-Cookie": "app=1", "X-App": "yes"}, b'{"code":"refused"}')
    shopper = world.visitor("halfmoon")
    shopper.session.cookies.set("tracker", "1", domain="halfmoon.shopify.localhost")
    answer = shopper.post("/apps/loyalty/redeem", json={"reward": "a"}, headers={"X-Regulars": "1"})
    entry = world.app.seen[-1]
    assert (entry["method"], json.loads(entry["body"])) == ("POST", {"reward": "a"})
    assert entry["headers"]["X-Regulars"] == "1"
    assert entry["headers"]["X-Forwarded-Host"].startswith("halfmoon.shopify.localhost")
    assert not {"Cookie", "Authorization"} & set(entry["headers"])
    assert (answer.status_code, answer.headers["X-App"]) == (409, "yes")
    assert "Set-Cookie" not in answer.headers


def test_the_proxy_needs_the_app_its_scope_and_its_path(world: World) -> None:
    shopper = world.visitor("halfmoon")
    assert shopper.get("/apps/other/member").status_code == 404
    world.shop("/scopes", {"scopes": ["read_orders"]})
    assert shopper.get("/apps/loyalty/member").status_code == 404
    world.shop("/uninstall")
    assert shopper.get("/apps/loyalty/member").status_code == 404
    assert not [entry for entry in world.app.seen if "/proxy/" in entry["path"]]


def test_one_shops_login_is_nobody_in_another(world: World) -> None:
    world.customer()
    world.control("/shopify/shops", {"name": "other"})
    world.control("/shopify/shops/other.myshopify.com/install")
    shopper = world.visitor("halfmoon")
    log_in(shopper)
    stolen = world.visitor("other")
    stolen.session.headers["Cookie"] = "; ".join(f"{each.name}={each.value}" for each in shopper.session.cookies)
    stolen.get("/apps/loyalty/member")
    assert "logged_in_customer_id=&" in world.app.seen[-1]["path"]


def test_a_visitor_of_the_demo_may_be_one_of_the_shops_customers(world: World) -> None:
    marta = world.customer()
    world.shop("/orders", {"customer": marta["id"], "lines": [{"sku": "TASTING-BOX-1"}]})
    guest = world.shop("/orders", {"email": "guest@mail.example", "lines": [{"sku": "TASTING-BOX-1"}]})["customer"]
    shopper = world.visitor("halfmoon")
    offered = shopper.get("/account/login").text
    assert "Marta Lopez, 1 order<" in offered
    assert str(guest["id"]) not in offered
    assert shopper.post("/account/be", {"customer": guest["id"]}).status_code == 404
    assert shopper.post("/account/be", {"customer": marta["id"]}).status_code == 302
    assert "Marta Lopez" in shopper.get("/account").text


def test_a_heavy_theme_brings_styles_a_script_and_pictures(world: World) -> None:
    shop = world.visitor("halfmoon")
    assert "/theme/" not in shop.get("/").text
    world.shop("/theme", {"heavy": True}, method="PUT")
    page = shop.get("/").text
    named = set(re.findall(r'(?:href|src)="(/theme/[^"]+)"', page))
    assert len(named) == 10
    for path in named:
        answer = shop.get(path)
        assert answer.status_code == 200
        assert len(answer.content) > 50_000
    assert shop.get("/theme/picture-99.png").status_code == 404
