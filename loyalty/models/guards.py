"""The database itself says no to whoever would change the ledger, even in raw SQL."""

from __future__ import annotations

import re

from django.db.backends.base.base import BaseDatabaseWrapper

_TABLE = "loyalty_ledgerentry"
_NO = "The ledger is append-only: post a correction instead"

_INSTALL = {
    "postgresql": (
        f"""
        CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_NO}' USING ERRCODE = 'integrity_constraint_violation'; END $$
        """,
        f"""
        CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON {_TABLE}
        FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()
        """,
        f"""
        CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON {_TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()
        """,
    ),
    "sqlite": (
        f"CREATE TRIGGER ledger_no_update BEFORE UPDATE ON {_TABLE} BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
        f"CREATE TRIGGER ledger_no_delete BEFORE DELETE ON {_TABLE} BEGIN SELECT RAISE(ABORT, '{_NO}'); END",
        # INSERT OR REPLACE deletes without asking a delete trigger, unless a pragma of the connection says so.
        f"""
        CREATE TRIGGER ledger_no_replace BEFORE INSERT ON {_TABLE}
        WHEN EXISTS (
            SELECT 1 FROM {_TABLE} old WHERE old.id = NEW.id OR (
                old.shop_id = NEW.shop_id AND old.member_id = NEW.member_id AND old.kind = NEW.kind
                AND old.source = NEW.source AND old.part = NEW.part AND old.revision = NEW.revision
            )
        ) BEGIN SELECT RAISE(ABORT, '{_NO}'); END
        """,
    ),
}
_REMOVE = {
    "postgresql": (
        f"DROP TRIGGER ledger_no_change ON {_TABLE}",
        f"DROP TRIGGER ledger_no_truncate ON {_TABLE}",
        "DROP FUNCTION ledger_is_append_only()",
    ),
    "sqlite": ("DROP TRIGGER ledger_no_update", "DROP TRIGGER ledger_no_delete", "DROP TRIGGER ledger_no_replace"),
}


_NAMES = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
}


def are_installed(connection: BaseDatabaseWrapper) -> bool:
    """True where every trigger is there and enabled."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES[connection.vendor], [_TABLE])
        found = {name for (name,) in cursor.fetchall()}
    made = " ".join(_INSTALL[connection.vendor])
    return found >= set(re.findall(r"CREATE TRIGGER (\w+)", made))


def install(connection: BaseDatabaseWrapper) -> None:
    """Run by the first migration."""
    with connection.cursor() as cursor:
        for statement in _INSTALL[connection.vendor]:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """For un-migrating, and for the test suite's own flush."""
    with connection.cursor() as cursor:
        for statement in _REMOVE[connection.vendor]:
            cursor.execute(statement)
