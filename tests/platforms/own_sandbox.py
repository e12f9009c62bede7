"""A stand-in of the platforms that belongs to one room of tests, as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_sandbox(folder: Path) -> Iterator[str]:
    """Its address; what it keeps lies in the folder."""
    command = [sys.executable, "-m", "loyalty.sandbox", "--port", "0", "--smtp-port", "0", "--data", str(folder)]
    environment = {**os.environ, "REGULARS_SANDBOX": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found, "The sandbox did not start."
            yield found.group()
        finally:
            process.terminate()
