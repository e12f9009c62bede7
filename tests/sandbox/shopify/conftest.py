"""A running sandbox with one Shopify shop, and an app that writes down what reaches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from loyalty.sandbox.server import Running, start

CLIENT_ID = "client-of-the-tests"
SECRET = "a-client-secret-long-enough-for-sha256"
DOMAIN = "halfmoon.myshopify.com"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"


@dataclass
class Receiver:
    """The app as the stand-in sees it. `status` answers webhooks; `pages` answer all else, by path."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    url: str = ""

    def webhooks(self, topic: str = "") -> list[dict[str, Any]]:
        hooks = [entry for entry in self.seen if entry["path"].startswith("/shopify/webhooks")]
        return [entry for entry in hooks if topic in ("", entry["headers"]["X-Shopify-Topic"])]


@dataclass
class World:
    """Shortcuts over HTTP: controls, API calls, pages by origin."""

    running: Running
    app: Receiver

    @property
    def base(self) -> str:
        return self.running.base_url

    def control(self, path: str, body: Any = None, *, method: str = "POST", status: int | None = None) -> Any:
        answer = requests.request(method, f"{self.base}/_sandbox{path}", json=body, timeout=60)
        if status is None:
            assert answer.ok, answer.text
        else:
            assert answer.status_code == status, answer.text
        return answer.json()

    def shop(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.control(f"/shopify/shops/{DOMAIN}{path}", body, **options)

    def drain(self) -> None:
        assert self.control("/deliveries/drain", {"timeout_seconds": 10})["drained"]

    def session_token(self) -> str:
        return str(self.shop("/session-token")["token"])

    def token_request(self, **body: Any) -> requests.Response:
        given = {"client_id": CLIENT_ID, "client_secret": SECRET} | body
        return requests.post(f"{self.base}/shopify/{DOMAIN}/admin/oauth/access_token", json=given, timeout=60)

    def exchange(self, **more: Any) -> requests.Response:
        body: dict[str, Any] = {
            "grant_type": EXCHANGE,
            "subject_token": self.session_token(),
            "subject_token_type": ID_TOKEN,
            "requested_token_type": OFFLINE,
            "expiring": "1",
        }
        return self.token_request(**body | more)

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.token_request(grant_type="refresh_token", refresh_token=refresh_token)

    def post_graphql(self, token: str, query: str, variables: Any = None) -> requests.Response:
        return requests.post(
            f"{self.base}/shopify/{DOMAIN}/admin/api/2026-10/graphql.json",
            json={"query": query, "variables": variables},
            headers={"X-Shopify-Access-Token": token},
            timeout=60,
        )

    def graphql(self, query: str, variables: Any = None) -> dict[str, Any]:
        token = self.exchange().json()["access_token"]
        answer = self.post_graphql(token, query, variables)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def visitor(self, host: str) -> Visitor:
        return Visitor(self, f"{host}.shopify.localhost:{self.running.sandbox.port}")

    def customer(self, email: str = "marta@mail.example", **more: Any) -> dict[str, Any]:
        return dict(self.shop("/customers", {"email": email, "name": "Marta Lopez", "password": "secret"} | more))

    def discount(self, customer: int, code: str = "REG-FIVE", **more: Any) -> dict[str, Any]:
        given = discount_input(customer, code) | more
        return dict(self.graphql(CREATE_DISCOUNT, {"discount": given})["data"]["discountCodeBasicCreate"])


class Visitor:
    """A browser at one origin: its own cookies, redirects not followed."""

    def __init__(self, world: World, host: str) -> None:
        self.base = world.base
        self.session = requests.Session()
        self.session.headers["Host"] = host
        self.session.headers["Accept"] = "text/html"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.base + path, allow_redirects=False, timeout=60, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> requests.Response:
        return self.session.post(self.base + path, data=data, allow_redirects=False, timeout=60, **options)


CREATE_DISCOUNT = """mutation($discount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $discount) { codeDiscountNode { id } userErrors { field code message } } }"""


def discount_input(customer: int, code: str) -> dict[str, Any]:
    return {
        "code": code,
        "title": "5.00 off",
        "startsAt": "2026-01-01T00:00:00Z",
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "context": {"customers": {"add": [f"gid://shopify/Customer/{customer}"]}},
        "customerGets": {"items": {"all": True}, "value": {"discountAmount": {"amount": "5.00"}}},
    }


@pytest.fixture(scope="session")
def receiving() -> Iterator[Receiver]:
    """One app for all tests; each test sees it as new."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = CaseInsensitiveDict(self.headers.items())
            entry = {"method": self.command, "path": self.path, "headers": headers, "body": body}
            receiver.seen.append(entry)
            page = receiver.pages.get(self.path.partition("?")[0])
            status, own, content = page or (receiver.status, {}, b"ok")
            self.send_response(status)
            for name, value in own.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, *args: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests: a second to start is too dear for each of them."""
    with start(data=tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def app(receiving: Receiver, running: Running) -> Receiver:
    """The app, with nothing seen; what the last test left under way has ended."""
    forget(running)
    receiving.seen, receiving.pages, receiving.status = [], {}, 200
    return receiving


def forget(running: Running) -> None:
    """Empty the sandbox. Numbers go on, so that no id is given twice."""
    store, queue = running.sandbox.store, running.sandbox.deliveries
    queue.clear_faults()
    with store.transaction() as connection:
        connection.execute("DELETE FROM delivery WHERE state != 'sending'")
    assert queue.drain(10)
    with store.transaction() as connection:
        connection.execute("DELETE FROM delivery")
        connection.execute("DELETE FROM document WHERE kind != 'secret'")


@pytest.fixture
def bare(app: Receiver, running: Running) -> World:
    """A shop without the app."""
    world = World(running, app)
    registration = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_url": app.url}
    world.control("/shopify/app", registration, method="PUT")
    world.control("/shopify/shops", {"name": "halfmoon"})
    return world


@pytest.fixture
def world(bare: World) -> World:
    """A shop that has the app installed."""
    bare.shop("/install")
    return bare
