"""A PostgreSQL and a Redis that belong to one test run: free ports, a temporary folder, gone afterwards.

Tests that kill or restart a server start their own with these classes, so that nobody else's is pulled away.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from loyalty.management.ports import free_port

START_SECONDS = 120
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Server:
    """One process in a folder of its own. `kill()` is the power cut, `start()` after it the recovery."""

    def __init__(self, name: str, user: str | None = None) -> None:
        self.user = user
        self.port = 0  # chosen by the first start, kept by those after a kill
        self.folder = Path(tempfile.mkdtemp(prefix=f"regulars-{name}-"))
        if user:
            shutil.chown(self.folder, user)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.port = self.port or free_port()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._identity()
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_end = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.command()[0]} did not start on port {self.port}:\n{log_end}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Like a power cut of the server: no shutdown, no flush. The data folder stays for the next start()."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Shut down and leave nothing behind."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        if not self._process:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _identity(self) -> dict[str, object]:
        identity: dict[str, object] = {"preexec_fn": _die_with_parent()}
        if self.user:
            identity |= {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        return identity


class Postgres(Server):
    """PostgreSQL refuses to run as root, so root lends it another user. A kill loses nothing that was committed."""

    def __init__(self) -> None:
        super().__init__("postgres", _other_user() if os.geteuid() == 0 else None)
        self._data = self.folder / "data"
        initdb = [tool("initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        made = subprocess.run(
            [*initdb, "--locale=C.UTF-8"], cwd=self.folder, capture_output=True, text=True, **self._identity()
        )
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "256MB",
            # The disk may lie, a killed process may not: commits still reach the kernel before they are answered.
            "fsync": "off",
            "full_page_writes": "off",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [tool("postgres"), "-D", str(self._data), "-p", str(self.port), *settings]

    def is_ready(self) -> bool:
        asked = [tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked).returncode == 0

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"


class Redis(Server):
    def __init__(self) -> None:
        super().__init__("redis")

    def command(self) -> list[str]:
        return [
            tool("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self, number: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"


def tool(name: str) -> str:
    """The path of a server's program, or '' - Debian keeps PostgreSQL's off the PATH, a folder per version."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(debian[-1]) if debian else shutil.which(name) or ""


def _other_user() -> str:
    return next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})


def _die_with_parent() -> Callable[[], None] | None:
    """A run that is killed outright leaves no server behind: Linux interrupts the child when its parent is gone."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
