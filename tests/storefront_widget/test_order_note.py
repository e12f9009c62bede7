"""POST extension/order: the note beside an order on Shopify's own pages, for whoever the platform's token names."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import msgspec
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from loyalty.engine.program import default_program
from loyalty.models import Checkpoint, InboxDelivery, LedgerEntry, Member, Shop, StoredFact
from loyalty.services.enrolment import leave_program
from loyalty.services.programs import pause, publish
from storefront_widget.reads import READS_A_MINUTE
from tests.factories import ALICE, BOB, T0, make_member, make_order, make_shop, place, refund_of

pytestmark = pytest.mark.django_db
CLIENT = "client-of-the-tests"
SECRET = "shpss_secret_of_the_order_notes_tests"
LINE = {"price": 29.0, "quantity": 2, "product": "8001"}
ORDER = {"order": "5001", "currency": "EUR", "lines": [LINE]}
ONLY_WHAT_THERE_IS = {
    "heading": "You have 10 points.",
    "text": "",
    "lines": [],
    "link": "See my points",
    "again_seconds": 0,
}


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_API_KEY", CLIENT)
    monkeypatch.setattr(settings, "SHOPIFY_API_SECRET", SECRET)


def token(shop: Shop, customer: str = "", secret: str = SECRET, **changes: Any) -> str:
    moment = int(timezone.now().timestamp())
    whole = {
        "dest": shop.external_id,
        "aud": CLIENT,
        "exp": moment + 300,
        "nbf": moment,
        "iat": moment,
        "jti": "6c99",
        "sub": f"gid://shopify/Customer/{customer}" if customer else None,
        **changes,
    }
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, secret, algorithm="HS256")


def asked(bearer: str, body: object = None, lang: str = "en", **headers: str) -> HttpResponse:
    return Client().post(
        f"/widget/v1/extension/order?lang={lang}",
        data=json.dumps(ORDER if body is None else body),
        content_type="application/json",
        headers={"X-Regulars": "1", "Authorization": f"Bearer {bearer}", "Origin": "null", **headers},
    )


def placed(shop: Shop, number: str = "5001", whole: int = 120, person: Any = ALICE) -> None:
    place(shop, make_order(number, prices=(whole * 100,), at=timezone.now() - timedelta(minutes=1)), person)


def test_a_member_hears_what_their_order_brings_and_from_when(shopify: Shop) -> None:
    make_member(shopify, points=10)
    live = default_program("EUR", 2, "Europe/Riga", "Rewards")
    waiting = msgspec.structs.replace(live, policies=msgspec.structs.replace(live.policies, hold_days=14))
    publish(shop=shopify, program=waiting, at=timezone.now() - timedelta(hours=1))
    placed(shopify)
    answer = asked(token(shopify, ALICE.external_id))
    assert (answer.status_code, answer["Cache-Control"], answer["Access-Control-Allow-Origin"]) == (
        200,
        "no-store",
        "*",
    )
    note = answer.json()
    assert note["heading"] == "This order brings 120 points"
    (held, have) = note["lines"]
    assert held["name"].startswith("From ")
    assert held["value"] == "120"
    assert have == {"name": "You have", "value": "10"}
    assert (note["text"], note["link"], note["again_seconds"]) == ("", "See my points", 0)
    placed(shopify, "5002", 40)
    assert asked(token(shopify, ALICE.external_id), {"order": "5002"}).json()["lines"] == [
        {**held, "value": "40"},
        have,
    ]


def test_of_an_order_whose_points_are_there_no_day_is_named(shopify: Shop) -> None:
    make_member(shopify, points=10)
    placed(shopify)
    note = asked(token(shopify, ALICE.external_id)).json()
    assert (note["heading"], note["lines"]) == ("This order brings 120 points", [{"name": "You have", "value": "130"}])


def test_what_a_refund_took_is_no_longer_promised(shopify: Shop) -> None:
    make_member(shopify, points=10)
    at = timezone.now() - timedelta(hours=1)
    order = make_order("5001", prices=(10_000, 2_000), at=at)
    place(shopify, order)
    back = refund_of(order, 0, 10_000, at=at + timedelta(minutes=1))
    place(shopify, make_order("5001", prices=(10_000, 2_000), at=at, refunds=(back,), updated_at=back.at))
    assert asked(token(shopify, ALICE.external_id)).json()["heading"] == "This order brings 20 points"


def test_points_of_a_line_that_was_added_wait_beside_those_that_are_there(shopify: Shop) -> None:
    make_member(shopify, points=10)
    now = timezone.now()
    live = default_program("EUR", 2, "Europe/Riga", "Rewards")
    waiting = msgspec.structs.replace(live, policies=msgspec.structs.replace(live.policies, hold_days=14))
    publish(shop=shopify, program=waiting, at=now - timedelta(days=20))
    order = make_order("5001", prices=(10_000, 2_000), at=now - timedelta(days=15))
    late = msgspec.structs.replace(order.lines[1], added_at=now - timedelta(hours=1))
    place(shopify, msgspec.structs.replace(order, lines=(order.lines[0], late)), at=now)
    note = asked(token(shopify, ALICE.external_id)).json()
    assert note["heading"] == "This order brings 120 points"
    assert [line["value"] for line in note["lines"]] == ["20", "110"]


def test_of_an_order_that_is_not_paid_yet_is_said_what_it_will_bring_and_what_it_waits_for(shopify: Shop) -> None:
    """The platform tells of an order before it tells that it is paid; a transfer takes days."""
    make_member(shopify, points=10)
    place(shopify, make_order("5001", prices=(12_000,), at=timezone.now() - timedelta(minutes=1), paid=False))
    note = asked(token(shopify, ALICE.external_id)).json()
    assert (note["heading"], note["text"]) == ("This order brings 29 points", "Order #5001 is not paid yet.")
    assert (note["lines"], note["again_seconds"]) == ([{"name": "You have", "value": "10"}], 5)
    days = {**ORDER, "placed_at": (timezone.now() - timedelta(days=2)).isoformat()}
    waiting = {**ONLY_WHAT_THERE_IS, "text": "Order #5001 is not paid yet."}
    assert asked(token(shopify, ALICE.external_id), days).json() == waiting


def test_an_order_from_before_the_checkpoint_is_told_as_well(shopify: Shop) -> None:
    for number in range(45):
        place(shopify, make_order(str(6000 + number), prices=(1_000 + 100 * number,), at=T0 + timedelta(days=number)))
    assert Checkpoint.objects.across_shops().exists()
    note = asked(token(shopify, ALICE.external_id), {"order": "6003"}).json()
    assert note["heading"] == "This order brings 13 points"


def test_until_the_order_is_heard_of_it_is_judged_by_what_the_page_says(shopify: Shop) -> None:
    make_member(shopify, points=10)
    note = asked(token(shopify, ALICE.external_id)).json()
    assert (note["heading"], note["again_seconds"]) == ("This order brings 29 points", 5)
    assert note["text"] == "What this order brings is added within a few minutes."
    assert note["lines"] == [{"name": "You have", "value": "10"}]
    foreign = asked(token(shopify, ALICE.external_id), {**ORDER, "currency": "USD"}).json()
    assert (foreign["heading"], foreign["lines"]) == ("You have 10 points.", [])


def test_prices_are_read_to_the_cent_and_what_may_be_a_gift_card_promises_nothing(shopify: Shop) -> None:
    def heard(*lines: dict[str, Any], off: float = 0) -> str:
        body = {"currency": "EUR", "lines": lines, "off": off}
        return str(asked(token(shopify), body).json()["heading"])

    assert heard({"price": 28.999, "quantity": 3}) == "Join and keep what this order brings: 29 points"
    assert heard({"price": 30, "quantity": 3}, {"price": 0.1, "quantity": 1}, off=5) == (
        "Join and keep what this order brings: 25 points"
    )
    certificate = {"price": 50, "shipped": False}
    assert heard(LINE, certificate) == "Join and keep what this order brings: 29 points or more"
    assert heard(certificate) == "Members collect points with every order."


def test_a_guest_hears_what_they_would_have_and_nothing_of_anybody(shopify: Shop) -> None:
    make_member(shopify, points=10)
    placed(shopify)
    note = asked(token(shopify)).json()
    assert note == {
        "heading": "Join and keep what this order brings: 29 points",
        "text": "",
        "lines": [],
        "link": "Join or sign in",
        "again_seconds": 0,
    }


@pytest.mark.parametrize("policy", [{"guest_orders": "nothing"}, {"enrolment": "on_request"}])
def test_a_guest_whose_order_would_not_be_kept_is_promised_nothing_of_it(shopify: Shop, policy: dict[str, Any]) -> None:
    live = default_program("EUR", 2, "Europe/Riga", "Rewards")
    strict = msgspec.structs.replace(live, policies=msgspec.structs.replace(live.policies, **policy))
    publish(shop=shopify, program=strict, at=timezone.now() - timedelta(hours=1))
    assert asked(token(shopify)).json()["heading"] == "Members collect points with every order."


def test_a_token_that_says_null_is_a_guests(shopify: Shop) -> None:
    claims = jwt.decode(token(shopify), options={"verify_signature": False})
    null = jwt.encode({**claims, "sub": None}, SECRET, algorithm="HS256")
    assert asked(null).json() == asked(token(shopify)).json()


def test_a_customer_whom_we_have_not_met_hears_what_comes(shopify: Shop) -> None:
    note = asked(token(shopify, "999")).json()
    assert (note["heading"], note["lines"], note["again_seconds"]) == ("This order brings 29 points", [], 5)
    assert not Member.objects.filter(shop=shopify).exists()


INVITATION = {
    "heading": "You are not a member. Joining is free.",
    "text": "",
    "lines": [],
    "link": "Join",
    "again_seconds": 0,
}


def on_request(shop: Shop) -> None:
    live = default_program("EUR", 2, "Europe/Riga", "Rewards")
    strict = msgspec.structs.replace(live, policies=msgspec.structs.replace(live.policies, enrolment="on_request"))
    publish(shop=shop, program=strict, at=timezone.now() - timedelta(hours=1))


def test_a_customer_whom_we_have_not_met_and_whose_goods_promise_nothing_is_promised_nothing(shopify: Shop) -> None:
    certificate = {**ORDER, "lines": [{"price": 50, "shipped": False}]}
    silence = {"heading": "", "text": "", "lines": [], "link": "", "again_seconds": 5}
    assert asked(token(shopify, "999"), certificate).json() == silence
    on_request(shopify)
    assert asked(token(shopify, "999"), certificate).json() == INVITATION


def test_who_has_left_may_come_back_and_who_has_not_joined_may_join(shopify: Shop) -> None:
    """Nothing is said of what the order would bring, nor of points from before."""
    member = make_member(shopify, points=10)
    leave_program(shop=shopify, member_id=member.pk, at=timezone.now() - timedelta(minutes=2))
    placed(shopify)
    assert asked(token(shopify, ALICE.external_id)).json() == INVITATION
    long_ago = {**ORDER, "placed_at": (timezone.now() - timedelta(days=2)).isoformat()}
    assert asked(token(shopify, ALICE.external_id), long_ago).json()["heading"] == ""
    on_request(shopify)
    make_member(shopify, BOB)
    assert asked(token(shopify, BOB.external_id)).json() == INVITATION


def test_an_order_is_told_to_its_own_customer_only(shopify: Shop) -> None:
    """Others hear what they would of an order that there is not."""
    make_member(shopify, points=10)
    make_member(shopify, BOB, points=3)
    placed(shopify)
    elsewhere = make_shop(name="Elsewhere")
    make_member(elsewhere, points=7)
    none = {**ORDER, "order": "5999"}
    for bearer in (token(shopify, BOB.external_id), token(elsewhere, ALICE.external_id), token(shopify)):
        told = asked(bearer)
        assert told.json() == asked(bearer, none).json()
        assert "120" not in told.content.decode()


def test_nothing_is_written_and_the_same_token_says_the_same_again(shopify: Shop) -> None:
    make_member(shopify, points=10)
    rows = (StoredFact, LedgerEntry, InboxDelivery, Member)
    before = [model.objects.across_shops().count() for model in rows]
    bearer = token(shopify, ALICE.external_id)
    assert asked(bearer).json() == asked(bearer).json()
    assert [model.objects.across_shops().count() for model in rows] == before


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "shpss_another_secret_of_enough_length"},
        {"aud": "another-app"},
        {"sub": "42"},
        {"sub": "gid://shopify/Order/7001"},
        {"sub": 7001},
        {"exp": 1_700_000_000},
        {"nbf": 4_000_000_000},
        {"dest": "evil.example"},
        {"iss": "https://elsewhere.myshopify.com/admin"},
        {"exp": None},
        {"dest": None},
    ],
)
def test_any_other_token_opens_nothing(shopify: Shop, changes: dict[str, Any]) -> None:
    make_member(shopify, points=10)
    answer = asked(token(shopify, ALICE.external_id, **changes))
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, "*")
    assert "10" not in answer.json()["detail"]


def test_our_own_token_and_what_a_form_can_send_open_nothing(shopify: Shop) -> None:
    good = token(shopify, ALICE.external_id)
    assert [asked(each).status_code for each in ("", "1.abc", "x" * 5_000)] == [401] * 3
    assert asked(good, **{"X-Regulars": ""}).status_code == 403
    sent = Client().post(
        "/widget/v1/extension/order", "{}", content_type="text/plain", headers={"Authorization": f"Bearer {good}"}
    )
    assert sent.status_code == 415


def test_a_store_that_has_no_app_of_ours_is_not_found(shopify: Shop) -> None:
    assert asked(token(shopify, dest="nobody.myshopify.com")).status_code == 404


def test_both_forms_of_a_stores_name_are_taken(shopify: Shop) -> None:
    whole = f"https://{shopify.external_id}"
    assert asked(token(shopify, dest=whole, iss=f"{whole}/admin")).status_code == 200


def test_any_page_may_ask_for_it(shopify: Shop) -> None:
    answer = Client().options("/widget/v1/extension/order", headers={"Origin": "null"})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*")
    assert {"Authorization", "Content-Type", "X-Regulars"} <= set(answer["Access-Control-Allow-Headers"].split(", "))
    assert "POST" in answer["Access-Control-Allow-Methods"]


def test_it_is_said_in_the_buyers_language(shopify: Shop) -> None:
    make_member(shopify, points=10)
    placed(shopify)
    assert (
        asked(token(shopify, ALICE.external_id), lang="de-AT").json()["heading"] == "Diese Bestellung bringt 120 Punkte"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"order": "gid://shopify/Order/1"},
        {"lines": [{"price": -1}]},
        {"lines": [{"price": 10**13}]},
        {"lines": [{"price": "NaN"}]},
        {"lines": [{"price": 1, "quantity": 0}]},
        {"lines": [{"price": 1}] * 501},
        {"lines": [{"price": 1, "product": "a\x00"}]},
        {"currency": "EURO"},
        {"placed_at": "2026-01-01T00:00:00"},
        {"placed_at": "long ago"},
        {"member": 1},
    ],
)
def test_what_no_order_holds_is_refused_with_a_sentence(shopify: Shop, body: object) -> None:
    answer = asked(token(shopify), body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_it_costs_ten_questions_at_most(shopify: Shop, django_assert_max_num_queries: Any) -> None:
    make_member(shopify, points=10)
    with django_assert_max_num_queries(10):
        asked(token(shopify, ALICE.external_id))
    place(shopify, make_order("5001", at=timezone.now() - timedelta(minutes=1), paid=False))
    with django_assert_max_num_queries(10):
        asked(token(shopify, ALICE.external_id))
    placed(shopify)
    with django_assert_max_num_queries(10):
        asked(token(shopify, ALICE.external_id))


def test_whoever_asks_without_end_is_told_to_wait(shopify: Shop) -> None:
    bearer = token(shopify)
    answers = [asked(bearer, {}) for _ in range(READS_A_MINUTE + 1)]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert answers[-1]["Access-Control-Expose-Headers"] == "Retry-After"


def test_without_a_live_program_and_while_earning_rests_nothing_is_promised(shopify: Shop) -> None:
    pause(shop=shopify, earning=True, redeeming=False, at=timezone.now())
    assert asked(token(shopify)).json()["heading"] == ""
    make_member(shopify, points=10)
    assert asked(token(shopify, ALICE.external_id)).json() == ONLY_WHAT_THERE_IS


def test_an_old_order_of_which_nobody_has_told_us_promises_nothing(shopify: Shop) -> None:
    """The platform shows it in the account for years; it may be from before the app."""
    make_member(shopify, points=10)
    long_ago = {**ORDER, "placed_at": (timezone.now() - timedelta(days=2)).isoformat()}
    assert asked(token(shopify, ALICE.external_id), long_ago).json() == ONLY_WHAT_THERE_IS
    assert [asked(token(shopify, who), long_ago).json()["heading"] for who in ("", "999")] == ["", ""]
    lately = {**ORDER, "placed_at": (timezone.now() - timedelta(hours=2)).isoformat()}
    assert asked(token(shopify, ALICE.external_id), lately).json()["heading"] == "This order brings 29 points"
    placed(shopify)
    assert asked(token(shopify, ALICE.external_id), long_ago).json()["heading"] == "This order brings 120 points"
