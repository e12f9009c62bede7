"""What worker processes of these tests do. Each runs in a fork of its own (nursery.py) and may be killed anywhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection
from requests.adapters import HTTPAdapter

from loyalty.worker import inbox, outbox


def drain_inbox(*, now: str, die_at: int) -> None:
    """Works until nothing is due; SIGKILL at moment `die_at`."""
    with _dying(at=die_at):
        while inbox.drain(now=datetime.fromisoformat(now)):
            pass


def drain_outbox(*, now: str, die_at: int, platforms: Mapping[str, str]) -> None:
    """`platforms` are the settings that say where the platforms are."""
    for name, value in platforms.items():
        setattr(settings, name, value)
    with _dying(at=die_at):
        while outbox.drain(now=datetime.fromisoformat(now)):
            pass


def keep_draining(*, now: str, batch: int, until: str) -> None:
    """Works as long as the file `until` is missing, and then until nothing is due."""
    end = Path(until)
    while True:
        is_over = end.exists()
        if not inbox.drain(now=datetime.fromisoformat(now), limit=batch):
            if is_over:
                return
            time.sleep(0.01)  # nothing came; the test goes on delivering


@contextmanager
def _dying(*, at: int) -> Iterator[None]:
    """Moments are counted from 1: one before and one after every SQL statement and every call of a platform. Before a
    statement is also after the commit that came last, after one is also before the commit to come."""
    passed = 0

    def moment() -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any], *arguments: Any) -> Any:
        moment()
        answer = call(*arguments)
        moment()
        return answer

    send = HTTPAdapter.send

    def counted(self: HTTPAdapter, *arguments: Any, **more: Any) -> Any:
        return around(lambda: send(self, *arguments, **more))

    with connection.execute_wrapper(around), patch.object(HTTPAdapter, "send", counted):
        yield
