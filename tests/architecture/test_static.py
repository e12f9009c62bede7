"""The tools that read the code without running it. Each prints what is wrong and where."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT

BIN = Path(sys.executable).parent

CHECKS = {
    "ruff's rules": ["ruff", "check", "."],
    "ruff's format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import contracts": ["lint-imports"],
    "djlint": ["djlint", ".", "--lint", "--quiet"],
}


@pytest.mark.once
@pytest.mark.parametrize("name", CHECKS)
def test_the_tools_find_nothing(name: str) -> None:
    tool, *arguments = CHECKS[name]
    done = subprocess.run([BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{tool} {' '.join(arguments)}\n{done.stdout[-6000:]}{done.stderr[-2000:]}", pytrace=False)
