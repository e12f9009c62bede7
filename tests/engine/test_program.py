"""The document."""

import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.policies import DESCRIPTIONS, Policies
from loyalty.engine.program import default_program, parse_program, to_data


@pytest.mark.parametrize(("currency", "exponent", "per_minor"), [("EUR", 2, 100), ("JPY", 0, 100), ("KWD", 3, 1000)])
def test_the_default_program_survives_a_round_trip(currency, exponent, per_minor):
    program = default_program(currency, exponent, "Europe/Berlin", "Points")
    assert program.rules[0].per_minor == per_minor
    assert program.rewards[0].value_minor == 5 * per_minor
    assert parse_program(to_data(program)) == program


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"unknown": 1}, "$"),
        ({"rules": [{"kind": "per_amount", "id": "base", "points": 0, "per_minor": 100}]}, "$.rules[0].points"),
        ({"rules": [{"kind": "per_amount", "id": "base", "points": "x", "per_minor": 100}]}, "$.rules[0].points"),
        ({"time_zone": "Mars/Base"}, "$.time_zone"),
        ({"currency": "euro"}, "$.currency"),
        ({"exponent": 9}, "$.exponent"),
    ],
)
def test_a_broken_document_is_refused_with_the_place(change, place):
    data = to_data(default_program("EUR", 2, "Europe/Berlin", "Points")) | change
    with pytest.raises(Invalid) as invalid:
        parse_program(data)
    assert invalid.value.place == place


def test_every_policy_has_a_sentence_that_says_what_it_does():
    assert set(DESCRIPTIONS) == set(Policies.__struct_fields__)
