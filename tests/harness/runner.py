"""The passes of `python3 manage.py test`, and the one line that sums them up."""

import argparse
import os
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from config.bootstrap import ROOT
from tests.harness import needs
from tests.harness.servers import Postgres, Redis

TESTS_FAILED, NO_TESTS_COLLECTED = 1, 5
WRONG = ("failure", "error", "skipped")
"""A skip too: a test that does not run proves nothing."""
SAID = 200
SHARED_OUT = ("-n", "2", "--maxschedchunk", "10")
"""Among two processes, few at a time: the longest tests decide when a run ends, and chance when they begin."""
SECOND_TRIES = 3
INTERRUPTED = 130
# A developer's own settings must not decide what a test sees; and where pytest finds CI, it prints a whole page for a word
# that is missing on it.
FOREIGN = (
    "CI", "BUILD_NUMBER", "SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "APP_URL", "SANDBOX_URL", "FIELD_ENCRYPTION_KEYS", "DATA_DIR", "DEBUG",
    "EMAIL_URL", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "SHOPIFY_", "ECWID_", "TEST_", "DJANGO_", "PYTEST_",
)  # fmt: skip


@dataclass(frozen=True)
class Pass:
    name: str
    select: str
    environment: dict[str, str]


@dataclass
class Tally:
    seed: int = 0
    passed: int = 0
    failed: int = 0
    slowest: list[tuple[float, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Of each test that failed: what was wrong, and how to run it alone."""
    unsteady: list[str] = field(default_factory=list)
    """The same of each that failed and passed alone."""

    def read(self, name: str, report: Path, code: int, seconds: float, again: Path | None = None) -> None:
        """Add one pytest run; `again` is the report of what failed in it, run alone."""
        passed = failed = 0
        better = {_address(case) for case in _cases(again) if _wrong(case) is None} if again else set()
        for case in _cases(report):
            title = f"{case.get('classname')}::{case.get('name')}"
            self.slowest.append((float(case.get("time", 0)), f"{title} ({name})"))
            wrong = _wrong(case)
            if wrong is None:
                passed += 1
                continue
            said = next(iter(wrong.get("message", "").splitlines()), "")[:SAID]
            line = f"{title} ({name})\n    {wrong.tag}: {said}\n    {self._command(case)}"
            if _address(case) in better:
                passed += 1
                self.unsteady.append(line)
            else:
                failed += 1
                self.broken.append(line)
        if code == TESTS_FAILED and better and not failed:
            code = 0
        if code not in (0, NO_TESTS_COLLECTED) and not failed:
            failed = 1
            self.broken.append(f"The run '{name}': pytest ended with code {code}, and says why above.")
        self.passed += passed
        self.failed += failed
        self.lines.append(f"{name:<11} {passed:>5} passed {failed:>4} failed {seconds:>6.0f} s")

    def _command(self, case: ElementTree.Element) -> str:
        return f"python3 manage.py test --randomly-seed={self.seed} {shlex.quote(_address(case))}"

    def show(self) -> None:
        print("\nTen slowest:")
        for seconds, title in sorted(self.slowest, reverse=True)[:10]:
            print(f"  {seconds:6.2f} s  {title}")
        print("\n" + "\n".join(self.lines))
        if self.unsteady:
            print("\nFailed among the others and passed alone, so look at them:\n" + "\n".join(self.unsteady))
        if self.broken:
            print("\nFailed, each with the command for it alone:\n" + "\n".join(self.broken))
        print(f"\n{self.passed} passed, {self.failed} failed", flush=True)


def _cases(report: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(report).iter("testcase")) if report.exists() else []


def _wrong(case: ElementTree.Element) -> ElementTree.Element | None:
    return next((found for how in WRONG if (found := case.find(how)) is not None), None)


def _address(case: ElementTree.Element) -> str:
    """As pytest takes it."""
    return f"{str(case.get('classname')).replace('.', '/')}.py::{case.get('name')}"


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mutants, chosen = _parse(arguments)
    if mutants:
        return _run_mutants(mutants, chosen)
    needs.bring_packages()
    node = needs.bring_node_modules()
    tally = Tally(secrets.randbelow(2**32))
    try:
        with Postgres() as postgres, Redis() as redis, tempfile.TemporaryDirectory(prefix="regulars-test-") as folder:
            for number, one in enumerate(_passes(postgres, redis, node, Path(folder))):
                report = Path(folder) / f"{number}.xml"
                started = time.monotonic()
                print(f"\n=== {one.name} ===", flush=True)
                code = _run_pytest(one, [f"--randomly-seed={tally.seed}", *(chosen or SHARED_OUT)], report)
                again = _alone(one, report, tally.seed)
                tally.read(one.name, report, code, time.monotonic() - started, again)
    except KeyboardInterrupt:
        print("\nInterrupted. The servers of this run are stopped.", flush=True)
        return INTERRUPTED
    if not tally.passed and not tally.failed:
        tally.failed = 1
        tally.lines.append("No test was found there.")
    tally.show()
    return 1 if tally.failed else 0


def _parse(arguments: list[str]) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser(
        prog="manage.py test",
        description="Runs every test: once on SQLite, once on PostgreSQL, then load and browser tests. It brings what it"
        " needs, starts servers of its own on free ports and stops them again.",
        epilog="Everything else is handed to pytest: 'manage.py test tests/engine -k refund -x' runs a part of the suite,"
        " with the servers, in one process.",
    )
    parser.add_argument("--yes", action="store_true", help="install Debian packages without asking (as CI=true does)")
    parser.add_argument(
        "--mutants",
        type=int,
        default=0,
        metavar="N",
        help="instead plant N random faults in the engine, each in a run of its own, and count those that its tests notice"
        " (with --seed, --minutes and --workers if wanted)",
    )
    chosen, others = parser.parse_known_args(arguments)
    return chosen.mutants, others


def _run_mutants(count: int, others: list[str]) -> int:
    environment = _clean() | {"REGULARS_PROPERTIES": "short", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.mutation", "--mutants", str(count), *others]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def _passes(postgres: Postgres, redis: Redis, node: str, folder: Path) -> list[Pass]:
    clean = _clean() | {"DATA_DIR": str(folder / "data")} | compiled_once(folder)
    servers = clean | {"TEST_NODE": node, "TEST_REDIS_URL": redis.url()}
    on_postgres = servers | {"DATABASE_URL": postgres.url()}
    return [
        Pass("once", "once", clean),
        Pass("SQLite", "not once", servers),
        Pass("PostgreSQL", "not once", on_postgres),
        Pass("load", "load", on_postgres | {"TEST_LOAD": "1"}),
        Pass("browser", "browser", servers | {"TEST_CHROMIUM": needs.chromium()}),
    ]


def _alone(one: Pass, report: Path, seed: int) -> Path | None:
    """What a browser did not do in time on a machine that has other work; more than a few have another cause."""
    failed = [_address(case) for case in _cases(report) if _wrong(case) is not None]
    if one.name != "browser" or not 0 < len(failed) <= SECOND_TRIES:
        return None
    print(f"\n=== {one.name}: {len(failed)} failed, run again alone ===", flush=True)
    again = report.with_suffix(".again.xml")
    _run_pytest(one, [f"--randomly-seed={seed}", *failed], again)
    return again


def compiled_once(folder: Path) -> dict[str, str]:
    """Containers like to forbid compiled files; then each of hundreds of processes would compile Django for itself."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def _run_pytest(one: Pass, arguments: list[str], report: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-m", one.select, f"--junitxml={report}"]
    with subprocess.Popen([*command, *arguments], cwd=ROOT, env=one.environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                process.wait(5)  # the terminal's Ctrl-C reached pytest too; let it tear down
            except subprocess.TimeoutExpired:
                process.terminate()
            raise
