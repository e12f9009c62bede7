"""A bar for whoever watches; silent where nobody does."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 30
EVERY_SECONDS = 0.1


class Progress:
    """`advance` as things get done. Writes only to a terminal, at most ten times a second."""

    def __init__(self, stream: TextIO, *, total: int, what: str) -> None:
        self._stream = stream
        self._total = max(total, 1)
        self._what = what
        self._done = 0
        self._shown_at = 0.0
        self._is_watched = stream.isatty()

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if self._is_watched and now - self._shown_at >= EVERY_SECONDS:
            self._shown_at = now
            share = min(self._done / self._total, 1.0)
            filled = "#" * int(share * WIDTH)
            self._stream.write(f"\r[{filled:<{WIDTH}}] {share:4.0%} {self._done:,} {self._what}")
            self._stream.flush()

    def end(self) -> None:
        if self._is_watched:
            self._stream.write("\r\033[K")
            self._stream.flush()
