"""A process that bears worker processes: Django is loaded once, each worker is a fork that runs one job and dies. A job
is a function of jobs.py, or "module.function" of another module here. The nursery itself never touches the database, so that nothing is shared but code."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import django
from django.conf import settings
from django.db import connection

KILLED = -9
"""The exit code of a worker that SIGKILL ended."""
ENDED = 0
WAIT_SECONDS = 300
"""A worker that takes longer is stuck: it is aborted, and says where each of its threads was."""


class Nursery:
    """The nursery as a test sees it. `environment` replaces what the workers' settings would read. A worker that fails
    fails the test at the next call, whoever is waited for, with what the worker wrote to its stderr."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="regulars-nursery-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.nursery", self._folder.name],
            env={**os.environ, "LOG_LEVEL": "CRITICAL", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, job: str, **arguments: Any) -> int:
        """A worker at its job; its process id."""
        return int(self._ask({"start": job, "arguments": arguments}))

    def wait(self, worker: int, *, seconds: float = WAIT_SECONDS) -> int:
        """How it ended: ENDED or KILLED."""
        return int(self._ask({"wait": worker, "seconds": seconds}))

    def run(self, job: str, **arguments: Any) -> int:
        return self.wait(self.start(job, **arguments))

    def race(self, job: str, racers: Sequence[Mapping[str, Any]], *, seconds: float = WAIT_SECONDS) -> list[Any]:
        """A worker for each of `racers`, all connected before the first one starts; what their jobs returned."""
        workers = self._ask({"race": job, "racers": [dict(racer) for racer in racers]})
        assert [self.wait(worker, seconds=seconds) for worker in workers] == [ENDED] * len(racers)
        return [json.loads((Path(self._folder.name) / f"{worker}.result").read_text()) for worker in workers]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
        self._folder.cleanup()

    def _ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"The nursery died with code {self._process.wait(10)}; its stderr is above."
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["answer"]


def environment_here() -> dict[str, str]:
    """What a worker needs to work on this test's database, with this run's keys."""
    return {
        "DATABASE_URL": url_of(connection.settings_dict),
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS),
    }


def url_of(database: Mapping[str, Any]) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    login = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    return f"postgres://{login}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


class Failed(Exception):
    """A worker ended as no worker should."""


class _Ward:
    """The nursery's own side: who was born, and how they ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[int, str] = {}
        self._ends: dict[int, int] = {}

    def obey(self, order: Mapping[str, Any]) -> Any:
        if "start" in order:
            return self._bear(order["start"], order["arguments"])
        if "race" in order:
            return self._line_up(order["race"], order["racers"])
        return self._wait(order["wait"], order["seconds"])

    def dismiss(self) -> None:
        """Whoever is still at work when the test is over has nobody to work for."""
        for worker in self._jobs.keys() - self._ends.keys():
            os.kill(worker, signal.SIGKILL)

    def _bear(self, job: str, arguments: Mapping[str, Any], start_line: _StartLine | None = None) -> int:
        worker = os.fork()
        if not worker:
            _live(self._folder, job, arguments, start_line)
        self._jobs[worker] = job
        return worker

    def _line_up(self, job: str, racers: Sequence[Mapping[str, Any]]) -> list[int]:
        line = _StartLine()
        workers = [self._bear(job, racer, line) for racer in racers]
        line.start(len(workers))
        return workers

    def _wait(self, worker: int, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while worker not in self._ends:
            self._reap()
            if time.monotonic() > deadline:
                deadline += seconds
                os.kill(worker, signal.SIGABRT)
            time.sleep(0.001)
        return self._ends[worker]

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                worker, code = found[0], os.waitstatus_to_exitcode(found[1])
                self._ends[worker] = code
                if code not in (ENDED, KILLED):
                    said = (self._folder / f"{worker}.stderr").read_text(errors="replace")
                    raise Failed(f"The worker at {self._jobs[worker]} ended with code {code}:\n{said}")


class _StartLine:
    """Two pipes: one counts who is ready, the other opens for all at once when its writing end is closed."""

    def __init__(self) -> None:
        self._ready, self._tell_ready = os.pipe()
        self._start, self._give_start = os.pipe()

    def wait(self) -> None:
        """In the racer."""
        os.close(self._give_start)
        os.write(self._tell_ready, b".")
        os.read(self._start, 1)

    def start(self, racers: int) -> None:
        for _ in range(racers):
            os.read(self._ready, 1)
        for end in (self._give_start, self._start, self._ready, self._tell_ready):
            os.close(end)


def _live(folder: Path, job: str, arguments: Mapping[str, Any], start_line: _StartLine | None) -> None:
    """A worker's whole life. It leaves without goodbye: what the nursery's parent handed down is not for it to close."""
    code = 1
    try:
        with (folder / f"{os.getpid()}.stderr").open("wb", buffering=0) as own:
            os.dup2(own.fileno(), 2)
        faulthandler.enable(2)
        if start_line:
            try:
                connection.ensure_connection()
            finally:
                start_line.wait()
        module, _, name = job.rpartition(".")
        result = getattr(import_module(f"tests.concurrency.{module or 'jobs'}"), name)(**arguments)
        (folder / f"{os.getpid()}.result").write_text(json.dumps(result))
        code = ENDED
    except BaseException:  # noqa: BLE001 - reported, and told by the exit code
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    django.setup()
    import_module("tests.concurrency.jobs")
    import_module("tests.concurrency.clients")
    ward = _Ward(Path(sys.argv[1]))
    for line in sys.stdin:
        try:
            answer = {"answer": ward.obey(json.loads(line))}
        except Failed as error:
            answer = {"failed": str(error)}
        print(json.dumps(answer), flush=True)
    ward.dismiss()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
