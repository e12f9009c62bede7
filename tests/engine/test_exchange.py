"""Documents as text, their schema, older formats, and what changed."""

import json
import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from loyalty.engine import document
from loyalty.engine.errors import Invalid
from loyalty.engine.exchange import (
    difference,
    from_data,
    from_json,
    from_yaml,
    json_schema,
    to_json,
    to_yaml,
    upgraded,
)
from loyalty.engine.explain import as_data, text
from loyalty.engine.program import default_program, parse_program, to_data
from tests.engine.factories import START

RICH = {
    "name": "Tæst \N{HOT BEVERAGE}",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Berlin",
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100},
        {"kind": "multiplier", "id": "vip", "times": "1.5", "scope": {"tiers": ["gold"]}},
        {"kind": "streak", "id": "s", "length": 3, "points": 20},
    ],
    "tiers": [{"id": "silver", "name": "Silver", "minimum": 10}, {"id": "gold", "name": "Gold", "minimum": 20}],
    "campaigns": [
        {
            "id": "week",
            "name": "Filter week",
            "starts_at": (START + timedelta(days=3)).isoformat(),
            "last_day": "2026-02-01",
            "rules": [{"kind": "per_item", "id": "filter", "points": 30}],
        }
    ],
    "rewards": [{"id": "five", "name": "5 off", "kind": "amount_off", "points": 500, "value_minor": 500}],
    "policies": {"expiry": "lot", "expiry_months": 12, "hold_days": 14},
}


@pytest.mark.parametrize(("write", "read"), [(to_json, from_json), (to_yaml, from_yaml)])
def test_a_document_survives_being_written_and_read(write, read):
    program = parse_program(RICH)
    assert read(write(program)) == program


def test_yaml_is_readable_and_plain():
    written = to_yaml(parse_program(RICH))
    assert written.startswith("format: 1\nname: Tæst")
    assert "&" not in written


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("name: &a x\ncurrency: *a", "Anchors"),
        ("name: x\nname: y", "twice"),
        ("!!python/object/apply:os.system ['true']", "no plain YAML"),
        ("[" * 40 + "]" * 40, "levels deep"),
        ("a: [", "no plain YAML"),
        ("just text", "A program is an object"),
        ("x" * 300_000, "at most"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(bad, message):
    with pytest.raises(Invalid, match=message):
        from_yaml(bad)


@pytest.mark.parametrize(
    ("read", "bad", "place", "sentence"),
    [
        (from_yaml, "name: x\ncurrency: &a EUR", "line 2", "Anchors are not read; write the value out."),
        (from_yaml, "name: x\n\nname: y", "line 1", "This is no plain YAML document: a key stands twice."),
        (
            from_yaml,
            "name: x\na: [",
            "line 2",
            "This is no plain YAML document: expected the node content, but found '<stream end>'.",
        ),
        (from_yaml, "a:\n " + "[" * 21, "line 2", "A program is at most 20 levels deep."),
        (from_yaml, "x" * 200_001, "$", "A program has at most 200,000 characters; this has 200,001."),
        (from_yaml, "text", "$", "A program is an object with a name, a currency and rules."),
        (from_yaml, "a: \x07", "$", "This is no plain YAML document: it cannot be read."),
        (from_json, "{", "$", "This is no JSON document: Input data was truncated."),
        (from_json, " " * 200_001, "$", "A program has at most 200,000 characters; this has 200,001."),
        (from_data, [[[]]], "$", "A program is an object with a name, a currency and rules."),
        (from_data, {"a": [0] * 50_000}, "$", "A program has at most 50,000 values."),
        (
            from_data,
            {"format": "1"},
            "$.format",
            "This document is of format '1', and this release reads 1; use a release that knows both.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_sentence(read, bad, place, sentence):
    with pytest.raises(Invalid) as refused:
        read(bad)
    assert (refused.value.place, refused.value.message) == (place, sentence)


@pytest.mark.parametrize("bad", ["{", "[]", "[" * 5000, '{"a":' * 30 + "1" + "}" * 30, "1", "null"])
def test_what_is_no_json_document_is_refused(bad):
    with pytest.raises(Invalid):
        from_json(bad)


def test_the_published_schema_is_the_one_of_the_code():
    """`python -m tests.engine.golden.engine_says` writes it."""
    published = Path(document.__file__).with_name("program.schema.json")
    assert json.loads(published.read_text(encoding="utf-8")) == json_schema()


def test_an_older_document_is_upgraded_step_by_step():
    steps = {
        1: lambda data: {**data, "rounding": "ceil"},
        2: lambda data: {
            **{k: v for k, v in data.items() if k != "rounding"},
            "policies": {"rounding": data["rounding"]},
        },
    }
    assert upgraded({"format": 1, "name": "x"}, steps, 3) == {
        "format": 3,
        "name": "x",
        "policies": {"rounding": "ceil"},
    }
    with pytest.raises(Invalid, match="format 9"):
        from_data({**RICH, "format": 9})


def test_a_difference_is_sentences():
    old = parse_program(RICH)
    changed = json.loads(json.dumps(RICH))
    changed["rules"][0]["per_minor"] = 50
    changed["rules"].pop(2)
    changed["rewards"].append({"id": "ship", "name": "Free shipping", "kind": "free_shipping", "points": 300})
    changed["policies"]["hold_days"] = 7
    assert [text(each) for each in difference(old, parse_program(changed))] == [
        "rule base: per was €1.00 and becomes €0.50",
        "Removed rule: s",
        "New reward: Free shipping",
        "hold days: was 14 and becomes 7",
    ]
    assert difference(old, old) == []


VIP = ("diff.changed", "rule", "Very important")


def differs(message, what, name, **params):
    return {"message": message, "params": {"what": what, "name": name, **params}}


def test_every_kind_of_difference_keeps_its_data():
    old = parse_program(RICH)
    changed = json.loads(json.dumps(RICH))
    changed |= {"name": "New", "exclusions": {"on_sale": True, "tags": ["sale"]}, "earns_from": "2026-01-01T00:00:00Z"}
    changed["rewards"][0] |= {"value_minor": 600, "stock": 3}
    changed["rules"][1]["scope"] = {"tiers": ["silver", "gold"]}
    changed["rules"][1]["name"] = "Very important"
    changed["rules"].reverse()
    changed["campaigns"] = []
    del changed["policies"]["hold_days"]
    amount = {"before_minor": 500, "after_minor": 600, "currency": "EUR", "exponent": 2}
    unset = {"before": "the default"}
    assert [as_data(each) for each in difference(old, parse_program(changed))] == [
        differs("diff.setting", "name", "", field="name", before=RICH["name"], after="New"),
        differs(*VIP, field="scope", before='{"tiers":["gold"]}', after='{"tiers":["silver","gold"]}'),
        differs(*VIP, field="name", after="Very important", **unset),
        differs("diff.amount", "reward", "5 off", field="value", **amount),
        differs("diff.changed", "reward", "5 off", field="stock", after="3", **unset),
        differs("diff.removed", "campaign", "Filter week"),
        differs("diff.setting", "exclusions", "", field="tags", after='["sale"]', **unset),
        differs("diff.setting", "exclusions", "", field="on sale", after="True", **unset),
        differs("diff.setting", "policies", "", field="hold days", before="14", after="the default"),
        differs("diff.setting", "earns from", "", field="earns from", after="2026-01-01T00:00:00Z", **unset),
    ]


def test_another_order_of_the_same_things_is_a_difference():
    changed = json.loads(json.dumps(RICH))
    changed["rules"].reverse()
    found = difference(parse_program(RICH), parse_program(changed))
    assert [as_data(each) for each in found] == [{"message": "diff.order", "params": {"what": "rules"}}]
    assert text(found[0]) == "The rules stand in another order"


def test_garbage_never_raises_anything_but_invalid():
    """Every value of a document replaced by something else, one at a time, thousands of times."""
    rng = random.Random(3)
    junk = [None, -1, 0, 10**30, 1.5, "", "x" * 500, [], {}, [[]], True, "2026-13-01"]
    for _ in range(1500):
        data = json.loads(json.dumps(RICH))
        place = data
        while isinstance(place, dict | list) and place:
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], dict | list) or rng.random() < 0.3:
                place[key] = rng.choice(junk)
                break
            place = place[key]
        with suppress(Invalid):
            program = from_data(data)
            assert from_data(to_data(program)) == program


def test_a_default_program_is_a_small_document():
    assert len(to_json(default_program("EUR", 2, "UTC", "Points"))) < 800
    assert msgspec.json.decode(to_json(parse_program(RICH)))["format"] == 1
