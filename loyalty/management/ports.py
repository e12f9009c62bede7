"""Ports for servers that are started here and now."""

from __future__ import annotations

import secrets
import socket

LOWEST, END = 20_000, 32_768
"""Below those that Linux gives to outgoing connections and to whoever asks for any port: a server that takes its time,
or starts a second time, finds its own still free."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at the moment, chosen anew each time."""
    while is_taken(port := LOWEST + secrets.randbelow(END - LOWEST)):
        pass
    return port


def is_taken(port: int) -> bool:
    """Whether a server could not listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
