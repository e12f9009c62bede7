"""The database driver's own cursor, for the few statements that are asked more often than all others together."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection


def driver_cursor() -> Any:
    """Django's cursor for PostgreSQL writes every value into the statement's text: a body of 10 KB as 20 KB of hex digits,
    and no two statements alike. The driver's sends values as they are, so that PostgreSQL plans a statement once for a
    connection (`prepare_threshold`, config/settings.py). Errors are Django's, and queries are counted as Django's are."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    cursor: Any = psycopg.Cursor(connection.connection)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)
