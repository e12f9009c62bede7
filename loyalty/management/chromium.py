"""A real browser for the bench, slowed down as a cheap phone is, and what its users would have waited for.

playwright is a development dependency; Chromium is the machine's own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.core.management.base import CommandError

SLOWDOWN = 4
_FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
_OBSERVE = """
window.vitals = {lcp_ms: 0, cls: 0, inp_ms: 0, blocked_ms: 0};
const watch = (type, take, more) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type, buffered: true, ...more});
watch("largest-contentful-paint", (entry) => { vitals.lcp_ms = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) vitals.cls += entry.value; });
watch("event", (entry) => { if (entry.interactionId) vitals.inp_ms = Math.max(vitals.inp_ms, entry.duration); }, {durationThreshold: 16});
watch("longtask", (entry) => { vitals.blocked_ms += Math.max(0, entry.duration - 50); });
"""
"""Of the document since it was opened: largest contentful paint, cumulative layout shift, the slowest interaction, and
what tasks took beyond 50 ms each."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Raises CommandError where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
    try:
        playwright = import_module("playwright.sync_api")
    except ImportError:
        raise CommandError("This needs the development packages: run `python3 manage.py test` once.") from None
    if not found:
        raise CommandError("This needs Chromium; on Debian it is the package chromium.")
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def slow_page(context: Any) -> Any:
    """A page whose processor is SLOWDOWN times slower, and that keeps its vitals."""
    page = context.new_page()
    page.add_init_script(_OBSERVE)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


def vitals(page: Any) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("vitals")
    return found
