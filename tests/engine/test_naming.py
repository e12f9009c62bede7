"""A merchant's own names in the shoppers' languages: part of the document, and nothing that earns."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given

from loyalty.engine.checking import check_program
from loyalty.engine.errors import Invalid
from loyalty.engine.exchange import from_json, from_yaml, to_json, to_yaml
from loyalty.engine.naming import in_language, texts_of
from loyalty.engine.program import Program, Reward, Version, default_program
from loyalty.engine.statement import fold
from loyalty.engine.tiers import Level
from tests.properties.strategies import END, histories, programs

LATVIAN = {"Free coffee": "Bezmaksas kafija", "Gold": "Zelts", "A table by the window": "Galdiņš pie loga"}


def named() -> Program:
    base = default_program("EUR", 2, "Europe/Riga", "Points")
    coffee = Reward(id="coffee", name="Free coffee", kind="custom", points=10, description="Ask at the bar")
    gold = Level(id="gold", name="Gold", minimum=100, perks=("A table by the window", "Gold"))
    return msgspec.structs.replace(base, rewards=(coffee,), tiers=(gold,), translations={"lv": LATVIAN})


def test_every_text_is_asked_for_once_where_it_stands_first() -> None:
    found = texts_of(named())
    assert found[:4] == [
        ("rewards", "Free coffee"),
        ("rewards", "Ask at the bar"),
        ("tiers", "Gold"),
        ("tiers", "A table by the window"),
    ]
    assert len({text for _part, text in found}) == len(found)


def test_names_and_perks_are_said_in_the_language_and_the_rest_stays() -> None:
    said = in_language(named(), "lv")
    assert (said.rewards[0].name, said.rewards[0].description) == ("Bezmaksas kafija", "Ask at the bar")
    assert (said.tiers[0].name, said.tiers[0].perks) == ("Zelts", ("Galdiņš pie loga", "Zelts"))
    assert in_language(named(), "de") == named()


@given(programs(), histories())
def test_no_translation_moves_a_point(program: Program, facts: list) -> None:
    own = {text: f"{text}?" for _part, text in texts_of(program)}
    other = in_language(msgspec.structs.replace(program, translations={"lv": own}), "lv")
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    one, two = (fold([Version(number=1, in_force_from=begins, program=each)], facts, END) for each in (program, other))
    assert [(each.key, each.points) for each in one.movements] == [(each.key, each.points) for each in two.movements]


def test_they_go_out_and_come_in_with_the_document() -> None:
    assert from_json(to_json(named())) == named()
    assert from_yaml(to_yaml(named())) == named()


@pytest.mark.parametrize(
    "translations",
    [
        {"Latvian": LATVIAN},
        {"pt-BR": {"Gold": "Ouro"}},
        {"lv": {"Gold": " "}},
        {"lv": {"Gold": "x" * 1001}},
        {"lv": {str(number): "x" for number in range(2001)}},
        {f"{chr(97 + number // 26)}{chr(97 + number % 26)}": {"a": "b"} for number in range(51)},
    ],
)
def test_what_is_no_translation_is_refused_with_its_place(translations: dict[str, dict[str, str]]) -> None:
    with pytest.raises(Invalid) as refused:
        check_program(msgspec.structs.replace(named(), translations=translations))
    assert str(refused.value.place).startswith("$.translations")
