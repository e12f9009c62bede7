"""A sentence in the reader's language, from a message and its parameters."""

import re

import pytest

from loyalty.engine import explain
from loyalty.engine.explain import Reason
from loyalty.engine.messages import MESSAGES
from loyalty.languages import accepted, best, say, text

SAMPLES = {"points": 5, "days": 1, "units": 2, "length": 3, "period": "week", "currency": "EUR", "exponent": 2}


def sample(name: str) -> str | int:
    return "2026-11-30T23:30:00+01:00" if name.endswith("_at") else 1250 if "_" in name else f"A {name}"


BEANS = {"one": "bean", "other": "beans"}


@pytest.mark.parametrize("message", [each for each in MESSAGES if not each.startswith("diff.")])
@pytest.mark.parametrize("points", [1, 5, 1234])
def test_english_is_what_the_engine_itself_says(message: str, points: int) -> None:
    """Two renderers of one source: they may differ in nothing a shopper reads."""
    named = set(re.findall(r"\w+", MESSAGES[message])) - {"point_name", "Point_name"} | {"currency", "exponent"}
    shown = {name: SAMPLES[name] if name in SAMPLES else sample(name) for name in named}
    reason = Reason(message=message, params={**shown, "points": points})
    assert text(reason, "en") == explain.text(reason)


def test_the_merchants_word_takes_the_place_of_points() -> None:
    reason = Reason(message="earned.order", params={"number": "#12", "points": 1})
    assert text(reason, "en", BEANS) == "Order #12: 1 bean"
    assert say("history", "history.expired.lot", {}, "en", BEANS) == "Beans expired"
    assert say("slide", "slide.title", {}, "en", {**BEANS, "name": "coffee beans"}) == "How many coffee beans?"


def test_a_number_chooses_the_form_of_a_sentence() -> None:
    assert say("panel", "expiring", {"n": 1, "date": "May 2"}, "en") == "1 point expires on May 2."
    assert say("panel", "expiring", {"n": 1200, "date": "May 2"}, "en") == "1,200 points expire on May 2."


def test_a_message_that_nobody_knows_is_its_id() -> None:
    assert text(Reason(message="new.thing"), "en") == "new.thing"


@pytest.mark.parametrize(
    ("wanted", "offered", "given"),
    [
        (["pt-BR", "en"], ("en", "pt"), "pt"),
        (["no", "en"], ("en", "nb"), "nb"),
        (["nn-NO"], ("en", "nb"), "nb"),
        (["zh-Hant-TW"], ("en", "zh"), "zh"),
        (["iw"], ("en", "he"), "he"),
        (["EN_us"], ("en", "de"), "en"),
        (["xx", "", "de-AT"], ("en", "de"), "de"),
        (["xx"], ("de", "fr"), "de"),
        ([], ("en", "de"), "en"),
    ],
)
def test_the_best_language_is_the_first_wanted_that_is_offered(
    wanted: list[str], offered: tuple[str, ...], given: str
) -> None:
    assert best(wanted, offered) == given


def test_what_a_browser_accepts_is_ordered_by_its_weights() -> None:
    assert accepted("en;q=0.7, lv, de-AT;q=0.9, *;q=0.1, fr;q=0") == ["lv", "de-AT", "en"]
    assert accepted("") == []
    assert accepted("<script>;q=9,,;q=,de;q=x") == ["de"]
