"""The whole product on this machine: two stores, a year of customers, and where to look."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.management.ports import free_port, is_taken

START_SECONDS = 120
MONEY_SCOPES = ("write_gift_cards", "read_store_credit_accounts", "write_store_credit_account_transactions")
"""For rewards that are money, which merchants may grant or not."""


class Command(BaseCommand):
    help = (
        "Shows the whole product on this machine: starts the app with its worker, a stand-in Shopify and a stand-in "
        "Ecwid, installs a store on each, fills them with a year of orders and prints where to look. Nothing leaves "
        "the machine. Ctrl-C stops everything; the data stay for the next start."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the app; the sandbox takes the next one (8000)")
        parser.add_argument("--reset", action="store_true", help="throw away the demo's data and start over")
        parser.add_argument(
            "--check", action="store_true", help="walk the main job over HTTP on fresh data, say each step, and stop"
        )
        parser.add_argument("--yes", action="store_true", help="install what is missing without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _interrupt)
        if options["check"]:
            self._check()
            return
        folder = settings.BASE_DIR / "data" / "demo"
        if options["reset"]:
            shutil.rmtree(folder, ignore_errors=True)
        with Demo(folder, options["port"], options["port"] + 1) as demo:
            try:
                self._show(demo)
            except KeyboardInterrupt:
                self.stdout.write("\nStopping.")

    def _check(self) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="regulars-check-") as folder,
            Demo(Path(folder), free_port(), free_port()) as demo,
        ):
            demo.start_sandbox()
            demo.start_app(worker=True)
            code = demo.run([sys.executable, "-m", "loyalty.sandbox.walk", demo.sandbox_url, demo.app_url])
        if code:
            raise CommandError("The walk stopped at the step above.", returncode=code)

    def _show(self, demo: Demo) -> None:
        began = time.monotonic()
        filled = demo.folder / "filled"
        demo.start_sandbox()
        if not filled.exists():
            demo.fill(months=12)
            filled.touch()
        demo.start_app(worker=True)
        self.stdout.write(demo.where_to_go(time.monotonic() - began))
        demo.wait()


class Demo:
    """The two processes of the demo, their ports and their folder. Everything is bound to 127.0.0.1."""

    def __init__(self, folder: Path, port: int, sandbox_port: int) -> None:
        self.folder = folder
        self.port = port
        self.sandbox_port = sandbox_port
        self.app_url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.app: subprocess.Popen[bytes] | None = None
        self.sandbox: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Demo:
        for port in (self.port, self.sandbox_port):
            if is_taken(port):
                raise CommandError(f"Port {port} is taken. Stop what uses it, or move the demo with --port.")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.secrets = self._secrets()
        self.smtp_port = free_port()
        self.environment = {**os.environ, **self._environment()}
        return self

    def __exit__(self, *exception: object) -> None:
        for process in (self.app, self.sandbox):
            _stop(process)

    def _secrets(self) -> dict[str, str]:
        """Made once per demo folder: the apps' keys on the stand-in platforms, and the staff login."""
        file = self.folder / "secrets.json"
        if not file.exists():
            made = {
                name: secrets.token_hex(16)
                for name in ("shopify_key", "shopify_secret", "ecwid_client", "ecwid_secret")
            }
            file.touch(mode=0o600)
            file.write_text(json.dumps({**made, "staff_password": secrets.token_urlsafe(12)}))
        values: dict[str, str] = json.loads(file.read_text())
        return values

    def _environment(self) -> dict[str, str]:
        box = self.sandbox_port
        return {
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.folder / 'regulars.sqlite3'}",
            "APP_URL": self.app_url,
            "SANDBOX_URL": self.sandbox_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "DEFAULT_FROM_EMAIL": "rewards@regulars.test",
            "CELERY_BROKER_URL": "",
            "LOG_LEVEL": "INFO",
            "DEMO_STAFF_PASSWORD": self.secrets["staff_password"],
            # A year back is more than the 60 days that Shopify shows without this one.
            "SHOPIFY_SCOPES": ",".join([*settings.SHOPIFY_SCOPES, "read_all_orders", *MONEY_SCOPES]),
            "SHOPIFY_API_KEY": self.secrets["shopify_key"],
            "SHOPIFY_API_SECRET": self.secrets["shopify_secret"],
            "SHOPIFY_SHOP_URL": f"http://127.0.0.1:{box}/shopify/{{shop}}",
            "SHOPIFY_SHOP_ORIGIN": f"http://{{name}}.shopify.localhost:{box}",
            "SHOPIFY_ADMIN_URL": f"http://admin.shopify.localhost:{box}",
            "SHOPIFY_CDN_URL": f"http://cdn.shopify.localhost:{box}",
            "ECWID_CLIENT_ID": self.secrets["ecwid_client"],
            "ECWID_CLIENT_SECRET": self.secrets["ecwid_secret"],
            "ECWID_API_URL": f"http://127.0.0.1:{box}/ecwid/api/v3",
            "ECWID_OAUTH_URL": f"http://127.0.0.1:{box}/ecwid/oauth",
            "ECWID_ADMIN_URL": f"http://my.ecwid.localhost:{box}",
            "ECWID_FRAME_ANCESTORS": f"http://my.ecwid.localhost:{box}",
            "ECWID_SDK_URL": f"http://cdn.ecwid.localhost:{box}/ecwid-sdk/js/1.3.0/ecwid-app.js",
            "ECWID_STOREFRONT_ORIGIN": f"http://{{store}}.ecwid.localhost:{box}",
        }

    def start_sandbox(self) -> None:
        command = [sys.executable, "-m", "loyalty.sandbox", "--port", str(self.sandbox_port)]
        command += ["--smtp-port", str(self.smtp_port), "--data", str(self.folder), "--app-url", self.app_url]
        self.sandbox = self._start("sandbox", command, {"REGULARS_SANDBOX": "1"})
        self._await(self.sandbox, "sandbox", f"{self.sandbox_url}/_sandbox/state")
        shopify_scopes = self.environment["SHOPIFY_SCOPES"].split(",")
        apps = {
            "shopify": (self.secrets["shopify_key"], self.secrets["shopify_secret"], shopify_scopes),
            "ecwid": (self.secrets["ecwid_client"], self.secrets["ecwid_secret"], settings.ECWID_SCOPES),
        }
        for platform, (client_id, client_secret, scopes) in apps.items():
            app = {"client_id": client_id, "client_secret": client_secret, "app_url": self.app_url, "scopes": scopes}
            requests.put(f"{self.sandbox_url}/_sandbox/{platform}/app", json=app, timeout=10).raise_for_status()

    def start_app(self, *, worker: bool) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        self.app = self._start("app", command if worker else [*command, "--no-worker"], {})
        self._await(self.app, "app", f"{self.app_url}/healthz")

    def fill(self, *, months: int) -> None:
        """The stores' past, with the app open and its worker away: the past has a clock of its own."""
        self.start_app(worker=False)
        if self.run([sys.executable, "manage.py", "fill_demo", "--months", str(months)]):
            raise CommandError("Filling the stores failed; the reason is above. Try again with --reset.")
        _stop(self.app)
        self.app = None

    def run(self, command: list[str]) -> int:
        """A command beside the two, in their environment, in the foreground."""
        environment = {**self.environment, "REGULARS_SANDBOX": "1", "LOG_LEVEL": "WARNING"}
        return subprocess.run(command, cwd=settings.BASE_DIR, env=environment).returncode

    def wait(self) -> None:
        """Until one of the two ends, or Ctrl-C."""
        while True:
            for name, process in (("app", self.app), ("sandbox", self.sandbox)):
                if process is None or process.poll() is not None:
                    raise CommandError(f"The {name} stopped by itself. {self.last_words(name)}")
            time.sleep(0.5)

    def _start(self, name: str, command: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        # A group of its own: Ctrl-C reaches this command only, which then ends them in order.
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env={**self.environment, **more},
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def _await(self, process: subprocess.Popen[bytes], name: str, url: str) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                if requests.get(url, timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        raise CommandError(f"The {name} did not start. {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """The end of a part's log, for whoever has to find out."""
        lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-12:]
        return "\n".join(["It said:", *lines, "", "`--reset` starts over."])

    def where_to_go(self, seconds: float) -> str:
        box = self.sandbox_port
        return f"""
Ready in {seconds:.0f} seconds. Open in a browser:

  Halfmoon Coffee (Shopify)
    storefront   http://halfmoon.shopify.localhost:{box}/
    admin        http://admin.shopify.localhost:{box}/store/halfmoon/apps/{self.secrets["shopify_key"]}
  Lindgren Paper (Ecwid)
    storefront   http://1003.ecwid.localhost:{box}/
    admin        http://my.ecwid.localhost:{box}/
  Staff admin    {self.app_url}/admin/      staff@regulars.test  {self.secrets["staff_password"]}
  Mailbox        http://mail.localhost:{box}/
  Everything     {self.sandbox_url}/

The data and logs lie in {self.folder}. Ctrl-C stops; the same command starts again, --reset starts over.
"""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
