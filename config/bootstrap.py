"""Bring what manage.py needs: a .venv beside it, filled from hashed requirements. Standard library only."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BASE = os.path.realpath(sys.executable)  # the Python that .venv is made from, resolved while .venv is there
RUNTIME, DEVELOPMENT = "requirements.txt", "tests/requirements.txt"


def enter(names: tuple[str, ...]) -> None:
    """Return only in an environment that holds these requirement files; exits with what to do where that fails."""
    inside = Path(sys.prefix) == VENV
    lacking = [name for name in names if not _is_filled_from(name)]
    if find_spec("django") and ((inside and not lacking) or all(map(_holds, names))):
        return  # here, or in a container's or a host's own environment: theirs to keep
    if inside and not lacking:
        shutil.rmtree(VENV)  # filled for a Python that has since been replaced
        lacking = list(names)
    if lacking:
        _fill(lacking)
    os.execv(PYTHON, [str(PYTHON), *sys.argv])


def apt(packages: list[str], purpose: str) -> None:
    """Install Debian packages: asks first, except with --yes or CI=true; without root names the line and exits."""
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    by_hand = f"\n\n    apt-get update && {line}\n\n"
    if not shutil.which("apt-get"):
        sys.exit(f"{purpose} needs, in Debian's names: {' '.join(packages)}. Install them, then run this again.")
    if os.geteuid() != 0:
        sys.exit(f"{purpose} needs packages that only root may install. As root:{by_hand}Then run this again.")
    if os.environ.get("CI") != "true" and "--yes" not in sys.argv:
        answer = input(f"{purpose} needs Debian packages. Run '{line}'? [Y/n] ") if sys.stdin.isatty() else "no"
        if answer.strip().lower() not in {"", "y", "yes"}:
            sys.exit(f"Nothing was installed. {purpose} needs:{by_hand}Agree beforehand with --yes.")
    for step in ("apt-get update", line):
        print(f"$ {step}", flush=True)
        if subprocess.run(step.split(), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode:
            sys.exit(f"'{step}' failed, its reason is above. Nothing of Regulars was changed.")


def _fill(names: list[str]) -> None:
    uv = shutil.which("uv")
    half_made = not PYTHON.exists() or not (uv or _stamp(RUNTIME).exists())
    if half_made and not uv and not find_spec("ensurepip"):
        apt(["python3-venv"], "Making a Python environment (.venv)")
    print(f"Installing {' and '.join(names)} into {VENV} (once, a minute or two)", flush=True)
    if half_made:
        shutil.rmtree(VENV, ignore_errors=True)
        make = [uv, "venv", "--python", BASE] if uv else [BASE, "-m", "venv"]
        _run([*make, str(VENV)])
    install = [uv, "pip", "install", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip", "install"]
    for name in names:
        _stamp(name).unlink(missing_ok=True)
    _run([*install, "--require-hashes", *(part for name in names for part in ("-r", name))])
    for name in names:
        _stamp(name).write_text(_digest(name))


def _run(command: list[str]) -> None:
    """One moving line on a terminal instead of pip's hundreds; the end of what it said where it fails."""
    said, here = [], sys.stdout.isatty()
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            said.append(line)
            print(f"\r\033[K{line.strip()[:78]}" if here else "", end="", flush=True)
    print("\r\033[K" if here else "", end="", flush=True)
    if process.returncode:
        sys.exit(f"{''.join(said[-40:])}\n{' '.join(command)}\nfailed. Its reason gone, run the same again.")


def _holds(name: str) -> bool:
    """Whether this Python has what the file pins; pins for other platforms aside."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if "==" in line and ";" not in line]
    try:
        return all(version(package) == pinned for package, pinned in (line.split()[0].split("==") for line in lines))
    except PackageNotFoundError:
        return False


def _is_filled_from(name: str) -> bool:
    return PYTHON.exists() and _stamp(name).exists() and _stamp(name).read_text() == _digest(name)


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _stamp(name: str) -> Path:
    """Written last: a .venv without it is half-made."""
    return VENV / f"filled-from-{name.replace('/', '-')}"
