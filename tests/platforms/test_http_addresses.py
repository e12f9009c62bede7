"""Whatever a name or an address is written like, nothing of this machine or its networks is ever connected to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loyalty.engine.errors import LoyaltyError, Refused, Unavailable
from loyalty.platforms import http, wire
from tests.platforms.faulty_server import FaultyServer, answering

PUBLIC = "93.184.216.34"
PUBLIC_6 = "2606:2800:220:1:248:1893:25c8:1946"

INSIDE = (
    # this machine
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::"),
    # private, shared, link-local and of clouds, metadata among them
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    *("169.254.169.254", "169.254.170.2", "168.63.129.16", "fd00:ec2::254", "fc00::1", "fe80::1", "fec0::1"),
    # IPv4 in the clothes of IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    # nobody's
    *("224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "2001:db8::1"),
)

SPELLINGS = (
    *("127.0.0.1", "localhost", "localhost.", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1"),
    *(
        "017700000001",
        "0177.0.0.1",
        "127.000.000.001",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
    ),
    *("[::ffff:7f00:1]", "[::1%25lo]", "[fe80::1%25eth0]", "169.254.169.254", "2852039166", "0xa9fea9fe"),
    *(
        "LOCALHOST",
        "LocalHost",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "\u24db\u24de\u24d2\u24d0lhost",
    ),
    *("xn--localhost", "127.0.0.1%2e", "127.0.0.1%00.app.ecwid.com", "localhost\\@app.ecwid.com", "local\thost"),
    *(
        "app.ecwid.com@127.0.0.1",
        "app.ecwid.com:443@127.0.0.1",
        "user:app.ecwid.com@127.0.0.1",
        "127.0.0.1#@app.ecwid.com",
    ),
    *("127.0.0.1?@app.ecwid.com", "127.0.0.1;app.ecwid.com", "app.ecwid.com.127.0.0.1.nip.io", "\u0430pp.ecwid.com"),
    *(
        "shop.myshopify.com@127.0.0.1",
        "127.0.0.1/.myshopify.com",
        "a.myshopify.com.localhost",
        "metadata.google.internal",
    ),
)


class Listener:
    """A real socket on every address of this machine, which counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        # One socket for both families: a port that is free in one of them may be taken in the other.
        if socket.has_dualstack_ipv6():
            self._socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            self._socket = socket.create_server(("", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            peer.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    socket.create_connection(("127.0.0.1", listening.port)).close()
    while not listening.connections:  # it counts
        pass
    listening.connections = 0
    yield listening
    assert listening.connections == 0
    listening.close()


@pytest.fixture
def connected(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that a socket is told to connect to; this machine's are, so that the listener would notice."""
    tried: list[Any] = []
    whole = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(address[0])
        if not ip_address(address[0]).is_loopback:
            raise ConnectionRefusedError
        whole(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


Resolve = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """A resolver of our own: each question for a name gets the next of its answers, a literal itself."""
    whole = socket.getaddrinfo

    def resolve(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
            if str(host).strip("[]").replace(":", "").replace(".", "").isalnum() and not str(host).endswith(".test"):
                return whole(host, port, *args, **kwargs)
            found = left.pop(0) if len(left) > 1 else left[0]
            return [entry for address in found for entry in whole(address, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return resolve


@pytest.fixture(autouse=True)
def platform(listener: Listener, settings: Settings) -> str:
    """A platform of the settings, without the sandbox; at the port where somebody listens on this machine."""
    settings.SANDBOX_URL = ""
    settings.ECWID_API_URL = f"https://platform.test:{listener.port}/api"
    return settings.ECWID_API_URL


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_is_on_the_list(spelling: str, listener: Listener) -> None:
    for address in (
        f"https://{spelling}:{listener.port}/",
        f"https://{spelling}/",
        f"http://{spelling}:{listener.port}/",
    ):
        with pytest.raises(Refused):
            http.request("GET", address)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_that_is_put_on_the_list_is_connected_to(
    spelling: str, settings: Settings, listener: Listener, connected: list[Any]
) -> None:
    """Somebody's mistake in the settings opens no inner address: what it leads to is checked as well."""
    settings.ECWID_API_URL = f"https://{spelling}:{listener.port}"
    with pytest.raises(LoyaltyError):
        http.request("GET", f"{settings.ECWID_API_URL}/")
    assert connected == []


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_connected_to(
    address: str, names: Resolve, connected: list[Any], platform: str
) -> None:
    names([address])
    with pytest.raises(Unavailable):
        http.request("GET", platform)
    assert connected == []


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6])
def test_a_name_that_leads_outside_is(address: str, names: Resolve, connected: list[Any], platform: str) -> None:
    """Else the tests above would be green for a client that goes nowhere."""
    names([address])
    with pytest.raises(Unavailable):
        http.request("GET", platform)
    assert connected == [address]


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(
    names: Resolve, connected: list[Any], platform: str
) -> None:
    """DNS rebinding: public while it is checked, this machine a moment later."""
    names([PUBLIC], ["127.0.0.1"])
    with pytest.raises(Unavailable):
        http.request("GET", platform)
    assert connected == [PUBLIC]
    names(["127.0.0.1"], [PUBLIC])
    with pytest.raises(Unavailable):
        http.request("GET", platform)
    assert connected == [PUBLIC]


def test_of_many_addresses_none_inside_is_tried(names: Resolve, connected: list[Any], platform: str) -> None:
    """A client that falls back to the second address would connect to it unchecked."""
    for answer in ([PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC, "::1", "10.0.0.1"]):
        names(answer)
        with pytest.raises(Unavailable):
            http.request("GET", platform)
    assert set(connected) == {PUBLIC}


def test_with_the_sandbox_only_loopback_is_open(
    settings: Settings, names: Resolve, connected: list[Any], platform: str
) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    for address in (each for each in INSIDE if not each.endswith(("127.0.0.1", "127.1.2.3")) and each != "::1"):
        names([address])
        with pytest.raises(Unavailable):
            http.request("GET", platform)
    assert connected == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/", "https://169.254.169.254/", "//localhost:{port}/", "/here"])
def test_no_redirect_is_followed(status: str, to: str, settings: Settings, listener: Listener) -> None:
    server = FaultyServer(answering(b"", status=status, headers=f"Location: {to.format(port=listener.port)}\r\n"))
    settings.SANDBOX_URL = settings.ECWID_API_URL = server.url
    answer = http.request("POST", f"{server.url}/", json={"a": 1})
    assert str(answer.status) == status[:3]
    assert len(server.requests) == 1
    server.close()


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, "127.0.0.1", "::1"])
def test_what_the_filter_let_through_may_be_connected_to(address: str) -> None:
    wire.check_address(address)
