"""Many at once, each with a connection of its own, as processes have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import DatabaseError, connection, connections

from loyalty.engine.errors import LoyaltyError
from loyalty.services.orders import TryAgain

T = TypeVar("T")


def race(racers: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Starts all at the same moment; what each returned or raised, in their order."""
    start = Barrier(len(racers))

    def run(racer: Callable[[], T]) -> T | Exception:
        try:
            connection.ensure_connection()
            start.wait()
            return racer()
        except (LoyaltyError, TryAgain, DatabaseError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(run, racers))


def failures(results: Sequence[object]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]


def deadlocks() -> int:
    """How many PostgreSQL has broken in this database. A backend tells when it is idle or ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
