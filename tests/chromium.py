"""Debian's Chromium for every room of tests, and how long a page may take. A plugin of conftest.py: one browser serves a
whole process, each test opens a context of its own in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A frame in a process of its own gets clicks for a moment yet where it lay before a page was scrolled.
    "--disable-site-isolation-trials",
]
expect.set_options(
    timeout=30_000
)  # as long as Playwright waits for anything else: a busy machine is no fault of a page


class Chromium:
    """A browser that is started when first asked for, and anew should it have died."""

    def __init__(self, playwright: Playwright) -> None:
        # Its sandbox needs rights that root in a container lacks.
        self._flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        self._playwright = playwright
        self._browser: Browser | None = None

    def living(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(
                executable_path=os.environ["TEST_CHROMIUM"], args=self._flags
            )
        return self._browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver keeps an event loop in the tests' thread
    with sync_playwright() as playwright:
        yield Chromium(playwright)


@pytest.fixture
def browser(chromium: Chromium) -> Browser:
    return chromium.living()
