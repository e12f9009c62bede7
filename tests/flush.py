"""Transactional tests empty the tables after themselves. The ledger's guards say no to that, as they should, so the
suite's own flush - and nothing else - lifts them for the moment."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations

from loyalty.models import guards

_flush = BaseDatabaseOperations.execute_sql_flush


def _flush_without_guards(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
    connection = connections[self.connection.alias]
    guards.remove(connection)
    try:
        _flush(self, sql_list)
    finally:
        guards.install(connection)


def let_the_flush_through() -> None:
    BaseDatabaseOperations.execute_sql_flush = _flush_without_guards  # type: ignore[method-assign]
