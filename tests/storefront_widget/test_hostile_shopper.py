"""Whoever writes to us wants something: forms of other sites at every address, script in every text, others' numbers."""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone

from loyalty.engine.program import Reward, default_program
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.tiers import Level
from loyalty.models import LedgerEntry, Member, Redemption, Shop, StoredFact
from loyalty.services.adjustments import adjust
from loyalty.services.programs import publish
from loyalty.services.widget_settings import save
from storefront_widget import shopify_proxy_urls, urls
from tests.factories import ALICE, BOB, make_member
from tests.storefront_widget.conftest import Proxied, Storefront, key_of, signed_query

pytestmark = pytest.mark.django_db

SCRIPT = '</script><svg onload="alert(1)">{{7*7}}'
FORMS = [
    ("application/x-www-form-urlencoded", {}, 415),
    ("text/plain", {"X-Regulars": "1"}, 415),
    ("multipart/form-data; boundary=x", {"X-Regulars": "1"}, 415),
    ("application/json", {}, 403),
    ("application/json", {"X-Regulars": "0"}, 403),
]


def addresses(patterns: list[Any]) -> list[str]:
    """Every path of a door; a number in it is one that nobody has."""
    found = [str(each.pattern) for each in patterns if isinstance(each, URLPattern)]
    return [path.replace("<uuid:number>", str(uuid.uuid4())) for path in found if "<path:" not in path]


def written() -> list[int]:
    return [model.objects.across_shops().count() for model in (Member, StoredFact, LedgerEntry, Redemption)]


def state_of(member: Member) -> dict[str, Any]:
    return Member.objects.filter(shop=member.shop, pk=member.pk).values()[0]


def takes_posts(answer: HttpResponse) -> bool:
    return answer.status_code != 405


@pytest.mark.parametrize(("kind", "headers", "status"), FORMS)
def test_a_form_of_another_site_changes_nothing_at_any_address_behind_the_proxy(
    shopify: Shop, kind: str, headers: dict[str, str], status: int
) -> None:
    """The platform's cookie goes with it, and the platform signs its query: what is left is what a form can't send."""
    alice = make_member(shopify, points=520)
    before = written(), state_of(alice)
    asked = 0
    for path in addresses(shopify_proxy_urls.urlpatterns):
        query = signed_query(shopify, ALICE.external_id)
        said = {"Idempotency-Key": "key-00000001", **headers}
        body = json.dumps(
            {"reward": "amount-off", "birthday": "01-02", "id": "x", "on": True, "code": "X", "rule": "x"}
        )
        answer = Client().post(f"/shopify/proxy/{path}?{query}", data=body, content_type=kind, headers=said)
        if takes_posts(answer):
            asked += 1
            assert answer.status_code == status, path
            assert answer["Content-Type"] == "application/problem+json"
    assert asked >= 8
    assert (written(), state_of(alice)) == before


@pytest.mark.parametrize(("kind", "headers", "status"), FORMS)
def test_nor_at_any_address_that_takes_our_token(ecwid: Shop, kind: str, headers: dict[str, str], status: int) -> None:
    alice = make_member(ecwid, points=520)
    page = Storefront(ecwid)
    page.sign_in(ALICE.email)
    before = written(), state_of(alice)
    # A mail's own link says who and what by itself, and a mail program may send it as a form; beside an order on the
    # platform's own pages only the platform's token opens (test_order_note.py).
    for path in [each for each in addresses(urls.urlpatterns) if each not in ("letters", "extension/order")]:
        said = {"Authorization": f"Bearer {page.token}", "Idempotency-Key": "key-00000001", **headers}
        answer = Client().post(f"/widget/v1/{path}?shop={key_of(ecwid)}", data=b"{}", content_type=kind, headers=said)
        if takes_posts(answer):
            assert answer.status_code in (status, 404), path
    assert (written(), state_of(alice)) == before


def test_a_get_changes_nothing_anywhere(shopify: Shop) -> None:
    alice = make_member(shopify, points=520)
    before = written(), state_of(alice)
    for path in addresses(shopify_proxy_urls.urlpatterns):
        with CaptureQueriesContext(connection) as asked:
            Client().get(f"/shopify/proxy/{path}?{signed_query(shopify, ALICE.external_id)}")
        assert not [each["sql"] for each in asked if not each["sql"].lstrip().upper().startswith("SELECT")], path
    assert (written(), state_of(alice)) == before


def test_script_in_every_text_comes_as_data(shopify: Shop) -> None:
    rule = ReferralRule(id="friend", name=SCRIPT, referrer_points=5, friend_rewards=("off",))
    reward = Reward(id="off", name=SCRIPT, kind="amount_off", points=5, value_minor=100, description=SCRIPT)
    program = default_program("EUR", 2, "Europe/Riga", SCRIPT)
    program = msgspec.structs.replace(
        program,
        rules=(*program.rules, rule),
        rewards=(reward,),
        tiers=(Level(id="base", name=SCRIPT, perks=(SCRIPT,)),),
    )
    publish(shop=shopify, program=program, at=timezone.now())
    texts = {"en": {"launcher": SCRIPT[:30], "title": SCRIPT, "greeting": SCRIPT}}
    own = {"own_terms": {"en": SCRIPT}, "own_questions": {"en": [{"question": SCRIPT, "answer": SCRIPT}]}}
    save(shop=shopify, data={"texts": texts, **own}, at=timezone.now())
    alice = make_member(shopify, points=520)
    adjust(shop=shopify, member_id=alice.pk, points=5, actor="kim", reason=SCRIPT, key="k", at=timezone.now())
    Member.objects.filter(shop=shopify, pk=alice.pk).update(name=SCRIPT)
    Shop.objects.filter(pk=shopify.pk).update(name=SCRIPT)
    page = Proxied(shopify, ALICE.external_id)
    for path in ("config", "member", "terms"):
        answer = page.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json"), path
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert SCRIPT in json.dumps(json.loads(answer.content), ensure_ascii=False).replace('\\"', '"'), path
    made = page.redeem({"reward": "off"})
    assert (made["Content-Type"], made.json()["name"]) == ("application/json", SCRIPT)


@pytest.mark.parametrize("where", ["shop", "lang", "v"])
def test_what_stands_in_an_address_is_never_said_back(ecwid: Shop, where: str) -> None:
    query = {"shop": key_of(ecwid), where: SCRIPT}
    for path in ("config", "terms", "member"):
        answer = Client().get(f"/widget/v1/{path}", query, headers={"Accept-Language": SCRIPT, "Origin": SCRIPT})
        assert answer.status_code in (401, 403, 404)
        assert "svg" not in answer.content.decode() + str(answer.headers)
        assert answer["Content-Type"] == "application/problem+json"


def test_anothers_redemption_is_not_there_by_token_either(ecwid: Shop) -> None:
    make_member(ecwid, points=520)
    bob = make_member(ecwid, BOB, points=520)
    page = Storefront(ecwid)
    page.sign_in(BOB.email)
    theirs = page.redeem().json()["id"]
    page.sign_in(ALICE.email)
    for _ in range(2):
        assert page.get(f"redemptions/{theirs}").status_code == 404
        assert page.post(f"redemptions/{theirs}/cancel", {}).status_code == 404
        assert page.get(f"redemptions/{uuid.uuid4()}").status_code == 404
    assert Redemption.objects.get(shop=ecwid, member=bob).state == "ready"
