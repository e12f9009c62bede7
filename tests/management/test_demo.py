"""The demo's promises that a person would notice: a taken port is said plainly, a failing step ends the walk."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.once


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_taken_port_is_said_plainly_and_nothing_is_started() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = run("manage.py", "demo", "--port", str(port))
        serve = run("manage.py", "serve", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken. Stop what uses it, or move the demo with --port." in done.stderr
    assert serve.returncode == 1
    assert f"Port {port} is taken." in serve.stderr


def test_the_walk_ends_at_the_first_step_that_fails() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        done = run(
            "-m",
            "loyalty.sandbox.walk",
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{port}",
            REGULARS_SANDBOX="1",
        )
    assert done.returncode == 1
    assert "STOPPED" in done.stdout


def test_the_sandbox_refuses_to_load_where_nobody_asked_for_it() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REGULARS_SANDBOX"}
    done = subprocess.run(
        [sys.executable, "-c", "import loyalty.sandbox"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "must never run in production" in done.stderr


def test_every_command_of_ours_explains_itself() -> None:
    for command in ("demo", "serve", "work", "fill_demo"):
        done = run("manage.py", command, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 400
