"""The public answer: what it promises, in whose words and colours, and how it is kept."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from unittest.mock import patch

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.caps import Cap
from loyalty.engine.document import Paused
from loyalty.engine.earning import Multiplier, PerAmount, PerOrder
from loyalty.engine.policies import Policies
from loyalty.engine.program import Program, default_program, parse_program, to_data
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.scope import Scope
from loyalty.engine.tiers import Level
from loyalty.languages import TAGS
from loyalty.models import Shop
from loyalty.services.programs import publish
from loyalty.services.widget_settings import save
from tests.factories import ALICE, make_member, make_order, place
from tests.storefront_widget.conftest import Proxied, Storefront, key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(ecwid: Shop) -> Storefront:
    return Storefront(ecwid)


def programmed(shop: Shop, **changes: object) -> Program:
    program = msgspec.structs.replace(default_program("EUR", 2, "Europe/Riga", "Rewards"), **changes)
    publish(shop=shop, program=program, at=timezone.now())
    return program


def test_a_shop_that_chose_nothing_has_our_look_and_place(page: Storefront) -> None:
    config = page.get("config").json()
    assert config["look"] == {"theme": "light", "light": {}, "dark": {}}
    assert config["place"] == {"side": "end", "bottom": 16, "inline": 16, "hidden": []}
    assert (config["texts"], config["point"], config["any_site"], config["may_join"]) == ({}, None, False, False)
    assert config["live"] is True
    assert config["paused"] == {"earning": False, "redeeming": False}
    assert (config["tiers"], config["referral"], config["birthday"]) == ([], None, None)
    assert config["languages"] == list(TAGS)


def test_what_the_merchant_chose_is_said_in_the_shoppers_language(page: Storefront) -> None:
    chosen = {
        "colour": "#ffcc00",
        "theme": "auto",
        "side": "start",
        "bottom": 80,
        "hidden": ["/checkout*"],
        "languages": ["lv", "en"],
        "texts": {"lv": {"launcher": "Dāvanas"}},
        "point": {"lv": {"one": "zvaigzne", "other": "zvaigznes"}},
    }
    save(shop=page.shop, data=chosen, at=timezone.now())
    with patch("storefront_widget.languages.TAGS", ("en", "lv", "de")):
        english, latvian = (page.get("config", **{"Accept-Language": tag}).json() for tag in ("en,lv;q=0.5", "de,lv"))
    assert latvian["texts"] == {"launcher": "Dāvanas"}
    assert latvian["point"] == {"one": "zvaigzne", "other": "zvaigznes"}
    assert (english["texts"], english["point"]) == ({}, None)
    assert english["languages"] == ["en", "lv"]
    assert english["place"] == {"side": "start", "bottom": 80, "inline": 16, "hidden": ["/checkout*"]}
    assert english["look"]["theme"] == "auto"
    assert english["look"]["light"]["--rg-card"] == "#ffcc00"
    assert english["version"] != latvian["version"]


def test_ways_to_earn_that_hold_for_all_are_promised_and_others_are_not(page: Storefront) -> None:
    everybody = ActivityRule(id="news", activity="newsletter", points=20, caps=(Cap(per="lifetime", times=1),))
    some = PerOrder(id="vip", points=50, scope=Scope(tiers=("gold",)))
    off = PerOrder(id="off", points=50, enabled=False)
    rules = (PerAmount(id="base", points=1, per_minor=100), everybody, some, off)
    rules += (Multiplier(id="double", times="2.5", scope=Scope(tiers=("gold",))),)
    rules += (
        BirthdayRule(id="day", points=30),
        ReferralRule(id="friend", referrer_points=100, friend_points=40, friend_rewards=("amount-off",)),
    )
    levels = (Level(id="silver", name="Silver"), Level(id="gold", name="Gold", minimum=50_000, perks=("Tea",)))
    invited = Level(id="black", name="Black", minimum=90_000, by_invitation=True)
    programmed(page.shop, rules=rules, tiers=(*levels, invited), policies=Policies(enrolment="on_request"))
    config = page.get("config").json()
    assert [rule["id"] for rule in config["earn"]] == ["base", "news", "day", "friend"]
    assert config["earn"][1] == {"id": "news", "kind": "activity", "activity": "newsletter", "points": 20}
    assert [(tier["id"], tier["multiplier_percent"]) for tier in config["tiers"]] == [("silver", 100), ("gold", 250)]
    assert config["tiers"][1] == {
        "id": "gold",
        "name": "Gold",
        "measure": "spend",
        "at_least": 50_000,
        "perks": ["Tea"],
        "multiplier_percent": 250,
    }
    assert config["referral"] == {
        "friend_points": 40,
        "referrer_points": 100,
        "friend_gifts": ["Amount off"],
        "referrer_gifts": [],
    }
    assert config["birthday"] == {"points": 30, "gifts": []}
    assert config["may_join"] is True


def test_a_rule_that_was_saved_in_the_programs_form_is_promised_as_before(page: Storefront) -> None:
    """The form writes its sections out where they say nothing, too."""
    data = to_data(default_program("EUR", 2, "Europe/Riga", "Rewards"))
    before = page.get("config").json()["earn"]
    data["rules"] = [
        rule | {"scope": {}, "caps": [], "priority": 0, "exclusive": False, "enabled": True} for rule in data["rules"]
    ]
    publish(shop=page.shop, program=parse_program(data), at=timezone.now())
    assert before
    assert page.get("config").json()["earn"] == before


def test_a_member_sees_the_tier_and_what_is_missing_to_the_next(shopify: Shop) -> None:
    levels = (Level(id="silver", name="Silver", perks=("Tea",)), Level(id="gold", name="Gold", minimum=50_000))
    begun = timezone.now()
    programmed(shopify, tiers=levels)
    alice = Proxied(shopify, ALICE.external_id)
    assert (alice.get("member").json()["tier"]["id"], alice.get("member").json()["tier"]["next"]["id"]) == (
        "",
        "silver",
    )
    place(shopify, make_order("tiered", prices=(20_000,), at=begun + timedelta(seconds=1)))
    seen = alice.get("member").json()
    assert seen["enrolled"] is True
    assert seen["tier"] == {
        "id": "silver",
        "name": "Silver",
        "perks": ["Tea"],
        "kept_until": None,
        "next": {
            "id": "gold",
            "name": "Gold",
            "measure": "spend",
            "have": 20_000,
            "need": 50_000,
            "missing": 30_000,
        },
    }


def test_a_pause_is_told(page: Storefront) -> None:
    programmed(page.shop, paused=Paused(redeeming=True))
    assert page.get("config").json()["paused"] == {"earning": False, "redeeming": True}


def test_points_of_an_unused_code_that_stay_spent_are_told_and_nothing_where_they_return(page: Storefront) -> None:
    assert "expired_codes" not in page.get("config").json()
    programmed(page.shop, policies=Policies(expired_codes="stay_spent"))
    assert page.get("config").json()["expired_codes"] == "stay_spent"


def test_with_its_version_it_is_for_ever_and_without_for_a_minute(page: Storefront) -> None:
    first = page.get("config")
    version = first.json()["version"]
    assert first["Cache-Control"] == "public, max-age=60, stale-while-revalidate=3600"
    named = Storefront(page.shop).get(f"config?v={version}&shop={key_of(page.shop)}&")
    assert named["Cache-Control"] == "public, max-age=31536000, immutable"
    assert named.content == first.content
    other = Storefront(page.shop).get(f"config?v=0123&shop={key_of(page.shop)}&")
    assert other["Cache-Control"].startswith("public, max-age=60")


def test_the_member_answer_names_the_version_and_it_moves_with_what_changed(shopify: Shop) -> None:
    make_member(shopify, points=520)
    alice = Proxied(shopify, ALICE.external_id)
    first = alice.get("config").json()["version"]
    assert alice.get("member").json()["config"] == first
    save(shop=shopify, data={"colour": "#0a7a5a"}, at=timezone.now())
    second = alice.get("config").json()["version"]
    assert alice.get("member").json()["config"] == second != first
    programmed(shopify, rules=(PerAmount(id="base", points=3, per_minor=100),))
    third = alice.get("config").json()
    assert third["version"] not in (first, second)
    assert third["earn"][0]["points"] == 3


def test_an_unchanged_answer_is_not_made_again(page: Storefront, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    tag = page.get("config")["ETag"]
    with patch("storefront_widget.kept_config.config_answer") as made, django_assert_max_num_queries(2):
        again = page.get("config", **{"If-None-Match": f'W/{tag}, "x"'})
    assert (again.status_code, again["ETag"], made.called) == (304, tag, False)


def test_one_program_published_for_later_is_told_when_its_time_comes(page: Storefront) -> None:
    now = timezone.now()
    program = default_program("EUR", 2, "Europe/Riga", "Later")
    later = msgspec.structs.replace(program, rules=(PerAmount(id="base", points=9, per_minor=100),))
    publish(shop=page.shop, program=later, at=now, in_force_from=now + timedelta(hours=1))
    assert page.get("config").json()["earn"][0]["points"] == 1
    with patch("storefront_widget.doors.timezone.now", return_value=now + timedelta(hours=2)):
        assert page.get("config").json()["earn"][0]["points"] == 9


def test_it_is_packed_for_who_takes_that(page: Storefront) -> None:
    plain, packed = page.get("config"), page.get("config", **{"Accept-Encoding": "br, gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in packed["Vary"]


def test_script_in_every_text_of_the_merchant_stays_text(page: Storefront) -> None:
    script = "</script><script>alert(1)</script>"
    texts = {"en": {"launcher": script[:30], "title": script, "greeting": script}}
    save(shop=page.shop, data={"texts": texts, "point": {"en": {"other": script[:30]}}}, at=timezone.now())
    Shop.objects.filter(pk=page.shop.pk).update(name=script)
    answer = Client().get(f"/widget/v1/config?shop={key_of(page.shop)}")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/json", "nosniff")
    assert json.loads(answer.content)["texts"]["title"] == script
