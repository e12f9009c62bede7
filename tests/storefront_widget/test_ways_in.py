"""Joining, leaving, birthdays, letters, activities and friends, through both doors."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.caps import Cap
from loyalty.engine.program import Program, default_program
from loyalty.engine.referrals import ReferralRule
from loyalty.models import Member, Redemption, Referral, Shop, StoredFact
from loyalty.services.programs import publish
from tests.factories import ALICE, BOB, balance, make_member
from tests.storefront_widget.conftest import Proxied, Storefront, signed_query

pytestmark = pytest.mark.django_db
FOLLOW = ActivityRule(id="follow", activity="social_follow", code="instagram", points=10)
VISIT = ActivityRule(id="visit", activity="visit", points=5, caps=(Cap(per="week", times=2),))
EVENING = ActivityRule(id="evening", activity="event_attended", code="Spring-26", points=40)
WELCOME = ActivityRule(id="welcome", activity="sign_up", points=25, rewards=("amount-off",))
COMPLETE = ActivityRule(id="complete", activity="profile_completed", points=15)
REVIEW = ActivityRule(id="review", activity="review", points=30)
BIRTHDAY = BirthdayRule(id="birthday", points=50)
FRIENDS = ReferralRule(id="friends", referrer_points=200, friend_points=50)
RULES = (FOLLOW, VISIT, EVENING, WELCOME, COMPLETE, REVIEW, BIRTHDAY, FRIENDS)


def program(**policies: object) -> Program:
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    chosen = msgspec.structs.replace(base.policies, **policies)
    return msgspec.structs.replace(base, rules=(*base.rules, *RULES), policies=chosen)


@pytest.fixture
def shop(shopify: Shop) -> Shop:
    """A program with every way in, since a while."""
    publish(shop=shopify, program=program(), at=timezone.now() - timedelta(days=40))
    make_member(shopify, BOB)
    return shopify


@pytest.fixture
def alice(shop: Shop) -> Proxied:
    make_member(shop)
    return Proxied(shop, ALICE.external_id)


def post(who: Proxied, path: str, body: object, **headers: str) -> HttpResponse:
    return Client().post(
        f"/shopify/proxy/{path}?{signed_query(who.shop, who.customer_id)}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-Regulars": "1", **headers},
    )


def me(who: Proxied) -> dict:
    return who.get("member").json()


def state(who: Proxied, rule: str) -> str:
    return me(who)["earn"][rule]["state"]


def test_every_way_to_earn_says_how_it_stands(alice: Proxied) -> None:
    earn = me(alice)["earn"]
    assert {name: way["state"] for name, way in earn.items()} == dict.fromkeys(
        ("base", *(rule.id for rule in RULES)), "open"
    )


def test_a_follow_is_claimed_once(alice: Proxied) -> None:
    for _ in range(2):
        assert post(alice, "activity", {"rule": "follow"}).json() == {}
    assert (balance(alice.shop), state(alice, "follow")) == (10, "done")
    assert StoredFact.objects.filter(shop=alice.shop, kind="activity").count() == 1


def test_a_visit_counts_once_a_day_and_says_until_when(alice: Proxied) -> None:
    for _ in range(3):
        assert post(alice, "activity", {"rule": "visit"}).status_code == 200
    way = me(alice)["earn"]["visit"]
    assert (balance(alice.shop), way["state"]) == (5, "waiting")
    assert timezone.now() < timezone.datetime.fromisoformat(way["at"]) <= timezone.now() + timedelta(days=1)


@pytest.mark.parametrize("body", [{"code": " spring-26 "}, {"rule": "evening", "code": "SPRING-26"}])
def test_a_code_that_was_given_out_is_typed(alice: Proxied, body: dict) -> None:
    for _ in range(2):
        assert post(alice, "activity", body).status_code == 200
    assert (balance(alice.shop), state(alice, "evening")) == (40, "done")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"code": "autumn"}, 422, "unknown_code"),
        ({"rule": "evening"}, 422, "unknown_code"),
        ({"rule": "evening", "code": "autumn"}, 422, "unknown_code"),
        ({"code": "instagram"}, 422, "unknown_code"),
        ({}, 422, "unknown_code"),
        ({"rule": "welcome"}, 422, "not_claimable"),
        ({"rule": "review"}, 422, "not_claimable"),
        ({"rule": "base"}, 404, "unknown_rule"),
        ({"rule": "birthday"}, 404, "unknown_rule"),
        ({"rule": "x" * 65}, 400, "invalid"),
        ({"rule": "follow", "member": 1}, 400, "invalid"),
    ],
)
def test_what_is_not_there_to_claim_brings_nothing(alice: Proxied, body: dict, status: int, code: str) -> None:
    answer = post(alice, "activity", body)
    assert (answer.status_code, answer.json()["code"], balance(alice.shop)) == (status, code, 0)


def test_who_guesses_codes_is_stopped(alice: Proxied) -> None:
    answers = [post(alice, "activity", {"code": f"guess{n}"}).status_code for n in range(11)]
    assert (answers[9], answers[10]) == (422, 429)


def test_a_birthday_is_told_once(alice: Proxied) -> None:
    assert me(alice)["profile"] == {"birthday": None, "locked": False}
    for _ in range(2):
        assert post(alice, "profile", {"birthday": "02-29"}).status_code == 200
    assert me(alice)["profile"] == {"birthday": "02-29", "locked": True}
    refused = post(alice, "profile", {"birthday": "03-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "birthday_locked")
    assert (balance(alice.shop), state(alice, "complete"), state(alice, "birthday")) == (15, "done", "waiting")


@pytest.mark.parametrize("birthday", ["13-01", "02-30", "00-10", "1-1", "1990-05-17", "", "05-17\n", "٠٥-17", None, 5])
def test_what_is_no_day_is_refused(alice: Proxied, birthday: object) -> None:
    assert post(alice, "profile", {"birthday": birthday}).status_code == 400
    assert me(alice)["profile"]["birthday"] is None


def test_letters_are_asked_for_one_by_one(alice: Proxied) -> None:
    assert [each["on"] for each in me(alice)["notifications"]] == [False] * 4
    post(alice, "notifications", {"id": "codes", "on": True})
    post(alice, "notifications", {"id": "points", "on": True})
    post(alice, "notifications", {"id": "codes", "on": False})
    assert {each["id"]: each["on"] for each in me(alice)["notifications"]} == {
        "points": True,
        "expiring": False,
        "codes": False,
        "news": False,
    }
    assert post(alice, "notifications", {"id": "everything", "on": True}).status_code == 400


def test_leaving_keeps_the_points_and_joining_again_earns_on(alice: Proxied) -> None:
    post(alice, "activity", {"rule": "follow"})
    assert post(alice, "leave", {}).status_code == post(alice, "leave", {}).status_code == 200
    gone = me(alice)
    assert (gone["enrolled"], gone["available"]) == (False, 10)
    refused = post(alice, "activity", {"rule": "visit"})
    assert (refused.status_code, refused.json()["code"]) == (422, "gives_nothing")
    assert post(alice, "join", {}).status_code == 200
    assert me(alice)["enrolled"] is True
    assert post(alice, "activity", {"rule": "visit"}).status_code == 200
    assert balance(alice.shop) == 10 + 25 + 5


def test_the_first_time_somebody_joins_is_a_sign_up_with_its_welcome_code(shopify: Shop) -> None:
    publish(shop=shopify, program=program(enrolment="on_request"), at=timezone.now() - timedelta(days=40))
    new = Proxied(shopify, "9001")
    assert me(new)["enrolled"] is False
    for _ in range(2):
        assert post(new, "join", {}).status_code == 200
    assert me(new)["enrolled"] is True
    assert (
        Member.objects.get(shop=shopify, external_id="9001").available,
        Redemption.objects.filter(shop=shopify).count(),
    ) == (25, 1)
    post(new, "leave", {})
    post(new, "join", {})
    assert (
        Member.objects.get(shop=shopify, external_id="9001").available,
        Redemption.objects.filter(shop=shopify).count(),
    ) == (25, 1)


def test_a_member_is_told_what_is_worth_telling_in_their_language(alice: Proxied) -> None:
    [nudge] = me(alice)["nudges"]
    assert (nudge["id"], nudge["text"]) == ("birthday", "Tell us your birthday and get 50 points on the day.")
    post(alice, "profile", {"birthday": "02-29"})
    assert me(alice)["nudges"] == []


def test_refusals_have_words_of_their_own_in_the_catalogue(alice: Proxied) -> None:
    refused = post(alice, "referral/claim", {"code": me(alice)["referral"]["code"]})
    assert (refused.json()["code"], refused.json()["detail"]) == (
        "own_code",
        "This is your own code. It is for your friends.",
    )


def test_a_member_has_a_link_for_friends(alice: Proxied) -> None:
    told = me(alice)["referral"]
    assert told["url"] == f"https://halfmoon.test/?ref={told['code']}"
    assert (told["confirmed"], told["waiting"]) == (0, 0)
    friend = Proxied(alice.shop, "9002")
    assert post(friend, "referral/claim", {"code": told["code"]}).status_code == 200
    assert me(alice)["referral"]["waiting"] == 1
    assert Referral.objects.get(shop=alice.shop).friend.external_id == "9002"
    assert [me(each)["referral"]["may_claim"] for each in (alice, friend)] == [False, False]


def test_only_who_was_not_brought_and_has_not_ordered_may_still_name_a_friend(alice: Proxied) -> None:
    newcomer = Proxied(alice.shop, "9003")
    assert post(newcomer, "notifications", {"id": "points", "on": False}).status_code == 200
    assert me(newcomer)["referral"]["may_claim"]
    assert not me(alice)["referral"]["may_claim"]


def test_a_friends_code_is_guessed_in_vain(alice: Proxied) -> None:
    answers = [post(alice, "referral/claim", {"code": "ABCDEFGHJK"}) for _ in range(11)]
    assert [answers[0].status_code, answers[0].json()["code"], answers[10].status_code] == [404, "unknown_friend", 429]


PATHS = ("join", "leave", "profile", "notifications", "activity", "referral/claim")


@pytest.mark.parametrize("path", PATHS)
def test_only_who_is_signed_in_and_on_the_page_changes_anything(alice: Proxied, path: str) -> None:
    assert post(Proxied(alice.shop), path, {}).status_code in (400, 401)
    assert post(alice, path, {}, **{"X-Regulars": ""}).status_code == 403
    assert post(alice, path, {"x": "y" * 5000}).status_code == 413
    assert post(alice, path, []).status_code == 400
    assert alice.get(path).status_code == 405
    assert StoredFact.objects.filter(shop=alice.shop, kind__in=("activity", "profile")).count() == 0


def test_on_a_storefront_of_its_own_the_token_says_who_it_is(ecwid: Shop) -> None:
    publish(shop=ecwid, program=program(), at=timezone.now() - timedelta(days=40))
    make_member(ecwid)
    page = Storefront(ecwid)
    for path in PATHS:
        assert page.post(path, {"birthday": "05-17"}).status_code == 401
    page.sign_in(ALICE.email)
    assert page.post("activity", {"rule": "follow"}).json() == {}
    assert page.post("profile", {"birthday": "05-17"}).status_code == 200
    assert page.post("join", {}).status_code == 200
    answer = page.get("member").json()
    assert (answer["available"], answer["profile"]["birthday"]) == (10 + 15 + 25, "05-17")


def test_a_guest_and_a_stranger_have_nothing_of_this(shop: Shop) -> None:
    assert "earn" not in Proxied(shop).get("member").json()
    stranger = Proxied(shop, "9003").get("member").json()
    assert (stranger["earn"], stranger["referral"], stranger["notifications"]) == ({}, None, [])


def test_what_a_code_is_stays_with_the_merchant(shop: Shop) -> None:
    told = Proxied(shop).get("config").content.decode()
    assert "Spring" not in told
    assert {"follow", "visit", "evening", "welcome"} <= {rule["id"] for rule in json.loads(told)["earn"]}
    evening = next(rule for rule in json.loads(told)["earn"] if rule["id"] == "evening")
    welcome = next(rule for rule in json.loads(told)["earn"] if rule["id"] == "welcome")
    assert (evening["asks_code"], welcome["gifts"]) == (True, ["Amount off"])
