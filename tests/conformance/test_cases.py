"""Every case through the engine's own functions; and the runner itself may only translate."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conformance.runner import REFUSED, UnknownWord, answer, check_words

HERE = Path(__file__).parent


def test_the_engine_gives_the_expected_numbers(case):
    if case["op"] in REFUSED:
        pytest.fail(f"refused: {REFUSED[case['op']]}")
    expected = case["expected"]
    assert asked_for(answer(case), expected) == expected


def asked_for(got, expected):
    """What the case asks for; of the lots, those it names."""
    found = {name: got.get(name) for name in expected}
    if "lots" in expected and got.get("lots") is not None:
        found["lots"] = {lot: got["lots"].get(lot) for lot in expected["lots"]}
    return found


def test_a_word_that_the_runner_does_not_know_is_named():
    with pytest.raises(UnknownWord, match=r"rules\[\]\.surprise"):
        check_words({"op": "earn_basis", "input": {"basis_minor": 1, "rules": [{"surprise": 1}]}, "policy": {}})
    with pytest.raises(UnknownWord, match="no_such_operation"):
        check_words({"op": "no_such_operation", "input": {}, "policy": {}})
    with pytest.raises(UnknownWord, match="negative"):
        check_words({"op": "ledger_sequence", "input": {"steps": []}, "policy": {"negative": "perhaps"}})


RUNNER = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))


@pytest.mark.parametrize("path", RUNNER, ids=lambda path: path.name)
def test_the_runner_only_translates(path):
    """No arithmetic, rounding or comparison of sizes or dates: those are the engine's."""
    forbidden = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
    sizes = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.BinOp | ast.AugAssign) or not isinstance(node.op, forbidden), node.lineno
        assert not isinstance(node, ast.Compare) or not any(isinstance(op, sizes) for op in node.ops), node.lineno
        assert not isinstance(node, ast.UnaryOp) or not isinstance(node.op, ast.USub), node.lineno
        assert not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("round", "divmod"), node.lineno
