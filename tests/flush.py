"""Transactional tests empty the tables after themselves. The ledger's guards say no to that, as they should, so the
suite's own flush - and nothing else - goes round them. Django's would make every index and every permission anew, which
took longer than most of the tests."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from loyalty.models import guards

KEPT = {"django_content_type", "auth_permission", "django_migrations"}
"""What the migrations leave there; no test changes it."""


def let_the_flush_through() -> None:
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]


def _teardown(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(connections[alias])


def empty(connection: BaseDatabaseWrapper) -> None:
    """Every table that tests write, behind whoever is still writing."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    if connection.vendor == "postgresql":
        _empty_postgres(connection, tables)
        return
    guards.remove(connection)
    try:
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))
    finally:
        guards.install(connection)


def _empty_postgres(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Rows are deleted where there are any, without triggers: those that say no, and those of foreign keys. The run's
    own server lets its user do that."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in tables))
        cursor.execute(
            "SET LOCAL session_replication_role = replica; "
            + "; ".join(f"DELETE FROM {table}" for (table,) in cursor.fetchall())
        )
