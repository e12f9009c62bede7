"""The database refuses to change the ledger, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import make_member, make_shop

pytestmark = pytest.mark.django_db(transaction=True)

CHANGES = [
    "UPDATE loyalty_ledgerentry SET points = points + 1",
    "DELETE FROM loyalty_ledgerentry",
    "DELETE FROM loyalty_ledgerentry WHERE points > 0",
]
BY_DATABASE = {
    "postgresql": ["TRUNCATE loyalty_ledgerentry", "TRUNCATE loyalty_shop CASCADE"],
    "sqlite": ["INSERT OR REPLACE INTO loyalty_ledgerentry SELECT * FROM loyalty_ledgerentry"],
}


def test_raw_sql_cannot_update_delete_truncate_or_replace_a_ledger_row() -> None:
    make_member(make_shop(), points=40)
    for statement in CHANGES + BY_DATABASE[connection.vendor]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(points), count(*) FROM loyalty_ledgerentry")
        assert cursor.fetchone() == (40, 1)
