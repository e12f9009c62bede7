"""Settings that every test shares, and what a plain `pytest` leaves out because nothing has started it."""

import os
from collections import Counter
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from config.bootstrap import ROOT
from tests.flush import let_the_flush_through

pytest_plugins = ["tests.chromium", "tests.profiles"]
POSTGRES = "django.db.backends.postgresql"
ALONE = ("conformance", "dashboard", "engine", "languages", "platforms", "properties", "sandbox", "storefront_widget")
"""Rooms of tests that start no process which would have the database instead of them."""
DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}
NEEDS = ("browser", "load", "postgres", "redis", "needs_npm")
LEFT_OUT: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="browser tests write the README's pictures anew")


def pytest_configure(config: pytest.Config) -> None:
    let_the_flush_through()
    settings.SECRET_KEY = "tests-only-secret-key-of-no-worth-anywhere-at-all-really"
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.WHITENOISE_AUTOREFRESH = True  # else every client of a test would list all static files for itself
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow hash protects nobody here


@pytest.hookimpl(tryfirst=True)  # before -m chooses by what is marked here
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in filter(_knows_no_database, items):
        item.add_marker("once")
    lacking = _lacking()
    left_out = [item for item in items if any(item.get_closest_marker(marker) for marker in lacking)]
    for item in left_out:
        LEFT_OUT[next(marker for marker in lacking if item.get_closest_marker(marker))] += 1
    items[:] = [item for item in items if item not in set(left_out)]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LEFT_OUT and "DATABASE_URL" not in os.environ and "TEST_NODE" not in os.environ:
        groups = ", ".join(f"{count} {marker}" for marker, count in LEFT_OUT.items())
        terminalreporter.write_line(f"Left out: {groups}. 'python3 manage.py test' runs everything.")


def _knows_no_database(item: pytest.Item) -> bool:
    """pytest-django keeps a test from the database that does not ask for it: a second run would say the same."""
    room = item.path.relative_to(ROOT / "tests").parts[0]
    asks = DATABASE.intersection(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db")
    return room in ALONE and not asks and not any(map(item.get_closest_marker, NEEDS))


def _lacking() -> list[str]:
    present = {
        "browser": "TEST_CHROMIUM" in os.environ,
        "load": "TEST_LOAD" in os.environ,
        "postgres": settings.DATABASES["default"]["ENGINE"] == POSTGRES,
        "redis": "TEST_REDIS_URL" in os.environ,
        "needs_npm": "TEST_NODE" in os.environ,
    }
    return [marker for marker, is_here in present.items() if not is_here]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The embedded edition is a file in WAL mode; SQLite's memory databases lock and forget differently."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != POSTGRES:
        file: Path = tmp_path_factory.mktemp("database") / "regulars.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(file)
