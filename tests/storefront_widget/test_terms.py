"""Questions and terms say what the program does, all of it and nothing else."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace as changed
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from django.utils import timezone

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.audience import Audience
from loyalty.engine.basis import Exclusions
from loyalty.engine.campaigns import Campaign
from loyalty.engine.caps import Cap
from loyalty.engine.document import Paused
from loyalty.engine.earning import Cashback, PerAmount, PerItem, PerOrder
from loyalty.engine.milestones import Goal, Milestone, Step, Streak
from loyalty.engine.policies import Policies
from loyalty.engine.presets import PRESETS, Setting
from loyalty.engine.program import Program, Reward, default_program
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.tiers import Level
from loyalty.languages import Voice
from loyalty.languages.catalogs import catalog
from loyalty.models import Shop
from loyalty.models.widget import WidgetChoices
from loyalty.services.widget_settings import save
from storefront_widget import terms
from tests.storefront_widget.conftest import Proxied, Storefront

ENGLISH = Voice("en")
PLAIN = default_program("EUR", 2, "Europe/Riga", "Rewards")
SHOP = Shop(platform="shopify", external_id="a.myshopify.com", name="Halfmoon", currency="EUR", exponent=2)
RULES = (
    PerAmount(id="a", points=2, per_minor=1_000, full_steps_only=True),
    PerOrder(id="b", points=50),
    PerItem(id="c", points=5, caps=(Cap(per="day", times=1),)),
    Cashback(id="d", percent="2.5", point_value_minor=1),
    Milestone(id="e", steps=(Step(orders=1, points=10), Step(orders=5, points=20, rewards=("amount-off",)))),
    Streak(id="f", length=3, points=30),
    Goal(id="g", amount_minor=10_000, points=40),
    ActivityRule(id="h", activity="newsletter", points=20),
    ActivityRule(id="i", activity="custom", code="FAIR", points=20),
    BirthdayRule(id="j", points=30),
    ReferralRule(id="k", referrer_points=100, friend_points=40),
)
REWARDS = (
    Reward(id="off", name="Off", kind="amount_off", points=500, value_minor=500, minimum_order_minor=2_000),
    Reward(id="slide", name="Slide", kind="points_slider", points=100, value_minor=100, valid_days=90),
    Reward(id="once", name="Once", kind="percent_off", points=1, percent=10, limit_per_member=1, stock=5),
    Reward(id="year", name="Year", kind="percent_off", points=1, percent=10, limit_per_member=2, limit_period="year"),
    Reward(id="month", name="Month", kind="percent_off", points=1, percent=5, limit_per_member=3, limit_period="month"),
    Reward(id="gold", name="Gold only", kind="percent_off", points=1, percent=5, tiers=("gold",)),
    Reward(id="card", name="Card", kind="gift_card", points=1_000, value_minor=1_000),
)
TIERS = (Level(id="base", name="Base"), Level(id="gold", name="Gold", minimum=5, perks=("Tea", "Cake")))


def made(program: Program, voice: Voice = ENGLISH) -> dict[str, Any]:
    with patch.object(terms, "carried", lambda shop, program: list(program.rewards)):
        return terms.terms_answer(shop=SHOP, program=program, choices=WidgetChoices(), voice=voice)


def chapter(program: Program, title: str) -> str:
    return " ".join(next(each["sentences"] for each in made(program)["terms"] if each["title"] == title))


def with_policies(**policies: Any) -> Program:
    return msgspec.structs.replace(PLAIN, policies=Policies(**policies))


def every_program() -> list[Program]:
    """Together they do all that the terms speak of."""
    choices = {
        "moment": ("paid", "fulfilled", "placed"),
        "basis": ("after_discounts", "before_discounts"),
        "spent_points": ("pro_rata", "full_refund_only", "none"),
        "paid_with_points": ("rest", "nothing", "full"),
        "expired_codes": ("return", "stay_spent"),
        "negative": ("allowed", "clamped"),
        "tier_measure": ("spend", "points", "orders"),
        "tier_period": ("rolling", "calendar_year", "calendar_month", "lifetime"),
        "tier_kept": ("while_qualified", "a_year", "this_year_and_next"),
        "guest_orders": ("wait", "nothing"),
        "enrolment": ("automatic", "on_request"),
        "count_tax": (True, False),
        "count_shipping": (True, False),
        "hold_days": (0, 14),
        "tier_grace_days": (0, 30),
    }
    expiries = [{"expiry": "never"}] + [
        {"expiry": kind, f"expiry_{unit}": 6} for kind in ("lot", "inactivity") for unit in ("days", "months")
    ]
    here = Setting(currency="EUR", exponent=2, time_zone="Europe/Riga")
    found = [each.program(here, {asked.id: "mine" for asked in each.inputs}) for each in PRESETS]
    for turn, expiry in zip(range(12), itertools.cycle(expiries)):
        policies = Policies(**{name: values[turn % len(values)] for name, values in choices.items()}, **expiry)
        found.append(msgspec.structs.replace(PLAIN, policies=policies, tiers=TIERS, rules=RULES, rewards=REWARDS))
    more = {"paused": Paused(earning=True, redeeming=True), "audience": Audience(kind="pilot", percent=10)}
    found.append(msgspec.structs.replace(PLAIN, campaigns=(Campaign(id="x", name="X"),), **more))
    found.append(with_policies(expired_codes="stay_spent"))
    out = Exclusions(on_sale=True, products=("1",), segments=("staff",))
    return [*found, msgspec.structs.replace(PLAIN, exclusions=out)]


def test_every_sentence_is_said_by_some_program_and_none_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()
    say = Voice.say

    def noted(self: Voice, part: str, message: str, params: Any) -> str:
        if part == "terms":
            said.add(message)
        return say(self, part, message, params)

    monkeypatch.setattr(Voice, "say", noted)
    for program in every_program():
        made(program)
    assert said == set(catalog("en", "terms"))


def test_every_sentence_is_whole() -> None:
    for program in every_program():
        answer = made(program)
        for sentence in [each for chapter in answer["terms"] for each in chapter["sentences"]]:
            assert re.search(r"[.]$", sentence), sentence
            assert not re.search(r"[{}]|\b\w+\.\w+\.", sentence), sentence
        assert all(each["question"].endswith("?") and each["answer"] for each in answer["questions"])


def test_the_figures_are_the_programs() -> None:
    program = msgspec.structs.replace(PLAIN, rules=RULES, rewards=(*PLAIN.rewards, *REWARDS), tiers=TIERS)
    earned = chapter(program, "How points are earned")
    assert "For every €10 you spend: 2 points." in earned
    assert "Only full amounts of €10 count." in earned
    assert "2.5 percent of what you spend comes back as points." in earned
    assert "With your order number 5: 20 points + Amount off." in earned
    assert "Subscribe to the newsletter: 20 points." in earned
    assert "FAIR" not in earned
    assert "at least 30 days before" in earned
    spent = chapter(program, "Rewards and codes")
    assert "Off: for orders from €20." in spent
    assert "Slide: 100 points are worth €1." in spent
    assert "Year: 2 times a year for each member." in spent
    assert "€5 off: 500 points." in chapter(PLAIN, "Rewards and codes"), "by its worth where only one has it"
    assert "Gold: from €0.05 spent. Gold: Tea, Cake." in chapter(program, "Tiers")
    assert "Your friend gets 40 points." in chapter(program, "Inviting friends")


@pytest.mark.parametrize(
    ("policies", "title", "words"),
    [
        ({}, "How long points last", "Points do not expire."),
        ({"expiry": "lot", "expiry_months": 12}, "How long points last", "Points expire 12 months after they arrived."),
        ({"expiry": "inactivity", "expiry_days": 1}, "How long points last", "nothing has come or gone for 1 day."),
        ({"hold_days": 14}, "When points arrive", "They can be used 14 days after that."),
        ({"moment": "fulfilled"}, "When points arrive", "when it is sent or handed over."),
        ({"spent_points": "none"}, "Returns and refunds", "do not come back."),
        ({"negative": "clamped"}, "Returns and refunds", "Never more is taken than what is there."),
        (
            {},
            "Rewards and codes",
            (
                "A code that is not used within 30 days ends, and its points come back. "
                "A code that was not used can be given back for its points."
            ),
        ),
        (
            {"expired_codes": "stay_spent"},
            "Rewards and codes",
            (
                "A code that is not used within 30 days ends, and its points do not come back. "
                "Until then it can be given back for its points."
            ),
        ),
        ({"guest_orders": "nothing"}, "Taking part", "Orders without an account earn nothing."),
        ({"enrolment": "on_request"}, "Taking part", "as soon as you join."),
        ({"count_tax": True}, "What counts and what does not", "Tax counts."),
    ],
)
def test_a_policy_is_told_as_it_is(policies: dict[str, Any], title: str, words: str) -> None:
    assert words in chapter(with_policies(**policies), title)


def test_points_are_called_what_the_merchant_calls_them() -> None:
    stars = changed(ENGLISH, point={"one": "star", "other": "stars"})
    told = made(PLAIN, stars)
    assert told["questions"][0]["question"] == "How do I collect stars?"
    assert "For every €1 you spend: 1 star." in told["questions"][0]["answer"]


@pytest.mark.django_db
def test_the_merchants_own_stand_beside_ours(ecwid: Shop) -> None:
    own = {"own_terms": {"en": "We are nice."}, "own_questions": {"en": [{"question": "Why?", "answer": "Because."}]}}
    save(shop=ecwid, data=own, at=timezone.now())
    answer = Storefront(ecwid).get("terms")
    assert answer["Cache-Control"].startswith("public, max-age=60")
    told = answer.json()
    assert told["own"] == "We are nice."
    assert told["questions"][-1] == {"question": "Why?", "answer": "Because."}
    assert told["terms"][0]["title"] == "Taking part"


@pytest.mark.django_db
def test_behind_the_proxy_the_same(shopify: Shop) -> None:
    told = Proxied(shopify).get("terms").json()
    assert [each["title"] for each in told["terms"]][-1] == "Rewards and codes"
    assert told["own"] == ""
