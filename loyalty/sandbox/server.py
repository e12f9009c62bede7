"""Start and stop the sandbox: one waitress server, one SMTP mailbox, the webhook threads."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from loyalty.sandbox.ecwid.platform import EcwidPlatform
from loyalty.sandbox.mailbox import Mailbox
from loyalty.sandbox.platform import Platform, Sandbox
from loyalty.sandbox.shopify.platform import ShopifyPlatform
from loyalty.sandbox.site import create_app
from loyalty.sandbox.store import Store
from loyalty.sandbox.webhooks import DeliveryQueue

HTTP_THREADS = 16


@dataclass
class Running:
    """A started sandbox; use it as a context manager, or call stop()."""

    sandbox: Sandbox
    platforms: dict[str, Platform]
    mailbox: Mailbox
    server: Any
    thread: threading.Thread

    @property
    def base_url(self) -> str:
        return self.sandbox.server_url("")

    def stop(self) -> None:
        self.sandbox.deliveries.stop()
        # Closing the sockets inside the server's own loop ends it at once, keep-alive connections included. A loop that
        # happens to turn just then has closed the trigger too before it is pulled.
        with suppress(OSError):
            self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.server._map))
        self.thread.join(timeout=10)
        self.server.task_dispatcher.shutdown(timeout=2)
        self.mailbox.stop()
        self.sandbox.store.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    *,
    data: Path,
    port: int = 0,
    smtp_port: int = 0,
    apps: dict[str, dict[str, Any]] | None = None,
) -> Running:
    """Start on 127.0.0.1 in threads of its own; port 0 takes a free one. `apps`: platform -> its app's registration.

    Raises OSError where a port is taken.
    """
    # The ports come first: a taken one stops us before anything runs.
    with ExitStack() as undo:
        listener = undo.enter_context(socket.create_server(("127.0.0.1", port)))
        data.mkdir(parents=True, exist_ok=True)
        store = Store(data / "sandbox.sqlite3")
        undo.callback(store.close)
        mailbox = Mailbox(store, smtp_port)
        mailbox.start()
        undo.callback(mailbox.stop)
        platforms: dict[str, Platform] = {"shopify": ShopifyPlatform(), "ecwid": EcwidPlatform()}
        queue = DeliveryQueue(store, {name: platform.policy for name, platform in platforms.items()})
        sandbox = Sandbox(store, queue, listener.getsockname()[1], mailbox.port)
        for platform in platforms.values():
            platform.attach(sandbox)
        for name, registration in (apps or {}).items():
            platforms[name].register_app(registration)
        server = create_server(
            create_app(sandbox, mailbox, platforms),
            sockets=[listener],
            threads=HTTP_THREADS,
            clear_untrusted_proxy_headers=False,
        )
        undo.pop_all()
    queue.start()
    thread = threading.Thread(target=server.run, name="sandbox-http", daemon=True)
    thread.start()
    return Running(sandbox, platforms, mailbox, server, thread)
