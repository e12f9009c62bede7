"""Threads that read their first document at the same moment: the process must live."""

from __future__ import annotations

import subprocess
import sys

from config.bootstrap import ROOT

TOGETHER = """
import sys, threading
from loyalty.engine.presets import PRESETS, Setting
from loyalty.engine.program import parse_program
sys.setswitchinterval(1e-6)
document = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "UTC", "tiers": [{"id": "t", "name": "T"}],
            "rules": [{"kind": "per_amount", "id": "r", "points": 1, "per_minor": 100}]}
gate = threading.Barrier(8)
def read():
    gate.wait()
    parse_program(document)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_first_documents_may_be_read_by_many_at_once() -> None:
    """Half of all such processes crashed before the shapes were made at import."""
    running = [subprocess.Popen([sys.executable, "-c", TOGETHER], cwd=ROOT) for _ in range(6)]
    assert [process.wait(timeout=300) for process in running] == [0] * 6
