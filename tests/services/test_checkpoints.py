"""A checkpoint saves reading and changes nothing: whatever comes, in whatever order, the rows are the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.engine import checkpoint as engine
from loyalty.engine.errors import Refused
from loyalty.engine.facts import Order
from loyalty.engine.program import parse_program
from loyalty.models import Checkpoint, LedgerEntry, Member, Redemption, Shop, StoredFact
from loyalty.selectors import facts as reading
from loyalty.services import posting
from loyalty.services.adjustments import adjust
from loyalty.services.auditing import audit
from loyalty.services.intake import record
from loyalty.services.observations import Person, PersonSeen, RefundSeen
from loyalty.services.posting import FoldedByNewer
from loyalty.services.programs import publish
from loyalty.services.redemptions import give_back, redeem
from loyalty.worker import schedule
from tests.factories import ALICE, BOB, T0, assert_books, balance, make_order, make_shop, place, refund_of, seen

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIVELY = {
    "name": "Lively",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Riga",
    "rules": [
        {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100},
        {"kind": "per_amount", "id": "more", "points": 1, "per_minor": 300, "caps": [{"per": "month", "points": 40}]},
    ],
    "tiers": [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 40000}],
    "rewards": [{"id": "off", "name": "Off", "kind": "amount_off", "points": 60, "value_minor": 100}],
    "policies": {"hold_days": 3, "expiry": "lot", "expiry_days": 60},
}
Step = Callable[[Shop, datetime], None]


@contextmanager
def checkpoints_from(facts: int) -> Iterator[list[int]]:
    """Members with so many settled facts get one. Gives a list that grows with every checkpoint made."""
    made: list[int] = []
    whole = posting.checkpoint

    def counted(*arguments: Any) -> bytes:
        made.append(1)
        return whole(*arguments)

    with patch.object(posting, "MINIMUM_FACTS", facts), patch.object(posting, "checkpoint", counted):
        yield made


@dataclass
class History:
    """Steps of one seed: what platforms, staff and members do, in the order in which we hear of it."""

    rng: random.Random
    begins: datetime
    steps: list[tuple[datetime, Step]] = field(default_factory=list)

    def heard(self, at: datetime, step: Step) -> None:
        """Nearly always soon; now and then after days or weeks."""
        late = self.rng.choice([timedelta(), timedelta(minutes=5), timedelta(hours=9), 2 * DAY, 6 * DAY, 30 * DAY])
        self.steps.append((at + (late if self.rng.random() < 0.5 else timedelta()), step))

    def order(self, number: int, at: datetime) -> None:
        rng, who = self.rng, self.rng.choice([ALICE, ALICE, ALICE, BOB])
        prices = tuple(rng.randrange(100, 9000) for _ in range(rng.randrange(1, 3)))
        order = make_order(str(number), at=at, prices=prices, paid=rng.random() < 0.9)
        self.heard(at, _placing(order, who))
        if rng.random() < 0.3:
            back_at = at + rng.choice([timedelta(hours=1), DAY, 9 * DAY, 40 * DAY])
            refund = refund_of(order, 0, rng.randrange(1, prices[0]), at=back_at, refund_id=f"r{number}")
            told = make_order(
                str(number), at=at, prices=prices, refunds=(refund,), updated_at=back_at + timedelta(minutes=1)
            )
            if rng.random() < 0.6:
                alone = [RefundSeen(order_id=order.id, refund=refund)]
                self.heard(back_at, lambda shop, now: record(shop=shop, observations=alone, at=now))
            self.heard(back_at, _placing(told, who))
        if rng.random() < 0.15:
            later = at + rng.choice([DAY, 20 * DAY])
            gone = make_order(str(number), at=at, prices=prices, updated_at=later, cancelled_at=later)
            self.heard(later, _placing(gone, rng.choice([who, ALICE, BOB])))


def _placing(order: Order, who: Person) -> Step:
    return lambda shop, now: place(shop, order, who, at=now)


def _redeeming(key: str, given_back: bool) -> Step:
    def step(shop: Shop, now: datetime) -> None:
        member = Member.objects.filter(shop=shop, external_id=ALICE.external_id).first()
        if member is None:
            return
        try:
            taken = redeem(shop=shop, member_id=member.pk, reward_id="off", request_key=key, at=now)
        except Refused:
            return
        if given_back:
            give_back(shop=shop, number=taken.number, why="cancelled", at=now + timedelta(hours=30))

    return step


def _adjusting(key: str, points: int) -> Step:
    def step(shop: Shop, now: datetime) -> None:
        member = Member.objects.filter(shop=shop, external_id=ALICE.external_id).first()
        if member is not None:
            adjust(shop=shop, member_id=member.pk, points=points, actor="D", reason="why", key=key, at=now)

    return step


def tell(seed: int) -> list[tuple[datetime, Step]]:
    story = History(random.Random(seed), T0 + DAY)
    rng = story.rng
    for number in range(1, 31):
        story.order(number, T0 + DAY + timedelta(minutes=rng.randrange(180 * 24 * 60)))
    for number in range(6):
        at = T0 + timedelta(hours=rng.randrange(24, 180 * 24))
        story.heard(at, _redeeming(f"{seed}-{number}", given_back=rng.random() < 0.5))
        story.heard(at, _adjusting(f"{seed}-{number}", rng.choice([-30, 5, 40])))
    story.heard(T0 + 5 * DAY, lambda shop, now: record(shop=shop, observations=[_joined()], at=now))
    for day in range(10, 240, 30):
        story.steps.append((T0 + timedelta(days=day), lambda shop, now: schedule.fold_due(now=now) and None))
    return sorted(story.steps, key=lambda step: step[0])


def _joined() -> PersonSeen:
    return PersonSeen(person=ALICE, at=T0 + 5 * DAY, signed_up_at=T0 + 5 * DAY)


def live(steps: list[tuple[datetime, Step]], emptied: random.Random | None = None) -> list[Any]:
    """A shop that lives through the steps; what its ledger and its members say in the end."""
    shop = make_shop()
    publish(shop=shop, program=parse_program(LIVELY), at=T0 + timedelta(seconds=1))
    for at, step in steps:
        step(shop, at)
        if emptied is not None and emptied.random() < 0.1:
            Checkpoint.objects.across_shops().delete()
    assert_books(shop)
    assert [fault for chunk in audit(shop=shop, now=steps[-1][0]) for fault in chunk.faults] == []
    return _told(shop)


def _told(shop: Shop) -> list[Any]:
    numbers = Redemption.objects.filter(shop=shop).order_by("pk").values_list("number", flat=True)
    names = {f"redemption:{number}": f"redemption:{place}" for place, number in enumerate(numbers)}
    columns = ("kind", "source", "part", "revision", "points", "balance_after", "effective_at", "posted_at")
    rows = LedgerEntry.objects.filter(shop=shop).order_by("pk").values_list("member__external_id", *columns)
    members = Member.objects.filter(shop=shop).order_by("external_id")
    balances = members.values_list("external_id", "available", "pending", "tier", "next_due", "as_of")
    return [tuple(names.get(value, value) for value in row) for row in rows] + list(balances)


@pytest.mark.parametrize("seed", range(4))
def test_with_checkpoints_without_and_with_a_table_that_is_emptied_now_and_then(seed: int) -> None:
    steps = tell(seed)
    with checkpoints_from(10**9) as none:
        without = live(steps)
    with checkpoints_from(4) as made:
        assert live(steps) == without
        assert live(steps, emptied=random.Random(seed)) == without
    assert not none
    assert len(made) > 5


def long_past(shop: Shop, orders: int) -> datetime:
    """A member whose orders came a day apart, twenty in a batch; the day after the last."""
    for first in range(0, orders, 20):
        batch = [
            seen(make_order(f"{shop.pk}-{n}", at=T0 + n * DAY, prices=(1000,)), ALICE)
            for n in range(first, min(orders, first + 20))
        ]
        record(shop=shop, observations=batch, at=T0 + (first + 20) * DAY)
    return T0 + (orders + 1) * DAY


def test_what_a_posting_reads_does_not_grow_with_the_history() -> None:
    read: list[int] = []
    asked: list[int] = []
    for orders in (60, 300):
        shop = make_shop()
        now = long_past(shop, orders)
        with patch.object(reading, "decode", wraps=reading.decode) as decoded, CaptureQueriesContext(connection) as sql:
            place(shop, make_order("next", at=now, prices=(1000,)), at=now)
        read.append(decoded.call_count)
        asked.append(len(sql))
        assert balance(shop) == 10 * (orders + 1)
    assert read[1] <= read[0] < 2 * engine.MINIMUM_FACTS
    assert asked[0] == asked[1]


def test_one_statement_a_table_however_many_members() -> None:
    asked = []
    for members in (2, 20):
        shop = make_shop()
        people = [Person(external_id=str(n), email=f"{n}@shopper.test") for n in range(members)]
        with checkpoints_from(3):
            for n in range(5):
                orders = [
                    seen(make_order(f"{who.external_id}-{n}", at=T0 + n * DAY, prices=(1000,)), who) for who in people
                ]
                with CaptureQueriesContext(connection) as sql:
                    record(shop=shop, observations=orders, at=T0 + (n + 4) * DAY)
        asked.append(len(sql))
        assert Checkpoint.objects.filter(shop=shop).count() == members
    assert asked[0] == asked[1]


def the_checkpoint(shop: Shop) -> Checkpoint:
    return Checkpoint.objects.get(shop=shop)


def test_what_happened_before_the_mark_and_comes_late_is_counted() -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    mark = the_checkpoint(shop).mark
    place(shop, make_order("late", at=mark - DAY, prices=(700,)), at=now)
    assert balance(shop) == 407
    assert_books(shop)


def test_an_order_before_the_mark_that_goes_to_another_member_leaves_the_first() -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    order = make_order(f"{shop.pk}-3", at=T0 + 3 * DAY, prices=(1000,), updated_at=now)
    place(shop, order, BOB, at=now)
    assert (balance(shop), balance(shop, BOB)) == (390, 10)


def test_a_refund_of_an_old_order_leaves_the_checkpoint_and_takes_its_points() -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    before = the_checkpoint(shop).mark
    order = make_order(f"{shop.pk}-3", at=T0 + 3 * DAY, prices=(1000,))
    refund = refund_of(order, 0, 500, at=now)
    record(shop=shop, observations=[RefundSeen(order_id=order.id, refund=refund)], at=now)
    assert balance(shop) == 395
    told = make_order(order.id, at=T0 + 3 * DAY, prices=(1000,), refunds=(refund,), updated_at=now + DAY)
    place(shop, told, at=now + DAY)
    assert balance(shop) == 395
    assert the_checkpoint(shop).mark == before
    assert_books(shop)


def test_a_checkpoint_that_lies_is_dropped_and_the_member_folded_from_the_start() -> None:
    shop, other = make_shop(), make_shop()
    now = long_past(shop, 40)
    long_past(other, 36)
    wrong = the_checkpoint(other).state
    for state in (wrong, b"rubbish"):
        Checkpoint.objects.filter(shop=shop).update(state=state, mark=the_checkpoint(other).mark)
        now += DAY
        place(shop, make_order(f"next-{now}", at=now, prices=(1000,)), at=now)
        assert_books(shop)
    assert balance(shop) == 420


def test_a_first_row_that_is_there_already_is_met_by_a_fold_from_the_start() -> None:
    """A checkpoint that has forgotten the last order would write its row a second time."""
    shop = make_shop()
    now = long_past(shop, 40)
    kept = the_checkpoint(shop)
    StoredFact.objects.filter(shop=shop, last_at__lte=kept.mark).order_by("-at").update(last_at=now)
    early = T0 + 2 * DAY
    facts = reading.facts_of(shop=shop, member_ids=[kept.member_id])[kept.member_id]
    state = posting.checkpoint(posting.versions_of(shop), facts, early)
    Checkpoint.objects.filter(shop=shop).update(state=state)
    place(shop, make_order("next", at=now, prices=(1000,)), at=now)
    assert balance(shop) == 410
    assert_books(shop)


def test_a_program_that_was_in_force_by_the_mark_and_is_new_makes_the_checkpoint_worthless() -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    doubled = {**LIVELY, "rules": [{"kind": "per_amount", "id": "base", "points": 2, "per_minor": 100}], "policies": {}}
    publish(shop=shop, program=parse_program(doubled), at=T0 + 20 * DAY - timedelta(minutes=1))
    place(shop, make_order("next", at=now, prices=(1000,)), at=now)
    assert balance(shop) == 20 * 10 + 20 * 20 + 20
    assert_books(shop)


def test_an_older_engine_leaves_alone_whom_a_newer_one_has_folded_and_a_newer_one_folds_again() -> None:
    shop = make_shop()
    now = long_past(shop, 40)
    with patch.object(engine, "ENGINE", engine.ENGINE + 1):
        place(shop, make_order("next", at=now, prices=(1000,)), at=now)
        assert the_checkpoint(shop).engine == engine.ENGINE
    rows = LedgerEntry.objects.filter(shop=shop).count()
    with pytest.raises(FoldedByNewer):
        place(shop, make_order("after", at=now, prices=(1000,)), at=now)
    assert LedgerEntry.objects.filter(shop=shop).count() == rows
    place(shop, make_order("bobs", at=now, prices=(1000,)), BOB, at=now)
    assert balance(shop, BOB) == 10
