"""The README says what is there: every setting, and no path that has gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
MAX_PICTURE_BYTES = 200_000

pytestmark = pytest.mark.once


def test_every_variable_that_is_read_stands_in_the_table() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'(?:environ\.get|_flag|_list|_whole)\(\s*"([A-Z][A-Z0-9_]+)"', settings))
    assert "APP_URL" in read
    table = README.partition("### Settings")[2].partition("## ")[0]
    assert read - set(re.findall(r"`([A-Z][A-Z0-9_]+)`", table)) == set()


def test_every_path_and_picture_of_the_readme_is_there() -> None:
    linked = set(re.findall(r"\]\((?!http)([^)#]+)\)", README))
    named = set(re.findall(r"`((?:loyalty|tests|config|storefront_widget|docs)/[^`*]*?)`", README))
    assert [path for path in linked | named if not (ROOT / path).exists()] == []


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs").rglob("*.png"))
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size > MAX_PICTURE_BYTES] == []
