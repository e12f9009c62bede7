"""Translates a case into a program document and facts, asks the engine, and hands back what it said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conformance import members, orders, prices, refunds, sequences

WORDS = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))

OPERATIONS = {
    **orders.OPERATIONS,
    **refunds.OPERATIONS,
    **members.OPERATIONS,
    **prices.OPERATIONS,
    **sequences.OPERATIONS,
}

REFUSED: dict[str, str] = {}
"""Operations that would be wrong for a merchant, with the reason. None at the moment."""


class UnknownWord(Exception):
    """A case uses a word that this runner does not know; passing it silently would be a lie."""


def answer(case: dict[str, Any]) -> dict[str, Any]:
    check_words(case)
    return OPERATIONS[case["op"]](case["input"], case.get("policy", {}))


def check_words(case: dict[str, Any]) -> None:
    """Raises UnknownWord for an operation, a field, a step or a policy value that is not in the vocabulary."""
    name = case["op"]
    if name not in OPERATIONS:
        raise UnknownWord(name)
    if name == "ledger_sequence":
        for step in case["input"]["steps"]:
            known = WORDS["steps"].get(step["op"], ())
            for word in step:
                if word != "op" and word not in known:
                    raise UnknownWord(f"{step['op']}: {word}")
    else:
        known = WORDS["operations"][name]
        for word in _words(case["input"], ""):
            if word not in known and not any(word.startswith(f"{each}.") for each in known):
                raise UnknownWord(f"{name}: {word}")
    for policy, value in case.get("policy", {}).items():
        if value not in WORDS["policies"].get(policy, ()):
            raise UnknownWord(f"policy {policy}: {value}")


def _words(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _words(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for each in value:
            yield from _words(each, f"{path}[]")
    elif isinstance(value, list):
        yield f"{path}[]"
    else:
        yield path
