"""The server speaks the shopper's language: in its refusals, in a member's history, in the mail with the code."""

import json

import pytest
from django.test import Client

from loyalty.models import Member, OutboxMessage, Shop
from tests.factories import ALICE, make_member
from tests.storefront_widget.conftest import Storefront, key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(ecwid: Shop) -> Storefront:
    return Storefront(ecwid)


def refused(shop: Shop, lang: str, accepted: str = "") -> str:
    answer = Client().get(
        "/widget/v1/member", {"shop": key_of(shop), "lang": lang}, headers={"Accept-Language": accepted}
    )
    return str(answer.json()["detail"])


def test_the_page_decides_and_then_the_browser(ecwid: Shop) -> None:
    assert refused(ecwid, "en") == "You have been signed out. Sign in again."
    assert refused(ecwid, "lv-LV", "de") == "Sesija ir beigusies. Pierakstieties vēlreiz."
    assert refused(ecwid, "", "no;q=0.8, xx") == "Du er logget ut. Logg inn igjen."
    assert refused(ecwid, "<script>") == "You have been signed out. Sign in again."


def test_a_member_reads_the_reason_for_points_in_their_language_and_so_the_mail(page: Storefront) -> None:
    member = make_member(page.shop, ALICE, points=20)
    Member.objects.filter(shop=page.shop, pk=member.pk).update(locale="lv-LV")
    page.sign_in(ALICE.email)
    letter = json.loads(OutboxMessage.objects.filter(shop=page.shop, kind="mail").latest("pk").secret)
    assert letter["subject"].endswith(f"ir jūsu kods veikalam {page.shop.name}")
    lines = page.get("member", **{"Accept-Language": "lv"}).json()["history"]
    assert any(line["text"].startswith("Pasūtījums") for line in lines)
