"""What `manage.py serve` says before it serves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import waitress
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from config.keys import kept_keys
from loyalty.management.commands import serve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What would have been served; migrations, signals and the loop stay out of it."""
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(serve.waitress, "serve", lambda app, **options: calls.append(options))
    monkeypatch.setattr(serve, "call_command", lambda *args, **options: None)
    monkeypatch.setattr(serve.signal, "signal", lambda *args: None)
    return calls


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def run(**options: object) -> None:
    call_command("serve", port=0, no_worker=True, **options)


def test_keys_that_cannot_encrypt_are_named_before_anything_is_served(
    settings: Settings, served: list[dict[str, object]]
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["nonsense"]
    with pytest.raises(SystemCheckError, match="FIELD_ENCRYPTION_KEYS"):
        run()
    assert not served


def test_an_address_that_no_platform_can_reach_is_named(settings: Settings, served: list[dict[str, object]]) -> None:
    settings.APP_URL = "rewards.example.com"
    with pytest.raises(SystemCheckError, match="APP_URL"):
        run()
    assert not served


@pytest.mark.parametrize("given", ["the operator's own", ""])
def test_the_first_start_makes_the_keys_that_nobody_gave(
    settings: Settings, tmp_path: Path, served: list[dict[str, object]], given: str
) -> None:
    settings.DATA_DIR, settings.KEYS_MISSING = tmp_path, True
    settings.SECRET_KEY, settings.FIELD_ENCRYPTION_KEYS = given, []
    run()
    kept = kept_keys(tmp_path)
    assert kept is not None
    assert (given or kept["secret_key"]) == settings.SECRET_KEY
    assert kept["field_encryption_keys"] == settings.FIELD_ENCRYPTION_KEYS
    assert served


def test_a_taken_port_and_an_address_of_another_machine_are_told_apart(port: int) -> None:
    with pytest.raises(CommandError, match=f"Port {port} is taken"):
        call_command("serve", port=port, no_worker=True)
    with pytest.raises(CommandError, match="--host"):
        run(host="192.0.2.1")


def test_two_hundred_clients_who_say_nothing_shut_nobody_out(served: list[dict[str, object]]) -> None:
    run()
    options = {**served[0], "port": 0}
    options.pop("_quiet")
    server = waitress.create_server(lambda environ, start: start("200 OK", []) and [], **options)
    threading.Thread(target=server.run, daemon=True).start()
    address = ("127.0.0.1", server.effective_port)
    silent = [socket.create_connection(address) for _ in range(200)]
    try:
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(9) == b"HTTP/1.0 "
    finally:
        for each in silent:
            each.close()
        server.close()
