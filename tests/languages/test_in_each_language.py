"""What a shopper reads in some of the languages, and that the browser and the server choose alike."""

import json
import os
import subprocess

import pytest

from loyalty.engine.errors import Refused, TooMany
from loyalty.engine.explain import Reason
from loyalty.languages import TAGS, Voice, formats, say, text

COUNTS = [*range(121), 1000, 1001, 1234, 100_000, 1_000_000]
CHOICES = """
const [tags, counts] = JSON.parse(process.argv[1]);
const chosen = (tag) => { const rules = new Intl.PluralRules(tag); return counts.map((count) => rules.select(count)); };
console.log(JSON.stringify(tags.map(chosen)));
"""
EARNED = Reason(
    message="pending.order", params={"number": "#1001", "points": 1234, "until_at": "2026-11-30T12:00:00+02:00"}
)


@pytest.mark.needs_npm
def test_the_browser_chooses_the_form_that_the_server_chooses() -> None:
    node = os.environ["TEST_NODE"]
    asked = json.dumps([TAGS, COUNTS])
    told = subprocess.run([node, "-e", CHOICES, asked], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [[formats.plural(tag, count) for count in COUNTS] for tag in TAGS]


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("en", "Order #1001: 1,234 points, pending until Nov 30, 2026"),
        ("lv", "Pasūtījums #1001: 1\xa0234 punkti, vēl gaida līdz 2026. gada 30. nov."),
        ("de", "Bestellung #1001: 1.234 Punkte, ausstehend bis 30.11.2026"),
        ("ru", "Заказ #1001: 1\xa0234 балла, ожидают до 30 нояб. 2026\u202fг."),
        ("th", "คำสั่งซื้อ #1001: 1,234\N{NO-BREAK SPACE}คะแนน รอถึง 30 พ.ย. 2569"),
        ("ja", "ご注文 #1001：1,234ポイント、2026/11/30まで確定待ち"),
    ],
)
def test_numbers_days_and_plurals_are_the_languages_own(tag: str, sentence: str) -> None:
    assert text(EARNED, tag) == sentence


def test_what_is_put_into_a_sentence_from_the_right_keeps_its_own_direction() -> None:
    told = text(EARNED, "ar")
    assert "\u2068#1001\u2069" in told
    assert told.count("\u2068") == told.count("\u2069") == 3
    assert "\u2068" not in text(EARNED, "lv")


@pytest.mark.parametrize(
    ("tag", "count", "sentence"),
    [
        ("ru", 1, "2 мая сгорит 1 балл."),
        ("ru", 22, "2 мая сгорят 22 балла."),
        ("ru", 11, "2 мая сгорят 11 баллов."),
        ("pl", 5, "2 maja wygaśnie 5 punktów."),
        ("lv", 21, "2. maijs: derīgumu zaudē 21 punkts."),
        ("cs", 5, "2. května propadne 5 bodů."),
    ],
)
def test_the_verb_goes_with_the_number(tag: str, count: int, sentence: str) -> None:
    dates = {"ru": "2 мая", "pl": "2 maja", "lv": "2. maijs", "cs": "2. května"}
    assert say("panel", "expiring", {"n": count, "date": dates[tag]}, tag) == sentence


def test_a_merchants_word_stands_in_the_languages_forms() -> None:
    beans = {"one": "зерно", "few": "зерна", "many": "зёрен", "other": "зерна", "name": "зёрна"}
    assert text(Reason(message="earned.order", params={"number": "7", "points": 5}), "ru", beans) == "Заказ 7: 5 зёрен"
    assert say("history", "history.expired.lot", {}, "ru", beans) == "Зёрна сгорели"


def test_a_refusal_is_said_by_its_code_and_one_for_developers_stays_english() -> None:
    voice = Voice("de")
    refused = Refused("300 points to go for Mug.", code="not_enough_points", params={"reward": "Becher", "points": 300})
    assert voice.problem(refused) == "Für Becher fehlen noch 300 Punkte."
    assert voice.problem(TooMany("Wait.", retry_after_seconds=90)).endswith("in 2 Minuten wieder.")
    assert voice.problem(Refused("Send JSON.", code="wrong_form")) == "Send JSON."
