"""What a stand-in offers to the core: its origins, its server side, and the verbs of the control API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Blueprint, Flask

from loyalty.sandbox.store import Document, Store
from loyalty.sandbox.webhooks import DeliveryQueue, RetryPolicy


@dataclass(frozen=True)
class Origin:
    """A browser origin: requests whose host (without port) matches `host` whole go to `app`.

    The pattern's named groups reach the app as `request.environ["sandbox.host"]`, a dict.
    """

    host: re.Pattern[str]
    app: Flask


@dataclass(frozen=True)
class Link:
    """An entry of the landing page."""

    title: str
    url: str
    note: str = ""


@dataclass
class Sandbox:
    """What every room of the sandbox shares. `port` is the one that browsers and servers use."""

    store: Store
    deliveries: DeliveryQueue
    port: int
    smtp_port: int

    def url(self, host: str, path: str = "/") -> str:
        """The address of a browser origin, such as url("admin.shopify.localhost", "/store/halfmoon")."""
        return f"http://{host}:{self.port}{path}"

    def server_url(self, path: str = "/") -> str:
        """The address for servers: *.localhost means nothing to them."""
        return f"http://127.0.0.1:{self.port}{path}"

    def app(self, platform: str) -> Document:
        """The registered app of a platform (client_id, client_secret, app_url ...), or an empty dict."""
        return self.store.get("app", "", platform) or {}


class Platform(Protocol):
    """One stand-in. Verbs take and give JSON documents, and raise SandboxError for what they refuse."""

    name: str
    policy: RetryPolicy

    def attach(self, sandbox: Sandbox) -> None:
        """Keep the sandbox; called once, before anything else."""

    def origins(self) -> list[Origin]:
        """Browser origins."""

    def server(self) -> Blueprint:
        """Server-to-server routes; mounted under /<name> on the bare host."""

    def controls(self) -> Blueprint:
        """Controls of this platform alone; mounted under /_sandbox/<name>."""

    def links(self) -> list[Link]:
        """For the landing page."""

    def register_app(self, body: Document) -> Document:
        """Check and keep the app's registration; returns it without its secrets."""

    def shops(self) -> list[Document]: ...

    def create_shop(self, body: Document) -> Document: ...

    def install(self, shop: str) -> Document: ...

    def uninstall(self, shop: str) -> Document: ...

    def products(self, shop: str) -> list[Document]: ...

    def customers(self, shop: str) -> list[Document]: ...

    def create_customer(self, shop: str, body: Document) -> Document: ...

    def orders(self, shop: str, limit: int) -> list[Document]: ...

    def order(self, shop: str, order_id: str) -> Document: ...

    def place_order(self, shop: str, body: Document) -> Document: ...

    def pay(self, shop: str, order_id: str, body: Document) -> Document: ...

    def refund(self, shop: str, order_id: str, body: Document) -> Document: ...

    def cancel(self, shop: str, order_id: str, body: Document) -> Document: ...

    def history(self, shop: str, body: Document) -> dict[str, Any]: ...
