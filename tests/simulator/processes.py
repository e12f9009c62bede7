"""Processes without threads: one runs at a time, and between two of its transactions another may be let in. One that is
killed at a moment does nothing after it; what it had not committed is rolled back, as the database does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.db import OperationalError, connection, transaction

_FRAMES = ("SAVEPOINT", "RELEASE", "ROLLBACK")
"""Savepoints stand for transactions here."""
DEPTH = 3
QUICK, SLOW = 0.02, 0.5
"""How likely another process does something between two statements, and during a call of the platform."""


class Killed(BaseException):
    """Nobody catches it, for no process hears of its own SIGKILL."""


@dataclass
class Process:
    """`dies_at` and `fails_at` are moments, counted from 1: one before and one after every statement and every call of
    the platform. 0 is never. What fails is the connection, once."""

    name: str
    dies_at: int = 0
    fails_at: int = 0
    moments: int = 0
    is_dead: bool = False


class Machine:
    """Runs processes; `meanwhile` is asked at every moment at which another one may come between, and told how likely
    it is."""

    def __init__(self, meanwhile: Callable[[float], None]) -> None:
        self._meanwhile = meanwhile
        self._running: list[Process] = []
        self._outside = 0
        self.moments = 0

    @contextmanager
    def on(self) -> Iterator[None]:
        self._outside = len(connection.savepoint_ids)
        marked, enter = transaction.mark_for_rollback_on_error, transaction.Atomic.__enter__

        def marked_inside(using: str | None = None) -> AbstractContextManager[None]:
            """What fails between two transactions of a process rolls nothing back."""
            return nullcontext() if self._is_between() else marked(using)

        def enter_as_outermost(block: transaction.Atomic) -> None:
            block.savepoint = block.savepoint or self._is_between()
            enter(block)

        with (
            connection.execute_wrapper(self._statement),
            patch.object(transaction.Atomic, "__enter__", enter_as_outermost),
            patch.object(transaction, "mark_for_rollback_on_error", marked_inside),
        ):
            yield

    def _is_between(self) -> bool:
        return len(connection.savepoint_ids) == self._outside

    def run(self, process: Process, work: Callable[[], Any]) -> Any:
        """What `work` returned, or None where the process was killed at it."""
        self._running.append(process)
        try:
            return work()
        except Killed:
            return None
        finally:
            self._running.pop()

    def call(self, work: Callable[[], Any]) -> Any:
        """A call of the platform, with a moment before and one after. It may take its time."""
        self._moment(SLOW)
        answer = work()
        self._moment(SLOW)
        return answer

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self._running or sql.startswith(_FRAMES):
            return execute(sql, params, many, context)
        self._moment()
        answer = execute(sql, params, many, context)
        self._moment()
        return answer

    def _moment(self, likely: float = QUICK) -> None:
        process = self._running[-1]
        process.moments += 1
        self.moments += 1
        if process.is_dead or process.moments == process.dies_at:
            process.is_dead = True
            raise Killed
        if process.moments == process.fails_at:
            raise OperationalError("The connection was lost.")
        if len(self._running) < DEPTH and self._is_between():
            self._meanwhile(likely)
