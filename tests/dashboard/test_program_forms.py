"""The forms of the program: every kind the document knows has one; what is typed is what the draft says; what cannot be
meant is said at its field."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from babel import Locale

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_changes import changes, word_by_word
from loyalty.dashboard.program_fields import LISTS, SINGLES, kind_of
from loyalty.dashboard.program_forms import NO_END, Setting, at_path, form_of, placed, read, written
from loyalty.dashboard.program_reward_fields import REWARDS
from loyalty.dashboard.program_rule_fields import RULES
from loyalty.dashboard.program_sentences import Words, plain, rule_sentence
from loyalty.engine.document import RewardKind, Rule
from loyalty.engine.presets import PRESETS
from loyalty.engine.presets import Setting as PresetSetting
from loyalty.engine.program import Program, default_program, parse_program, to_data

EN = Format(Locale("en"), ZoneInfo("Europe/Riga"), "EUR", 2)
DE = Format(Locale("de"), ZoneInfo("Europe/Berlin"), "EUR", 2)
PLAIN = default_program("EUR", 2, "Europe/Riga", "P")


def setting(program: Program = PLAIN, fmt: Format = EN) -> Setting:
    return Setting(fmt, program)


def test_every_kind_that_the_document_knows_has_a_form() -> None:
    tags = {kind.__struct_config__.tag for kind in get_args(Rule)}
    assert set(RULES) == tags
    assert set(REWARDS) == set(get_args(RewardKind))


def test_every_field_of_the_table_is_one_of_the_document() -> None:
    for kind in get_args(Rule):
        known = {field.name for field in msgspec.structs.fields(kind)} | {"scope"}
        assert {field.name.split(".")[0] for field in RULES[kind.__struct_config__.tag].fields()} <= known
    program = {field.name: field for field in msgspec.structs.fields(Program)}
    for part, kinds in LISTS.items():
        if part not in ("rules",):
            (item, *_rest) = get_args(program[part].type)
            known = {field.name for field in msgspec.structs.fields(item)}
            assert {field.name for kind in kinds.values() for field in kind.fields()} <= known, part


def programs() -> list[Program]:
    money = PresetSetting(currency="EUR", exponent=2, time_zone="Europe/Riga")
    return [each.program(money, {one.id: "x" for one in each.inputs}) for each in PRESETS]


@pytest.mark.parametrize("fmt", [EN, DE], ids=["English", "German"])
def test_what_is_there_is_written_and_read_back_the_same(fmt: Format) -> None:
    for program in programs():
        data = to_data(program)
        for part in LISTS:
            for item in data.get(part, []):
                same(part, item, Setting(fmt, program), data)
        for part in ("policies", "exclusions", "audience"):
            same(part, data.get(part, {}), Setting(fmt, program), data)


def same(part: str, item: dict[str, Any], at: Setting, data: dict[str, Any]) -> None:
    kind = kind_of(part, item, at.program.policies.tier_measure)
    assert kind is not None
    made, errors = read(kind, written(kind, item, at), item, at)
    assert errors == {}
    whole = {**data, part: [made if each is item else each for each in data[part]] if part in LISTS else made}
    assert parse_program(whole) == at.program


@pytest.mark.parametrize(
    ("fmt", "typed", "minor"),
    [(EN, "12.50", 1250), (EN, "1,250", 125_000), (EN, "7", 700), (DE, "12,50", 1250), (DE, "1.250,00", 125_000)],
)
def test_amounts_are_read_as_people_of_the_language_write_them(fmt: Format, typed: str, minor: int) -> None:
    raw = {"points": ["1"], "per_minor": [typed]}
    made, errors = read(RULES["per_amount"], raw, {}, setting(fmt=fmt))
    assert (made["per_minor"], errors) == (minor, {})


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("per_minor", "12.345", "EUR has 2 decimals."),
        ("per_minor", "0", "Write an amount above zero."),
        ("per_minor", "1,2,3", "Write a number such as"),
        ("per_minor", "many", "Write a number such as"),
        ("per_minor", "NaN", "Write a number such as"),
        ("per_minor", "9" * 25, "Write a number such as"),
        ("points", "", "Fill this in."),
        ("points", "1.5", "Write a whole number."),
        ("points", "1.000", "Write a number such as 120."),
        ("per_minor", "1.000", "Write a number such as 1234.5."),
        ("points", "-1", "Write 1 or more."),
        ("points", "1e99", "Write a number such as"),
        ("scope.first_day", "Tuesday", "Write a date such as"),
        ("scope.draw_percent", "101", "Write 100 or less."),
        ("caps.0.points", "some", "Write a number such as"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(name: str, typed: str, said: str) -> None:
    item = {"kind": "per_amount", "id": "r", "points": 1, "per_minor": 100}
    raw = {**written(RULES["per_amount"], item, setting()), name: [typed]}
    _made, errors = read(RULES["per_amount"], raw, item, setting())
    (where,) = errors
    assert where == ("caps" if name.startswith("caps") else name)
    assert errors[where].startswith(said)
    form = form_of(RULES["per_amount"], raw, setting(), errors)
    shown = [one for section in form.sections for one in section.inputs if one.error]
    assert [one.field.name for one in shown] == [where]
    assert all(section.open for section in form.sections if shown[0] in section.inputs)


def test_an_error_of_the_engine_finds_its_field() -> None:
    kind = RULES["milestone"]
    assert placed(kind, ".steps[1].orders", "So") == ({"steps": "So"}, "")
    assert placed(kind, ".scope.last_day", "So") == ({"scope.last_day": "So"}, "")
    assert placed(kind, ".nobody", "So") == ({}, "So")


def test_rows_ranges_and_lists() -> None:
    made, errors = read(
        RULES["milestone"],
        {"steps.0.orders": ["3"], "steps.0.points": ["50"], "steps.1.orders": [""], "steps.2.orders": ["10"]}
        | {"steps.2.points": ["500"], "scope.tags": ["tea, coffee\n tea\n"], "scope.weekdays": ["2", "9", "1"]},
        {},
        setting(),
    )
    assert errors == {}
    assert [(step["orders"], step["points"]) for step in made["steps"]] == [(3, 50), (10, 500)]
    assert made["scope"]["tags"] == ["tea", "coffee"]
    assert made["scope"]["weekdays"] == [1, 2]
    segment = LISTS["segments"][""]
    made, errors = read(segment, {"name": ["Big"], "average_minor.0": ["20"], "order_count.1": ["3"]}, {}, setting())
    assert (made["average_minor"], made["order_count"], errors) == ([2000, NO_END], [0, 3], {})
    made, errors = read(segment, {"name": ["Big"], "order_count.0": ["5"], "order_count.1": ["3"]}, {}, setting())
    assert errors == {"order_count": "The least must not lie above the most."}


def test_times_are_the_shops() -> None:
    kind = LISTS["campaigns"][""]
    raw = {"name": ["C"], "starts_at": ["2026-11-27T00:00"]}
    made, errors = read(kind, raw, {}, setting())
    assert (made["starts_at"], errors) == ("2026-11-26T22:00:00Z", {})
    assert written(kind, made, setting())["starts_at"] == ["2026-11-27T00:00"]
    assert datetime.fromisoformat(made["starts_at"]).tzinfo is not None


def test_what_the_table_does_not_know_stays() -> None:
    item = {"kind": "per_amount", "id": "r", "points": 1, "per_minor": 100, "scope": {"draw_salt": "x"}}
    raw = {"points": ["2"], "per_minor": ["1"]}
    made, _errors = read(RULES["per_amount"], raw, item, setting())
    assert (at_path(made, "scope.draw_salt"), made["id"], made["points"]) == ("x", "r", 2)


def test_every_rule_of_every_preset_has_its_own_sentence() -> None:
    for program in programs():
        for rule in program.rules:
            told = plain(rule_sentence(rule, EN, program))
            assert "gives points too" not in told
            assert "%(" not in told
            assert told.endswith(".")


def test_a_sentence_says_what_the_rule_applies_to_and_its_limits() -> None:
    data = {
        **to_data(PLAIN),
        "tiers": [{"id": "gold", "name": "Gold"}],
        "rules": [
            {
                "kind": "per_amount",
                "id": "r",
                "points": 5,
                "per_minor": 100,
                "scope": {
                    "tags": ["tea"],
                    "without_on_sale": True,
                    "tiers": ["gold"],
                    "minimum_order_minor": 2000,
                    "weekdays": [2],
                },
                "caps": [{"per": "month", "points": 500}],
            }
        ],
    }
    program = parse_program(data)
    assert plain(rule_sentence(program.rules[0], EN, program)) == (
        "Members earn 5 points for every €1 they spend on products tagged tea but sale items, for Gold, "
        "on orders of €20 or more, on Tuesday, at most 500 points a month."
    )


def test_changes_are_told_thing_by_thing_and_field_by_field() -> None:
    before = parse_program(
        {
            **to_data(PLAIN),
            "tiers": [{"id": "a", "name": "Friend"}, {"id": "b", "name": "Regular", "minimum": 20_000}],
        }
    )
    after = parse_program(
        {
            **to_data(PLAIN),
            "tiers": [
                {"id": "b", "name": "Regular", "minimum": 15_000},
                {"id": "c", "name": "Insider", "minimum": 60_000},
            ],
            "rewards": [{**to_data(PLAIN)["rewards"][0], "enabled": False}],
            "exclusions": {"on_sale": True},
        }
    )
    found = [(change.part, change.title, change.how) for change in changes(before, after, Words(EN, after))]
    assert found == [
        ("rewards", "Amount off", "off"),
        ("tiers", "Friend", "gone"),
        ("tiers", "Regular", "changed"),
        ("tiers", "Insider", "new"),
        ("exclusions", "What never earns", "changed"),
    ]
    (regular,) = [change for change in changes(before, after, Words(EN, after)) if change.title == "Regular"]
    assert [(one.label, one.before, one.after) for one in regular.fields] == [("From", "€200", "€150")]


def test_a_default_that_one_document_spells_out_is_no_change() -> None:
    spelled_out = parse_program(json.loads(json.dumps({**to_data(PLAIN), "policies": {"tier_period_days": 365}})))
    assert changes(PLAIN, spelled_out, Words(EN, PLAIN)) == []
    longer = parse_program(json.loads('{"policies": {"tier_period_days": 365, "hold_days": 14}}') | to_data(PLAIN))
    (policies,) = changes(PLAIN, longer, Words(EN, longer))
    assert [one.label for one in policies.fields] == ["Can be spent after"]


def test_sentences_are_compared_word_by_word() -> None:
    first, second = word_by_word("for every $1, after", "for every $2 on tea, after")
    assert "".join(piece.text for piece in first) == "for every $1, after"
    assert "".join(piece.text for piece in second) == "for every $2 on tea, after"
    assert [piece.text.strip() for piece in first if piece.mark] == ["1"]
    assert [piece.text.strip() for piece in second if piece.mark] == ["2 on tea"]


def test_a_single_thing_has_a_form_too() -> None:
    for part, kind in SINGLES.items():
        form = form_of(kind, written(kind, {}, setting()), setting(), {})
        assert form.sections, part
