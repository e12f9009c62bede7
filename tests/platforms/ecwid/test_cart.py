"""Points that the cart itself takes off: who may ask, what is answered, and what becomes of two carts at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Unauthorized
from loyalty.engine.program import default_program, parse_program, to_data
from loyalty.models import CartProof, EcwidStore, Member, ProgramVersion, Redemption, Shop
from loyalty.platforms.ecwid import cart, oauth
from loyalty.services import cart_sign_in
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.services.redemptions import redeem
from loyalty.services.shoppers import member_of
from loyalty.worker import outbox
from loyalty.worker.reconciliation import reconcile
from tests.platforms.ecwid.stand_in import CLIENT_ID, CLIENT_SECRET, StandIn, notice

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = (
    "read_store_profile update_store_profile read_orders read_customers read_discount_coupons create_discount_coupons"
    " update_discount_coupons customize_cart_calculation"
).split()
SLIDER = {
    "id": "slider",
    "name": "Pay with points",
    "kind": "points_slider",
    "points": 100,
    "value_minor": 100,
    "maximum_percent": 50,
}


def now() -> datetime:
    return datetime.now(UTC)


class AppServer:
    """Where the stand-in sends its carts: keeps the question, and answers what it was last told to."""

    def __init__(self) -> None:
        self.questions: list[dict[str, Any]] = []
        self.reply: dict[str, Any] = {"discounts": []}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                body = json.dumps(outer.reply).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/discounts"


@pytest.fixture
def app(stand_in: StandIn, settings: Settings) -> Iterator[AppServer]:
    made = AppServer()
    registered = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_url": settings.APP_URL}
    stand_in.ask("PUT", "/_sandbox/ecwid/app", registered | {"discount_url": made.url})
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def shop(stand_in: StandIn, app: AppServer) -> Shop:
    """A store with a slider of 1.00 for 100 points, at most half of an order, and a shopper with 520 points."""
    store = stand_in.new_store()
    token = stand_in.of(store, "/token", {"scopes": SCOPES})["access_token"]
    began = now() - timedelta(hours=2)
    shop = oauth.connect_pasted(store=store, token=token, client_secret="", at=began)
    launch(shop=shop, at=began)
    document = to_data(default_program("EUR", 2, "UTC", "Paper Heron")) | {"rewards": [SLIDER]}
    parse_program(document)
    ProgramVersion.objects.filter(shop=shop).update(document=document)
    order(stand_in, shop, lines=[{"sku": "TYPEW"}], at=(now() - timedelta(hours=1)).isoformat())
    cart.switch_on(shop)
    return shop


def order(stand_in: StandIn, shop: Shop, **fields: Any) -> dict[str, Any]:
    """Placed in the stand-in, and heard of."""
    placed = stand_in.order(shop, **fields)
    hear(shop, placed["id"])
    return placed


def hear(shop: Shop, order_id: str) -> list[Any]:
    seen = notice(shop, "order.updated", at=now(), data={"orderId": order_id})
    record(shop=shop, observations=seen, at=now())
    return seen


def member(shop: Shop) -> Member:
    return Member.objects.get(shop=shop, email="noor@example.com")


def slide(shop: Shop, points: int) -> Redemption:
    taken = redeem(
        shop=shop, member_id=member(shop).pk, reward_id="slider", request_key=f"k-{points}", at=now(), points=points
    )
    while outbox.drain_codes(now=now()):
        pass
    taken.refresh_from_db()
    return taken


def ask(question: Any, address: str = "") -> list[dict[str, Any]]:
    body = question if isinstance(question, str) else json.dumps(question)
    answer = Client().post(address or cart.address(), body, content_type="application/json")
    assert answer.status_code == 200, answer.status_code
    return list(answer.json()["discounts"])


def question_of(stand_in: StandIn, shop: Shop, app: AppServer, code: str, **fields: Any) -> dict[str, Any]:
    """What the store's server asks of such a cart: an order is placed and gone again."""
    placed = stand_in.order(shop, extra_fields={"regulars_points": {"value": code}}, **fields)
    stand_in.of(shop, f"/orders/{placed['id']}", method="DELETE")
    return app.questions[-1]


def test_points_come_off_in_the_cart_and_the_order_says_so(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    taken = slide(shop, 300)
    assert (taken.state, taken.external_id, member(shop).available) == ("ready", "cart", 220)
    assert stand_in.of(shop, "/coupons", method="GET") == []
    asked = question_of(stand_in, shop, app, taken.code, signed_in=True)
    found = ask(asked)
    assert found == [{"value": 3, "type": "ABSOLUTE", "description": f"Points {taken.code}"}]
    app.reply = {"discounts": found}
    placed = order(stand_in, shop, extra_fields={"regulars_points": {"value": taken.code}}, signed_in=True)
    assert (placed["total"], placed["discount"]) == (42, 3)
    taken.refresh_from_db()
    assert (taken.state, taken.order_id) == ("used", placed["id"])
    assert member(shop).available == 220 + 42
    assert ask(asked) == []


def test_a_store_that_keeps_no_words_of_a_discount_is_understood_by_its_hidden_field(
    stand_in: StandIn, shop: Shop, app: AppServer
) -> None:
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"discount_words": False})
    taken = slide(shop, 300)
    app.reply = {"discounts": ask(question_of(stand_in, shop, app, taken.code))}
    order(stand_in, shop, extra_fields={"regulars_points": taken.code})
    taken.refresh_from_db()
    assert taken.state == "used"


def test_a_hidden_field_without_a_discount_uses_nothing_up(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    """The store's server did not hear our answer in time: the shopper paid all of it and keeps the points."""
    taken = slide(shop, 300)
    order(stand_in, shop, extra_fields={"regulars_points": taken.code})
    taken.refresh_from_db()
    assert taken.state == "ready"


def test_not_more_than_its_share_of_an_order_is_paid_with_points(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    taken = slide(shop, 500)
    asked = question_of(stand_in, shop, app, taken.code, lines=[{"title": "Pin", "price": 9.99}])
    assert ask(asked) == []
    asked["cart"]["subtotal"] = 10
    assert ask(asked)[0]["value"] == 5
    asked["cart"]["couponDiscount"] = 0.01
    assert ask(asked) == []


def test_only_the_stores_own_server_and_customer_get_an_answer(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    taken = slide(shop, 300)
    asked = question_of(stand_in, shop, app, taken.code, signed_in=True)
    other = stand_in.connected()
    cart.switch_on(other)
    wrong: list[dict[str, Any]] = [
        asked | {"storeId": int(other.external_id)},
        asked | {"storeId": 999_999},
        asked | {"merchantAppSettings": {"regulars": "another"}},
        asked | {"merchantAppSettings": {"regulars": json.dumps({"value": "another"})}},
        asked | {"cart": asked["cart"] | {"customerId": 1}},
        asked | {"cart": asked["cart"] | {"currency": "JPY"}},
        asked | {"cart": asked["cart"] | {"extraFields": {"regulars_points": "AAAA-BBBB-CCCC"}}},
        asked | {"cart": asked["cart"] | {"extraFields": {"regulars_points": "' OR 1=1"}}},
        asked | {"cart": asked["cart"] | {"extraFields": None}},
    ]
    assert [ask(each) for each in wrong] == [[] for _ in wrong]
    assert ask(asked), "The true question is still answered."
    assert Client().post("/ecwid/discounts/guess", "{}", content_type="application/json").status_code == 404
    assert Client().get(cart.address()).status_code == 405
    taken.refresh_from_db()
    assert (taken.state, member(shop).available) == ("ready", 220)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"storeId": 0}', '{"cart": {}}', "[" * 90_000, '{"a": NaN}'])
def test_what_is_no_question_takes_nothing_off(shop: Shop, body: str) -> None:
    assert ask(body) == []


def test_a_store_that_sends_no_private_keys_gets_its_discount_and_signs_nobody_in(
    stand_in: StandIn, shop: Shop, app: AppServer, settings: Settings
) -> None:
    settings.ECWID_CART_SIGN_IN = True
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"private_keys_in_carts": False})
    taken = slide(shop, 300)
    asked = question_of(stand_in, shop, app, taken.code, signed_in=True)
    assert asked["merchantAppSettings"] == {}
    asked["cart"]["extraFields"]["regulars_nonce"] = cart_sign_in.begin(shop=shop, at=now())[1]
    assert len(ask(asked)) == 1
    assert not CartProof.objects.filter(shop=shop).exists()


def test_two_carts_at_once_pay_twice(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    taken = slide(shop, 200)
    app.reply = {"discounts": ask(question_of(stand_in, shop, app, taken.code))}
    fields = {"regulars_points": taken.code}
    first, second = (stand_in.order(shop, extra_fields=fields) for _ in range(2))
    hear(shop, first["id"])
    assert member(shop).available == 520 - 200 + 43
    seen = hear(shop, second["id"])
    assert member(shop).available == 520 - 200 + 43 + 43 - 200
    assert first["id"] in seen[-1].why
    hear(shop, second["id"])
    hear(shop, first["id"])
    assert member(shop).available == 520 - 200 + 43 + 43 - 200


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_two_carts_at_once_pay_twice_where_no_notice_came(
    stand_in: StandIn, shop: Shop, app: AppServer, heard: int
) -> None:
    taken = slide(shop, 200)
    app.reply = {"discounts": ask(question_of(stand_in, shop, app, taken.code))}
    placed = [stand_in.order(shop, extra_fields={"regulars_points": taken.code}) for _ in range(2)]
    for each in placed[:heard]:
        hear(shop, each["id"])
    for _ in range(2):
        reconcile(shop=shop, now=now())
        assert member(shop).available == 520 - 200 + 43 + 43 - 200


def test_an_expired_or_returned_code_takes_nothing_off(stand_in: StandIn, shop: Shop, app: AppServer) -> None:
    taken = slide(shop, 300)
    asked = question_of(stand_in, shop, app, taken.code)
    Redemption.objects.filter(shop=shop).update(expires_at=now() - timedelta(seconds=1))
    assert ask(asked) == []


def test_switched_off_sliders_are_coupons_again_and_old_promises_are_kept(
    stand_in: StandIn, shop: Shop, app: AppServer
) -> None:
    old = slide(shop, 200)
    asked = question_of(stand_in, shop, app, old.code)
    cart.switch_off(shop)
    assert len(ask(asked)) == 1
    new = slide(shop, 100)
    (coupon,) = stand_in.of(shop, "/coupons", method="GET")
    assert (coupon["code"], coupon["discount"], coupon["totalLimit"]) == (new.code, 1, 2)


# Signing in by the cart


@pytest.fixture
def nonced(stand_in: StandIn, shop: Shop, app: AppServer, settings: Settings) -> Callable[..., tuple[str, Any]]:
    """A browser's claim, and what the store's server says of the cart that holds its nonce."""

    def begin(**fields: Any) -> tuple[str, Any]:
        settings.ECWID_CART_SIGN_IN = True
        claim, nonce = cart_sign_in.begin(shop=shop, at=now())
        asked = question_of(stand_in, shop, app, "", **fields)
        asked["cart"]["extraFields"]["regulars_nonce"] = nonce
        return claim, asked

    return begin


def test_whose_cart_it_is_is_signed_in_once(shop: Shop, nonced: Callable[..., tuple[str, Any]]) -> None:
    claim, asked = nonced(signed_in=True)
    with pytest.raises(Unauthorized):
        cart_sign_in.start_session(shop=shop, claim=claim, at=now())
    ask(asked)
    session = cart_sign_in.start_session(shop=shop, claim=claim, at=now())
    assert member_of(shop=shop, token=session.token, at=now()) == member(shop)
    with pytest.raises(Unauthorized):
        cart_sign_in.start_session(shop=shop, claim=claim, at=now())


def test_a_guest_who_types_somebodys_address_is_nobody(shop: Shop, nonced: Callable[..., tuple[str, Any]]) -> None:
    claim, asked = nonced()
    assert asked["cart"]["customerEmail"] == "noor@example.com"
    ask(asked)
    with pytest.raises(Unauthorized):
        cart_sign_in.start_session(shop=shop, claim=claim, at=now())


def test_a_store_that_names_guests_shows_why_the_switch_is_off_until_it_was_tried(
    stand_in: StandIn, shop: Shop, nonced: Callable[..., tuple[str, Any]], settings: Settings
) -> None:
    stand_in.ask("PUT", "/_sandbox/ecwid/switches", {"guests_in_carts": True})
    _, asked = nonced()
    assert asked["cart"]["customerId"], "This is what an operator must look for before the switch is turned."
    settings.ECWID_CART_SIGN_IN = False
    ask(asked)
    assert not CartProof.objects.filter(shop=shop).exists()


def test_a_nonce_that_was_read_in_a_cart_or_an_order_opens_nothing(
    shop: Shop, nonced: Callable[..., tuple[str, Any]]
) -> None:
    claim, asked = nonced(signed_in=True)
    ask(asked)
    nonce = asked["cart"]["extraFields"]["regulars_nonce"]
    for guess in (nonce, claim[:-1] + "x", claim.replace(":", "."), ""):
        with pytest.raises(Unauthorized):
            cart_sign_in.start_session(shop=shop, claim=guess, at=now())


def test_a_proof_of_one_store_or_of_long_ago_opens_nothing(
    stand_in: StandIn, shop: Shop, nonced: Callable[..., tuple[str, Any]]
) -> None:
    claim, asked = nonced(signed_in=True)
    ask(asked)
    with pytest.raises(Unauthorized):
        cart_sign_in.start_session(shop=stand_in.connected(), claim=claim, at=now())
    with pytest.raises(Unauthorized):
        cart_sign_in.start_session(shop=shop, claim=claim, at=now() + timedelta(minutes=11))
    assert cart_sign_in.forget(before=now() + timedelta(minutes=11)) == 1


def test_what_the_store_keeps_of_the_secret_may_be_bare_or_in_an_object(shop: Shop) -> None:
    secret = EcwidStore.objects.get(shop=shop).callback_secret
    for kept in (secret, json.dumps(secret), json.dumps({"value": secret})):
        raw = json.dumps({"storeId": int(shop.external_id), "merchantAppSettings": {"regulars": kept}, "cart": {}})
        question = cart.read_question(raw.encode())
        assert question is not None
        assert question.is_proven
