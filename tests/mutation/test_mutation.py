"""The judge of the tests, judged: a toy package whose mutants end as everybody can see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from tests.mutation.__main__ import BELOW, NOT_JUDGED, drawn
from tests.mutation.mutants import mutants_of, plant

pytestmark = pytest.mark.once

TOY = """
class Basket:
    def __init__(self, pieces: int) -> None:
        self.pieces = pieces

    @staticmethod
    def double(number: int) -> int:
        return number * 2


def is_full(pieces: int, limit: int = 3) -> bool:
    return pieces >= limit


def countdown(number: int) -> int:
    while number > 0:
        number -= 1
    return number


def nobody_calls(number: int) -> int:
    return number + 1
"""
GOOD_TEST = """
from toy.basket import Basket, countdown, is_full

def test_all():
    assert Basket(7).pieces == 7
    assert Basket.double(3) == 6
    assert (is_full(2), is_full(3)) == (False, True)
    assert countdown(3) == 0
"""
WEAK_TEST = """
from toy.basket import is_full

def test_a_little():
    assert is_full(9)
"""
WRONG_TEST = """
from toy.basket import is_full

def test_it_is_wrong():
    assert is_full(0)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").touch()
    (tmp_path / "toy" / "basket.py").write_text(TOY)
    (tmp_path / "pyproject.toml").write_text("[tool.mutmut]\nsource_paths = ['toy']\n[tool.pytest.ini_options]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(toy: Path, tests: str, *options: str) -> tuple[int, str]:
    (toy / "test_toy.py").write_text(tests)
    command = [
        sys.executable,
        "-m",
        "tests.mutation",
        "--package",
        "toy",
        "--tests",
        "test_toy.py",
        "--seed",
        "1",
        *options,
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{toy}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=toy, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def headlines(shown: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for verdict, place in re.findall(r"^=== ([a-z ]+): toy/basket.py:\d+ (\S+)$", shown, re.M):
        found.setdefault(verdict, []).append(place)
    return found


def test_verdicts_are_told_apart(toy: Path) -> None:
    code, shown = judged(toy, GOOD_TEST)
    found = headlines(shown)
    assert set(found) == {"timeout", "no tests"}, shown
    assert set(found["timeout"]) == {"countdown"}  # `number += 1` never ends
    assert set(found["no tests"]) == {"nobody_calls"}
    assert "-        number -= 1\n+        number += 1" in shown
    assert code == BELOW, "what no test runs is not killed"


def test_survivors_are_shown_and_fail_the_run(toy: Path) -> None:
    code, shown = judged(toy, WEAK_TEST)
    assert headlines(shown)["survived"] == ["is_full", "is_full"]
    assert "-    return pieces >= limit\n+    return pieces > limit" in shown
    assert (
        "-def is_full(pieces: int, limit: int = 3) -> bool:\n+def is_full(pieces: int, limit: int = 4) -> bool:"
        in shown
    )
    assert code == BELOW


def test_all_killed_is_a_success_and_too_little_time_is_none(toy: Path) -> None:
    (toy / "toy" / "basket.py").write_text("def is_full(pieces):\n    return pieces >= 3\n")
    tests = (
        "from toy.basket import is_full\n\ndef test_it():\n    assert not is_full(2)\n    assert is_full(3) is True\n"
    )
    code, shown = judged(toy, tests)
    assert code == 0, shown
    assert "100.0% killed" in shown
    code, shown = judged(toy, tests, "--minutes", "0")
    assert code == BELOW
    assert "only 0 of 2 were judged" in shown


def test_tests_that_fail_by_themselves_judge_nothing(toy: Path) -> None:
    code, shown = judged(toy, WRONG_TEST)
    assert code == NOT_JUDGED
    assert "test_toy.py::test_it_is_wrong" in shown


def test_a_seed_draws_the_same_sample_again(toy: Path) -> None:
    known = mutants_of(Path("toy"))
    assert drawn(known, 5, seed=3) == drawn(known, 5, seed=3) != drawn(known, 5, seed=4)
    assert len(drawn(known, 10_000, seed=3)) == len(set(known)) == len(known)


def test_a_mutant_stands_in_for_the_function_wherever_it_is_held(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(toy))
    from_default = next(each for each in mutants_of(Path("toy")) if each.line == 11)
    original, mutated = from_default.prepare()
    held = original
    assert held(3)
    plant(original, mutated)
    assert not held(3)
