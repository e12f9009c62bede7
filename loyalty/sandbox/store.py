"""A small document store on SQLite: kind, owner, id -> JSON, with a look-up key and a time to sort by.

One connection behind one lock: the sandbox serves a handful of people, and a lock that is held for a whole
`transaction()` makes "read, decide, write" safe in every handler without a second thought.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '', at TEXT NOT NULL DEFAULT '', body TEXT NOT NULL,
    UNIQUE (kind, owner, id)
);
CREATE INDEX IF NOT EXISTS document_key ON document (kind, owner, key);
CREATE INDEX IF NOT EXISTS document_at ON document (kind, owner, at);
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    """Documents in `path`; ':memory:' works too. Safe to use from many threads."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Losing the last second of a sandbox at a power cut is fine; waiting for the disk at each webhook is not.
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.executescript(SCHEMA)
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and one SQLite transaction; may be nested, the outermost commits."""
        with self.lock:
            outermost = self._depth == 0
            if outermost:
                self.connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self.connection
            except BaseException:
                if outermost:
                    self.connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self.connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def put(self, kind: str, owner: str, id: str | int, body: Document, *, key: str = "", at: str = "") -> None:
        """Write a whole document; an existing one with that id is replaced and keeps its place in the order."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO document (kind, owner, id, key, at, body) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, owner, id) DO UPDATE SET key = excluded.key, at = excluded.at, body = excluded.body",
                (kind, owner, str(id), key, at, json.dumps(body, separators=(",", ":"))),
            )

    def get(self, kind: str, owner: str, id: str | int) -> Document | None:
        rows = self._rows("kind = ? AND owner = ? AND id = ?", (kind, owner, str(id)), "")
        return rows[0] if rows else None

    def find(self, kind: str, owner: str, key: str) -> list[Document]:
        """All documents of an owner with that look-up key, oldest first."""
        return self._rows("kind = ? AND owner = ? AND key = ?", (kind, owner, key), "ORDER BY seq")

    def all(
        self, kind: str, owner: str, *, newest_first: bool = False, limit: int | None = None, offset: int = 0
    ) -> list[Document]:
        """Documents of an owner by `at`, then by the order in which they were first written."""
        way = "DESC" if newest_first else "ASC"
        tail = f"ORDER BY at {way}, seq {way} LIMIT {int(limit) if limit is not None else -1} OFFSET {int(offset)}"
        return self._rows("kind = ? AND owner = ?", (kind, owner), tail)

    def everywhere(self, kind: str) -> list[Document]:
        """Documents of a kind of all owners, in the order in which they were first written."""
        return self._rows("kind = ?", (kind,), "ORDER BY seq")

    def count(self, kind: str, owner: str) -> int:
        with self.lock:
            row = self.connection.execute(
                "SELECT count(*) FROM document WHERE kind = ? AND owner = ?", (kind, owner)
            ).fetchone()
        return int(row[0])

    def keys_by_count(self, kind: str, owner: str, limit: int) -> list[tuple[str, int]]:
        """The look-up keys that most documents of an owner share, with how many; the empty key is none."""
        with self.lock:
            rows = self.connection.execute(
                "SELECT key, count(*) FROM document WHERE kind = ? AND owner = ? AND key != '' "
                "GROUP BY key ORDER BY count(*) DESC, key LIMIT ?",
                (kind, owner, limit),
            ).fetchall()
        return [(str(key), int(count)) for key, count in rows]

    def delete(self, kind: str, owner: str, id: str | int | None = None) -> int:
        """Remove one document, or all of an owner's of that kind; says how many went."""
        with self.transaction() as connection:
            if id is None:
                return connection.execute("DELETE FROM document WHERE kind = ? AND owner = ?", (kind, owner)).rowcount
            return connection.execute(
                "DELETE FROM document WHERE kind = ? AND owner = ? AND id = ?", (kind, owner, str(id))
            ).rowcount

    def next(self, name: str, *, start: int = 1, step: int = 1) -> int:
        """The next number of a named sequence; it survives a restart and is never given twice."""
        with self.transaction() as connection:
            row = connection.execute(
                "INSERT INTO sequence (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + ? RETURNING value",
                (name, start, step),
            ).fetchone()
        return int(row[0])

    def secret(self, name: str) -> str:
        """A random secret, made at first use and kept."""
        with self.transaction():
            kept = self.get("secret", "", name)
            if kept is None:
                kept = {"value": secrets.token_hex(32)}
                self.put("secret", "", name, kept)
        return str(kept["value"])

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def _rows(self, where: str, values: tuple[str, ...], tail: str) -> list[Document]:
        with self.lock:
            rows = self.connection.execute(f"SELECT body FROM document WHERE {where} {tail}", values).fetchall()
        return [json.loads(row[0]) for row in rows]
