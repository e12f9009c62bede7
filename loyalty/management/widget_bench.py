"""What the widget costs a shop's page: bytes as Chromium receives them, what moves, what blocks, and Lighthouse's score of
the stand-in store with the widget and without, in turns. Needs Chromium and the development tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import CommandError

from loyalty.management.chromium import SLOWDOWN, chromium, slow_page, vitals
from loyalty.management.commands.demo import Demo
from loyalty.management.ports import free_port

PHONE = {"width": 375, "height": 700}
SETTLED_MS = 4_000
"""After which nothing of a page's beginning is left to happen, at this slowdown."""

LIGHTHOUSE_SECONDS = 180
_MODULE = re.compile(r"/widget/v1/([\w./-]+\.js)")


@dataclass
class Visit:
    """One look at a page: bytes of bodies by module, the sum of layout shifts, milliseconds of long tasks beyond 50."""

    modules: dict[str, int] = field(default_factory=dict)
    moved: float = 0.0
    blocked_ms: float = 0.0


def measure(*, pairs: int) -> dict[str, Any]:
    with _store() as store:
        found = _looked_at(store, pairs=pairs)
        return {**found, **_lighthouse(store, pairs=pairs)}


class Store:
    """The stand-in store of the demo, its embed and its theme."""

    def __init__(self, demo: Demo) -> None:
        self.page = f"http://halfmoon.shopify.localhost:{demo.sandbox_port}/"
        self._controls = f"{demo.sandbox_url}/_sandbox/shopify/shops/halfmoon.myshopify.com"

    def set(self, *, widget: bool, heavy: bool) -> None:
        for path, body in (("embed", {"enabled": widget}), ("theme", {"heavy": heavy})):
            requests.put(f"{self._controls}/{path}", json=body, timeout=10).raise_for_status()


@contextmanager
def _store() -> Iterator[Store]:
    with (
        tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder,
        Demo(Path(folder), free_port(), free_port()) as demo,
    ):
        demo.start_sandbox()
        demo.fill(months=1)
        demo.start_app(worker=False)
        yield Store(demo)


def _looked_at(store: Store, *, pairs: int) -> dict[str, Any]:
    """On the light theme, where nothing else blocks, so that what is seen is the widget's."""
    plain: list[Visit] = []
    dressed: list[Visit] = []
    with chromium() as browser:
        for _ in range(pairs + 1):
            for widget, visits in ((False, plain), (True, dressed)):
                store.set(widget=widget, heavy=False)
                visits.append(_visit(browser, store.page))
    plain, dressed = plain[1:], dressed[1:]  # the first pair warms the servers
    modules = dressed[-1].modules
    if "loader.js" not in modules or "panel.js" not in modules:
        raise CommandError(f"The store's page did not load the widget: {', '.join(modules) or 'nothing'}.")
    blocked = [statistics.median(visit.blocked_ms for visit in visits) for visits in (dressed, plain)]
    return {
        "loader_bytes": modules["loader.js"],
        "total_bytes": sum(size for name, size in modules.items() if not _is_of_blocks(name)),
        "blocks_bytes": sum(size for name, size in modules.items() if _is_of_blocks(name)),
        "modules": modules,
        "layout_shift": round(max(visit.moved for visit in dressed) - max(visit.moved for visit in plain), 4),
        "blocking_ms_added": round(blocked[0] - blocked[1], 1),
        "slowdown": SLOWDOWN,
    }


def _is_of_blocks(module: str) -> bool:
    """Of what stands on the shop's own pages, with the nudge, and not of the panel."""
    return "blocks" in module or module == "clear.js"


def _visit(browser: Any, address: str) -> Visit:
    """A first visit: nothing is in the browser's cache."""
    context = browser.new_context(viewport=PHONE, locale="en-US")
    page = slow_page(context)
    received = _received(context.new_cdp_session(page))
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLED_MS)
    seen = vitals(page)
    context.close()
    return Visit(dict(received), seen["cls"], seen["blocked_ms"])


def _received(session: Any) -> dict[str, int]:
    """Bytes of the body of each module of ours, as they came over the wire."""
    names: dict[str, str] = {}
    received: dict[str, int] = {}

    def responded(event: dict[str, Any]) -> None:
        found = _MODULE.search(event["response"]["url"])
        if found:
            names[event["requestId"]] = found[1]
            received.setdefault(found[1], 0)

    def came(event: dict[str, Any]) -> None:
        name = names.get(event["requestId"])
        if name:
            received[name] += event["encodedDataLength"]

    session.on("Network.responseReceived", responded)
    session.on("Network.dataReceived", came)
    session.send("Network.enable")
    return received


def _lighthouse(store: Store, *, pairs: int) -> dict[str, Any]:
    """Medians of the performance score on the heavy theme, or why there are none."""
    program = shutil.which("lighthouse") or str(settings.BASE_DIR / "node_modules" / ".bin" / "lighthouse")
    if not Path(program).exists():
        return {"lighthouse": "not installed: npm install --no-save --ignore-scripts lighthouse@12.8.2"}
    scores: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(pairs):
        for widget in (False, True):
            store.set(widget=widget, heavy=True)
            scores[widget].append(_score(program, store.page))
    without, with_it = (statistics.median(scores[widget]) for widget in (False, True))
    return {
        "lighthouse_without": without,
        "lighthouse_with": with_it,
        "lighthouse_lost": round(without - with_it, 1),
        "lighthouse_scores": [scores[False], scores[True]],
    }


def _score(program: str, address: str) -> float:
    """0 to 100, as Lighthouse judges a phone on a slow line."""
    flags = "--headless=new --disable-background-networking --disable-component-update --disable-sync"
    flags += " --no-sandbox" if os.geteuid() == 0 else ""
    command = [program, address, "--only-categories=performance", "--output=json", "--quiet", f"--chrome-flags={flags}"]
    environment = {**os.environ, "CHROME_PATH": _chromium()}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=LIGHTHOUSE_SECONDS)
    except subprocess.TimeoutExpired:
        raise CommandError(f"Lighthouse took longer than {LIGHTHOUSE_SECONDS} seconds.") from None
    if done.returncode:
        raise CommandError(f"Lighthouse said: {done.stderr[-500:]}")
    return round(100 * json.loads(done.stdout)["categories"]["performance"]["score"], 1)


def _chromium() -> str:
    found = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise CommandError(
            "Chromium is not installed; on Debian it is the package chromium. Or name one: TEST_CHROMIUM."
        )
    return found
