"""A running stand-in with one store, and an app that only writes down what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from loyalty.sandbox.ecwid import EcwidPlatform
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.site import create_app
from loyalty.sandbox.store import Store
from loyalty.sandbox.webhooks import DeliveryQueue

SECRET = "test-client-secret-0001"
POLL_SECONDS = 0.02


@dataclass
class Receiver:
    """The app as the stand-in sees it: every request is kept, webhooks are answered with `status`."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    failures: int = 0  # the next webhooks that are answered by 503
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # path -> content type, body
    url: str = ""

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        hooks = [json.loads(entry["body"]) for entry in self.requests if entry["path"].startswith("/ecwid/webhooks")]
        return [event for event in hooks if not kind or event["eventType"] == kind]


@dataclass
class World:
    """Shortcuts for tests: the control API, the REST API, pages by origin."""

    base: str
    port: int
    app: Receiver
    sandbox: Sandbox

    def control(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        answer = requests.request(method, f"{self.base}/_sandbox{path}", json=body, timeout=60)
        if status is None:
            assert answer.ok, answer.text
        else:
            assert answer.status_code == status, answer.text
        return answer.json()

    def rest(self, method: str, path: str, token: str = "", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.base}/ecwid/api/v3/1003{path}"
        return requests.request(method, url, headers=headers | more.pop("headers", {}), timeout=60, **more)

    def page(self, host: str, method: str, path: str, session: requests.Session, **more: Any) -> requests.Response:
        """A page of a *.localhost origin; Python does not resolve those, so the name goes into the header."""
        headers = {"Host": f"{host}:{self.port}", "Accept": "text/html"}
        return session.request(method, f"{self.base}{path}", headers=headers, timeout=60, allow_redirects=False, **more)

    def token(self) -> str:
        return str(self.control("GET", "/ecwid/shops/1003/installation")["token"])

    def drain(self) -> None:
        self.control("POST", "/deliveries/drain", {"timeout_seconds": 10})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.requests.append(
                {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            )
            kept.failures -= 1
            self.send_response(503 if kept.failures >= 0 else kept.status)
            kind, page = kept.pages.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture
def empty(tmp_path: Path, receiver: Receiver) -> Iterator[World]:
    """A stand-in with the app registered and store 1003, where nothing is installed."""
    store = Store(tmp_path / "sandbox.sqlite3")
    platform = EcwidPlatform()
    queue = DeliveryQueue(store, {"ecwid": platform.policy})
    sandbox = Sandbox(store, queue, 0, 0)
    platform.attach(sandbox)
    mailbox: Any = SimpleNamespace(messages=lambda *_: [])  # no mail passes here
    server = make_server("127.0.0.1", 0, create_app(sandbox, mailbox, {"ecwid": platform}), threaded=True)
    sandbox.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    queue.start()
    world = World(f"http://127.0.0.1:{server.server_port}", server.server_port, receiver, sandbox)
    world.control("PUT", "/ecwid/app", {"client_id": "regulars", "client_secret": SECRET, "app_url": receiver.url})
    world.control("POST", "/ecwid/shops", {"name": "1003", "currency": "EUR"})
    yield world
    queue.stop()
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    store.close()


@pytest.fixture
def world(empty: World) -> World:
    """The same with the app installed from the market."""
    empty.control("POST", "/ecwid/shops/1003/install")
    return empty
