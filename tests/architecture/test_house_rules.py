"""What the tools cannot say: sizes, words that must not occur, and what a template may load."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.bootstrap import ROOT

pytestmark = pytest.mark.once

ROOMS = ("config", "loyalty", "storefront_widget", "templates", "static", "tests", "docs", ".ci")
SINGLE = (
    "manage.py",
    "pyproject.toml",
    "README.md",
    "Procfile",
    "package.json",
    "package-lock.json",
    "requirements.txt",
)
WRITTEN = {
    ".py",
    ".js",
    ".mjs",
    ".css",
    ".html",
    ".liquid",
    ".md",
    ".toml",
    ".txt",
    ".json",
    ".yml",
    ".yaml",
    ".svg",
    "",
}
LONGEST_FUNCTION, USUAL_FUNCTION, USUAL_SHARE, LONGEST_FILE = 70, 40, 0.95, 500

# Hosts of package registries, and the paths of one machine; written apart, so that this file may name them.
REGISTRIES = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb", "debian", "org"))
]
FOREIGN = re.compile("|".join([*map(re.escape, REGISTRIES), r"(?<![\w.)}])/" + r"work/", r"\.\./" + "shared"]))
NOT_RUN = re.compile(r"mark\.(skip|xfail)|pytest\.(skip|xfail|importorskip)|unittest\.skip|skipTest|SkipTest")


def ours(*suffixes: str) -> list[Path]:
    """Every written file of the project, or those that end so."""
    inside = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*")) if path.is_file()]
    files = inside + [ROOT / name for name in SINGLE if (ROOT / name).exists()]
    kept = [path for path in files if path.suffix in WRITTEN and "__pycache__" not in path.parts]
    return [path for path in kept if not suffixes or path.suffix in suffixes]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    places = []
    for path in paths:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if pattern.search(line):
                places.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    return places


def test_no_function_is_longer_than_seventy_lines() -> None:
    lengths = [one for path in ours(".py") for one in functions(path)]
    assert [one for one in lengths if one[1] > LONGEST_FUNCTION] == []


def test_nineteen_functions_of_twenty_have_at_most_forty_lines() -> None:
    lengths = sorted(one[1] for path in ours(".py") for one in functions(path))
    assert lengths[int(len(lengths) * USUAL_SHARE)] <= USUAL_FUNCTION


def test_no_file_of_code_has_five_hundred_lines() -> None:
    code = ours(".py", ".js", ".mjs", ".css", ".html", ".liquid")
    counted = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in code}
    assert {name: lines for name, lines in counted.items() if lines >= LONGEST_FILE} == {}


def test_every_module_is_named_after_its_subject() -> None:
    shapeless = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [path for path in ours(".py") if path.stem in shapeless] == []


def test_no_room_stands_outside_the_import_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = set(re.findall(r"loyalty\.(\w+)", " ".join(contracts[0]["layers"])))
    package = ROOT / "loyalty"
    rooms = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms - named == {"__init__", "apps", "migrations", "sandbox"}
    assert all("(" not in layer for layer in contracts[0]["layers"]), "a layer in parentheses may be missing unnoticed"
    assert all("ignore_imports" not in contract for contract in contracts)


def test_nothing_names_a_registry_or_one_machine() -> None:
    assert found(FOREIGN, ours()) == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    assert found(NOT_RUN, [path for path in ours(".py") if path != Path(__file__)]) == []


@pytest.mark.parametrize(
    "line", ["@pytest.mark.skip", "pytest.skip('later')", "pytest.importorskip('x')", "self.skipTest('')"]
)
def test_a_skip_would_be_noticed(line: str) -> None:
    assert NOT_RUN.search(line)


def test_templates_run_no_script_of_their_own_and_none_of_others() -> None:
    """A page's policy allows scripts from us alone; a platform's come from a base URL in the settings."""
    wrong = []
    for path in (path for path in ours(".html") if "sandbox" not in path.parts):
        for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", path.read_text(), re.S | re.I):
            if body.strip() and "application/json" not in attributes:
                wrong.append(f"{path.relative_to(ROOT)}: a script in the page")
            if re.search(r"src=[\"']?(https?:)?//", attributes):
                wrong.append(f"{path.relative_to(ROOT)}: a script of somebody else")
        if re.search(r"<[^>]+\son[a-z]+=", path.read_text()):
            wrong.append(f"{path.relative_to(ROOT)}: a handler in an attribute")
    assert wrong == []


WRITES_A_FACT = re.compile(r"\bStoredFact\(|StoredFact\.objects\b.*\.(create|bulk_create|bulk_update|update|delete)\(")


def test_facts_are_written_where_checkpoints_are_doubted() -> None:
    """Whoever writes one by himself leaves a checkpoint behind that believes otherwise."""
    writers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "loyalty").rglob("*.py")
        if path.parent.name not in ("models", "migrations")
        and any(WRITES_A_FACT.search(line) for line in path.read_text().splitlines())
    }
    assert writers == {f"loyalty/services/{name}.py" for name in ("facts", "members", "orders")}
