"""Connections below the client: to addresses of the public internet alone, and with a deadline for what is read.

requests_hardened refuses private addresses and pins the one it checked. Left for us is what the internet does not route
and some networks answer on all the same, and a server that answers byte by byte: a socket's timeout begins anew with
each, and of a head, a chunk's size or a compressed body many are read before anybody else could look at a clock.
"""

from __future__ import annotations

import io
import math
import socket
import time
from contextvars import ContextVar
from http.client import HTTPResponse
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import HTTPSession
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

ENDS: ContextVar[float] = ContextVar("ends", default=math.inf)
"""On the monotonic clock: after it nothing new is begun. Looking up a name has no deadline of its own, so it is asked
again when the name is known and before anything is sent."""
LONGEST_SECONDS = 60.0
"""For a socket that was given no timeout; the client gives each one."""
ROUTED = IPv6Network("2000::/3")
"""All of IPv6 that is given out (iana.org, "IPv6 Global Unicast Address Assignments"): no site-local addresses, no
IPv4 in the clothes of IPv6."""
OF_A_CLOUD = (ip_network("168.63.129.16/32"),)
"""Looks public and is the cloud's own (learn.microsoft.com, "What is IP address 168.63.129.16?")."""


def check_address(host: str) -> None:
    """`host` is the address that was checked and pinned. Raises OSError for one that no platform has."""
    address = ip_address(host.strip("[]"))
    if address.is_loopback:
        return  # the session's own filter has let it through, for the sandbox
    if (address.version == 6 and address not in ROUTED) or any(address in network for network in OF_A_CLOUD):
        raise OSError("an address that is not of the public internet")


def check_time() -> None:
    """Raises TimeoutError past the end."""
    if time.monotonic() > ENDS.get():
        raise TimeoutError("no time is left")


class _Until(io.RawIOBase):
    """Reads from a socket until `deadline` (of the monotonic clock), however small the pieces, and waits for none of
    them longer than the socket's own timeout."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._patience_seconds = sock.gettimeout() or LONGEST_SECONDS
        self.deadline = time.monotonic() + self._patience_seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_seconds = self.deadline - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(left_seconds, self._patience_seconds))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """Its status line and headers come within one timeout, all together; for the body see `finish_by`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.until = _Until(sock)
        self.fp = io.BufferedReader(self.until)


def finish_by(response: requests.Response, deadline: float) -> None:
    """When the last byte of the body must be here, on the monotonic clock."""
    answer = response.raw._original_response
    if isinstance(answer, _Answer):
        answer.until.deadline = deadline


class _Connection(HTTPConnection):
    response_class = _Answer

    def connect(self) -> None:
        check_time()
        check_address(self.host)
        super().connect()


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def connect(self) -> None:
        check_time()
        check_address(self.host)
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def use_in(session: HTTPSession) -> None:
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
