"""`--cases FILE` runs any file of the format; without it the copy beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DEFAULT = str(Path(__file__).with_name("cases.json"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", default=DEFAULT, help="a file of conformance cases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = json.loads(Path(metafunc.config.getoption("--cases", DEFAULT)).read_text(encoding="utf-8"))["cases"]
        metafunc.parametrize("case", cases, ids=[case["id"] for case in cases])
