"""The count at the end of `manage.py test` is honest, and its servers can be killed and brought back."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.bootstrap import ROOT
from tests.harness.runner import FOREIGN, NO_TESTS_COLLECTED, Tally, compiled_once
from tests.harness.servers import Postgres, Redis

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_one" time="0.5"/>
<testcase classname="tests.a" name="test_two" time="2.5"/>
{more}
</testsuite></testsuites>"""


def tally(tmp_path: Path, more: str = "", code: int = 0) -> Tally:
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(more=more))
    counted = Tally()
    counted.read("SQLite", report, code, seconds=3.0)
    return counted


def test_what_passed_is_counted_and_the_slowest_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tally(tmp_path).show()
    shown = capsys.readouterr().out
    assert shown.endswith("\n2 passed, 0 failed\n")
    assert shown.index("test_two") < shown.index("test_one")


@pytest.mark.parametrize("how", ["failure", "error", "skipped"])
def test_failures_errors_and_skips_all_count_as_failed(tmp_path: Path, how: str) -> None:
    counted = tally(tmp_path, f'<testcase classname="tests.b" name="test_three"><{how} message=""/></testcase>', code=1)
    assert (counted.passed, counted.failed) == (2, 1)


def test_what_failed_stands_last_with_its_reason_and_the_command_for_it_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = '<failure message="assert 1 == 2&#10;  and more">all of it</failure>'
    tally(tmp_path, f'<testcase classname="tests.b" name="test_three[a b]">{wrong}</testcase>', code=1).show()
    ending = capsys.readouterr().out.partition("for it alone:\n")[2]
    assert ending == (
        "tests.b::test_three[a b] (SQLite)\n    failure: assert 1 == 2\n"
        "    python3 manage.py test --randomly-seed=0 'tests/b.py::test_three[a b]'\n\n2 passed, 1 failed\n"
    )


def test_what_passed_alone_is_counted_once_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = '<failure message="a click went astray"/>'
    (tmp_path / "again.xml").write_text(
        f"""<testsuites><testcase classname="tests.b" name="test_three"/>
        <testcase classname="tests.b" name="test_four">{wrong}</testcase></testsuites>"""
    )
    for name, expected in (("test_three", "3 passed, 0 failed"), ("test_four", "2 passed, 1 failed")):
        (tmp_path / "first.xml").write_text(
            REPORT.format(more=f'<testcase classname="tests.b" name="{name}">{wrong}</testcase>')
        )
        counted = Tally()
        counted.read("browser", tmp_path / "first.xml", 1, seconds=3.0, again=tmp_path / "again.xml")
        counted.show()
        shown = capsys.readouterr().out
        assert shown.endswith(f"\n{expected}\n")
        assert "a click went astray" in shown.partition("Failed")[2]


@pytest.mark.parametrize("code", [1, 2, 3, 4, -9])
def test_a_run_that_broke_off_fails_even_if_no_test_did(tmp_path: Path, code: int) -> None:
    assert tally(tmp_path, code=code).failed == 1


def test_a_run_without_a_report_fails(tmp_path: Path) -> None:
    counted = Tally()
    counted.read("SQLite", tmp_path / "missing.xml", 4, seconds=0.1)
    assert counted.failed == 1


def test_a_plain_pytest_says_what_it_left_out() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        __file__,
        "-p",
        "no:cacheprovider",
        "-k",
        "redis_answers or through_a_kill",
    ]
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True)
    assert done.returncode == NO_TESTS_COLLECTED, done.stdout + done.stderr
    assert re.search(r"Left out: 1 \w+, 1 \w+. 'python3 manage.py test' runs everything.", done.stdout)


def test_what_one_process_compiled_the_others_of_a_run_find_even_where_compiling_is_forbidden(tmp_path: Path) -> None:
    forbidden = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", "import json"], env=forbidden | compiled_once(tmp_path), check=True)
    assert list(tmp_path.glob("compiled/**/json/decoder.*.pyc"))


@pytest.mark.postgres
def test_postgres_keeps_what_was_committed_through_a_kill_and_leaves_nothing_when_stopped() -> None:
    with Postgres() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            connection.execute("INSERT INTO kept VALUES (42)")
        server.kill()
        server.start()
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(42,)]
        folder = server.folder
    assert not folder.exists()


@pytest.mark.redis
def test_redis_answers_and_is_gone_when_stopped() -> None:
    with Redis() as server:
        assert server.is_ready()
        folder = server.folder
    assert not server.is_ready()
    assert not folder.exists()


def test_a_size_that_the_environment_may_raise_reaches_the_tests() -> None:
    """The runner clears some names away: one of them would be asked for on demand and silently not be there."""
    raised = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r'environ\.get\("(\w+)", "[\d.]+"\)', path.read_text())
    }
    assert {"REGULARS_ORDERS", "REGULARS_SEEDS"} <= raised
    assert [name for name in raised if name.startswith(FOREIGN)] == []
