"""Shoppers of every kind in the stores of fill.py, in a real browser on the stand-ins' own pages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Running, Watch
from tests.browser.widget.shopper import Shopper

Come = Callable[..., Shopper]


@pytest.fixture(scope="session")
def filled(running: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("widget") / "stores.json"
    code = f"from tests.browser.widget.fill import main; main({str(file)!r})"
    assert running.demo.run([sys.executable, "manage.py", "shell", "--no-imports", "-c", code]) == 0
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.fixture(params=["shopify", "ecwid"])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def come(running: Running, filled: dict[str, Any], platform: str, browser: Browser, watch: Watch) -> Iterator[Come]:
    """come("marta"), come("", "bare"): somebody, or a guest, on the front page of a store. More keywords are the browser
    context's own."""
    opened: list[Shopper] = []

    def one(name: str = "", store: str = "rich", **options: Any) -> Shopper:
        shopper = Shopper(running, platform, filled[platform][store], name, browser, options)
        opened.append(shopper)
        shopper.page.on("pageerror", lambda error: watch.faults.append(f"{shopper.page.url}: {error}"))
        shopper.page.on("request", lambda request: watch.request(request.url))
        return shopper

    yield one
    for shopper in opened:
        shopper.page.context.close()
