"""A refusal is a template with its parameters, and a page says it through one function: so it can be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from loyalty.management.commands.makemessages import SAYING

pytestmark = pytest.mark.once

ROOMS = ("engine", "ledger", "selectors", "services")
ASKED = ("circuit", "http", "registry", "ecwid/client", "shopify/billing", "shopify/client", "shopify/tokens")
"""What of the platforms a page waits for."""
NAMED = re.compile(r"\{(\w+)(?::,|!r)?\}")
PUT_TOGETHER = (ast.JoinedStr, ast.BinOp, ast.Call)


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in SAYING and node.args:
            yield node


def made_before(tree: ast.AST) -> set[str]:
    """Names of sentences that were put together before they were said."""
    values = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, PUT_TOGETHER)]
    return {name_of(target) for node in values for target in node.targets if not marked(node.value)}


def marked(value: ast.expr) -> bool:
    """A phrase is found where it is made; another call may give one, and its own function is looked at."""
    return isinstance(value, ast.Call) and not isinstance(value.func, ast.Attribute)


def keys(tree: ast.AST) -> set[str]:
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return {str(key.value) for each in literals for key in each.keys if isinstance(key, ast.Constant)}


def given(call: ast.Call, everywhere: set[str]) -> set[str]:
    """The parameters' names; those of all the file's tables where the call takes some from elsewhere."""
    params = [each.value for each in call.keywords if each.arg == "params"] + call.args[1:2]
    spread = any(not isinstance(each, ast.Dict) or None in each.keys for each in params)
    return {name for each in params for name in keys(each)} | (everywhere if spread else set())


def faults(source: str) -> list[str]:
    """Calls whose first argument no tool can read, and templates that name what their parameters do not hold."""
    tree = ast.parse(source)
    made, everywhere = made_before(tree), keys(tree)
    found = []
    for call in calls(tree):
        first = call.args[0]
        if isinstance(first, PUT_TOGETHER) or (isinstance(first, ast.Name) and first.id in made):
            found.append(f"{call.lineno}: {ast.unparse(first)}")
        later = name_of(call.func) == "Phrase" and len(call.args) == 1  # its parameters come when it is raised
        if isinstance(first, ast.Constant) and not later:
            missing = set(NAMED.findall(str(first.value))) - given(call, everywhere)
            found += [f"{call.lineno}: {{{name}}} is not given" for name in sorted(missing)]
    return found


def untold(source: str) -> list[str]:
    """Where a page takes an error's English instead of asking `refusal_text`."""
    tree = ast.parse(source)
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    caught |= {
        node.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        and node.annotation
        and any(each in ast.unparse(node.annotation) for each in SAYING)
    }
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "message" and is_one(node.value, caught))
        or (isinstance(node, ast.FormattedValue) and is_one(node.value, caught))
        or (isinstance(node, ast.Call) and name_of(node.func) == "str" and node.args and is_one(node.args[0], caught))
    ]


def is_one(value: ast.expr, names: set[str]) -> bool:
    return isinstance(value, ast.Name) and value.id in names


def of(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((ROOT / "loyalty" / room).rglob("*.py"))]


def test_what_is_refused_below_the_pages_is_a_template() -> None:
    asked = [ROOT / "loyalty" / "platforms" / f"{name}.py" for name in ASKED]
    assert {str(path): wrong for path in [*of(*ROOMS), *asked] if (wrong := faults(path.read_text()))} == {}


def test_pages_say_an_error_through_one_function() -> None:
    assert {str(path): wrong for path in of("dashboard") if (wrong := untold(path.read_text()))} == {}


@pytest.mark.parametrize(
    "line",
    [
        'raise Invalid(f"At most {most}.")',
        'raise errors.Refused("At most " + most)',
        'raise NotFound("At most %s." % most)',
        'raise Invalid("At most {}.".format(most))',
        'told = f"At most {most}."\nraise TooMany(told, retry_after_seconds=1)',
        'raise Invalid("At most {most:,}.", place="$")',
        'raise Invalid("At most {most}.", params={"least": 1})',
        'Phrase("{count} hours", {"hours": 2})',
    ],
)
def test_a_sentence_that_nobody_could_translate_is_found(line: str) -> None:
    assert len(faults(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        'raise Invalid("At most {most:,}.", params={"most": 1})',
        'named = {"reward": name}\nraise Refused("{reward}: {n!r}", params={**named, "n": 1})',
        'OVER = Phrase("At most {most}.")\nraise Invalid(OVER, params={"most": 1})',
        "raise Invalid(FEW if most else MANY)",
    ],
)
def test_a_template_is_left_alone(line: str) -> None:
    assert faults(line) == []


@pytest.mark.parametrize("shown", ["error.message", "str(error)", 'f"{error}"'])
def test_an_error_that_a_page_shows_in_english_is_found(shown: str) -> None:
    assert len(untold(f"try:\n    save()\nexcept Invalid as error:\n    page({shown})")) == 1
