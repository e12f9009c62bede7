"""manage.py on a machine that has only Python: the environment it makes, and what it says where it cannot."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from config import bootstrap

pytestmark = pytest.mark.once

# Where uv is, both ways are walked; where it is not, there is only one.
WITH_UV = [False, True] if shutil.which("uv") else [False]
PROGRAM = (
    "import sys; from config import bootstrap; bootstrap.enter(('requirements.txt',)); print('inside', sys.prefix)"
)

Run = Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture(params=WITH_UV, ids=lambda uv: "uv" if uv else "pip")
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """A project of one package, whose wheel lies in a folder: no registry is asked."""
    (tmp_path / "config").mkdir()
    shutil.copy(bootstrap.ROOT / "config" / "bootstrap.py", tmp_path / "config")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv]\nno-index = true\nfind-links = ['{tmp_path}']\n")
    require(tmp_path, "1.0")
    base = Path(os.path.realpath(sys.executable)).parent
    tools = [str(Path(shutil.which("uv") or "").parent)] if request.param else []
    environment = {
        "PATH": os.pathsep.join([*tools, str(base) if not (base / "uv").exists() else "", "/usr/bin", "/bin"]),
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    command = [os.path.realpath(sys.executable), "program.py"]
    return lambda: subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)


def require(project: Path, version: str) -> None:
    wheel = project / f"django-{version}-py3-none-any.whl"
    information = f"django-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("django/__init__.py", "")
        archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: django\nVersion: {version}\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (project / "requirements.txt").write_text(f"django=={version} \\\n    --hash=sha256:{digest}\n")


def test_the_first_start_installs_and_goes_on_inside(run: Run, tmp_path: Path) -> None:
    first, second = run(), run()
    assert f"inside {tmp_path / '.venv'}" in first.stdout, first.stdout + first.stderr
    assert "Installing requirements.txt" in first.stdout
    assert "Installing" not in second.stdout
    assert f"inside {tmp_path / '.venv'}" in second.stdout


def test_new_requirements_are_installed_at_the_next_start(run: Run, tmp_path: Path) -> None:
    run()
    require(tmp_path, "2.0")
    assert f"inside {tmp_path / '.venv'}" in run().stdout
    assert list((tmp_path / ".venv").glob("lib/python*/site-packages/django-2.0.dist-info"))


def test_a_half_made_environment_is_made_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    assert f"inside {tmp_path / '.venv'}" in run().stdout


def test_an_environment_whose_packages_went_is_made_again(run: Run, tmp_path: Path) -> None:
    run()
    shutil.rmtree(tmp_path / ".venv" / "lib")
    assert f"inside {tmp_path / '.venv'}" in run().stdout


def test_a_file_that_is_not_the_pinned_one_is_refused(run: Run, tmp_path: Path) -> None:
    text = (tmp_path / "requirements.txt").read_text()
    (tmp_path / "requirements.txt").write_text(text[: text.index("sha256:")] + "sha256:" + "0" * 64)
    refused = run()
    assert refused.returncode != 0
    assert "inside" not in refused.stdout
    assert "hash" in refused.stderr.lower()


def test_a_package_without_a_hash_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("django==1.0\n")
    assert run().returncode != 0


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What apt() would have run, on a Debian, as root, at a terminal that nobody answers."""
    ran: list[str] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        ran.append(" ".join(command))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "argv", ["manage.py", "test"])
    monkeypatch.delenv("CI", raising=False)
    return ran


INSTALLED = ["apt-get update", "apt-get install -y --no-install-recommends postgresql"]


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("builtins.input", lambda question: text)


def test_packages_are_named_and_installed_after_a_yes(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "y")
    bootstrap.apt(["postgresql"], "The test suite")
    assert commands == INSTALLED


def test_a_no_installs_nothing_and_names_the_line(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "n")
    with pytest.raises(SystemExit, match="apt-get install -y --no-install-recommends postgresql"):
        bootstrap.apt(["postgresql"], "The test suite")
    assert commands == []


@pytest.mark.parametrize("beforehand", ["CI", "--yes"])
def test_nobody_is_asked_who_agreed_beforehand(
    commands: list[str], monkeypatch: pytest.MonkeyPatch, beforehand: str
) -> None:
    if beforehand == "CI":
        monkeypatch.setenv("CI", "true")
    else:
        monkeypatch.setattr(sys, "argv", ["manage.py", "test", "--yes"])
    bootstrap.apt(["postgresql"], "The test suite")
    assert commands == INSTALLED


def test_without_a_terminal_nothing_is_installed_unasked(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit, match="Agree beforehand with --yes"):
        bootstrap.apt(["postgresql"], "The test suite")
    assert commands == []


def test_an_ordinary_user_is_told_the_line_for_root(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match=r"As root:\s+apt-get update && apt-get install .* postgresql"):
        bootstrap.apt(["postgresql"], "The test suite")
    assert commands == []


def test_a_system_without_apt_is_told_what_is_needed(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="needs, in Debian's names: postgresql"):
        bootstrap.apt(["postgresql"], "The test suite")
    assert commands == []
