"""The server speaks the shopper's language: in its refusals, in a member's history, in the mail with the code."""

import json
from datetime import timedelta

import msgspec
import pytest
from django.test import Client

from loyalty.engine.program import Reward, default_program
from loyalty.engine.tiers import Level
from loyalty.models import Member, OutboxMessage, Shop
from loyalty.services.profiles import choose_notice
from loyalty.services.programs import publish
from loyalty.worker.letters import write_letters
from tests.factories import ALICE, T0, make_member
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


LATVIAN = {"Free coffee": "Bezmaksas kafija", "Ask at the bar": "Prasiet bārā", "Gold": "Zelts", "Silver": "Sudrabs"}
LATVIAN |= {"A free table": "Brīvs galdiņš", "Every euro": "Katrs eiro"}


@pytest.fixture
def named(page: Storefront) -> Storefront:
    """A program whose names stand in English, with their Latvian ones."""
    coffee = Reward(id="coffee", name="Free coffee", kind="custom", points=10, description="Ask at the bar")
    away = Reward(id="away", name="Free coffee", kind="custom", points=9, stock=0)
    levels = (
        Level(id="s", name="Silver", minimum=100, perks=("A free table",)),
        Level(id="g", name="Gold", minimum=2400),
    )
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    rules = tuple(msgspec.structs.replace(rule, name="Every euro") for rule in base.rules)
    program = msgspec.structs.replace(
        base, rules=rules, rewards=(coffee, away), tiers=levels, translations={"lv": LATVIAN}
    )
    publish(shop=page.shop, program=program, at=T0 + timedelta(hours=1))
    make_member(page.shop, ALICE, points=20, at=T0 + timedelta(hours=2))
    page.sign_in(ALICE.email)
    return page


def test_a_merchants_names_are_said_in_the_readers_language_wherever_they_stand(named: Storefront) -> None:
    public = named.get("config", **{"Accept-Language": "lv"}).json()
    assert public["rewards"][0]["name"] == "Bezmaksas kafija"
    assert public["tiers"][0]["perks"] == ["Brīvs galdiņš"]
    assert public["earn"][0]["name"] == "Katrs eiro"
    terms = named.get("terms", **{"Accept-Language": "lv"}).content.decode()
    assert [text in terms for text in ("Bezmaksas kafija", "Zelts", "Free coffee")] == [True, True, False]
    before = named.get("member", **{"Accept-Language": "lv"}).json()
    assert (before["tier"]["name"], before["tier"]["next"]["name"]) == ("Sudrabs", "Zelts")
    assert before["tier"]["perks"] == ["Brīvs galdiņš"]
    assert (before["rewards"][0]["name"], before["rewards"][0]["description"]) == ("Bezmaksas kafija", "Prasiet bārā")
    assert any("Bezmaksas kafija" in nudge["text"] for nudge in before["nudges"])
    headers = {"Accept-Language": "lv", "Idempotency-Key": "key-00000001"}
    made = named.post("redeem", {"reward": "coffee"}, **headers).json()
    assert (made["name"], made["description"]) == ("Bezmaksas kafija", "Prasiet bārā")
    gone = named.post("redeem", {"reward": "away"}, **{**headers, "Idempotency-Key": "key-00000002"})
    assert (gone.status_code, "Bezmaksas kafija" in gone.json()["detail"]) == (422, True)
    after = named.get("member", **{"Accept-Language": "lv"}).json()
    assert after["codes"][0]["name"] == "Bezmaksas kafija"
    assert "Bezmaksas kafija" in after["history"][0]["text"]


def test_a_language_without_translations_reads_the_merchants_own_words(named: Storefront) -> None:
    member = named.get("member", **{"Accept-Language": "de"}).json()
    assert (member["rewards"][0]["name"], member["tier"]["name"]) == ("Free coffee", "Silver")
    assert named.get("config", **{"Accept-Language": "de"}).json()["rewards"][0]["name"] == "Free coffee"


def test_a_letter_says_them_too(named: Storefront) -> None:
    alice = Member.objects.get(shop=named.shop, external_id=ALICE.external_id)
    Member.objects.filter(shop=named.shop, pk=alice.pk).update(locale="lv")
    now = T0 + timedelta(days=3)
    choose_notice(shop=named.shop, member_id=alice.pk, name="news", wanted=True, at=now)
    choose_notice(shop=named.shop, member_id=alice.pk, name="points", wanted=True, at=now)
    assert write_letters(now=now) == 1
    letter = json.loads(OutboxMessage.objects.filter(shop=named.shop, kind="mail").latest("pk").secret)
    assert "Bezmaksas kafija" in letter["text"]
