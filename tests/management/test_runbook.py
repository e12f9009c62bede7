"""The runbook has an entry for every alert and every finding, and names nothing that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from loyalty import metrics
from loyalty.management import checkup
from loyalty.models import QueueState, Redemption, Shop, VerifyRun
from loyalty.webhooks import RECEIVED
from tests.factories import make_shop

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docs" / "runbook.md").read_text()
ENTRIES = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
ALERTS = re.findall(r"^\| ([^|]+) \| (.+?) \| \[([^\]]+)\]\(#([^)]+)\) \|$", TEXT, re.M)
HOW_TO = {
    "What to watch",
    "Somebody asks for their data, or to be forgotten",
    "New encryption keys",
    "Stopping and updating",
    "Backup and restore",
}


def slug(title: str) -> str:
    """As the pages that show Markdown make it."""
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")


def findings() -> Iterator[tuple[int, str]]:
    """Line and entry of every finding that is not all right."""
    tree = ast.parse(Path(checkup.__file__).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
            level = node.args[0]
            if not (isinstance(level, ast.Constant) and level.value == "ok"):
                entries = [each.value for each in node.keywords if each.arg == "entry"]
                yield node.lineno, getattr(entries[0], "value", "") if entries else ""


def test_every_alert_leads_to_its_entry() -> None:
    assert len(ALERTS) >= 13
    for name, _rule, title, anchor in ALERTS:
        assert title in ENTRIES, name
        assert anchor == slug(title), name


def test_every_finding_of_the_doctor_leads_to_its_entry() -> None:
    found = dict(findings())
    assert len(found) > 15
    assert {line: entry for line, entry in found.items() if entry not in ENTRIES} == {}


def test_every_entry_says_what_it_means_where_to_look_and_what_to_do() -> None:
    for title, body in ENTRIES.items():
        if title not in HOW_TO:
            for part in ("**Means**", "**Look**", "**Do**"):
                assert part in body, title


def test_every_entry_is_somebodys() -> None:
    told = {title for _name, _rule, title, _anchor in ALERTS} | {entry for _line, entry in findings()}
    assert set(ENTRIES) - HOW_TO - told == set()


def test_every_link_within_the_page_leads_somewhere() -> None:
    anchors = {slug(title) for title in ENTRIES}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


@pytest.mark.django_db
def test_every_figure_and_label_of_an_alert_is_one_of_ours() -> None:
    make_shop()
    now = datetime.now(UTC)
    VerifyRun.objects.create(started_at=now, finished_at=now)
    figures = {family.name for family in metrics.Tables(now).collect()} | {f"{RECEIVED._name}_total"}
    rules = " ".join(rule for _name, rule, _title, _anchor in ALERTS)
    named = set(re.findall(r"regulars_\w+", rules))
    assert len(named) >= 9
    assert named <= figures
    states = {*QueueState.values, *Redemption.State.values, *Shop.Status.values, "missing", "changed"}
    assert set(re.findall(r'(?:state|status|was)="(\w+)"', rules)) <= states


def test_every_command_setting_and_log_line_it_names_is_there() -> None:
    commands = {name for name, app in get_commands().items() if app == "loyalty"} | {"migrate"}
    assert set(re.findall(r"manage\.py (\w+)", TEXT)) <= commands
    ours = (ROOT / "config" / "settings.py").read_text()
    for name in set(re.findall(r"`([A-Z][A-Z_]{5,})`", TEXT)) - {"SIGTERM", "PROMETHEUS_MULTIPROC_DIR"}:
        assert f'"{name}"' in ours, name
    code = "".join(path.read_text() for path in (ROOT / "loyalty").rglob("*.py"))
    events = set(re.findall(r"`((?:door|inbox|outbox|worker|due|reconcile|circuit|expiry|history)\.[a-z_]+)`", TEXT))
    assert len(events) >= 5
    for event in events:
        assert f'"{event}"' in code, event
