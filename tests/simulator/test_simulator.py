"""Members, deliveries, clocks and crashes by chance: a seed is a history, the same each time it is told.

python3 manage.py test tests/simulator -k "whatever_happens and [17]"     tells the history of seed 17 again
REGULARS_SEEDS=1000 python3 manage.py test tests/simulator                tells a thousand
"""

from __future__ import annotations

import os

import pytest
from django.db import transaction

from tests.simulator.history import History
from tests.simulator.judge import judge

pytestmark = pytest.mark.django_db
SEEDS = range(1, 1 + int(os.environ.get("REGULARS_SEEDS", "200")))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_books_are_what_the_store_says(seed: int) -> None:
    history = History(seed)
    try:
        judge(history.world, history.program, history.live(), history.now)
    except BaseException:
        print("\n".join([*history.told, f"Seed {seed}, program {history.program!r}. To tell it again: -k '[{seed}]'"]))
        raise


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_seed_is_one_history(seed: int) -> None:
    def tell() -> str:
        history = History(seed)
        with transaction.atomic():
            history.live()
            digest = history.digest()
            transaction.set_rollback(True)
        return digest

    assert tell() == tell()
