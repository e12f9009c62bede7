"""What stands in front of Django answers as Django would, for one question or none, and only while nothing changed."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connection
from django.utils import timezone
from msgspec.structs import replace

from loyalty.engine.program import default_program
from loyalty.models import Member, Redemption, Shop, ShopperDevice
from loyalty.services.adjustments import adjust
from loyalty.services.programs import publish
from loyalty.services.widget_settings import save
from storefront_widget import kept_member
from storefront_widget.front import Front
from storefront_widget.kept_member import keeps_until
from tests.factories import ALICE, BOB, make_member
from tests.storefront_widget.conftest import Proxied, Storefront, key_of, signed_query

pytestmark = pytest.mark.django_db


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """The house with its front, as a server calls it; counts what went on to the house."""

    went_on: int = 0
    house: WSGIHandler = field(default_factory=WSGIHandler)

    def get(self, path: str, query: str, **headers: str) -> Answered:
        said = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "203.0.113.7",
            "HTTP_HOST": "testserver",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
            **said,
        }
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        answer = Front(self._house)(environ, lambda status, headers, *_: begun.append((status, headers)))  # type: ignore[arg-type,return-value,func-returns-value]
        body = b"".join(answer)
        [(status, sent)] = begun
        return Answered(int(status[:3]), dict(sent), body)

    def _house(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.went_on += 1
        request_started.disconnect(close_old_connections)  # the test's own transaction is in it
        try:
            return self.house(environ, start_response)
        finally:
            request_started.connect(close_old_connections)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["testserver"])
    return Served()


@pytest.fixture
def alice(shopify: Shop) -> Member:
    return make_member(shopify, points=520)


def look(served: Served, shop: Shop, customer: str = ALICE.external_id, **headers: str) -> Answered:
    return served.get("/shopify/proxy/member", signed_query(shop, customer), **headers)


def test_the_second_look_is_answered_in_front_for_one_question(
    served: Served, alice: Member, django_assert_num_queries: Any
) -> None:
    first = look(served, alice.shop)
    with django_assert_num_queries(1):
        second = look(served, alice.shop)
    assert served.went_on == 1
    assert (second.status, second.body) == (200, first.body)
    for name in ("Content-Type", "Cache-Control", "X-Content-Type-Options", "Referrer-Policy", "Content-Length"):
        assert second.headers.get(name) == first.headers.get(name), name
    assert "Access-Control-Allow-Origin" not in second.headers


PLANNED = {
    "postgresql": "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE '%merged_into_id IS NULL%'",
    "sqlite": "SELECT 1",  # keeps every statement's plan by itself
}


def test_the_question_is_planned_once_for_a_connection(served: Served, alice: Member) -> None:
    for _ in range(8):
        look(served, alice.shop)
    with connection.cursor() as cursor:
        cursor.execute(PLANNED[connection.vendor])
        assert cursor.fetchone() == (1,)


def change_name(member: Member) -> None:
    Member.objects.filter(shop=member.shop, pk=member.pk).update(name="Alicia")


def change_points(member: Member) -> None:
    adjust(shop=member.shop, member_id=member.pk, points=7, actor="kim", reason="Late", key="k", at=timezone.now())


def change_program(member: Member) -> None:
    publish(shop=member.shop, program=default_program("EUR", 2, "Europe/Riga", "New"), at=timezone.now())


def change_look(member: Member) -> None:
    save(shop=member.shop, data={"colour": "#aa0000"}, at=timezone.now())


def change_shop(member: Member) -> None:
    Shop.objects.filter(pk=member.shop_id).update(name="Fullmoon")


def redeem(member: Member) -> None:
    assert Proxied(member.shop, member.external_id or "").redeem().status_code == 200


def use(member: Member) -> None:
    Redemption.objects.filter(shop=member.shop).update(state="used")


@pytest.mark.parametrize("change", [change_name, change_points, change_program, change_look, change_shop, redeem])
def test_whatever_changed_is_seen_at_once(served: Served, alice: Member, change: Callable[[Member], None]) -> None:
    before = look(served, alice.shop).body
    change(alice)
    after = look(served, alice.shop)
    assert served.went_on == 2
    assert after.body != before


def test_a_code_that_was_used_is_gone_at_once(served: Served, alice: Member) -> None:
    redeem(alice)
    assert b'"codes":[{' in look(served, alice.shop).body
    use(alice)
    assert b'"codes":[]' in look(served, alice.shop).body


def test_time_alone_ends_what_is_kept(served: Served, alice: Member) -> None:
    look(served, alice.shop)
    for seconds, went_on in ((59, 1), (61, 2), (0, 3)):
        later = timezone.now() + timedelta(seconds=seconds)
        with patch("storefront_widget.front.timezone.now", return_value=later):
            look(served, alice.shop)
        assert served.went_on == went_on, seconds


def test_what_the_clock_changes_ends_it_sooner() -> None:
    at = timezone.now()
    soon, later, past = (at + timedelta(seconds=seconds) for seconds in (5, 90, -1))
    assert keeps_until(at, None, later, soon, past) == soon
    assert keeps_until(at, later, None) == at + timedelta(seconds=60)


def test_nobody_is_given_anothers_answer(served: Served, alice: Member) -> None:
    make_member(alice.shop, BOB, points=10)
    look(served, alice.shop)
    assert b"Bob B." in look(served, alice.shop, BOB.external_id).body
    signed = signed_query(alice.shop, BOB.external_id)
    swapped = signed.replace(f"logged_in_customer_id={BOB.external_id}", f"logged_in_customer_id={ALICE.external_id}")
    for query in (
        swapped,
        f"{signed}&logged_in_customer_id={ALICE.external_id}",
        "",
        signed[:-1] + ("1" if signed[-1] == "0" else "0"),
    ):
        assert served.get("/shopify/proxy/member", query).status == 401
    other = make_member(shop_like(alice), points=5)
    assert b'"available":5,' in look(served, other.shop).body


def shop_like(member: Member) -> Shop:
    """Another shop in which the same customer number is somebody else."""
    shop = Shop.objects.get(pk=member.shop_id)
    shop.pk, shop.external_id = None, "elsewhere.myshopify.com"
    shop.save()
    publish(shop=shop, program=default_program("EUR", 2, "Europe/Riga", "Other"), at=shop.installed_at)
    return shop


def test_languages_are_kept_apart(served: Served, alice: Member) -> None:
    with patch("storefront_widget.languages.TAGS", ("en", "lv")):
        look(served, alice.shop)
        look(served, alice.shop, accept_language="lv")
        look(served, alice.shop, accept_language="lv")
    assert served.went_on == 2


def test_who_asks_in_a_thousand_languages_takes_nobody_elses_place(served: Served, alice: Member) -> None:
    with patch("storefront_widget.kept_member.KEPT", 2):
        make_member(alice.shop, BOB, points=10)
        look(served, alice.shop, BOB.external_id)
        for number in range(5):
            look(served, alice.shop, accept_language=f"en, de;q=0.{number}")
        went_on = served.went_on
        look(served, alice.shop, BOB.external_id)
        assert served.went_on == went_on


def test_what_is_too_old_to_be_given_is_not_kept(served: Served, alice: Member) -> None:
    kept_member._made.clear()  # whoever was looked at by a clock that went ahead stands in front of the others
    make_member(alice.shop, BOB, points=10)
    look(served, alice.shop, BOB.external_id)
    later = timezone.now() + timedelta(seconds=61)
    with patch("django.utils.timezone.now", return_value=later):
        look(served, alice.shop)
    assert list(kept_member._made) == [alice.pk]


def test_the_public_answer_of_one_browser_is_not_anothers_where_the_page_names_no_language_of_ours(
    served: Served, ecwid: Shop
) -> None:
    save(shop=ecwid, data={"texts": {"de": {"title": "Bonus"}, "fr": {"title": "Cadeaux"}}}, at=timezone.now())
    query = urlencode({"shop": key_of(ecwid), "lang": "el"})
    assert b"Bonus" in served.get("/widget/v1/config", query, accept_language="de").body
    assert b"Cadeaux" in served.get("/widget/v1/config", query, accept_language="fr").body


def test_a_shop_that_left_and_a_member_who_was_merged_are_told_by_the_house(served: Served, alice: Member) -> None:
    look(served, alice.shop)
    Shop.objects.filter(pk=alice.shop_id).update(status="uninstalled")
    assert look(served, alice.shop).status == 404


def test_of_a_thousand_looks_in_a_minute_those_beyond_the_limit_wait(served: Served, alice: Member) -> None:
    statuses = Counter(look(served, alice.shop).status for _ in range(1_000))
    assert statuses == {200: 240, 429: 760}
    assert served.went_on == 1 + 760


def test_by_token_the_same_and_signed_out_at_once(served: Served, ecwid: Shop) -> None:
    make_member(ecwid, points=520)
    page = Storefront(ecwid)
    page.sign_in(ALICE.email)
    own = {"authorization": f"Bearer {page.token}", "origin": page.origin}

    def ask(**headers: str) -> Answered:
        return served.get("/widget/v1/member", urlencode({"shop": key_of(ecwid)}), **{**own, **headers})

    first, second = ask(), ask()
    assert (served.went_on, second.status, second.body) == (1, 200, first.body)
    assert second.headers["Access-Control-Allow-Origin"] == page.origin
    assert ask(origin="https://evil.test").status == 403
    assert ask(authorization=f"Bearer {page.token}x").status == 401
    ShopperDevice.objects.filter(shop=ecwid).update(ended_at=timezone.now())
    assert ask().status == 401
    Member.objects.filter(shop=ecwid).update(email="new@shopper.test")
    ShopperDevice.objects.filter(shop=ecwid).update(ended_at=None)
    assert ask().status == 401


def test_the_public_answer_asked_by_its_version_needs_no_question(
    served: Served, ecwid: Shop, django_assert_num_queries: Any
) -> None:
    query = {"shop": key_of(ecwid), "lang": "en"}
    first = served.get("/widget/v1/config", urlencode(query))
    version = first.headers["ETag"].strip('"')
    named = urlencode({**query, "v": version})
    with django_assert_num_queries(0):
        again = served.get("/widget/v1/config", named, origin="https://halfmoon.test")
    assert (served.went_on, again.status, again.body) == (1, 200, first.body)
    assert again.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert again.headers["Access-Control-Allow-Origin"] == "https://halfmoon.test"
    assert served.get("/widget/v1/config", named, if_none_match=f'"{version}"').status == 304
    assert served.get("/widget/v1/config", named, origin="https://evil.test").status == 403
    assert served.get("/widget/v1/config", named, host="elsewhere.test").status == 400


def test_without_its_version_it_is_seconds_old_at_most(served: Served, ecwid: Shop) -> None:
    query = urlencode({"shop": key_of(ecwid), "lang": "en"})
    first = served.get("/widget/v1/config", query)
    save(shop=ecwid, data={"colour": "#aa0000"}, at=timezone.now())
    again = served.get("/widget/v1/config", query)
    assert (served.went_on, again.body) == (1, first.body)
    assert again.headers["Cache-Control"] == "public, max-age=60, stale-while-revalidate=3600"
    assert served.get("/widget/v1/config", query, if_none_match=first.headers["ETag"]).status == 304
    with patch("storefront_widget.front.timezone.now", return_value=timezone.now() + timedelta(seconds=6)):
        assert b"#aa0000" in served.get("/widget/v1/config", query).body


def test_behind_the_proxy_the_public_answer_needs_its_signature(served: Served, shopify: Shop) -> None:
    def ask(**more: str) -> Answered:
        return served.get("/shopify/proxy/config", signed_query(shopify, "", lang="en", **more))

    version = ask().headers["ETag"].strip('"')
    assert ask(v=version).status == 200
    assert served.went_on == 1
    unsigned = urlencode({"shop": shopify.external_id, "lang": "en", "v": version})
    assert served.get("/shopify/proxy/config", unsigned).status == 401


def test_where_pages_must_be_encrypted_the_house_redirects(
    served: Served, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(served, alice.shop)
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", True)
    look(served, alice.shop)
    assert served.went_on == 2
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    monkeypatch.setattr(settings, "SECURE_HSTS_SECONDS", 60)
    encrypted = look(served, alice.shop, x_forwarded_proto="https")
    assert (served.went_on, encrypted.headers["Strict-Transport-Security"]) == (2, "max-age=60")


def test_why_a_reward_is_not_to_be_had_calls_it_as_the_panel_does(served: Served, alice: Member) -> None:
    program = default_program("EUR", 2, "Europe/Riga", "Halfmoon")
    [reward] = program.rewards
    closed = replace(program, rewards=(replace(reward, segments=("vip",)),))
    publish(shop=alice.shop, program=closed, at=timezone.now())
    [offer] = json.loads(look(served, alice.shop, accept_language="de").body)["rewards"]
    assert offer["obstacle"] == "5\xa0€ Rabatt ist für andere Mitglieder."
