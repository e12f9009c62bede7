"""The one client: it goes where the settings say and nowhere else, and no answer can hurt it."""

from __future__ import annotations

import gzip
import socket
import time
import traceback
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Refused, Unavailable
from loyalty.platforms import http
from tests.platforms.faulty_server import FaultyServer, Script, answering

Serve = Callable[[Script], FaultyServer]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    servers: list[FaultyServer] = []

    def start(script: Script) -> FaultyServer:
        servers.append(FaultyServer(script))
        settings.SANDBOX_URL = servers[-1].url
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_an_answer_comes_back_whole_with_exact_numbers(serve: Serve) -> None:
    server = serve(answering(b'{"total": 19.90}', headers="Retry-After: 7\r\n"))
    answer = http.request("POST", f"{server.url}/orders", json={"a": 1}, headers={"X-Token": "t"})
    assert answer.status == 200
    assert str(answer.json()["total"]) == "19.90"
    assert answer.retry_after_seconds == 7
    assert b"X-Token: t" in server.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://app.ecwid.com.example.com/",
        "https://app.ecwid.com@example.com/",
        "https://app.ecwid.com:8443/",
        "http://app.ecwid.com/api/v3",
        "https://example.com\\@app.ecwid.com/",
        "https://shop.myshopify.com.example.com/",
        "https://-shop.myshopify.com/",
        "https://shop.myshopify.com:99999/",
        "https://shop.myshopify.com/\n",
        "https://shop.myshopify.com/ä",
        "ftp://shop.myshopify.com/",
        "//shop.myshopify.com/",
        "",
    ],
)
def test_hosts_that_do_not_follow_from_the_settings_are_not_called(url: str) -> None:
    with pytest.raises(Refused):
        http.request("GET", url)


def test_the_platforms_hosts_are_on_the_list(settings: Settings) -> None:
    settings.SANDBOX_URL = ""
    patterns = http.allowed_hosts()
    for origin in ("https://some-shop.myshopify.com", "https://app.ecwid.com", "https://my.ecwid.com"):
        assert any(pattern.fullmatch(origin) for pattern in patterns)


def test_loopback_is_reached_only_with_the_sandbox(serve: Serve, settings: Settings) -> None:
    server = serve(answering(b"{}"))
    settings.SANDBOX_URL = ""
    settings.ECWID_API_URL = server.url
    with pytest.raises(Refused, match="only https"):
        http.request("GET", f"{server.url}/x")
    settings.ECWID_API_URL = server.url.replace("http:", "https:")
    with pytest.raises(Unavailable, match="InvalidIPAddress"):
        http.request("GET", settings.ECWID_API_URL)
    assert server.requests == []


def test_a_redirect_is_an_answer_and_is_not_followed(serve: Serve) -> None:
    server = serve(answering(b"", status="302 Found", headers="Location: /elsewhere\r\nSet-Cookie: a=b\r\n"))
    assert http.request("GET", f"{server.url}/here").status == 302
    assert len(server.requests) == 1
    http.request("GET", f"{server.url}/here")
    assert b"Cookie" not in server.requests[1]


def test_an_answer_that_is_too_large_is_dropped(serve: Serve) -> None:
    server = serve(answering(b"x" * 2_000))
    with pytest.raises(Unavailable, match="more than 1,000 bytes"):
        http.request("GET", f"{server.url}/", max_bytes=1_000)


def test_a_small_answer_that_unpacks_to_a_large_one_is_dropped(serve: Serve) -> None:
    server = serve(answering(gzip.compress(b"x" * 50_000_000), headers="Content-Encoding: gzip\r\n"))
    with pytest.raises(Unavailable, match="more than"):
        http.request("GET", f"{server.url}/", max_bytes=100_000)


def drip(*pieces: bytes) -> tuple[Script, list[bytes]]:
    """Sends piece by piece, each well within a socket's timeout and all of them far beyond it; and what was sent."""
    sent: list[bytes] = []

    def script(peer: socket.socket, _head: bytes) -> None:
        for piece in pieces:
            peer.sendall(piece)
            sent.append(piece)
            time.sleep(0.05)

    return script, sent


def a_byte_at_a_time(text: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in text]


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ZIPPED = HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
NOTHING_IN_IT = b"%x\r\n%b\r\n" % (len(gzip.compress(b"")), gzip.compress(b""))
PIECES = 200


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        a_byte_at_a_time(b"HTTP/1.1 200 OK".ljust(PIECES)),
        [HEAD, *a_byte_at_a_time(b"X: ".ljust(PIECES, b"x"))],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * PIECES,
        [HEAD + b"Content-Length: 1000\r\n\r\n", *a_byte_at_a_time(b"x" * PIECES)],
        [HEAD + b"Connection: close\r\n\r\n", *a_byte_at_a_time(b"x" * PIECES)],
        [CHUNKED, *a_byte_at_a_time(b"1" * PIECES)],
        [CHUNKED, *[b"1\r\nx\r\n"] * PIECES],
        [ZIPPED, *[NOTHING_IN_IT] * PIECES],
    ],
    ids=["silence", "status", "header", "continue", "body", "close", "chunk-size", "chunks", "empty-gzip"],
)
def test_no_drip_outlasts_the_deadline(serve: Serve, pieces: list[bytes]) -> None:
    """Each piece starts a socket's timeout anew: without a deadline the server would get all of them out."""
    script, sent = drip(*pieces)
    if not pieces:
        script = silent
    server = serve(script)
    with pytest.raises(Unavailable, match=r"Timeout|too long"):
        http.request("GET", f"{server.url}/", timeout_seconds=0.3)
    assert len(sent) < PIECES


def test_several_calls_share_the_time_they_are_given_together(serve: Serve) -> None:
    server = serve(answering(b"{}"))
    with http.within(30):
        assert http.request("GET", f"{server.url}/").status == 200
        with http.within(1):
            server.script = silent
            with pytest.raises(Unavailable, match=r"Timeout|too long"):
                http.request("GET", f"{server.url}/")
            with pytest.raises(Unavailable, match="was not asked"):
                http.request("GET", f"{server.url}/again")
        server.script = answering(b"{}")
        assert http.request("GET", f"{server.url}/").status == 200
    assert http.seconds_left() == float("inf")
    assert not any(b"/again" in head for head in server.requests)


def test_a_name_that_was_looked_up_for_too_long_is_not_called(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(answering(b"{}"))
    look_up = socket.getaddrinfo

    def slowly(*arguments: object, **more: object) -> object:
        time.sleep(0.3)
        return look_up(*arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with http.within(0.2), pytest.raises(Unavailable, match="broke off"):
        http.request("POST", f"{server.url}/", json={})
    assert server.requests == []


def silent(peer: socket.socket, _head: bytes) -> None:
    peer.recv(1)  # until the other side hangs up


def test_a_slow_answer_within_its_time_is_read_to_its_end(serve: Serve) -> None:
    body = b'{"total": 19.90}'
    script, _ = drip(*a_byte_at_a_time(HEAD), b"Content-Length: 16\r\n\r\n", *a_byte_at_a_time(body))
    server = serve(script)
    assert http.request("GET", f"{server.url}/", timeout_seconds=10).body == body


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(5_000)) + b"\r\n",
        HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 1_000_000 + b"\r\n\r\n",
    ],
    ids=["many", "long", "reason"],
)
def test_a_flood_of_headers_is_given_up(serve: Serve, head: bytes) -> None:
    server = serve(lambda peer, _head: peer.sendall(head))
    with pytest.raises(Unavailable, match="broke off"):
        http.request("GET", f"{server.url}/")


@pytest.mark.parametrize("layers", [2, 5, 6])
def test_an_answer_zipped_again_and_again_is_dropped(serve: Serve, layers: int) -> None:
    body = b"0" * 50_000_000
    for _ in range(layers):
        body = gzip.compress(body)
    encodings = ", ".join(["gzip"] * layers)
    server = serve(answering(body, headers=f"Content-Encoding: {encodings}\r\n"))
    with pytest.raises(Unavailable):
        http.request("GET", f"{server.url}/", max_bytes=100_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"not http at all\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_unavailable(serve: Serve, answer: bytes) -> None:
    server = serve(lambda peer, head: peer.sendall(answer))
    with pytest.raises(Unavailable):
        http.request("GET", f"{server.url}/")


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[" * 100_000, b'{"a": NaN}', b"\xff", b'{"a": ' + b"9" * 5_000 + b"}"]
)
def test_an_unreadable_body_is_unavailable(serve: Serve, body: bytes) -> None:
    server = serve(answering(body))
    with pytest.raises(Unavailable, match="unreadable"):
        http.request("GET", f"{server.url}/").json()


def test_no_error_tells_a_token(serve: Serve) -> None:
    server = serve(lambda peer, head: None)
    secret = f"s3{1000 + 337}"
    with pytest.raises(Unavailable) as caught:
        http.request("POST", f"{server.url}/{secret}", headers={"X": secret}, params={"t": secret}, json=[secret])
    assert secret not in "".join(traceback.format_exception(caught.value))
    assert secret not in repr(http.Answer(200, {"x": secret}, secret.encode()))


def test_the_environments_proxy_is_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(answering(b"{}"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert http.request("GET", f"{server.url}/").status == 200


@pytest.mark.django_db(transaction=True)
def test_the_network_is_refused_inside_a_transaction(serve: Serve) -> None:
    server = serve(answering(b"{}"))
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        http.request("GET", f"{server.url}/")
    assert server.requests == []


def test_lines_come_one_by_one_however_they_were_cut(serve: Serve) -> None:
    def script(peer: socket.socket, _head: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for piece in (b'{"a"', b": 1}\n\n{", b'"b": 2}\n{"c": 3}'):
            peer.sendall(piece)
            time.sleep(0.02)

    server = serve(script)
    assert list(http.stream_lines(f"{server.url}/x", timeout_seconds=5, max_bytes=1_000)) == [
        b'{"a": 1}',
        b'{"b": 2}',
        b'{"c": 3}',
    ]


def test_a_line_without_end_is_given_up(serve: Serve) -> None:
    server = serve(answering(b"x" * 300_000))
    with pytest.raises(Unavailable, match="line of more than"):
        list(http.stream_lines(f"{server.url}/x", timeout_seconds=5, max_bytes=10**6, max_line_bytes=1_000))
