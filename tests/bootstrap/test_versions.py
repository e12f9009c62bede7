"""The exported requirements say the same as pyproject.toml, with a hash for every file, and name no registry."""

import ast
import re
import sys
import tomllib

import pytest

from config.bootstrap import DEVELOPMENT, ROOT, RUNTIME

pytestmark = pytest.mark.once

EXPORT = (
    "export it again: 'uv export --no-dev --no-header --format requirements-txt -o requirements.txt' and"
    " 'uv export --only-group dev --no-header --format requirements-txt -o tests/requirements.txt'"
)


def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {RUNTIME: project["project"]["dependencies"], DEVELOPMENT: project["dependency-groups"]["dev"]}


def exported(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.M))


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_the_export_holds_every_pin_of_pyproject(name: str) -> None:
    pins = dict(re.sub(r"\[.*?\]", "", requirement).split("==") for requirement in declared()[name])
    stale = {package: pin for package, pin in pins.items() if exported(name).get(package) != pin}
    assert stale == {}, f"{name} is stale; {EXPORT}"


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_the_export_holds_nothing_that_nobody_asks_for(name: str) -> None:
    """Each package is one of ours or says `via` whom it comes."""
    blocks = re.split(r"^(?=[a-z])", (ROOT / name).read_text(), flags=re.M)
    ours = {re.sub(r"[\[=].*", "", requirement) for requirement in declared()[name]}
    for block in filter(None, blocks):
        asked_by_project = re.search(r"(via|#)\s+regulars", block)
        assert not asked_by_project or block.split("==")[0] in ours, f"{name} is stale; {EXPORT}"


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_every_package_has_hashes(name: str) -> None:
    blocks = [block for block in re.split(r"^(?=[a-z])", (ROOT / name).read_text(), flags=re.M) if block]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_both_exports_agree_on_what_they_share() -> None:
    runtime, development = exported(RUNTIME), exported(DEVELOPMENT)
    assert {name for name in runtime.keys() & development.keys() if runtime[name] != development[name]} == set()


def test_the_bootstrap_needs_nothing_but_python_and_fits_a_screen() -> None:
    source = (ROOT / "config" / "bootstrap.py").read_text()
    modules = {name.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= set(sys.stdlib_module_names)
    assert (ROOT / "config" / "__init__.py").read_text() == "", "manage.py imports config before there is any package"
    assert len(source.splitlines()) <= 100
