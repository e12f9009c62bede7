"""Behind the platform's proxy: the signature says who it is, and nothing else does."""

import json
from datetime import timedelta
from unittest.mock import ANY, patch

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.policies import Policies
from loyalty.models import LedgerEntry, Member, OutboxMessage, Redemption, Shop, StoredFact
from loyalty.services.adjustments import adjust
from loyalty.services.intake import record
from loyalty.services.observations import PersonSeen
from loyalty.services.redemptions import begin_issuing, give_back, mark_ready, redeem
from loyalty.worker import outbox
from tests.factories import ALICE, BOB, T0, balance, make_member, make_order, make_shop, place
from tests.storefront_widget.conftest import Issuer, Proxied, signed_query
from tests.storefront_widget.test_config import programmed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(shopify: Shop) -> Proxied:
    make_member(shopify, points=520)
    return Proxied(shopify, ALICE.external_id)


def test_a_member_sees_balance_worth_rewards_and_history_with_reasons(alice: Proxied) -> None:
    seen = alice.get("member").json()
    assert seen["member"] == {"name": "Alice A.", "known": True}
    assert seen["available"] == 520
    assert seen["worth_minor"] == 520
    assert [(each["id"], each["missing"], each["obstacle"]) for each in seen["rewards"]] == [("amount-off", 0, "")]
    [line] = seen["history"]
    assert line["points"] == 520
    assert "520" in line["text"]
    assert line["params"]["number"] == "#start-7001"
    assert line["details"]


def test_history_keeps_orders_that_gave_nothing_and_drops_what_is_for_the_merchant(alice: Proxied) -> None:
    place(alice.shop, make_order("unpaid", paid=False))
    record(shop=alice.shop, observations=[PersonSeen(person=ALICE, at=T0, signed_up_at=T0)], at=T0)
    newest, oldest = alice.get("member").json()["history"]
    assert (newest["points"], newest["kind"], newest["params"]) == (0, "nothing", {"number": "#unpaid"})
    assert oldest["points"] == 520
    assert not [detail for detail in oldest["details"] if "version" in detail]


def test_a_code_whose_points_stay_spent_is_told_when_it_has_ended(alice: Proxied) -> None:
    programmed(alice.shop, policies=Policies(expired_codes="stay_spent"))
    now = timezone.now()
    member = Member.objects.get(shop=alice.shop)
    code = redeem(shop=alice.shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=now)
    begin_issuing(shop=alice.shop, number=code.number)
    mark_ready(shop=alice.shop, number=code.number, external_id="x", at=now)
    give_back(shop=alice.shop, number=code.number, why="expired", at=now)
    told = [(line["points"], line["text"]) for line in alice.get("member").json()["history"]]
    assert (0, "€5 off was not used in time: 500 points stay spent") in told


def test_what_the_staff_write_is_shown_without_their_name(alice: Proxied) -> None:
    member = Member.objects.get(shop=alice.shop)
    adjust(
        shop=alice.shop,
        member_id=member.pk,
        points=5,
        actor="kim@halfmoon.test",
        reason="Late parcel",
        key="k",
        at=timezone.now(),
    )
    answer = alice.get("member")
    assert answer.json()["history"][0]["text"] == "Late parcel"
    assert b"kim@" not in answer.content


def test_a_visitor_who_is_not_logged_in_gets_nothing_of_anybody(shopify: Shop) -> None:
    make_member(shopify, points=520)
    assert Proxied(shopify).get("member").json() == {"member": None, "config": ANY}
    assert Proxied(shopify).redeem().status_code == 401


def test_a_customer_we_have_not_met_sees_zero_and_is_enrolled_by_no_look(shopify: Shop) -> None:
    seen = Proxied(shopify, "4242").get("member").json()
    assert seen["member"] == {"name": "", "known": False}
    assert (seen["available"], seen["history"], seen["codes"]) == (0, [], [])
    assert seen["rewards"][0]["missing"] == 500
    assert not Member.objects.filter(shop=shopify).exists()
    answer = Proxied(shopify, "4242").redeem()
    assert (answer.status_code, answer.json()["code"]) == (404, "no_member")


def test_what_the_look_promises_the_redemption_gives(alice: Proxied, issuer: Issuer) -> None:
    answer = alice.redeem()
    made = answer.json()
    assert answer.status_code == 200
    assert made["state"] == "ready"
    assert made["code"] == issuer.asked[0]
    assert made["apply_url"].endswith(f"/discount/{made['code']}?redirect=/cart")
    assert balance(alice.shop) == 20
    seen = alice.get("member").json()
    assert seen["available"] == 20
    assert [each["code"] for each in seen["codes"]] == [made["code"]]
    assert seen["rewards"][0]["missing"] == 480


def test_a_debt_is_part_of_what_is_missing(alice: Proxied) -> None:
    member = Member.objects.get(shop=alice.shop)
    at = timezone.now()
    adjust(shop=alice.shop, member_id=member.pk, points=-600, actor="Dana K.", reason="Mistake", key="debt", at=at)
    seen = alice.get("member").json()
    assert (seen["available"], seen["rewards"][0]["missing"]) == (-80, 580)


def test_the_same_key_and_body_get_the_same_answer_byte_for_byte(alice: Proxied, issuer: Issuer) -> None:
    first, second = alice.redeem(), alice.redeem()
    assert first.content == second.content
    assert len(issuer.asked) == 1
    assert Redemption.objects.filter(shop=alice.shop).count() == 1


def test_the_same_answer_comes_after_the_code_was_used_too(alice: Proxied) -> None:
    first = alice.redeem()
    Redemption.objects.filter(shop=alice.shop).update(state="used")
    assert alice.redeem().content == first.content


def test_the_same_key_with_another_body_is_a_conflict(alice: Proxied) -> None:
    alice.redeem()
    answer = alice.redeem({"reward": "amount-off", "points": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert balance(alice.shop) == 20


def test_while_the_first_is_under_way_the_second_is_told_to_come_back(alice: Proxied) -> None:
    with patch.object(outbox, "run_now"):
        assert alice.redeem().json()["state"] == "issuing"
    again = alice.redeem()
    assert (again.status_code, again.json()["code"], again["Retry-After"]) == (409, "under_way", "2")
    assert balance(alice.shop) == 20


def test_a_platform_that_does_not_answer_leaves_a_state_that_settles(alice: Proxied, issuer: Issuer) -> None:
    issuer.error = Unavailable("busy")
    made = alice.redeem().json()
    assert (made["state"], made["code"], made["apply_url"]) == ("issuing", "", "")
    assert alice.get(f"redemptions/{made['id']}").json()["state"] == "issuing"
    issuer.error = None
    outbox.drain(now=timezone.now() + timedelta(minutes=5))
    settled = alice.get(f"redemptions/{made['id']}").json()
    assert settled["state"] == "ready"
    assert settled["code"]
    later = timezone.now() + timedelta(minutes=6)
    with (
        patch("storefront_widget.doors.timezone.now", return_value=later),
        patch.object(timezone, "now", return_value=later),
    ):
        assert alice.redeem().json() == made


def test_a_platform_that_refuses_gives_the_points_back_in_the_same_answer(alice: Proxied, issuer: Issuer) -> None:
    issuer.error = Refused("no such discount")
    made = alice.redeem().json()
    assert (made["state"], made["code"]) == ("failed", "")
    assert balance(alice.shop) == 520
    assert alice.redeem().json() == made


def test_points_that_are_not_there_cannot_be_spent_and_nothing_is_written(alice: Proxied, issuer: Issuer) -> None:
    alice.redeem()
    rows = LedgerEntry.objects.filter(shop=alice.shop).count()
    answer = alice.redeem(key="key-00000002")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_enough_points")
    assert "480 points to go" in answer.json()["detail"]
    assert LedgerEntry.objects.filter(shop=alice.shop).count() == rows
    assert len(issuer.asked) == 1


def test_an_unknown_reward_is_not_found(alice: Proxied) -> None:
    assert alice.redeem({"reward": "a-yacht"}).status_code == 404


def test_nobody_reads_anothers_redemption(alice: Proxied) -> None:
    made = alice.redeem().json()
    make_member(alice.shop, BOB, points=10)
    assert Proxied(alice.shop, BOB.external_id).get(f"redemptions/{made['id']}").status_code == 404
    other = make_shop()
    make_member(other, points=10)
    assert Proxied(other, ALICE.external_id).get(f"redemptions/{made['id']}").status_code == 404
    assert Proxied(alice.shop).get(f"redemptions/{made['id']}").status_code == 401


def test_one_key_of_two_members_is_two_redemptions(alice: Proxied) -> None:
    make_member(alice.shop, BOB, points=500)
    first, second = alice.redeem(), Proxied(alice.shop, BOB.external_id).redeem()
    assert first.json()["id"] != second.json()["id"]
    assert (balance(alice.shop), balance(alice.shop, BOB)) == (20, 0)


@pytest.mark.parametrize("body", [{"reward": "amount-off", "member_id": 1}, {"reward": "amount-off", "email": "x"}])
def test_an_id_from_the_browser_is_not_believed_but_refused(alice: Proxied, body: object) -> None:
    assert alice.redeem(body).status_code == 400
    assert balance(alice.shop) == 520


def test_a_customer_id_beside_the_signed_one_changes_nothing(alice: Proxied) -> None:
    make_member(alice.shop, BOB, points=900)
    signed = signed_query(alice.shop, ALICE.external_id)
    for extra in (f"&logged_in_customer_id={BOB.external_id}", f"&customer_id={BOB.external_id}"):
        assert Client().get(f"/shopify/proxy/member?{signed}{extra}").status_code == 401
    swapped = signed.replace(f"logged_in_customer_id={ALICE.external_id}", f"logged_in_customer_id={BOB.external_id}")
    assert Client().get(f"/shopify/proxy/member?{swapped}").status_code == 401


def test_forged_stale_and_missing_signatures_are_refused(alice: Proxied) -> None:
    old = str(int(timezone.now().timestamp()) - 91)
    for query in (
        signed_query(alice.shop, ALICE.external_id, secret="guess"),
        signed_query(alice.shop, ALICE.external_id, timestamp=old),
        f"shop={alice.shop.external_id}&logged_in_customer_id={ALICE.external_id}",
        "",
        "signature=%FF%FE",
    ):
        answer = Client().get(f"/shopify/proxy/member?{query}")
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "multipart/form-data; boundary=x"}, 415),
        ({"headers": {"X-Regulars": ""}}, 403),
        ({"headers": {"Idempotency-Key": ""}}, 400),
        ({"headers": {"Idempotency-Key": "short"}}, 400),
        ({"headers": {"Idempotency-Key": "a key with spaces"}}, 400),
        ({"headers": {"Idempotency-Key": "k" * 129}}, 400),
    ],
)
def test_a_form_of_another_site_changes_nothing(alice: Proxied, changes: dict[str, object], status: int) -> None:
    answer = alice.redeem(**changes)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert balance(alice.shop) == 520
    assert not Redemption.objects.filter(shop=alice.shop).exists()


@pytest.mark.parametrize(
    "raw",
    [
        b" ",
        b"{",
        b"[]",
        b'"amount-off"',
        b'{"reward": 5}',
        b'{"reward": ""}',
        b'{"reward": "amount-off", "points": 1.5}',
        b'{"reward": "amount-off", "points": -1}',
        b'{"reward": "amount-off", "points": 1000000000000000000000}',
        b'{"reward": "amount-off", "points": true}',
        b'{"reward": "' + b"a" * 65 + b'"}',
        b'{"reward": ' + b"[" * 2000 + b"]" * 2000 + b"}",
        b"\xff\xfe\x00",
    ],
)
def test_a_body_of_another_form_is_refused_with_a_sentence(alice: Proxied, raw: bytes) -> None:
    answer = Client().post(
        f"/shopify/proxy/redeem?{signed_query(alice.shop, ALICE.external_id)}",
        data=raw,
        content_type="application/json",
        headers={"X-Regulars": "1", "Idempotency-Key": "key-00000001"},
    )
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")
    assert balance(alice.shop) == 520


def test_a_huge_body_is_not_read(alice: Proxied) -> None:
    assert alice.redeem({"reward": "x" * 5000}).status_code == 413


def test_the_eleventh_redemption_of_a_minute_waits(alice: Proxied) -> None:
    codes = [alice.redeem(key=f"key-{number:08d}").status_code for number in range(11)]
    assert codes[0] == 200
    assert codes[1:10] == [422] * 9
    assert codes[10] == 429


def test_reading_too_often_is_braked_for_that_customer_alone(alice: Proxied) -> None:
    make_member(alice.shop, BOB, points=10)
    with patch("storefront_widget.reads.READS_A_MINUTE", 3):
        statuses = [alice.get("member").status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert Proxied(alice.shop, BOB.external_id).get("member").status_code == 200


@pytest.mark.parametrize("behind", ["", ", 23.227.38.9"])
def test_a_guest_who_reads_too_often_is_braked_and_nobody_else_behind_the_platforms_address(
    shopify: Shop, behind: str
) -> None:
    """Whether the shopper's address is the last that the platform tells or one of its own comes after it."""

    def read(address: str) -> int:
        query, said = signed_query(shopify), {"X-Forwarded-For": f"{address}{behind}"}
        return Client(REMOTE_ADDR="23.227.38.1").get(f"/shopify/proxy/terms?{query}", headers=said).status_code

    with patch("storefront_widget.reads.READS_A_MINUTE", 3):
        assert [read("203.0.113.7") for _ in range(4)] == [200, 200, 200, 429]
        assert [read(f"198.51.100.{number}") for number in range(5)] == [200] * 5


def test_guests_of_whom_the_platform_tells_nothing_are_braked_as_a_crowd(shopify: Shop) -> None:
    with patch("storefront_widget.reads.READS_A_MINUTE", 3), patch("storefront_widget.reads.CROWD_READS_A_MINUTE", 6):
        assert [Proxied(shopify).get("terms").status_code for _ in range(7)] == [*[200] * 6, 429]
        forged = [
            Client()
            .get(f"/shopify/proxy/terms?{signed_query(shopify)}", headers={"X-Forwarded-For": f"1.1.1.{number}"})
            .status_code
            for number in range(2)
        ]
        assert forged == [429, 429]


def test_a_first_look_costs_eight_questions_however_long_the_history(
    alice: Proxied, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    for number in range(30):
        place(alice.shop, make_order(f"more-{number}", prices=(100,)))
    with django_assert_max_num_queries(8):
        assert alice.get("member").json()["available"] == 550


def test_a_look_writes_nothing(alice: Proxied) -> None:
    def rows() -> list[int]:
        return [model.objects.across_shops().count() for model in (Member, StoredFact, LedgerEntry, OutboxMessage)]

    before = rows()
    alice.get("member")
    alice.get("config")
    assert rows() == before


def test_no_answer_to_a_foreign_page_and_no_cookie_ever(alice: Proxied) -> None:
    for answer in (alice.get("member"), alice.get("config"), alice.redeem()):
        assert "Access-Control-Allow-Origin" not in answer
        assert not answer.cookies
    assert Client().options(f"/shopify/proxy/redeem?{signed_query(alice.shop)}").status_code == 405
    assert alice.get("member")["Cache-Control"] == "no-store"


def test_a_shop_that_has_left_has_no_widget(alice: Proxied) -> None:
    Shop.objects.filter(pk=alice.shop.pk).update(status="uninstalled")
    for path in ("member", "config"):
        assert (alice.get(path).status_code, alice.get(path).json()["code"]) == (404, "unknown_shop")


def test_what_the_merchant_and_the_platform_write_comes_as_data(shopify: Shop) -> None:
    name = '<img src=x onerror="alert(1)">'
    member = make_member(shopify, points=5)
    Member.objects.filter(shop=shopify, pk=member.pk).update(name=name)
    answer = Proxied(shopify, ALICE.external_id).get("member")
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert json.loads(answer.content)["member"]["name"] == name


def test_without_a_secret_nobody_is_let_in(alice: Proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    query = signed_query(alice.shop, ALICE.external_id, secret="")
    monkeypatch.setattr(settings, "SHOPIFY_API_SECRET", "")
    assert Client().get(f"/shopify/proxy/member?{query}").status_code == 401
