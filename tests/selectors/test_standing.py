"""What a member has and is shown comes from the checkpoint, and is what a fold of everything says."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.engine.explain import full_text
from loyalty.engine.program import parse_program
from loyalty.engine.recent import KEPT_LINES
from loyalty.engine.statement import Statement
from loyalty.models import Checkpoint, Member, Redemption, Shop
from loyalty.selectors import facts as reading
from loyalty.selectors.members import standing_of, statement_of
from loyalty.services.programs import publish
from loyalty.services.redemptions import redeem
from tests.factories import ALICE, BOB, T0, make_order, make_shop, place
from tests.services.test_checkpoints import DAY, LIVELY, checkpoints_from, long_past, tell

pytestmark = pytest.mark.django_db
NOT_ALL = {"movements", "nothing", "since"}


def lines(statement: Statement) -> list[tuple[Any, ...]]:
    """What is shown, newest first."""
    shown = [(each.at, each.kind, each.points, each.order_id, full_text(each.reason)) for each in statement.movements]
    shown += [(each.at, "nothing", 0, each.source, full_text(each.reason)) for each in statement.nothing]
    return sorted(shown, key=lambda line: line[0], reverse=True)[:20]


def both(shop: Shop, member: Member, at: datetime) -> tuple[Statement, Statement]:
    return (
        standing_of(shop=shop, member=member, as_of=at),
        statement_of(shop=shop, member=member, as_of=at),
    )


def agree(shop: Shop, at: datetime) -> int:
    """How many members began at a checkpoint."""
    begun = 0
    for member in Member.objects.filter(shop=shop, merged_into=None):
        quick, whole = both(shop, member, at)
        begun += quick.since is not None
        for name in set(Statement.__struct_fields__) - NOT_ALL:
            assert getattr(quick, name) == getattr(whole, name), name
        assert lines(quick) == lines(whole)
    return begun


@pytest.mark.parametrize("seed", range(4))
def test_after_every_step_of_a_history_the_quick_answer_is_the_whole_one(seed: int) -> None:
    shop = make_shop()
    publish(shop=shop, program=parse_program(LIVELY), at=T0 + timedelta(seconds=1))
    begun = 0
    with checkpoints_from(4):
        for at, step in tell(seed):
            step(shop, at)
            if random.Random(f"{seed}{at}").random() < 0.3:
                begun += agree(shop, at)
    assert begun > 5


def test_an_order_that_gave_nothing_until_it_was_paid_is_not_said_to_have_given_nothing() -> None:
    shop = make_shop()
    place(shop, make_order("late", at=T0 + 2 * DAY, prices=(700,), paid=False), at=T0 + 2 * DAY)
    now = long_past(shop, 40)
    assert agree(shop, now) == 1
    paid = msgspec.structs.replace(
        make_order("late", at=T0 + 2 * DAY, prices=(700,), paid=False), paid_at=now, updated_at=now
    )
    place(shop, paid, at=now)
    agree(shop, now)


def test_lines_go_from_one_checkpoint_to_the_next() -> None:
    shop = make_shop()
    now = long_past(shop, 100)
    member = Member.objects.get(shop=shop)
    quick, whole = both(shop, member, now)
    assert quick.since is not None
    assert len(quick.movements) >= KEPT_LINES
    assert quick.movements == whole.movements[-len(quick.movements) :]


def test_what_is_read_and_asked_to_redeem_does_not_grow_with_the_history() -> None:
    read: list[int] = []
    asked: list[int] = []
    for orders in (60, 300):
        shop = make_shop()
        now = long_past(shop, orders)
        member = Member.objects.get(shop=shop)
        place(shop, make_order(f"much-{orders}", at=now, prices=(90_000,)), at=now)
        with patch.object(reading, "decode", wraps=reading.decode) as decoded, CaptureQueriesContext(connection) as sql:
            redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=now)
        assert Redemption.objects.filter(shop=shop).count() == 1
        read.append(decoded.call_count)
        asked.append(len(sql))
    assert read[0] == read[1] < 50
    assert asked[0] == asked[1] <= 26


@pytest.mark.parametrize("damaged", [{"recent": b""}, {"recent": b"\xc1"}, {"state": b"rubbish"}, {"engine": 1}])
def test_a_checkpoint_that_cannot_be_read_is_passed_over(damaged: dict[str, Any]) -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    Checkpoint.objects.filter(shop=shop).update(**damaged)
    quick, whole = both(shop, Member.objects.get(shop=shop), now)
    assert quick == whole
    place(shop, make_order("next", at=now, prices=(1000,)), at=now)
    agree(shop, now)


def test_a_member_of_few_orders_is_folded_whole() -> None:
    shop = make_shop()
    place(shop, make_order("1"), BOB)
    place(shop, make_order("2"), ALICE)
    assert agree(shop, T0 + 9 * DAY) == 0
