"""`python -m loyalty.sandbox`: see the package's docstring."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from loyalty.sandbox.server import start


def main() -> int:
    options = _options()
    apps = _apps(options)
    try:
        running = start(data=options.data, port=options.port, smtp_port=options.smtp_port, apps=apps)
    except OSError as error:
        print(f"The sandbox cannot start: {error}. Is the port taken? Choose others with --port and --smtp-port.")
        return 1
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    print(f"Sandbox: {running.base_url}/   mail: {running.sandbox.url('mail.localhost')}", flush=True)
    stopped.wait()
    running.stop()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loyalty.sandbox", description="Stand-in Shopify and Ecwid.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--smtp-port", type=int, default=8025)
    parser.add_argument("--data", type=Path, required=True, help="folder for sandbox.sqlite3")
    parser.add_argument("--app-url", default="", help="where the app listens, such as http://127.0.0.1:8000")
    return parser.parse_args()


def _apps(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The app's registrations, where its own variables name it; PUT /_sandbox/<platform>/app does the same later."""
    names = {
        "shopify": ("SHOPIFY_API_KEY", "SHOPIFY_API_SECRET"),
        "ecwid": ("ECWID_CLIENT_ID", "ECWID_CLIENT_SECRET"),
    }
    return {
        platform: {
            "client_id": os.environ[client_id],
            "client_secret": os.environ[client_secret],
            "app_url": options.app_url,
        }
        for platform, (client_id, client_secret) in names.items()
        if options.app_url and os.environ.get(client_id) and os.environ.get(client_secret)
    }


if __name__ == "__main__":
    sys.exit(main())
