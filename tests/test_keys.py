"""The embedded edition's own keys: made once, whole, and for their owner alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.keys import kept_keys, make_keys


def test_keys_are_made_once_whoever_starts_at_once(tmp_path: Path) -> None:
    assert kept_keys(tmp_path) is None
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: make_keys(tmp_path), range(16)))
    assert all(keys == kept_keys(tmp_path) for keys in made)
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


def test_a_broken_file_says_what_to_do_and_stays(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"secret_key": "abc')
    with pytest.raises(ImproperlyConfigured, match="restore it from a backup"):
        kept_keys(tmp_path)
    with pytest.raises(ImproperlyConfigured):
        make_keys(tmp_path)
    assert (tmp_path / "keys.json").read_text() == '{"secret_key": "abc'
