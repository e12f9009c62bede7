"""A process that bears worker processes: Django is loaded once, each worker is a fork that runs one job of jobs.py and
dies. The nursery itself never touches the database, so that nothing is shared but code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Self

import django
from django.conf import settings
from django.db import connection

KILLED = -9
"""The exit code of a worker that SIGKILL ended."""
ENDED = 0


class Nursery:
    """The nursery as a test sees it. `environment` replaces what the workers' settings would read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.nursery"],
            env={**os.environ, "LOG_LEVEL": "CRITICAL", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, job: str, **arguments: Any) -> int:
        """A worker at its job; its process id."""
        return self._ask({"start": job, "arguments": arguments})

    def wait(self, worker: int) -> int:
        """How it ended: ENDED, KILLED, or 1 with a traceback on stderr."""
        return self._ask({"wait": worker})

    def run(self, job: str, **arguments: Any) -> int:
        return self.wait(self.start(job, **arguments))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def _ask(self, order: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


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


def _live(job: str, arguments: Mapping[str, Any]) -> None:
    """A worker's whole life. It leaves without goodbye: what the nursery's parent handed down is not for it to close."""
    code = 1
    try:
        getattr(import_module("tests.concurrency.jobs"), job)(**arguments)
        code = ENDED
    except BaseException:  # noqa: BLE001 - reported, and told by the exit code
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    django.setup()
    import_module("tests.concurrency.jobs")
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            answer = os.fork()
            if not answer:
                _live(order["start"], order["arguments"])
        print(answer, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
