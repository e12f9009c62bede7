"""The product in a real browser: the demo's two processes, Chromium, and a watch on where pages reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page

from loyalty.management.commands.demo import Demo
from loyalty.management.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SHOTS = ROOT / "docs" / "screenshots"


@dataclass(frozen=True)
class Running:
    """Where everything is while the tests run."""

    app_url: str
    sandbox_url: str
    shopify_key: str
    demo: Demo

    @property
    def port(self) -> int:
        return urlsplit(self.sandbox_url).port or 0

    def at(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def control(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        answer = requests.request(method, f"{self.sandbox_url}/_sandbox{path}", json=body, timeout=60)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Demo(tmp_path_factory.mktemp("demo"), free_port(), free_port()) as demo:
        demo.environment["SHOPIFY_BILLING_PLANS"] = "Starter 9.00 USD monthly 14"
        demo.start_sandbox()
        demo.fill(months=3)
        demo.start_app(worker=True)
        yield Running(demo.app_url, demo.sandbox_url, demo.secrets["shopify_key"], demo)


class Watch:
    """What a page did that it must not: errors, and requests to hosts that are neither ours nor the sandbox's."""

    def __init__(self, running: Running) -> None:
        self.ports = {urlsplit(running.app_url).port, running.port}
        self.faults: list[str] = []

    def over(self, page: Page) -> None:
        page.on("request", lambda request: self.request(request.url))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                self.faults.append(f"{page.url}: {said.text} ({said.location['url']})")
                if said.type == "error"
                else None
            ),
        )

    def request(self, url: str) -> None:
        parts = urlsplit(url)
        local = parts.hostname == "127.0.0.1" or (parts.hostname or "").endswith(".localhost")
        if parts.scheme in ("http", "https", "ws", "wss") and not (local and parts.port in self.ports):
            self.faults.append(f"a request to {url}")


@pytest.fixture
def watch(running: Running) -> Iterator[Watch]:
    """At the end of the test nothing may have gone wrong in any page it opened."""
    found = Watch(running)
    yield found
    assert not found.faults


@pytest.fixture
def context(browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    made.on("page", watch.over)
    yield made
    made.close()


@pytest.fixture
def axe() -> str:
    """The accessibility checker's source, from the development packages."""
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> object:
    """Writes a picture for the README where --screenshots asks for it; otherwise does nothing."""
    wanted = request.config.getoption("--screenshots")

    def take(page: Page, name: str) -> None:
        if wanted:
            SHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SHOTS / f"{name}.png")

    return take
