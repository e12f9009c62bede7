"""Every address of the dashboard: the owner sees it, another shop's token does not, an outsider sees nothing."""

from __future__ import annotations

import itertools
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from loyalty.dashboard import access, urls
from loyalty.models import InboxDelivery, LedgerEntry, OutboxMessage, PrivacyRequest, Reconciliation, Redemption, Shop
from tests.dashboard.conftest import Ask, Seen, bearer_of, session_token

# Per name: the argument it takes of what a shop has, or words that every shop has something under; and what the owner's
# GET and POST answer.
EXPECTED: dict[str, tuple[str | tuple[str, ...] | None, int, int]] = {
    "home": (None, 200, 405),
    "goal": (None, 200, 405),
    "product_points": (None, 200, 422),
    "campaigns": (None, 200, 405),
    "start": (None, 200, 422),
    "questions": (None, 409, 409),
    "launch": (None, 409, 409),
    "start_widget": (None, 200, 405),
    "widget": (None, 200, 422),
    "widget_preview": (None, 405, 200),
    "widget_secret": (None, 405, 200),
    "members": (None, 200, 405),
    "friends": (None, 200, 405),
    "friend_settle": (("1",), 405, 404),
    "member": ("member", 200, 405),
    "adjust": ("member", 200, 422),
    "birthday": ("member", 200, 200),
    "tier_grant": ("member", 200, 422),
    "tier_grant_end": (("1", "1"), 405, 404),
    "notes": ("member", 200, 422),
    "note_delete": (("1", "1"), 405, 404),
    "orders": (None, 200, 405),
    "order": ("order", 200, 405),
    "redemptions": (None, 200, 405),
    "redemption_cancel": ("redemption", 200, 200),
    "todo": (None, 200, 405),
    "todo_secret": (None, 405, 200),
    "todo_settle": ("promised", 200, 422),
    "partner_codes": (None, 200, 405),
    "partner_upload": (("cinema",), 404, 404),
    "program": (None, 200, 405),
    "program_publish": (None, 404, 404),
    "program_discard": (None, 404, 404),
    "program_try": (None, 200, 422),
    "what_if": (None, 200, 404),
    "what_if_stop": (None, 405, 404),
    "program_file": (None, 200, 422),
    "program_translations": (None, 200, 200),
    "program_pause": (None, 200, 200),
    "program_versions": (None, 200, 405),
    "program_withdraw": (("1",), 405, 404),
    "program_back": (("1",), 405, 200),
    "program_add": (("tiers",), 200, 422),
    "program_edit": (("rules", "base"), 200, 422),
    "program_set": (("policies",), 200, 422),
    "program_goods": (("products",), 200, 405),
    "program_reads": (("policies",), 405, 200),
    "program_change": (("rules", "base"), 405, 404),
    "store": (None, 200, 200),
    "plan": (None, 404, 404),
    "deliveries": (None, 200, 405),
    "delivery_replay": ("delivery", 405, 200),
    "comparisons": (None, 200, 200),
    "comparison": ("comparison", 200, 405),
    "undone": (None, 200, 405),
    "privacy": (None, 200, 405),
    "privacy_copy": ("asked", 200, 405),
    "privacy_handed": ("asked", 405, 200),
    "undone_replay_all": (None, 405, 200),
    "undone_replay": ("message", 405, 200),
}
NAMES = [pattern.name for pattern in urls.urlpatterns]


def address(name: str, seen: Seen) -> str:
    argument = EXPECTED[name][0]
    words = argument if isinstance(argument, tuple) else (getattr(seen, argument).pk,) if argument else ()
    return reverse(f"dashboard:{name}", args=words)


def test_every_address_has_an_expectation() -> None:
    assert set(NAMES) == set(EXPECTED)


@pytest.mark.parametrize("name", NAMES)
def test_the_owner_gets_what_is_expected(name: str, ours: Seen, ask: Ask) -> None:
    _argument, on_get, on_post = EXPECTED[name]
    assert ask(address(name, ours), ours.shop).status_code == on_get
    assert ask(address(name, ours), ours.shop, "post").status_code == on_post
    for method in ("put", "patch", "delete"):
        assert ask(address(name, ours), ours.shop, method).status_code == 405


@pytest.mark.parametrize("name", NAMES)
def test_another_shop_finds_nothing_of_ours(name: str, ours: Seen, theirs: Seen, ask: Ask) -> None:
    before = LedgerEntry.objects.filter(shop=ours.shop).count()
    for method in ("get", "post"):
        answer = ask(address(name, ours), theirs.shop, method)
        assert "The Shop Of Ours" not in answer.content.decode()
        assert "$" not in answer.content.decode(), "our currency in their page"
        if isinstance(EXPECTED[name][0], str) and answer.status_code != 405:
            assert answer.status_code == 404
    assert LedgerEntry.objects.filter(shop=ours.shop).count() == before
    assert InboxDelivery.objects.get(pk=ours.delivery.pk, shop=ours.shop).state == "dead"
    assert Redemption.objects.get(pk=ours.redemption.pk, shop=ours.shop).state == "ready"
    assert OutboxMessage.objects.get(pk=ours.message.pk, shop=ours.shop).state == "dead"
    assert Redemption.objects.get(pk=ours.promised.pk, shop=ours.shop).state == "ready"
    assert Reconciliation.objects.filter(shop=ours.shop).count() == 1
    assert PrivacyRequest.objects.get(pk=ours.asked.pk, shop=ours.shop).document


@pytest.mark.parametrize("credential", ["", "Bearer ", "Bearer x", "Bearer x:y:z", "Bearer a.b.c", "Basic eDp5"])
def test_an_outsider_gets_nothing(credential: str, ours: Seen) -> None:
    headers = {"Authorization": credential} if credential else {}
    for name, method in itertools.product(NAMES, ("get", "post", "put", "delete")):
        answer = getattr(Client(), method)(address(name, ours), headers=headers)
        assert answer.status_code == 401
        assert "Shopper" not in answer.content.decode()
    assert InboxDelivery.objects.get(pk=ours.delivery.pk, shop=ours.shop).state == "dead"
    assert OutboxMessage.objects.get(pk=ours.message.pk, shop=ours.shop).state == "dead"
    assert Reconciliation.objects.filter(shop=ours.shop).count() == 1
    assert PrivacyRequest.objects.get(pk=ours.asked.pk, shop=ours.shop).document


def test_a_shop_that_removed_the_app_gets_nothing(ours: Seen, ask: Ask) -> None:
    Shop.objects.filter(pk=ours.shop.pk).update(status="uninstalled")
    for name in NAMES:
        assert ask(address(name, ours), ours.shop).status_code == 401, name


def test_ids_beyond_any_row_are_not_found(ours: Seen, ask: Ask) -> None:
    for page in (
        "members/{}/",
        "members/{}/adjust/",
        "members/{}/birthday/",
        "members/{}/tier/",
        "members/{}/notes/",
        "orders/{}/",
        "redemptions/{}/cancel/",
        "comparisons/{}/",
        "privacy/{}/",
    ):
        for number in (0, 10**9, 2**63, 10**40):
            assert ask("/dashboard/" + page.format(number), ours.shop).status_code == 404
    for queue in ("deliveries", "undone"):
        assert ask(f"/dashboard/{queue}/{10**40}/replay/", ours.shop, "post").status_code == 404


def test_a_document_with_a_fresh_session_token_is_shown(theirs: Seen) -> None:
    answer = Client().get("/dashboard/members/", {"id_token": session_token(theirs.shop), "shop": "x"})
    assert answer.status_code == 200
    assert "Shopper 0" in answer.content.decode()


def test_a_post_is_never_let_in_by_a_token_in_its_address(theirs: Seen) -> None:
    token = session_token(theirs.shop)
    path = reverse("dashboard:adjust", args=[theirs.member.pk])
    assert Client().post(f"{path}?id_token={token}", {"points": "5", "reason": "x"}).status_code == 401


def test_an_expired_document_goes_to_the_patch_page_and_comes_back(theirs: Seen) -> None:
    old = session_token(theirs.shop, at=timezone.now() - timedelta(minutes=5))
    query = {"id_token": old, "shop": theirs.shop.external_id, "host": "aG9zdA==", "q": "a&b"}
    answer = Client().get("/dashboard/members/", query)
    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    asked = parse_qs(target.query)
    assert target.path == "/shopify/patch"
    assert asked["shop"] == [theirs.shop.external_id]
    assert "id_token" not in asked
    back = urlsplit(asked["shopify-reload"][0])
    assert back.path == "/dashboard/members/"
    assert parse_qs(back.query)["q"] == ["a&b"]
    again = Client().get(f"{back.path}?{back.query}&id_token={old}")
    assert again.status_code == 401, "a clock that is off must not go round for ever"


def test_a_forged_document_is_not_sent_round(theirs: Seen) -> None:
    forged = session_token(theirs.shop, secret="another-secret-of-enough-length-for-hs256")
    answer = Client().get("/dashboard/", {"id_token": forged, "shop": theirs.shop.external_id})
    assert answer.status_code == 401


def test_an_expired_fetch_is_told_to_try_again_with_a_fresh_token(theirs: Seen) -> None:
    old = session_token(theirs.shop, at=timezone.now() - timedelta(minutes=5))
    answer = Client().get("/dashboard/", headers={"Authorization": f"Bearer {old}"})
    assert (answer.status_code, answer["X-Shopify-Retry-Invalid-Session-Request"]) == (401, "1")
    fresh = Client().get("/dashboard/", headers={"Authorization": f"Bearer {session_token(theirs.shop)}"})
    assert fresh.status_code == 200


def test_our_bearer_lasts_an_hour_and_is_renewed_while_it_is_used(ours: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    now = signing.time.time()

    def asked_after(seconds: float, bearer: str) -> tuple[int, str]:
        monkeypatch.setattr(signing.time, "time", lambda: now + seconds)
        answer = Client().get("/dashboard/program/", headers={"Authorization": bearer})
        return answer.status_code, answer.get(access.RENEWED_HEADER, "")

    first = bearer_of(ours.shop)
    assert asked_after(60, first) == (200, "")
    status, renewed = asked_after(access.RENEWED_AFTER_SECONDS + 60, first)
    assert status == 200
    assert asked_after(access.BEARER_SECONDS + 5, first)[0] == 401
    assert asked_after(access.BEARER_SECONDS + 5, f"Bearer {renewed}")[0] == 200


def test_renewal_ends_with_the_working_day(ours: Seen) -> None:
    since = int(timezone.now().timestamp()) - access.LONGEST_SECONDS - 1
    bearer = access.embedded_token(ours.shop, since=since)
    assert Client().get("/dashboard/", headers={"Authorization": f"Bearer {bearer}"}).status_code == 401


def test_a_token_signed_for_something_else_is_no_bearer(ours: Seen) -> None:
    other = signing.dumps({"shop": ours.shop.pk, "since": 0}, salt="something else")
    assert Client().get("/dashboard/", headers={"Authorization": f"Bearer {other}"}).status_code == 401
