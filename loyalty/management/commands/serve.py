"""The embedded edition: one process that serves and works."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import waitress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from config.keys import make_keys
from loyalty.worker import schedule

THREADS = 8
MAX_BODY_BYTES = 8_388_608
"""Twice what the app takes: it answers by a page that keeps what was typed, the server by a line."""
CONNECTIONS = 1000
SILENT_SECONDS = 30
"""With the server's own 100 connections and two minutes, a hundred clients that say nothing would shut everybody out."""


class Command(BaseCommand):
    help = (
        "The embedded edition: serves the app and does its work in one process, on SQLite unless DATABASE_URL says "
        "otherwise. Makes its keys at the first start and keeps them in DATA_DIR. Put a proxy with TLS in front and "
        "set APP_URL to the address it has from outside."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=None, help="port (default: APP_URL's, or 8000)")
        parser.add_argument("--no-worker", action="store_true", help="only serve; `manage.py work` does the work")

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"] or urlsplit(settings.APP_URL).port or 8000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((options["host"], port))
            except OSError as error:
                raise CommandError(_why_not(error, options["host"], port)) from error
        self._keys()
        self.check()  # what would fail at the first merchant's visit is said now
        call_command("migrate", verbosity=0)
        stop = threading.Event()
        worker = threading.Thread(target=schedule.run, args=(stop,), name="worker", daemon=True)
        if not options["no_worker"]:
            worker.start()
        signal.signal(signal.SIGTERM, _interrupt)
        self.stdout.write(f"Serving {settings.APP_URL} on {options['host']}:{port}. Ctrl-C stops.")
        self.stdout.flush()
        try:
            waitress.serve(
                import_string("config.wsgi.application"),
                host=options["host"],
                port=port,
                threads=THREADS,
                max_request_body_size=MAX_BODY_BYTES,
                connection_limit=CONNECTIONS,
                channel_timeout=SILENT_SECONDS,
                asyncore_use_poll=True,
                clear_untrusted_proxy_headers=False,
                ident="",
                _quiet=True,
            )
        finally:
            stop.set()
            if worker.is_alive():
                worker.join(timeout=30)

    def _keys(self) -> None:
        if not settings.KEYS_MISSING:
            return
        keys = make_keys(settings.DATA_DIR)
        settings.SECRET_KEY = _given_secret() or keys["secret_key"]
        settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS or keys["field_encryption_keys"]
        settings.KEYS_MISSING = False
        self.stdout.write(f"Made keys in {settings.DATA_DIR / 'keys.json'}. Keep that file: without it nothing opens.")


def _given_secret() -> str:
    """SECRET_KEY of the environment; Django refuses to read an empty one."""
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return ""


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken. Free it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's own services. Choose one from 1024 on with --port."
    return f"{host} is no address of this machine ({error.strerror}). Choose another with --host."


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
