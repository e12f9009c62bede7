"""What the environment says, and what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import refusals

pytestmark = pytest.mark.once


def told(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The value of an expression over a fresh process's settings."""
    return subprocess.run(
        [sys.executable, "-c", f"from config import settings as s; print({expression})"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_mail_password_may_hold_any_letter_and_ports_follow_the_protocol(tmp_path: Path) -> None:
    url = "smtp+tls://shop%40example.com:a%2Fb%3Fc@mail.example.com"
    answer = told("s.EMAIL_HOST_USER, s.EMAIL_HOST_PASSWORD, s.EMAIL_PORT", EMAIL_URL=url, DATA_DIR=str(tmp_path))
    assert answer.stdout.split() == ["shop@example.com", "a/b?c", "587"]


@pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "INBOX_BATCH"])
def test_what_is_no_number_is_named(name: str, tmp_path: Path) -> None:
    answer = told("s", **{name: "many"}, DATA_DIR=str(tmp_path))
    assert answer.returncode
    assert f"{name} is 'many'. Set it to a whole number" in answer.stderr


@pytest.mark.parametrize(("name", "value"), [("INBOX_BATCH", "0"), ("QUEUE_KEEP_DAYS", "1"), ("VERIFY_HOUR", "24")])
def test_a_number_out_of_its_span_is_named_with_the_span(name: str, value: str, tmp_path: Path) -> None:
    answer = told("s", **{name: value}, DATA_DIR=str(tmp_path))
    assert answer.returncode
    assert f"{name} is '{value}'. Set it to a whole number from " in answer.stderr


REFUSED = {
    "another database": ({"DATABASE_URL": "mysql://u:planted@h/x"}, "DATABASE_URL begins with 'mysql'"),
    "no scheme": ({"DATABASE_URL": "regulars"}, "DATABASE_URL begins with 'regulars'"),
    "a port of letters": ({"DATABASE_URL": "postgres://u:planted@h:port/x"}, "DATABASE_URL cannot be read"),
    "a slash in a password": ({"DATABASE_URL": "postgres://u:planted/a@h:5432/x"}, "%2F"),
    "a short key": ({"SECRET_KEY": "planted"}, "SECRET_KEY has 7 characters"),
    "half an address": ({"APP_URL": "https://[x"}, "APP_URL is no address"),
    "a port too far": ({"EMAIL_URL": "smtp://u:planted@h:99999"}, "EMAIL_URL is no address"),
    "a folder in a file": ({"DATA_DIR": "{file}/data"}, "cannot be made (Not a directory). Set DATA_DIR"),
    "SQLite in a file": ({"DATABASE_URL": "sqlite:///{file}/x.sqlite3"}, "cannot be made"),
    "keys that are a folder": ({"DATA_DIR": "{keys}"}, "keys.json cannot be read (Is a directory)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_work_is_a_sentence_and_no_traceback(what: str, tmp_path: Path) -> None:
    """The last thing that somebody reads who has just typed the setting; and their password is not in it."""
    environment, sentence = REFUSED[what]
    (tmp_path / "file").write_text("")
    (tmp_path / "keys" / "keys.json").mkdir(parents=True)
    places = {"file": str(tmp_path / "file"), "keys": str(tmp_path / "keys")}
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    given = {name: value.format(**places) for name, value in environment.items()}
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env={"DATA_DIR": str(tmp_path), **clean, **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "planted" not in answer.stderr


def test_a_folder_that_is_not_ours_to_write_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is root may write everywhere, so the question is answered for them."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImproperlyConfigured, match="cannot be written to"):
        refusals.folder(tmp_path, "DATA_DIR")


@pytest.mark.parametrize(
    ("asked", "threshold"), [("", "5"), ("?prepare_threshold=0", "None"), ("?prepare_threshold=9", "9")]
)
def test_statements_are_planned_once_unless_the_address_of_the_database_says_never(asked: str, threshold: str) -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from config import settings; print(settings._database['OPTIONS']['prepare_threshold'])",
        ],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"postgres://regulars@127.0.0.1:5432/regulars{asked}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.stdout.strip() == threshold, said.stderr
