"""What the environment says, and what becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


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
