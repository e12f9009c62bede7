"""Who notices a mutant: pytest collects once, then each mutant has a fork of that process to itself.

A fork runs the tests that came by the mutated statement, the quickest first, and ends at the first that fails. Its
limits count CPU time and memory, so that a busy machine condemns nobody.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
import resource
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NoReturn

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant, plant

TIMES_SLOWER, GRACE_SECONDS = 10, 2
WALL_SECONDS = 600
MEMORY_BYTES = 2 << 30


class Verdict(Enum):
    KILLED = "killed"
    SURVIVED = "survived"
    NO_TESTS = "no tests"
    TIMEOUT = "timeout"


EXIT = {Verdict.SURVIVED: 0, Verdict.KILLED: 1, Verdict.TIMEOUT: 2}


@dataclass
class Outcome:
    """What became of the mutants, in the order in which that was known; `problem` if they could not be judged."""

    verdicts: list[tuple[Mutant, Verdict]] = field(default_factory=list)
    cpu_seconds: float = 0.0
    problem: str = "pytest did not come to run the tests."


@dataclass
class Trial:
    """The tests without a mutant: what each costs, who comes by a line, which fail."""

    seconds: dict[str, float] = field(default_factory=dict)
    passing: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def witnesses(self, mutant: Mutant) -> list[str]:
        path = str(mutant.path.absolute())
        names = {name for line in mutant.lines for name in self.passing.get((path, line), ())}
        return sorted(names, key=lambda name: (self.seconds[name], name))


class Judge:
    """A pytest plugin that judges mutants where pytest would run the tests."""

    def __init__(
        self, package: Path, mutants: Sequence[Mutant], *, workers: int, until: float, advance: Callable[[int], None]
    ) -> None:
        self.outcome = Outcome()
        self._package = package
        self._mutants = mutants
        self._workers = workers
        self._until = until
        self._advance = advance

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcome.problem = str(report.longrepr)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            return True
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()  # forks then leave the shared pages alone
        trial = _trial(self._package, session.items)
        if not items or trial.failed:
            self.outcome.problem = (
                "\n".join(["These tests fail without any mutant:", *trial.failed]) if items else "No tests."
            )
            return True
        self._judge(items, trial)
        self.outcome.problem = ""
        self.outcome.cpu_seconds += sum(trial.seconds.values())
        return True

    def _judge(self, items: dict[str, pytest.Item], trial: Trial) -> None:
        running: dict[int, Mutant] = {}
        try:
            for mutant in self._mutants:
                while len(running) == self._workers:
                    self._wait(running)
                if time.monotonic() >= self._until:
                    break
                names = trial.witnesses(mutant)
                if names:
                    running[_fork(mutant, [(items[name], trial.seconds[name]) for name in names])] = mutant
                else:
                    self._know(mutant, Verdict.NO_TESTS)
            while running:
                self._wait(running)
        finally:
            for process in running:
                os.kill(process, signal.SIGKILL)

    def _wait(self, running: dict[int, Mutant]) -> None:
        process, status, used = os.wait4(-1, 0)
        self.outcome.cpu_seconds += used.ru_utime + used.ru_stime
        self._know(running.pop(process), _verdict(os.waitstatus_to_exitcode(status)))

    def _know(self, mutant: Mutant, verdict: Verdict) -> None:
        self.outcome.verdicts.append((mutant, verdict))
        self._advance(1)


def _verdict(code: int) -> Verdict:
    """A process ended by a signal ran out of its limits; the tests themselves end none."""
    return next((verdict for verdict, exit_code in EXIT.items() if exit_code == code), Verdict.TIMEOUT)


def _trial(package: Path, items: Sequence[pytest.Item]) -> Trial:
    """Runs all tests in a fork, so that mutants start from a process in which nothing has run."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(_measured(package, items), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        trial = pickle.load(pipe)
    os.waitpid(process, 0)
    assert isinstance(trial, Trial)
    return trial


def _measured(package: Path, items: Sequence[pytest.Item]) -> Trial:
    trial = Trial()
    tracer = coverage.Coverage(data_file=None, include=[f"{package.absolute()}/*"], config_file=False)
    tracer.start()
    for item, following in zip(items, [*items[1:], None], strict=True):
        tracer.switch_context(item.nodeid)
        started = time.process_time()
        failures = _failures(item, following)
        if failures:
            trial.failed += [item.nodeid, *failures]
        trial.seconds[item.nodeid] = time.process_time() - started
    tracer.stop()
    data = tracer.get_data()
    for path in data.measured_files():
        for line, names in data.contexts_by_lineno(path).items():
            trial.passing[path, line] = [name for name in names if name]
    return trial


def _fork(mutant: Mutant, witnesses: Sequence[tuple[pytest.Item, float]]) -> int:
    original, mutated = mutant.prepare()
    process = os.fork()
    if process == 0:
        try:
            plant(original, mutated)
            _testify(witnesses)
        finally:
            os._exit(EXIT[Verdict.KILLED])  # whatever the mutant raised through pytest
    return process


def _testify(witnesses: Sequence[tuple[pytest.Item, float]]) -> NoReturn:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    signal.alarm(WALL_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    followers = [*(item for item, _ in witnesses[1:]), None]
    for (item, seconds), following in zip(witnesses, followers, strict=True):
        allowed = math.ceil(time.process_time() + GRACE_SECONDS + TIMES_SLOWER * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        failures = _failures(item, following)
        if failures:
            is_out = any("MemoryError" in failure for failure in failures)
            os._exit(EXIT[Verdict.TIMEOUT if is_out else Verdict.KILLED])
    os._exit(EXIT[Verdict.SURVIVED])


def _failures(item: pytest.Item, following: pytest.Item | None) -> list[str]:
    return [str(report.longrepr) for report in runtestprotocol(item, log=False, nextitem=following) if report.failed]
