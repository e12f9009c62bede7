"""Everything the database holds, as text to search in."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

from loyalty.models.crypto import EncryptedTextField


def dump() -> str:
    """Every value of every row of every table, and what is encrypted once more in the clear."""
    values = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                values += [bytes(value).decode(errors="replace") if _is_bytes(value) else str(value) for value in row]
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                values += [str(value) for value in model._base_manager.values_list(field.attname, flat=True)]
    return "\n".join(values)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)
