"""The golden corpus: what the engine says is what it said, what an oracle says, and what was worked out by hand."""

import json

import pytest

from loyalty.engine.presets import PRESETS, preset
from tests.engine.golden import oracle
from tests.engine.golden.accounts import account
from tests.engine.golden.by_hand import BY_HAND
from tests.engine.golden.corpus import HISTORIES, PROGRAMS, UNTIL
from tests.engine.golden.engine_says import ACCOUNTS, GOLDEN, everything
from tests.engine.golden.engine_says import PRESETS as PRESETS_SAID
from tests.engine.golden.presets_say import told
from tests.engine.golden.stories import STORIES

SAID = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_engine_says_what_it_said():
    """A difference is a change of behaviour: give it a policy value, then write the file anew."""
    now = everything()
    assert now.keys() == SAID.keys()
    assert [name for name in now if now[name] != SAID[name]] == []


@pytest.mark.parametrize("story", STORIES)
def test_a_life_is_told_as_it_was_told(story):
    """To the last reason and date. `accounts.txt` is written by the same command."""
    assert account(story) in ACCOUNTS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [each.id for each in PRESETS])
def test_a_preset_is_what_it_was_word_for_word(name):
    """A merchant who chose it last year and one who chooses it today get the same."""
    assert told(preset(name)) in PRESETS_SAID.read_text(encoding="utf-8")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_oracle_says_the_same(program):
    for history in HISTORIES:
        assert oracle.statement(PROGRAMS[program], HISTORIES[history], UNTIL) == SAID[f"{program} / {history}"], history


@pytest.mark.parametrize("name", BY_HAND)
def test_what_was_worked_out_by_hand(name):
    _working, movements, available = BY_HAND[name]
    said = SAID[name]
    assert [(kind, points) for kind, _, _, points, _ in said["movements"]] == movements
    assert said["available"] == available


def test_the_oracle_shares_no_code_with_the_engine():
    with open(oracle.__file__, encoding="utf-8") as source:
        assert "loyalty" not in source.read()
